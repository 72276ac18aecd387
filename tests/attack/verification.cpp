// Each success is classified again in a fresh session; and models that may answer otherwise in another batch are asked
// in passes of one size.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include <set>

#include "attack/support.hpp"

namespace {

using advx::status;
using attack_test::index_t;
using attack_test::scene;
using attack_test::watched;
using image = std::vector<double>;

/// A model whose first session is honest, while later ones deny that some images (all, if there are none) are anything
/// but class 0.
struct forgetful {
  using scalar = double;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  static constexpr bool row_invariant = true;

  watched<double> model;
  std::set<image> denied{};
  std::shared_ptr<int> sessions = std::make_shared<int>(0);

  index_t input_size() const { return model.inputs; }
  index_t class_count() const { return model.classes; }
  template <class Backend>
  auto session(Backend& backend, index_t capacity) const {
    using inner_type = decltype(model.session(backend, capacity));
    struct session_type {
      inner_type inner;
      const forgetful& owner;
      bool honest;
      void forward(advx::batch_view<const double> x, advx::batch_view<double> z) {
        inner.forward(x, z);
        for (index_t i = 0; !honest && i < x.rows; ++i)
          if (owner.denied.empty() || owner.denied.count(image(x.row(i), x.row(i) + x.cols)) > 0) z.row(i)[0] = 1e6;
      }
      void pullback(std::span<const index_t> rows, advx::batch_view<const double> v, advx::batch_view<double> g) {
        inner.pullback(rows, v, g);
      }
    };
    return session_type{model.session(backend, capacity), *this, (*sessions)++ == 0};
  }
};

constexpr index_t pixels = 16;
const advx::attack::carlini_wagner_l2 attack{.search_steps = 3, .steps = 40, .step = 0.05, .constant = 1};

/// Images of class 0, so that "class 0" is a failure.
scene<double> of_class_0() {
  const scene<double> all(oracle::smooth_mlp<double>(4, pixels, 12), 40);
  std::vector<index_t> chosen;
  for (index_t i = 0; i < 40; ++i)
    if (all.labels[std::size_t(i)] == 0) chosen.push_back(i);
  return all.picked(chosen);
}

image row(const advx::batch<double>& b, std::size_t i) { return {b.row(index_t(i)), b.row(index_t(i)) + b.cols()}; }

} // namespace

TEST_CASE("a success that is not found again is none", "[attack]") {
  const auto s = of_class_0();
  const std::size_t n = s.labels.size();
  REQUIRE(n >= 5);
  const auto honest = advx::run(attack, s.model, s.images, advx::goal::untargeted{s.labels});
  REQUIRE(honest.success_rate() == 1);

  SECTION("none is found again") {
    const auto r = advx::run(attack, forgetful{s.model}, s.images, advx::goal::untargeted{s.labels});
    CHECK(r.success_rate() == 0);
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(r.status[i] == status::failed);
      CHECK(r.labels[i] == 0);
    }
  }
  SECTION("not even an original that met the goal") {
    forgetful f{s.model};
    f.model.scores_into = [inner = s.model.scores_into](const double* x, double* z) {
      inner(x, z);
      z[2] += 100;
    };
    const auto r = advx::run(attack, f, s.images, advx::goal::untargeted{s.labels});
    CHECK(r.success_rate() == 0);
    CHECK(std::count(r.status.begin(), r.status.end(), status::failed) == std::ptrdiff_t(n));
  }
  SECTION("where the best is not, the second best stands in") {
    forgetful f{s.model};
    for (std::size_t i = 0; i < n; ++i) f.denied.insert(row(honest.images, i));
    const auto r = advx::run(attack, f, s.images, advx::goal::untargeted{s.labels});
    std::size_t rescued = 0;
    for (std::size_t i = 0; i < n; ++i) {
      INFO("image " << i);
      CHECK((r.success[i] == 0 || row(r.images, i) != row(honest.images, i)));
      if (r.success[i] == 0) continue;
      ++rescued;
      CHECK(r.l2[i] > honest.l2[i]);
      CHECK(s.model.label(r.images.row(index_t(i))) != 0);
    }
    CHECK(rescued > n / 2);
  }
}

TEST_CASE("a model that is not row-invariant gets passes of one size, and counts are the images' own", "[attack]") {
  const scene<double, true> plain(oracle::smooth_mlp<double>(4, pixels, 12), 50);
  const scene<double, false> padded(oracle::smooth_mlp<double>(4, pixels, 12), 50);
  const auto check = [&](const auto& a) {
    const auto expected = advx::run(a, plain.model, plain.images, advx::goal::untargeted{plain.labels});
    padded.model.log->forward_rows = 0;
    advx::options o;
    o.threads = 2;
    const auto r = advx::run(a, padded.model, padded.images, advx::goal::untargeted{padded.labels}, o);
    CHECK(expected.row_invariant);
    CHECK_FALSE(r.row_invariant);
    CHECK(r.images == expected.images);
    CHECK(r.success == expected.success);
    CHECK(r.queries == expected.queries);
    CHECK(r.pullback_rows == expected.pullback_rows);
    CHECK(padded.model.log->forward_rows % 32 == 0);
    CHECK(padded.model.log->forward_rows > 0);
  };
  check(attack);
  check(advx::attack::pgd_linf{.epsilon = 0.05, .steps = 5});
}
