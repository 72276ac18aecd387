/// @file
/// The least radius of a grid.
#pragma once

#include <advx/core/require.hpp>

namespace advx::radius {

/// Tries size(δ) ≤ ε·k/points for k = 1, 2, ..., points, and ends at the first one with a success: no smaller radius of
/// the grid has one (Sharma's thesis, section 4.3.1). An image's own ε replaces the largest radius.
struct grid {
  double epsilon = 1; ///< the largest radius, ≥ 0, in the unit of the norm
  int points = 1000;  ///< ≥ 1

  static constexpr const char* name = "grid";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(epsilon >= 0 && epsilon < 1e30, "radius::grid", "epsilon", "0 <= epsilon < 1e30", epsilon);
    ::advx::detail::require(points >= 1, "radius::grid", "points", "points >= 1", points);
  }

  struct state {
    double share = 0;
    int point = 1;
  };
  constexpr state start() const noexcept { return {share_of(1), 1}; }
  constexpr bool next(state& s, bool succeeded) const noexcept {
    if (succeeded || s.point == points) return false;
    s.share = share_of(++s.point);
    return true;
  }

private:
  constexpr double share_of(int point) const noexcept { return double(point) / points; }
};

} // namespace advx::radius
