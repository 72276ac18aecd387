// The least radius that succeeds: every point of every run is the paper's, radius by radius; and momentum.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "attack/recorded.hpp"

namespace {

using attack_test::gap;
using attack_test::image_count;
using attack_test::index_t;
using attack_test::pixels;
using attack_test::recorded;
using attack_test::single;
using attack_test::tolerance;
using attack_test::unit;
using oracle::lp;
using oracle::vec;

double distance_of(const advx::result<advx::batch<double>>& r, lp p) {
  return p == lp::one ? r.l1[0] : p == lp::two ? r.l2[0] : r.linf[0];
}

/// Runs of I-FGM, which `next(radius, success)` leads from one radius to the other; `start` makes an image's search.
/// Returns how many images succeeded.
template <class Attack, class Start>
std::size_t compare(const Attack& a, lp p, double first, Start start) {
  const single s;
  const auto m = oracle::model_of(s.mlp);
  std::size_t succeeded = 0;
  for (const bool targeted : {false, true})
    for (index_t i = 0; i < image_count; ++i) {
      INFO("image " << i << (targeted ? ", targeted" : ", untargeted"));
      const recorded ours = s.attack(a, i, targeted);
      const vec x0 = s.original(i);
      std::size_t at = 0, runs = 0;
      auto next = start();
      double radius = first, nearest = std::numeric_limits<double>::infinity();
      for (bool more = true; more; ++runs) {
        INFO("radius " << radius);
        const auto run =
            oracle::i_fgm(m, s.paper_goal(i, targeted), x0, unit, {.norm = p, .epsilon = radius, .steps = a.steps});
        bool success = false;
        for (std::size_t k = 0; k < run.images.size() && !success; ++k) {
          REQUIRE(at < ours.points.size());
          REQUIRE(gap(ours.points[at++], run.images[k]) <= tolerance);
          success = run.margins[k] >= 0;
          if (success) nearest = std::min(nearest, oracle::norm(p, oracle::minus(run.images[k], x0)));
        }
        more = next(radius, success);
      }
      CHECK(at == ours.points.size());
      CHECK(std::size_t(ours.result.pullback_rows[0]) == at - runs); // none at a run's last point
      CHECK((ours.result.success[0] != 0) == std::isfinite(nearest));
      if (!std::isfinite(nearest)) continue;
      ++succeeded;
      CHECK(distance_of(ours.result, p) == Approx(nearest).epsilon(1e-6));
    }
  return succeeded;
}

template <class Attack>
std::size_t along_the_grid(const Attack& a, lp p) {
  return compare(a, p, a.epsilon / a.points, [&] {
    return [&a, point = 1](double& radius, bool success) mutable {
      radius = a.epsilon * ++point / a.points;
      return !success && point <= a.points;
    };
  });
}

template <class Attack>
std::size_t by_bisection(const Attack& a, lp p) {
  return compare(a, p, a.first, [&] {
    return [&a, low = 0.0, high = 0.0](double& radius, bool success) mutable {
      (success ? high : low) = radius;
      if (high > 0) {
        radius = (low + high) / 2;
        return high - low > a.tolerance;
      }
      radius = std::min(2 * low, a.epsilon);
      return low < a.epsilon;
    };
  });
}

} // namespace

TEST_CASE("the grid stops at the least radius that succeeds", "[attack][oracle]") {
  using namespace advx::attack;
  // In each norm some images succeed, and some at no radius.
  const auto some = [](std::size_t count) { return count > 2 && count < 2 * image_count; };
  CHECK(some(along_the_grid(fgm_grid_l1{.epsilon = 3, .points = 25}, lp::one)));
  CHECK(some(along_the_grid(fgm_grid_l2{.epsilon = 0.9, .points = 25}, lp::two)));
  CHECK(some(along_the_grid(fgm_grid_linf{.epsilon = 0.3, .points = 25}, lp::infinity)));
  CHECK(some(along_the_grid(ifgm_grid_l1{.epsilon = 3, .points = 25, .steps = 4}, lp::one)));
  CHECK(some(along_the_grid(ifgm_grid_l2{.epsilon = 0.9, .points = 25, .steps = 4}, lp::two)));
  CHECK(some(along_the_grid(ifgm_grid_linf{.epsilon = 0.3, .points = 25, .steps = 4}, lp::infinity)));
}

TEST_CASE("the bisection halves between the radii that fail and succeed", "[attack][oracle]") {
  using namespace advx::attack;
  const auto some = [](std::size_t count) { return count > 2 && count < 2 * image_count; };
  CHECK(some(by_bisection(fgm_bisection_l1{.epsilon = 3, .first = 0.11, .tolerance = 0.01}, lp::one)));
  CHECK(some(by_bisection(fgm_bisection_l2{.epsilon = 0.9, .first = 0.9, .tolerance = 0.004}, lp::two)));
  CHECK(some(by_bisection(ifgm_bisection_l2{.epsilon = 0.9, .first = 0.03, .tolerance = 0.004}, lp::two)));
  CHECK(some(by_bisection(ifgm_bisection_linf{.epsilon = 0.3, .first = 0.001, .tolerance = 0.0007}, lp::infinity)));
}

