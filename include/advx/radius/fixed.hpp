/// @file
/// One radius of the ball.
#pragma once

namespace advx::radius {

/// size(δ) ≤ ε, unless the run's options give each image its own ε.
struct fixed {
  double epsilon = 0.1; ///< ≥ 0, in the unit of the norm

  static constexpr const char* name = "fixed";
};

} // namespace advx::radius
