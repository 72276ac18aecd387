/// @file
/// How far a row of scores is from an attack's goal.
#pragma once

#include <advx/core/image.hpp>
#include <advx/kernel/math.hpp>

namespace advx::kernel {

/// What one pass over a row of scores tells.
template <class T>
struct score_summary {
  T margin = 0;          ///< ≥ 0 where the goal is met: rival − label (untargeted) or target − rival (targeted)
  T largest = 0;         ///< max |score|
  label_t predicted = 0; ///< the first class with the greatest score
  label_t rival = no_label; ///< the best class other than the goal's own
  bool finite = true;       ///< no score is NaN or infinite

  /// The least margin that counts as a success at confidence κ; a margin within rounding (`tie`) does not.
  constexpr T required(double confidence, T tie) const noexcept {
    return maximum(T(confidence), tie * maximum(T(1), largest));
  }
};

/// Scans a row of `classes` scores. O(classes), in order, so ties go to the first class everywhere.
template <class T>
ADVX_HOST_DEVICE constexpr score_summary<T> summarise_scores(const T* scores, index_t classes, row_goal goal) noexcept {
  const label_t own = goal.targeted() ? goal.target : goal.label;
  score_summary<T> s;
  T first = scores[0], second = 0; // of `predicted` and `rival`
  for (index_t j = 0; j < classes; ++j) {
    const T z = scores[j];
    s.finite = s.finite & is_finite(z);
    s.largest = maximum(s.largest, absolute(z));
    if (first < z) {
      first = z;
      s.predicted = static_cast<label_t>(j);
    }
    if (j != own && (s.rival == no_label || second < z)) {
      second = z;
      s.rival = static_cast<label_t>(j);
    }
  }
  s.margin = goal.targeted() ? scores[own] - scores[s.rival] : scores[s.rival] - scores[own];
  return s;
}

} // namespace advx::kernel