TEST_CASE("the thesis' grids", "[attack]") {
  using namespace advx::attack;
  const auto radii = [](const auto& attack) {
    const auto r = attack.recipe();
    auto s = r.radius.start();
    std::vector<double> all{r.radius.epsilon * s.share};
    while (r.radius.next(s, false)) all.push_back(r.radius.epsilon * s.share);
    REQUIRE(all.size() == 1000);
    return all;
  };
  for (int k = 1; k <= 1000; ++k) {
    REQUIRE(radii(fgm_grid_linf{})[std::size_t(k - 1)] == Approx(1e-3 * k));
    REQUIRE(radii(ifgm_grid_l1{})[std::size_t(k - 1)] == Approx(k));
    REQUIRE(radii(fgm_grid_l2{})[std::size_t(k - 1)] == Approx(1e-2 * k));
  }
  CHECK(fgm_grid_l1{}.recipe().optimizer.steps == 1);
  CHECK(ifgm_grid_l2{}.recipe().optimizer.steps == 10);
}

TEST_CASE("restarts are made within each radius", "[attack]") {
  using namespace advx;
  const single s;
  const attack::budget attack{norm::l2{},       loss::cross_entropy{}, optimizer::steepest<>{.step = 0.05, .steps = 2},
                              start::uniform{}, radius::grid{0.1, 3},  2};
  for (index_t i = 0; i < image_count; ++i) {
    const recorded ours = s.attack(attack, i, true);
    if (ours.result.success[0] != 0) continue;
    REQUIRE(ours.points.size() == 1 + 3 * 3 * 3); // radii, starts, points
    for (std::size_t k = 0; k < 27; ++k) {
      const double size = norm::l2{}.distance(backend::reference_team{}, ours.points[1 + k].data(),
                                              s.original(i).data(), index_t(pixels));
      CHECK(size <= 0.1 * (double(k / 9 + 1) / 3)); // as stored
      if (k % 3 > 0) CHECK(gap(ours.points[1 + k], ours.points[k]) > 1e-4);
    }
    CHECK(gap(ours.points[1], ours.points[4]) > 1e-4); // another start
  }
}

TEST_CASE("radii refuse what has none", "[attack]") {
  using advx::radius::bisection;
  using advx::radius::grid;
  CHECK_NOTHROW(grid{}.check());
  CHECK_NOTHROW(bisection{}.check());
  CHECK_THROWS_WITH(grid{.epsilon = -1}.check(),
                    "advx: radius::grid: 'epsilon' must satisfy 0 <= epsilon < 1e30, got -1");
  CHECK_THROWS_WITH(grid{.points = 0}.check(), "advx: radius::grid: 'points' must satisfy points >= 1, got 0");
  CHECK_THROWS_WITH(bisection{.epsilon = 0}.check(),
                    "advx: radius::bisection: 'epsilon' must satisfy 0 < epsilon < 1e30, got 0");
  CHECK_THROWS_WITH((bisection{.epsilon = 1, .first = 2}.check()),
                    "advx: radius::bisection: 'first' must satisfy 0 < first <= epsilon, got 2");
  CHECK_THROWS_WITH(bisection{.tolerance = 0}.check(),
                    "advx: radius::bisection: 'tolerance' must satisfy tolerance > 0, got 0");
}

TEST_CASE("momentum_iterative_fast_gradient makes the paper's steps", "[attack][oracle]") {
  const single s;
  const auto m = oracle::model_of(s.mlp);
  const auto check = [&](const auto& a, lp p) {
    std::size_t whole = 0, turned = 0;
    for (const bool targeted : {false, true})
      for (index_t i = 0; i < image_count; ++i) {
        INFO("image " << i << (targeted ? ", targeted" : ", untargeted"));
        const recorded ours = s.attack(a, i, targeted);
        const auto goal = s.paper_goal(i, targeted);
        const vec x0 = s.original(i);
        vec x = x0, sum(pixels, 0.0);
        for (std::size_t k = 0;; ++k) { // g ← μ·g + ∇J/‖∇J‖₁, then a step along g's direction
          REQUIRE(k < ours.points.size());
          REQUIRE(gap(ours.points[k], x) <= tolerance);
          const vec z = m.scores(x);
          if (oracle::margin(z, goal) >= 0 || int(k) == a.steps) {
            whole += int(k) == a.steps;
            CHECK(ours.points.size() == k + 1);
            break;
          }
          vec g = m.vjp(x, oracle::cross_entropy_slope(z, goal.label));
          const double size = oracle::norm(lp::one, g);
          for (std::size_t j = 0; j < pixels; ++j) {
            const double fresh = (targeted ? -1 : 1) * g[j] / size;
            sum[j] = a.momentum * sum[j] + fresh;
            turned += fresh * sum[j] < 0;
          }
          const double length = p == lp::infinity ? 1 : oracle::norm(p, sum);
          for (std::size_t j = 0; j < pixels; ++j) {
            const double direction = p == lp::infinity ? double(sum[j] > 0) - double(sum[j] < 0) : sum[j] / length;
            x[j] += a.epsilon / a.steps * direction;
          }
          x = oracle::project(p, x, x0, a.epsilon, unit);
        }
      }
    CHECK(whole > 0);
    return turned;
  };
  using namespace advx::attack;
  CHECK(check(mi_fgm_l1{.epsilon = 2}, lp::one) > 0);
  CHECK(check(mi_fgm_l2{.epsilon = 0.6}, lp::two) > 0);
  CHECK(check(mi_fgm_linf{.epsilon = 0.2, .momentum = 0.8}, lp::infinity) > 0);
}
