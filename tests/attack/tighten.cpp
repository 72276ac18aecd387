// Attacks under a tightening constraint: the exact answers on linear models, and what each round is.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "attack/linear_scene.hpp"
#include "attack/recorded.hpp"

namespace {

using attack_test::index_t;
using attack_test::linear_scene;
using attack_test::ratios;
using oracle::lp;
using oracle::vec;

/// The program, for one image: `points` is all that it evaluates, the original first.
struct by_hand {
  std::vector<vec> points;
  double least = std::numeric_limits<double>::infinity(); ///< distance of the best success
  int rounds = 0;

  template <class Attack>
  by_hand(const oracle::model& m, oracle::goal g, const vec& x0, const Attack& a) : model(m),
                                                                                    goal(g),
                                                                                    original(x0) {
    constexpr bool is_cube = std::is_same_v<Attack, advx::attack::carlini_wagner_linf>;
    const std::size_t n = x0.size();
    std::vector<bool> movable(n, true);
    vec from = x0, at;
    double tau = 1, c = a.constant;
    points.push_back(x0);
    for (;;) {
      ++rounds;
      bool met = false;
      for (; !met && c < a.largest; c *= met ? 1 : a.growth) {
        vec z(n), first(n, 0), second(n, 0);
        for (std::size_t j = 0; j < n; ++j) z[j] = std::atanh((from[j] - 0.5) / 0.5 * 0.999999);
        for (int k = 1; k <= a.steps && !met; ++k) {
          at = x0;
          for (std::size_t j = 0; j < n; ++j)
            if (movable[j]) at[j] = 0.5 + 0.5 * std::tanh(z[j]);
          points.push_back(at);
          const vec scores = m.scores(at);
          const vec d = oracle::minus(at, x0);
          const double largest = oracle::norm(lp::infinity, d);
          if (oracle::margin(scores, g) >= 0) {
            const double size =
                is_cube ? largest : double(std::count_if(d.begin(), d.end(), [](double v) { return v != 0; }));
            least = std::min(least, size);
            met = !is_cube || largest <= tau;
            if (met) break;
          }
          const vec slope = oracle::hinge_gradient(m, at, scores, g, c, 0);
          for (std::size_t j = 0; j < n; ++j) {
            const double size = is_cube ? (std::abs(d[j]) > tau ? (d[j] > 0 ? 1 : -1) : 0) : 2 * d[j];
            const double gradient = movable[j] ? (slope[j] + size) * 2 * at[j] * (1 - at[j]) : 0;
            first[j] = 0.9 * first[j] + 0.1 * gradient;
            second[j] = 0.999 * second[j] + 0.001 * gradient * gradient;
            z[j] -=
                a.step * first[j] / (1 - std::pow(0.9, k)) / (std::sqrt(second[j] / (1 - std::pow(0.999, k))) + 1e-8);
          }
        }
      }
      if (!met) return;
      from = at;
      if constexpr (is_cube) {
        tau = a.factor * oracle::norm(lp::infinity, oracle::minus(at, x0));
        if (tau <= a.finest) return;
      } else if (!give_up(movable, a)) {
        return;
      }
    }
  }

private:
  template <class Attack>
  bool give_up(std::vector<bool>& movable, const Attack& a) const {
    const vec& at = points.back();
    const vec slope = model.vjp(at, oracle::margin_slope(model.scores(at), goal));
    const vec d = oracle::minus(at, original);
    std::vector<std::pair<double, std::size_t>> order;
    double changed = 0;
    for (std::size_t j = 0; j < d.size(); ++j) {
      if (movable[j]) order.emplace_back(std::abs(d[j] * slope[j]), j);
      changed += std::abs(d[j]) > 1e-4;
    }
    std::sort(order.begin(), order.end());
    int gone = 0;
    for (const auto& [telling, j] : order) {
      movable[j] = false;
      if (telling > a.negligible || ++gone >= a.share * std::sqrt(changed)) break;
    }
    return std::find(movable.begin(), movable.end(), true) != movable.end();
  }

  const oracle::model& model;
  oracle::goal goal;
  const vec& original;
};

} // namespace

