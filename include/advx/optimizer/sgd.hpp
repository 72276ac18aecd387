/// @file
/// Gradient descent.
#pragma once

#include <advx/core/require.hpp>
#include <advx/optimizer/asks.hpp>

namespace advx::optimizer {

/// x⁺ = x − step·gradient, the step length constant: what frameworks call SGD, of a gradient without noise; projected
/// where the form has a feasible set.
struct sgd {
  double step = 1e-2; ///< step length > 0
  int steps = 1000;   ///< ≥ 1

  static constexpr const char* name = "sgd";
  static constexpr bool needs_proximal = false;
  static constexpr bool needs_direction = false;
  static constexpr index_t vectors = 0;
  static constexpr index_t max_points = 1;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(step > 0, "optimizer::sgd", "step", "step > 0", step);
    ::advx::detail::require(steps >= 1, "optimizer::sgd", "steps", "steps >= 1", steps);
  }

  template <class T>
  struct row {};

  template <class T>
  constexpr asks asks_for(const row<T>&, index_t made) const noexcept {
    return made < steps ? asks{1, 0, 0} : asks{};
  }
  template <class T>
  constexpr T* point(const place<T>& p, index_t) const noexcept {
    return p.iterate;
  }
  template <class Team, class T>
  constexpr void start(const Team&, row<T>&, const place<T>&) const {}
  template <class Team, class T, class Objective>
  constexpr void tell(const Team& team, row<T>&, const place<T>& p, const Objective& objective) const {
    T* z = p.iterate;
    team.each(p.size, [=, length = T(step)](index_t j) { z[j] = z[j] - length * objective.gradient(j); });
    const auto project = objective.project(team, [z](index_t j) { return z[j]; });
    if constexpr (!Objective::unconstrained) team.each(p.size, [=](index_t j) { z[j] = project(j, z[j]); });
  }
};

} // namespace advx::optimizer
