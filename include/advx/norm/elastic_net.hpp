/// @file
/// The elastic net: squared L2 plus a multiple of L1.
#pragma once

#include <advx/core/require.hpp>
#include <advx/norm/l1.hpp>

namespace advx::norm {

/// ‖δ‖₂² + β‖δ‖₁ (Chen et al. 2018, eq. 7). Capabilities: distance (that very value), penalty, proximal.
struct elastic_net {
  double beta = 1e-3; ///< weight of the L1 part, ≥ 0

  static constexpr const char* name = "elastic_net";
  /// Throws argument_error where a parameter is out of its range.
  void check() const { ::advx::detail::require(beta >= 0, "norm::elastic_net", "beta", "beta >= 0", beta); }

  template <class Team, class T>
  constexpr double distance(const Team& team, const T* x, const T* x0, index_t n) const {
    return detail::sum_of_squares(team, x, x0, n) + beta * detail::sum_of_magnitudes(team, x, x0, n);
  }
  /// What ranks successes: grows with the distance, in the images' own precision, since every success is ranked.
  template <class Team, class T>
  constexpr T rank(const Team& team, const T* x, const T* x0, index_t n) const {
    return team.template sum<T>(n, [=, *this](index_t j) { return penalty(x[j] - x0[j]); });
  }

  template <class T>
  constexpr T penalty(T d) const noexcept {
    return d * d + T(beta) * kernel::absolute(d);
  }
  template <class T>
  constexpr T penalty_gradient(T d) const noexcept {
    return d + d + T(beta) * kernel::sign(d);
  }
  /// The squared part; the L1 part is in the proximal map.
  template <class T>
  constexpr T smooth_gradient(T d) const noexcept {
    return d + d;
  }
  template <class T>
  constexpr T shrink(T d, T threshold) const noexcept {
    return soft_threshold(d, threshold * T(beta));
  }
};

} // namespace advx::norm
