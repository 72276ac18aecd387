/// @file
/// Adam.
#pragma once

#include <advx/core/require.hpp>
#include <advx/kernel/all_finite.hpp>
#include <advx/kernel/math.hpp>
#include <advx/optimizer/asks.hpp>

namespace advx::optimizer {

/// Kingma & Ba 2015, Algorithm 1, with bias correction; projected where the form has a feasible set.
struct adam {
  double step = 1e-2;    ///< step length α > 0
  int steps = 1000;      ///< ≥ 1
  double beta1 = 0.9;    ///< in [0, 1)
  double beta2 = 0.999;  ///< in [0, 1)
  double epsilon = 1e-8; ///< > 0

  static constexpr const char* name = "adam";
  static constexpr bool needs_proximal = false;
  static constexpr bool needs_direction = false;
  static constexpr index_t vectors = 2; // the moments
  static constexpr index_t max_points = 1;
  static constexpr bool checks = true;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(step > 0, "optimizer::adam", "step", "step > 0", step);
    ::advx::detail::require(steps >= 1, "optimizer::adam", "steps", "steps >= 1", steps);
    ::advx::detail::require(beta1 >= 0 && beta1 < 1, "optimizer::adam", "beta1", "beta1 >= 0 && beta1 < 1", beta1);
    ::advx::detail::require(beta2 >= 0 && beta2 < 1, "optimizer::adam", "beta2", "beta2 >= 0 && beta2 < 1", beta2);
    ::advx::detail::require(epsilon > 0, "optimizer::adam", "epsilon", "epsilon > 0", epsilon);
  }

  template <class T>
  struct row {
    double decay1 = 1; ///< β₁ᵗ
    double decay2 = 1; ///< β₂ᵗ
  };

  template <class T>
  constexpr asks asks_for(const row<T>&, index_t made) const noexcept {
    return made < steps ? asks{1, 0, 0} : asks{};
  }
  template <class T>
  constexpr T* point(const place<T>& p, index_t) const noexcept {
    return p.iterate;
  }
  template <class Team, class T>
  constexpr void start(const Team& team, row<T>& r, const place<T>& p) const {
    r = {};
    T* m = p.vector(0);
    team.each(2 * p.size, [=](index_t j) { m[j] = T(0); });
  }
  template <class Team, class T, class Objective>
  constexpr bool tell(const Team& team, row<T>& r, const place<T>& p, const Objective& objective) const {
    r.decay1 *= beta1;
    r.decay2 *= beta2;
    T *z = p.iterate, *m = p.vector(0), *v = p.vector(1);
    // m̂/(√v̂ + ε) with both corrections taken out of the loop (the paper's remark at the end of its section 2).
    const double root = kernel::square_root(1 - r.decay2);
    const T b1 = T(beta1), c1 = T(1 - beta1), b2 = T(beta2), c2 = T(1 - beta2), e = T(epsilon * root);
    const T length = T(step * root / (1 - r.decay1));
    // In two loops: one has too long a chain for a processor to work at many columns at once.
    const bool finite = kernel::each_finite<T>(team, p.size, [=](index_t j) {
      const T g = objective.gradient(j);
      m[j] = b1 * m[j] + c1 * g;
      v[j] = b2 * v[j] + c2 * (g * g);
      return g;
    });
    team.each(p.size, [=](index_t j) { z[j] = z[j] - length * m[j] / (kernel::vector_sqrt(v[j]) + e); });
    const auto project = objective.project(team, [z](index_t j) { return z[j]; });
    if constexpr (!Objective::unconstrained) team.each(p.size, [=](index_t j) { z[j] = project(j, z[j]); });
    return finite;
  }
};

} // namespace advx::optimizer
