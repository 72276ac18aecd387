/// @file
/// Carlini and Wagner's search over the trade-off constant.
#pragma once
#include <advx/core/require.hpp>

namespace advx::search {

/// Multiplies c by `growth` until a run succeeds, then halves the bracket (Carlini & Wagner 2017, section V-A; their
/// program's rule that the last of ten or more runs is made at the upper end of the bracket included).
struct binary {
  double constant = 1e-3; ///< first c, > 0
  int steps = 9;          ///< runs, ≥ 1
  double growth = 10;     ///< factor while no run has succeeded, > 1

  static constexpr const char* name = "binary";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(constant > 0, "search::binary", "constant", "constant > 0", constant);
    ::advx::detail::require(steps >= 1, "search::binary", "steps", "steps >= 1", steps);
    ::advx::detail::require(growth > 1, "search::binary", "growth", "growth > 1", growth);
  }

  struct state {
    double constant = 0;
    double lower = 0;
    double upper = unbounded;
    int done = 0;
  };
  constexpr state start() const noexcept { return {constant}; }
  constexpr bool next(state& s, bool succeeded) const noexcept {
    if (succeeded)
      s.upper = s.constant < s.upper ? s.constant : s.upper;
    else
      s.lower = s.constant > s.lower ? s.constant : s.lower;
    if (s.upper < unbounded)
      s.constant = (s.lower + s.upper) / 2;
    else
      s.constant *= growth;
    if (++s.done + 1 == steps && steps >= 10 && s.upper < unbounded) s.constant = s.upper;
    return s.done < steps;
  }

private:
  static constexpr double unbounded = 1e10;
};

} // namespace advx::search
