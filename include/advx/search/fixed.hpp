/// @file
/// No search: one value of the trade-off constant.
#pragma once

namespace advx::search {

/// One run at constant c.
struct fixed {
  double constant = 1; ///< c > 0

  static constexpr const char* name = "fixed";

  struct state {
    double constant = 0;
  };
  constexpr state start() const noexcept { return {constant}; }
  /// Told whether the run succeeded, moves on to the next constant; false when the search has ended.
  constexpr bool next(state&, bool) const noexcept { return false; }
};

} // namespace advx::search
