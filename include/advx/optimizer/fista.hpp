/// @file
/// The (fast) iterative shrinkage-thresholding algorithm.
#pragma once

#include <advx/core/require.hpp>
#include <advx/kernel/all_finite.hpp>
#include <advx/kernel/math.hpp>
#include <advx/optimizer/asks.hpp>

namespace advx::optimizer {

/// How far FISTA shrinks.
enum class threshold {
  fixed,  ///< by the norm's weight, whatever the step length is (Sharma's thesis, eq. 18; Chen et al. 2018, eq. 5)
  scaled, ///< by step length × weight: the proximal map of that step, for which the convergence laws hold
};

/// Beck & Teboulle 2009; in the form of EAD (thesis, Algorithm 4): the gradient is taken at the slack point y, the
/// result at the shrunk point x, and y⁺ = x⁺ + k/(k+3)·(x⁺ − x).
struct fista {
  double step = 1e-2; ///< first step length α₀ > 0
  int steps = 1000;   ///< K ≥ 1
  optimizer::threshold threshold = optimizer::threshold::fixed;
  bool momentum = true; ///< false: ISTA, y = x
  bool decay = true;    ///< α_k = α₀·√(1 − k/K); false: α₀

  static constexpr const char* name = "fista";
  static constexpr bool needs_proximal = true;
  static constexpr bool needs_direction = false;
  static constexpr index_t vectors = 1; // y
  static constexpr index_t max_points = 2;
  static constexpr bool checks = true;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(step > 0, "optimizer::fista", "step", "step > 0", step);
    ::advx::detail::require(steps >= 1, "optimizer::fista", "steps", "steps >= 1", steps);
  }

  template <class T>
  struct row {};

  /// The gradient at y, and the judgement of x; at the start both are the original, which is judged already.
  template <class T>
  constexpr asks asks_for(const row<T>&, index_t made) const noexcept {
    return {made < steps ? 1 : 0, made > 0 ? 1 : 0, made < steps ? 1 : 0};
  }
  template <class T>
  constexpr T* point(const place<T>& p, index_t i) const noexcept {
    return i == 0 && p.step < steps ? p.vector(0) : p.iterate;
  }
  template <class Team, class T>
  constexpr void start(const Team& team, row<T>&, const place<T>& p) const {
    T *x = p.iterate, *y = p.vector(0);
    team.each(p.size, [=](index_t j) { y[j] = x[j]; });
  }
  template <class Team, class T, class Objective>
  constexpr bool tell(const Team& team, row<T>&, const place<T>& p, const Objective& objective) const {
    T *x = p.iterate, *y = p.vector(0);
    const double k = double(p.step);
    const T alpha = T(decay ? step * kernel::square_root(1 - k / steps) : step);
    const T keep = momentum ? T(k / (k + 3)) : T(0);
    const auto shrink = objective.proximal(threshold == optimizer::threshold::fixed ? T(1) : alpha);
    return kernel::each_finite<T>(team, p.size, [=](index_t j) {
      const T g = objective.gradient(j), next = shrink(j, y[j] - alpha * g);
      y[j] = next + keep * (next - x[j]);
      x[j] = next;
      return g;
    });
  }
};

} // namespace advx::optimizer
