/// @file
/// A line search for the least trade-off constant that succeeds.
#pragma once
#include <advx/core/require.hpp>
#include <advx/kernel/math.hpp>

namespace advx::search {

/// Szegedy et al. 2014, section 4.1, who find "by line-search" the c at which the minimiser just reaches the goal, and
/// do not say how (their c multiplies the size, so theirs is the reciprocal). Here: c is multiplied by `growth` until a
/// run succeeds, or, if the first one does, divided by it until a run fails; then the bracket is divided at its
/// geometric mean until its ends are within the factor 1 + `precision`. Every run starts at the original.
///
/// A run succeeds if its *last* point does, the minimiser that they ask about.
struct line {
  double constant = 1e-2;  ///< first c, > 0
  int steps = 10;          ///< the most runs, ≥ 1
  double growth = 10;      ///< factor until the bracket is found, > 1
  double precision = 0.05; ///< > 0

  static constexpr const char* name = "line";
  static constexpr bool judges_end = true;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(constant > 0, "search::line", "constant", "constant > 0", constant);
    ::advx::detail::require(steps >= 1, "search::line", "steps", "steps >= 1", steps);
    ::advx::detail::require(growth > 1, "search::line", "growth", "growth > 1", growth);
    ::advx::detail::require(precision > 0, "search::line", "precision", "precision > 0", precision);
  }

  struct state {
    double constant = 0;
    double lower = 0; ///< 0: no run has failed
    double upper = 0; ///< 0: no run has succeeded
    int done = 0;
  };
  constexpr state start() const noexcept { return {constant}; }
  constexpr bool next(state& s, bool succeeded) const noexcept {
    (succeeded ? s.upper : s.lower) = s.constant;
    const bool bracketed = s.lower > 0 && s.upper > 0;
    if (++s.done >= steps || (bracketed && s.upper <= s.lower * (1 + precision))) return false;
    if (bracketed)
      s.constant = kernel::square_root(s.lower) * kernel::square_root(s.upper);
    else
      s.constant = succeeded ? s.constant / growth : s.constant * growth;
    return true;
  }
};

} // namespace advx::search
