/// @file
/// The first constant that succeeds, from below.
#pragma once
#include <advx/core/require.hpp>

namespace advx::search {

/// Multiplies c by `growth` until a run succeeds or c reaches `largest` (Carlini & Wagner 2017, sections VI-B and
/// VI-C). Every run starts where the first did.
struct doubling {
  double constant = 1e-3; ///< first c, > 0
  double largest = 2e6;   ///< c stays below it, > constant
  double growth = 2;      ///< > 1

  static constexpr const char* name = "doubling";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(constant > 0, "search::doubling", "constant", "constant > 0", constant);
    ::advx::detail::require(largest > constant, "search::doubling", "largest", "largest > constant", largest);
    ::advx::detail::require(growth > 1, "search::doubling", "growth", "growth > 1", growth);
  }

  struct state {
    double constant = 0;
  };
  constexpr state start() const noexcept { return {constant}; }
  constexpr bool next(state& s, bool succeeded) const noexcept {
    if (succeeded) return false;
    s.constant *= growth;
    return s.constant < largest;
  }
};

} // namespace advx::search
