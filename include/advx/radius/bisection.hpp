/// @file
/// The least radius by bisection.
#pragma once

#include <advx/core/require.hpp>

namespace advx::radius {

/// Doubles the radius from `first` until a run succeeds, at most to ε; then halves the interval between the largest
/// radius that has failed (0 at first) and the least that has succeeded, until it is no wider than `tolerance`. Finds
/// the least radius where every larger one succeeds too, in few runs: log₂(ε/first) + log₂(ε/tolerance). An image's own
/// ε stretches the three alike.
struct bisection {
  double epsilon = 1;      ///< the largest radius, > 0, in the unit of the norm
  double first = 0.01;     ///< the radius of the first run, in (0, ε]
  double tolerance = 1e-3; ///< > 0, in the unit of the norm

  static constexpr const char* name = "bisection";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(epsilon > 0 && epsilon < 1e30, "radius::bisection", "epsilon", "0 < epsilon < 1e30",
                            epsilon);
    ::advx::detail::require(first > 0 && first <= epsilon, "radius::bisection", "first", "0 < first <= epsilon", first);
    ::advx::detail::require(tolerance > 0, "radius::bisection", "tolerance", "tolerance > 0", tolerance);
  }

  struct state {
    double share = 0;
    double failed = 0;    ///< share of the largest radius that has failed
    double succeeded = 0; ///< of the least one that has succeeded; 0: none
  };
  constexpr state start() const noexcept { return {first / epsilon}; }
  constexpr bool next(state& s, bool succeeded) const noexcept {
    (succeeded ? s.succeeded : s.failed) = s.share;
    if (s.succeeded == 0) {
      s.share = s.failed < 0.5 ? 2 * s.failed : 1;
      return s.failed < 1;
    }
    s.share = (s.failed + s.succeeded) / 2;
    return (s.succeeded - s.failed) * epsilon > tolerance;
  }
};

} // namespace advx::radius
