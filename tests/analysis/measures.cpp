// The papers' measures against numbers that were worked out by hand.
#include <advx/advx.hpp>
#include <advx/analysis/measures.hpp>

#include <catch2/catch.hpp>
#include <oracle/models.hpp>

#include <cmath>

namespace {

using advx::batch;
using advx::status;

/// Two classes and four pixels; the logits are (x₀, x₁).
oracle::linear_model<double> model() { return {{{1, 0, 0, 0}, {0, 1, 0, 0}}, {0, 0}}; }

struct by_hand {
  batch<double> images{4, 4};
  advx::result<batch<double>> r;

  by_hand() {
    // ‖x‖₂ = 1, 0.5, 1, 1; the changes: (-0.3, 0.4), (0, 0.5, 0.5) and a failure; the last was wrong from the start.
    const double x[4][4] = {{1, 0, 0, 0}, {0.5, 0, 0, 0}, {0, 0, 1, 0}, {0, 1, 0, 0}};
    const double y[4][4] = {{0.7, 0.4, 0, 0}, {0.5, 0.5, 0.5, 0}, {0.9, 0, 1, 0}, {0, 1, 0, 0}};
    r.images = batch<double>(4, 4);
    for (advx::index_t i = 0; i < 4; ++i) {
      std::copy_n(x[i], 4, images.row(i));
      std::copy_n(y[i], 4, r.images.row(i));
    }
    r.success = {1, 1, 0, 1};
    r.status = {status::success, status::success, status::failed, status::already_adversarial};
    r.iterations = {2, 3, 10, 0};
  }
};

} // namespace

TEST_CASE("measures by hand", "[analysis]") {
  const by_hand s;
  const auto m = advx::measure(advx::norm::l2{}, model(), s.images, s.r);
  CHECK(m.attacked == 3);
  CHECK(m.fooled == 2);
  CHECK(m.fooling_rate == Approx(2.0 / 3));
  CHECK(m.mean_distance == Approx((0.5 + std::sqrt(0.5)) / 2));
  CHECK(m.relative_distance == Approx((0.5 / 1 + std::sqrt(0.5) / 0.5) / 2));
  CHECK(m.changed_pixels == Approx(50)); // both changed 2 of 4
  CHECK(m.rmsd == Approx((0.25 + std::sqrt(0.125)) / 2));
  CHECK(m.iterations == Approx(5));
  CHECK(m.average_confidence == Approx((1 / (1 + std::exp(-0.3)) + 0.5) / 2)); // logits (0.7, 0.4) and (0.5, 0.5)

  const auto max = advx::measure(advx::norm::linf{}, model(), s.images, s.r);
  CHECK(max.mean_distance == Approx(0.45));
  CHECK(max.relative_distance == Approx((0.4 / 1 + 0.5 / 0.5) / 2));
  CHECK(advx::measure(advx::norm::l1{}, model(), s.images, s.r).mean_distance == Approx(0.85));
}

TEST_CASE("a pixel of several channels counts once", "[analysis]") {
  const by_hand s; // changes in columns {0, 1} and {1, 2}
  const auto percent = [&](advx::pixel_layout layout) {
    return advx::measure(advx::norm::l2{}, model(), s.images, s.r, layout).changed_pixels;
  };
  CHECK(percent({2, true}) == Approx(100));               // planes {0, 1} and {2, 3}: pixels {0, 2} and {1, 3}
  CHECK(percent({2, false}) == Approx((50 + 100) / 2.0)); // pixels {0, 1} and {2, 3}: one of two, and both
  CHECK(percent({4, false}) == Approx(100));
  CHECK_THROWS_WITH(percent({3, true}), Catch::Contains("must divide"));
}

TEST_CASE("measures without a success, and of black images", "[analysis]") {
  by_hand s;
  s.r.success = {0, 0, 0, 1};
  const auto m = advx::measure(advx::norm::l2{}, model(), s.images, s.r);
  CHECK(m.fooling_rate == 0);
  for (const double v : {m.mean_distance, m.relative_distance, m.changed_pixels, m.rmsd, m.average_confidence})
    CHECK(std::isnan(v));
  CHECK(m.iterations == Approx(5));

  by_hand black;
  std::fill_n(black.images.row(1), 4, 0.0);
  const auto d = advx::measure(advx::norm::l2{}, model(), black.images, black.r);
  CHECK(d.fooled == 2);
  CHECK(d.relative_distance == Approx(0.5)); // of the other alone
}

TEST_CASE("measures of a real run, and of models of labels", "[analysis]") {
  const oracle::smooth_mlp<double> net(4, 12, 8);
  batch<double> images(20, 12);
  std::vector<advx::label_t> labels;
  for (advx::index_t i = 0; i < 20; ++i) {
    const auto x = oracle::hashed_image<double>(12, unsigned(i) + 1);
    std::copy(x.begin(), x.end(), images.row(i));
    labels.push_back(i == 0 ? (net.label(x) + 1) % 4 : net.label(x)); // the first is misclassified
  }
  const auto r = advx::run(advx::attack::deepfool_l2{}, net, images, advx::goal::untargeted{labels});
  const auto m = advx::measure(advx::norm::l2{}, net, images, r);
  REQUIRE(r.status[0] == status::already_adversarial);
  CHECK(m.attacked == 19);
  REQUIRE(m.fooled == 19);
  double l2 = 0, rmsd = 0;
  for (std::size_t i = 1; i < 20; ++i) l2 += r.l2[i] / 19, rmsd += r.l2[i] / std::sqrt(12.0) / 19;
  CHECK(m.mean_distance == Approx(l2));
  CHECK(m.rmsd == Approx(rmsd));
  CHECK(m.average_confidence > 0.25);
  CHECK(m.average_confidence < 1);
  CHECK(std::isnan(advx::measure(advx::norm::l2{}, oracle::label_only{net}, images, r).average_confidence));
  CHECK(advx::measure(advx::norm::l2{}, oracle::score_only{net}, images, r).average_confidence == m.average_confidence);
  CHECK_THROWS_WITH(advx::measure(advx::norm::l2{}, net, batch<double>(3, 12), r), Catch::Contains("3 images"));
}
