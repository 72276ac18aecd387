// The rules against sequential transcriptions of Carlini and Wagner's program.
#include <advx/backend/reference/team.hpp>
#include <advx/tightening/freeze.hpp>
#include <advx/tightening/threshold.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace {

using advx::index_t;
using advx::tightening::freeze;
using advx::tightening::threshold;

/// An image in a box of [0, 1], whose first coordinate cannot move at all.
template <class T>
struct bounded_image {
  std::vector<T> original, lower, upper, middle, half, inverse_half;
  explicit bounded_image(std::size_t n)
      : original(n, T(0.5)),
        lower(n, T(0)),
        upper(n, T(1)),
        middle(n, T(0.5)),
        half(n, T(0.5)),
        inverse_half(n, T(2)) {
    lower[0] = upper[0] = middle[0] = original[0];
    half[0] = inverse_half[0] = 0;
  }
  advx::image_ref<T> ref() const {
    advx::image_ref<T> image;
    image.original = original.data();
    image.size = static_cast<index_t>(original.size());
    image.lower = lower.data();
    image.upper = upper.data();
    image.middle = middle.data();
    image.half = half.data();
    image.inverse_half = inverse_half.data();
    return image;
  }
};

/// The coordinates that the program would give up: in the order of what they tell, until one tells enough or share·√m
/// are gone. False where none is left.
template <class T>
bool give_up(std::vector<bool>& movable, const std::vector<T>& x, const std::vector<T>& x0, const std::vector<T>& slope,
             const freeze& rule) {
  const std::size_t n = x.size();
  std::vector<T> telling(n);
  double changed = 0;
  for (std::size_t j = 0; j < n; ++j) {
    telling[j] = std::abs((x[j] - x0[j]) * slope[j]);
    changed += std::abs(x[j] - x0[j]) > T(1e-4);
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return telling[a] < telling[b]; });
  int gone = 0;
  for (const std::size_t j : order) {
    if (!movable[j]) continue;
    movable[j] = false;
    ++gone;
    if (telling[j] > T(rule.negligible) || gone >= rule.share * std::sqrt(changed)) break;
  }
  return std::find(movable.begin(), movable.end(), true) != movable.end();
}

} // namespace

TEMPLATE_TEST_CASE("freeze gives up what the program would", "", float, double) {
  using T = TestType;
  const advx::backend::reference_team team{};
  std::mt19937 random(1);
  int exhausted = 0, by_one = 0;
  for (int trial = 0; trial < 200; ++trial) {
    const std::size_t n = 2 + random() % 60;
    const freeze rule{.share = trial % 3 == 0 ? 2.0 : 0.3, .negligible = trial % 2 == 0 ? 1e-2 : 0.2};
    const bounded_image<T> given(n);
    const auto image = given.ref();
    std::vector<T> box(freeze::vectors * n), x = given.original, slope(n);
    freeze::state state{};
    rule.begin(team, state, image, box.data());
    std::vector<bool> movable(n, true);
    movable[0] = false;
    for (int round = 0; round < 80; ++round) {
      for (std::size_t j = 0; j < n; ++j) {
        // Ties, among them many that tell nothing, as on the faces of a box.
        const auto draw = random() % 8;
        x[j] = movable[j] ? given.original[j] + T(int(random() % 9) - 4) / T(8) : given.original[j];
        slope[j] = draw < 2 ? T(0) : T(draw) / T(4);
      }
      const auto before = std::count(movable.begin(), movable.end(), true);
      const bool go_on = give_up(movable, x, given.original, slope, rule);
      REQUIRE(rule.tighten(team, state, image, box.data(), x.data(), slope.data()) == go_on);
      by_one += before - std::count(movable.begin(), movable.end(), true) == 1;
      const auto narrow = rule.narrow(image, box.data());
      for (std::size_t j = 0; j < n; ++j) {
        INFO("coordinate " << j << " of " << n << ", round " << round);
        const auto side = narrow.side(index_t(j));
        REQUIRE((side.lower < side.upper) == movable[j]);
        if (movable[j]) continue;
        REQUIRE(side.lower == given.original[j]);
        REQUIRE(side.middle == given.original[j]);
        REQUIRE(side.half == 0);
        REQUIRE(side.inverse_half == 0);
      }
      if (go_on) continue;
      ++exhausted;
      break;
    }
  }
  CHECK(exhausted > 100);
  CHECK(by_one > 100);
}

TEST_CASE("threshold falls to a share of the distance reached, down to its least") {
  const advx::backend::reference_team team{};
  const bounded_image<double> given(3);
  const auto image = given.ref();
  const threshold rule{.factor = 0.9, .finest = 0.1};
  threshold::state state{};
  double* none = nullptr;
  rule.begin(team, state, image, none);
  CHECK(state.threshold == 1);
  const std::vector<double> far{0.5, 0.9, 0.4};
  CHECK(rule.meets(team, state, image, far.data()));
  CHECK(rule.tighten(team, state, image, none, far.data(), none));
  CHECK(state.threshold == Approx(0.36));
  CHECK_FALSE(rule.meets(team, state, image, far.data()));
  struct {
    struct {
      double threshold = 0;
    } norm;
  } attack;
  rule.apply(state, attack);
  CHECK(attack.norm.threshold == state.threshold);
  const std::vector<double> near{0.5, 0.6, 0.5};
  CHECK(rule.meets(team, state, image, near.data()));
  CHECK_FALSE(rule.tighten(team, state, image, none, near.data(), none)); // 0.09
}
