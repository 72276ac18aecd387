/// @file
/// Tabacof and Valle's search over the trade-off constant.
#pragma once
#include <advx/core/require.hpp>

namespace advx::search {

/// Multiplies c by `growth` until a run ends at a success, then halves [0, c] until it is narrower than `width`
/// (Tabacof & Valle 2016, Algorithm 1, whose ε is `width` and half of `constant`). Each run starts where the one before
/// has ended (their section II-B).
///
/// A run succeeds if its *last* point does: one that starts at a success has found nothing yet.
struct bisection {
  double constant = 0.02; ///< first c, > 0
  double width = 0.01;    ///< ε > 0: at the end c is known so well
  int steps = 40;         ///< the most runs, ≥ 1
  double growth = 2;      ///< factor while no run has succeeded, > 1
  bool warm_start = true; ///< false: each run starts at the original

  static constexpr const char* name = "bisection";
  static constexpr bool judges_end = true;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(constant > 0, "search::bisection", "constant", "constant > 0", constant);
    ::advx::detail::require(width > 0, "search::bisection", "width", "width > 0", width);
    ::advx::detail::require(steps >= 1, "search::bisection", "steps", "steps >= 1", steps);
    ::advx::detail::require(growth > 1, "search::bisection", "growth", "growth > 1", growth);
  }

  struct state {
    double constant = 0;
    double lower = 0;
    double upper = 0; ///< 0: no run has succeeded
    int done = 0;
    bool warm = false; ///< the next run starts where the last one has ended
  };
  constexpr state start() const noexcept { return {constant}; }
  constexpr bool next(state& s, bool succeeded) const noexcept {
    s.warm = warm_start;
    if (succeeded)
      s.upper = s.constant;
    else if (s.upper > 0)
      s.lower = s.constant;
    if (++s.done >= steps || (s.upper > 0 && s.upper - s.lower < width)) return false;
    s.constant = s.upper > 0 ? (s.lower + s.upper) / 2 : s.constant * growth;
    return true;
  }
};

} // namespace advx::search
