/// @file
/// Cross-entropy, the loss that networks are trained with.
#pragma once

#include <advx/loss/value.hpp>

namespace advx::loss {

/// Targeted: −log p(target). Untargeted: log p(label). Attacks *descend* it.
struct cross_entropy {
  static constexpr const char* name = "cross_entropy";
  static constexpr bool accepts(score_scale) { return true; }

  /// Value, and ∂loss/∂scores into `cotangent`. O(classes).
  template <score_scale Scale, class Team, class T>
  constexpr value<T> operator()(const Team& team, const T* z, index_t classes, row_goal goal,
                                const kernel::score_summary<T>& s, T, T* cotangent) const {
    const label_t own = goal.targeted() ? goal.target : goal.label;
    const T direction = goal.targeted() ? T(1) : T(-1);
    if constexpr (Scale == score_scale::logits) {
      const T top = z[s.predicted];
      team.each(classes, [=](index_t j) { cotangent[j] = kernel::exp(z[j] - top); });
      const T others = team.template sum<T>(classes, [=](index_t j) { return j == own ? T(0) : cotangent[j]; });
      const T own_part = kernel::exp(z[own] - top);
      const T scale = direction / (others + own_part);
      // p(own) − 1 is −Σ of the others: so written it does not vanish when p(own) rounds to 1.
      team.each(classes, [=](index_t j) { cotangent[j] = j == own ? -others * scale : cotangent[j] * scale; });
      return {direction * (kernel::log(others + own_part) + (top - z[own])), true};
    } else if constexpr (Scale == score_scale::log_probabilities) {
      team.each(classes, [=](index_t j) { cotangent[j] = j == own ? -direction : T(0); });
      return {-direction * z[own], true};
    } else {
      const T p = kernel::maximum(z[own], std::numeric_limits<T>::min());
      team.each(classes, [=](index_t j) { cotangent[j] = j == own ? -direction / p : T(0); });
      return {-direction * kernel::log(p), true};
    }
  }
};

} // namespace advx::loss