// τ ends between 0.9 and 1 of the last distance reached, so that a success is at most 1/0.9 of what the attack cannot
// reach. Leaving a class of several may end in a local minimum; `finest` is below every distance here.
TEST_CASE("carlini_wagner_linf comes near the nearest image", "[attack][exact]") {
  const advx::attack::carlini_wagner_linf a{.finest = 1e-4};
  ratios one_half_space, to_target, untargeted;
  for (const std::uint32_t seed : {3u, 4u})
    for (const std::size_t classes : {2u, 4u}) {
      const linear_scene s(classes, 20, seed);
      const auto away = advx::run(a, s.m, s.all.images, advx::goal::untargeted{s.all.labels});
      const auto towards = advx::run(a, s.m, s.all.images, advx::goal::targeted{s.all.labels, s.all.targets});
      for (index_t i = 0; i < linear_scene::count; ++i) {
        INFO("image " << i << ", " << classes << " classes, seed " << seed);
        const auto k = static_cast<std::size_t>(i);
        const vec x0 = s.original(i);
        const auto leave = oracle::nearest_untargeted(lp::infinity, s.map, std::size_t(s.all.labels[k]), 0, x0, s.unit);
        const auto reach = oracle::nearest_targeted(lp::infinity, s.map, std::size_t(s.all.targets[k]), 0, x0, s.unit);
        REQUIRE(leave.feasible);
        REQUIRE(reach.feasible);
        CHECK(away.success[k] != 0);
        CHECK(towards.success[k] != 0);
        CHECK(away.linf[k] >= leave.distance * (1 - 1e-6));
        CHECK(towards.linf[k] >= reach.distance * (1 - 1e-6));
        (classes == 2 ? one_half_space : untargeted).add(away.linf[k] / leave.distance);
        if (classes > 2) to_target.add(towards.linf[k] / reach.distance);
      }
    }
  one_half_space.print("C&W L∞ / exact minimal L∞, two classes");
  to_target.print("C&W L∞ / exact minimal L∞, each target of four classes");
  untargeted.print("C&W L∞ / exact minimal L∞, four classes, untargeted");
  CHECK(one_half_space.greatest <= 1.12);
  CHECK(to_target.greatest <= 1.12);
  CHECK(untargeted.mean() <= 1.12);
}

// Every point of every round is that of the program: Adam in tanh space from the last success on, one constant after
// the other, until a success meets the constraint.
TEST_CASE("the attacks under a tightening constraint make the program's steps", "[attack]") {
  const attack_test::single s;
  const auto m = oracle::model_of(s.mlp);
  const advx::attack::carlini_wagner_linf cube{
      .steps = 30, .step = 0.05, .constant = 0.1, .largest = 50, .growth = 5, .finest = 0.02, .abort_early = false};
  const advx::attack::carlini_wagner_l0 sparse{
      .steps = 30, .step = 0.1, .constant = 0.1, .largest = 50, .growth = 5, .abort_early = false};
  std::size_t succeeded = 0, rounds = 0;
  for (const bool targeted : {false, true})
    for (index_t i = 0; i < attack_test::image_count; ++i) {
      INFO("image " << i << (targeted ? ", targeted" : ", untargeted"));
      const vec x0 = s.original(i);
      const by_hand far(m, s.paper_goal(i, targeted), x0, cube), few(m, s.paper_goal(i, targeted), x0, sparse);
      const auto compare = [&](const attack_test::recorded& ours, const by_hand& theirs) {
        for (std::size_t p = 0; p < std::min(ours.points.size(), theirs.points.size()); ++p) {
          INFO("point " << p);
          REQUIRE(attack_test::gap(ours.points[p], theirs.points[p]) <= attack_test::tolerance);
        }
        REQUIRE(ours.points.size() == theirs.points.size());
        CHECK((ours.result.success[0] != 0) == std::isfinite(theirs.least));
        succeeded += ours.result.success[0] != 0;
        rounds += std::size_t(theirs.rounds);
      };
      const auto near = s.attack(cube, i, targeted), sparsest = s.attack(sparse, i, targeted);
      compare(near, far);
      compare(sparsest, few);
      if (near.result.success[0] != 0) CHECK(near.result.linf[0] == Approx(far.least));
      if (sparsest.result.success[0] != 0) CHECK(sparsest.result.l0[0] == few.least);
    }
  CHECK(succeeded >= 3 * attack_test::image_count);
  CHECK(rounds > 3 * succeeded);
}
