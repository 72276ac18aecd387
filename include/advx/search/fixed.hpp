/// @file
/// No search: one value of the trade-off constant.
#pragma once
#include <advx/core/require.hpp>

namespace advx::search {

/// One run at constant c.
struct fixed {
  double constant = 1; ///< c > 0

  static constexpr const char* name = "fixed";
  /// Throws argument_error where a parameter is out of its range.
  void check() const { ::advx::detail::require(constant > 0, "search::fixed", "constant", "constant > 0", constant); }

  struct state {
    double constant = 0;
  };
  constexpr state start() const noexcept { return {constant}; }
  /// Told whether the run succeeded, moves on to the next constant; false when the search has ended.
  constexpr bool next(state&, bool) const noexcept { return false; }
};

} // namespace advx::search
