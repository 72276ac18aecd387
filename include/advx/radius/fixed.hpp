/// @file
/// One radius of the ball.
#pragma once

#include <advx/core/require.hpp>

namespace advx::radius {

/// size(δ) ≤ ε, unless the run's options give each image its own ε.
struct fixed {
  double epsilon = 0.1; ///< ≥ 0, in the unit of the norm

  static constexpr const char* name = "fixed";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(epsilon >= 0 && epsilon < 1e30, "radius::fixed", "epsilon", "0 <= epsilon < 1e30", epsilon);
  }

  /// A run's radius is `share` × ε.
  struct state {
    double share = 1;
  };
  constexpr state start() const noexcept { return {}; }
  /// Told whether a run succeeded, moves on to the next radius; false when there is none.
  constexpr bool next(state&, bool) const noexcept { return false; }
};

} // namespace advx::radius
