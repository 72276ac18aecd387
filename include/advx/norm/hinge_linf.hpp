/// @file
/// How far an image leaves a cube around the original.
#pragma once

#include <advx/core/require.hpp>
#include <advx/norm/linf.hpp>

namespace advx::norm {

/// Σ max(0, |δ| − threshold), which stands for ‖δ‖∞ in a sum that is minimised: the maximum's own gradient moves one
/// coordinate at a time (Carlini & Wagner 2017, section VI-C). The distance is ‖δ‖∞. Capabilities: distance, penalty.
struct hinge_linf {
  double threshold = 0; ///< τ ≥ 0, in the images' unit

  static constexpr const char* name = "hinge_linf";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(threshold >= 0, "norm::hinge_linf", "threshold", "threshold >= 0", threshold);
  }

  template <class Team, class T>
  constexpr double distance(const Team& team, const T* x, const T* x0, index_t n) const {
    return linf{}.distance(team, x, x0, n);
  }
  template <class T>
  constexpr T penalty(T d) const noexcept {
    return kernel::maximum(kernel::absolute(d) - T(threshold), T(0));
  }
  template <class T>
  constexpr T penalty_gradient(T d) const noexcept {
    return kernel::absolute(d) > T(threshold) ? kernel::sign(d) : T(0);
  }
};

} // namespace advx::norm
