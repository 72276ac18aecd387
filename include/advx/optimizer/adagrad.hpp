/// @file
/// AdaGrad.
#pragma once

#include <advx/core/require.hpp>
#include <advx/kernel/math.hpp>
#include <advx/optimizer/asks.hpp>

namespace advx::optimizer {

/// Duchi, Hazan & Singer 2011, with a diagonal matrix: each coordinate's step is divided by the root of the sum of its
/// squared gradients so far; projected where the form has a feasible set.
struct adagrad {
  double step = 1e-2;    ///< step length > 0
  int steps = 1000;      ///< ≥ 1
  double initial = 0;    ///< what the sums of squares begin with, ≥ 0 (TensorFlow: 0.1)
  double epsilon = 1e-8; ///< added to the root, > 0

  static constexpr const char* name = "adagrad";
  static constexpr bool needs_proximal = false;
  static constexpr bool needs_direction = false;
  static constexpr index_t vectors = 1; // the sums of squares
  static constexpr index_t max_points = 1;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(step > 0, "optimizer::adagrad", "step", "step > 0", step);
    ::advx::detail::require(steps >= 1, "optimizer::adagrad", "steps", "steps >= 1", steps);
    ::advx::detail::require(initial >= 0, "optimizer::adagrad", "initial", "initial >= 0", initial);
    ::advx::detail::require(epsilon > 0, "optimizer::adagrad", "epsilon", "epsilon > 0", epsilon);
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
  constexpr void start(const Team& team, row<T>&, const place<T>& p) const {
    team.each(p.size, [sum = p.vector(0), begin = T(initial)](index_t j) { sum[j] = begin; });
  }
  template <class Team, class T, class Objective>
  constexpr void tell(const Team& team, row<T>&, const place<T>& p, const Objective& objective) const {
    T *z = p.iterate, *sum = p.vector(0);
    team.each(p.size, [=, length = T(step), e = T(epsilon)](index_t j) {
      const T g = objective.gradient(j);
      sum[j] = sum[j] + g * g;
      z[j] = z[j] - length * g / (kernel::vector_sqrt(sum[j]) + e);
    });
    const auto project = objective.project(team, [z](index_t j) { return z[j]; });
    if constexpr (!Objective::unconstrained) team.each(p.size, [=](index_t j) { z[j] = project(j, z[j]); });
  }
};

} // namespace advx::optimizer
