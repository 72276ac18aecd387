/// @file
/// The hinge loss of ZOO: a margin between logarithms of probabilities.
#pragma once

#include <advx/loss/margin.hpp>

namespace advx::loss {

/// max(0, log p(best other) − log p(target)) for a target, max(0, log p(label) − log p(best other)) without one (Chen
/// et al. 2017, eqs. 4 and 5; Sharma's thesis, eqs. 10 and 11, raised by κ so that it ends at 0). The logarithm keeps a
/// class that takes nearly all of the probability from drowning the others.
///
/// Of logits and log-probabilities this is loss::margin; of probabilities it is log((p + κ)/q), where p is to fall
/// below q by κ: 0 exactly where the goal is met.
struct log_margin {
  double confidence = 0; ///< κ ≥ 0, in the unit of the scores

  static constexpr const char* name = "log_margin";
  static constexpr bool accepts(score_scale) { return true; }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(confidence >= 0, "loss::log_margin", "confidence", "confidence >= 0", confidence);
  }

  template <score_scale Scale, class Team, class T>
  constexpr value<T> operator()(const Team& team, const T* z, index_t classes, row_goal goal,
                                const kernel::score_summary<T>& s, T tie, T* cotangent) const {
    if constexpr (Scale != score_scale::probabilities) {
      return margin{confidence}.template operator()<Scale>(team, z, classes, goal, s, tie, cotangent);
    } else {
      const label_t own = goal.targeted() ? goal.target : goal.label;
      const label_t high = goal.targeted() ? s.rival : own, low = goal.targeted() ? own : s.rival;
      const T required = s.required(confidence, tie);
      // A probability that has underflowed to 0 counts as the smallest normal number.
      const T p = kernel::maximum(z[high] + required, std::numeric_limits<T>::min());
      const T q = kernel::maximum(z[low], std::numeric_limits<T>::min());
      const bool active = s.margin < required;
      const T up = active ? T(1) / p : T(0), down = active ? T(1) / q : T(0);
      team.each(classes, [=](index_t j) { cotangent[j] = j == high ? up : (j == low ? -down : T(0)); });
      return {active ? kernel::maximum(kernel::log(p) - kernel::log(q), T(0)) : T(0), active};
    }
  }
};

} // namespace advx::loss
