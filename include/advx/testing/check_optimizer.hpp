/// @file
/// Does an optimizer keep the contract of optimizer/asks.hpp, and does it descend?
#pragma once

#include <advx/backend/reference/reference.hpp>
#include <advx/kernel/math.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/norm/l1.hpp>
#include <advx/norm/l2.hpp>
#include <advx/optimizer/asks.hpp>
#include <advx/testing/report.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace advx::testing {

/// What check_optimizer tries: Σ a·(x − b)²/2 in the box [0, 1], plus λ·Σ|x − x0| for optimizers that shrink.
struct optimizer_trial {
  index_t size = 20;
  double steepest_curvature = 4; ///< a is uniform in [1, this]
  double weight = 0.05;          ///< λ
  double remaining = 0.05;       ///< share of the start's distance to the minimum (as objective) that may remain
  std::uint64_t seed = 1;
};

namespace detail {

/// What an optimizer sees of the quadratic: gradient at `point`, the box, and an L1 part.
struct quadratic_objective {
  static constexpr bool unconstrained = false;
  static constexpr double step_scale = 1;
  const double *curvature, *centre, *original, *point;
  index_t size;
  double weight;
  double value; ///< at `point`

  double lower(index_t) const { return 0; }
  double upper(index_t) const { return 1; }
  double gradient(index_t j) const { return curvature[j] * (point[j] - centre[j]); }
  template <class Team, class Get>
  auto project(const Team&, Get) const {
    return [](index_t, double v) { return kernel::clamp(v, 0.0, 1.0); };
  }
  auto proximal(double t) const {
    return [x0 = original, s = t * weight](index_t j, double v) {
      return kernel::clamp(x0[j] + norm::soft_threshold(v - x0[j], s), 0.0, 1.0);
    };
  }
  template <class Direction, class Team, class Get>
  auto direction(const Team& team, const Direction& kind, Get g) const {
    return kind.template operator()<double>(norm::l2{}, team, size, g);
  }
};

} // namespace detail

/// Runs an optimizer on a convex quadratic in a box, through ask and tell as the driver does:
///
///  - it asks for at most two points a tick, and ends after exactly `steps` gradients; where it needs values, within 20
///    for each step;
///  - the points that are judged lie in the box;
///  - the best judged point is nearly as good as the minimum (`remaining`);
///  - a second run from the same start makes the same steps: nothing is kept but the row and its vectors.
///
/// Choose a step length that suits gradients of order 1. Costs `steps` ticks.
template <class Optimizer>
report check_optimizer(const Optimizer& optimizer, const optimizer_trial& trial = {}) {
  using T = double;
  const index_t n = trial.size;
  const auto room = static_cast<std::size_t>(n);
  const double weight = Optimizer::needs_proximal ? trial.weight : 0;
  const backend::reference_team team{};
  std::vector<T> a(room), b(room), x0(room), minimum(room);
  for (index_t j = 0; j < n; ++j) {
    const kernel::random_stream random{trial.seed, 0, 0};
    const auto k = static_cast<std::size_t>(j);
    a[k] = 1 + (trial.steepest_curvature - 1) * random.uniform<T>(j, 0);
    b[k] = 2 * random.uniform<T>(j, 1) - 0.5; // half of the minima lie outside the box
    x0[k] = random.uniform<T>(j, 2);
    minimum[k] = std::clamp(x0[k] + norm::soft_threshold(b[k] - x0[k], weight / a[k]), 0.0, 1.0);
  }
  const auto value = [&](const T* x) {
    T sum = 0;
    for (std::size_t j = 0; j < room; ++j)
      sum += a[j] * (x[j] - b[j]) * (x[j] - b[j]) / 2 + weight * kernel::absolute(x[j] - x0[j]);
    return sum;
  };

  report result;
  const auto fault = [&](const std::string& what) { return std::string(Optimizer::name) + ": " + what; };
  std::vector<T> first_end;
  std::vector<T> memory((1 + static_cast<std::size_t>(optimizer::vectors_of(optimizer))) * room,
                        7.0); // not zeroed: `start` must
  std::vector<double> numbers(static_cast<std::size_t>(optimizer::numbers_of(optimizer)), 7.0);
  const index_t most = optimizer::needs_value<Optimizer> ? index_t{20} * optimizer.steps : index_t{optimizer.steps};
  for (int run = 0; run < 2; ++run) {
    std::copy(x0.begin(), x0.end(), memory.begin());
    typename Optimizer::template row<T> row{};
    optimizer::place<T> place{memory.data(), memory.data() + n, n, 0, numbers.data()};
    optimizer.start(team, row, place);
    T best = std::numeric_limits<T>::max();
    index_t told = 0;
    for (;;) {
      const optimizer::asks asks = optimizer.asks_for(row, place.step);
      if (!result.expect(asks.total() <= 2 && asks.gradients <= 1 && asks.judged_from <= asks.total(), [&] {
            return fault("asks for " + std::to_string(asks.gradients) + " gradients and " +
                         std::to_string(asks.scores) + " scores before step " + std::to_string(place.step) +
                         "; a tick has room for two points, one of them with a gradient");
          }))
        return result;
      for (index_t i = asks.judged_from; i < asks.total(); ++i) {
        const T* point = optimizer.point(place, i);
        for (index_t j = 0; j < n; ++j)
          if (!result.expect(0 <= point[j] && point[j] <= 1, [&] {
                return fault("coordinate " + std::to_string(j) + " of a judged point is " + detail::exactly(point[j]) +
                             " at step " + std::to_string(place.step) + ", outside the box [0, 1]");
              }))
            return result;
        best = std::min(best, value(point));
      }
      if (asks.gradients == 0) break;
      if (!result.expect(told < most, [&] { return fault("asks for more gradients than it has steps"); }))
        return result;
      const std::vector<T> at(optimizer.point(place, 0), optimizer.point(place, 0) + n);
      optimizer.tell(
          team, row, place,
          detail::quadratic_objective{a.data(), b.data(), x0.data(), at.data(), n, weight, value(at.data())});
      ++told;
      ++place.step;
    }
    if (!result.expect(told == optimizer.steps || optimizer::needs_value<Optimizer>, [&] {
          return fault("ends after " + std::to_string(told) + " of " + std::to_string(optimizer.steps) + " steps");
        }))
      return result;
    const T least = value(minimum.data()), start = value(x0.data());
    if (!result.expect(best - least <= trial.remaining * (start - least), [&] {
          return fault("comes down from " + detail::exactly(start) + " to " + detail::exactly(best) +
                       ", and the minimum is " + detail::exactly(least) + "; is the step length right?");
        }))
      return result;
    std::vector<T> end(place.iterate, place.iterate + n);
    if (run == 1) result.expect(end == first_end, [&] { return fault("ends elsewhere when it is started again"); });
    first_end = std::move(end);
  }
  return result;
}

} // namespace advx::testing
