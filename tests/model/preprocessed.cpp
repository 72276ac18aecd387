#include <advx/model/preprocessed.hpp>

#include "support.hpp"

using namespace support;
using advx::model::normalise;
using advx::model::preprocessed;

TEST_CASE("normalise feeds the model (x - mean) / deviation, per channel") {
  const oracle::smooth_mlp<double> mlp(4, 12, 8);
  const std::vector<double> mean{0.1, 0.2, 0.3}, deviation{0.5, 0.25, 2};
  const preprocessed model{normalise{mean, deviation}, mlp};
  const auto x = images<double>(5, 12);
  batch<double> y(5, 12);
  for (index_t i = 0; i < 5; ++i)
    for (index_t j = 0; j < 12; ++j) {
      const auto channel = static_cast<std::size_t>(j / 4);
      y.row(i)[j] = (x.row(i)[j] - mean[channel]) / deviation[channel];
    }
  REQUIRE(scores_of(model, x) == scores_of(mlp, y));
  const auto v = cotangents<double>(5, 4);
  auto g = gradients_of(mlp, y, v);
  for (index_t i = 0; i < 5; ++i)
    for (index_t j = 0; j < 12; ++j) g.row(i)[j] /= deviation[static_cast<std::size_t>(j / 4)];
  REQUIRE(gradients_of(model, x, v) == g);
  REQUIRE_PASSES(advx::testing::check_vjp(model));
  REQUIRE_PASSES(advx::testing::check_model(model));
  STATIC_REQUIRE(advx::is_concurrent<decltype(model)>);
  STATIC_REQUIRE(advx::is_row_invariant<decltype(model)>);
  STATIC_REQUIRE(decltype(preprocessed{normalise{}, mlp})::scale == advx::score_scale::logits);
}

TEST_CASE("one value serves all coordinates, and one per coordinate is taken") {
  const oracle::linear_model<double> linear(3, 9);
  const std::vector<double> mean(9, 0.25), deviation(9, 0.5);
  const auto x = images<double>(4, 9);
  REQUIRE(scores_of(preprocessed{normalise{{0.25}, {0.5}}, linear}, x) ==
          scores_of(preprocessed{normalise{mean, deviation}, linear}, x));
  REQUIRE(scores_of(preprocessed{normalise{}, linear}, x) == scores_of(linear, x));
}

TEST_CASE("label models are preprocessed too") {
  const preprocessed model{normalise{{0.5}, {0.5}}, oracle::label_only{oracle::smooth_mlp<double>(4, 12, 8)}};
  STATIC_REQUIRE(advx::label_model<decltype(model), reference>);
  STATIC_REQUIRE(!advx::score_model<decltype(model), reference>);
  REQUIRE_PASSES(advx::testing::check_model(model));
}

TEST_CASE("an attack through a transformation keeps box and distance in the space of the images") {
  const oracle::smooth_mlp<double> mlp(4, 12, 8);
  const preprocessed model{normalise{{0.5}, {0.25}}, mlp};
  const auto x = images<double>(20, 12);
  const auto z = scores_of(model, x);
  std::vector<label_t> y;
  for (index_t i = 0; i < 20; ++i)
    y.push_back(static_cast<label_t>(std::max_element(z.row(i), z.row(i) + 4) - z.row(i)));
  const auto r = advx::run(advx::attack::pgd_linf{.epsilon = 0.15}, model, x, advx::goal::untargeted{y});
  REQUIRE(r.success_rate() > 0.5);
  for (index_t i = 0; i < 20; ++i)
    for (index_t j = 0; j < 12; ++j) {
      REQUIRE(r.images.row(i)[j] >= 0);
      REQUIRE(r.images.row(i)[j] <= 1);
      REQUIRE(std::abs(r.images.row(i)[j] - x.row(i)[j]) <= 0.15);
    }
}

TEST_CASE("preprocessing allocates nothing in a pass") {
  require_no_allocation(preprocessed{normalise{{0.5}, {0.25}}, quiet_linear<float>{{3, 9}}});
}

TEST_CASE("lists that do not fit are refused") {
  const oracle::linear_model<double> linear(3, 9);
  CHECK(
      refusal([&] {
        preprocessed{normalise{{0.1, 0.2}, {1}}, linear};
      }) ==
      "advx: model::normalise: 'mean' has 2 values for images of 9; give one, one per channel, or one per coordinate");
  CHECK(refusal([&] {
          preprocessed{normalise{{0.1}, {}}, linear};
        }).find("'deviation' has 0 values") != std::string::npos);
  CHECK(refusal([&] {
          preprocessed{normalise{{0.1}, {0.0}}, linear};
        }) == "advx: model::normalise: 'deviation' must satisfy value > 0, got 0");
  CHECK(refusal([&] {
          preprocessed{normalise{{std::nan("")}, {1}}, linear};
        }).find("'mean' must satisfy a finite value") != std::string::npos);
}
