/// @file
/// The margin loss of Carlini and Wagner.
#pragma once

#include <advx/core/require.hpp>
#include <advx/loss/value.hpp>

namespace advx::loss {

/// max(0, κ − margin), margin = target − best other (targeted) or best other − label (untargeted): f₆ of Carlini &
/// Wagner 2017, section IV-A. It is 0, and costs no pullback, once the goal is met with confidence κ.
struct margin {
  double confidence = 0; ///< κ ≥ 0, in the unit of the scores

  static constexpr const char* name = "margin";
  static constexpr bool accepts(score_scale scale) { return scale != score_scale::probabilities; }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(confidence >= 0, "loss::margin", "confidence", "confidence >= 0", confidence);
  }

  template <score_scale, class Team, class T>
  constexpr value<T> operator()(const Team& team, const T*, index_t classes, row_goal goal,
                                const kernel::score_summary<T>& s, T tie, T* cotangent) const {
    const T missing = s.required(confidence, tie) - s.margin;
    const label_t own = goal.targeted() ? goal.target : goal.label;
    const bool active = missing > T(0);
    const T pull = active ? (goal.targeted() ? T(1) : T(-1)) : T(0);
    team.each(classes,
              [=, rival = s.rival](index_t j) { cotangent[j] = j == rival ? pull : (j == own ? -pull : T(0)); });
    return {kernel::maximum(missing, T(0)), active};
  }
};

} // namespace advx::loss
