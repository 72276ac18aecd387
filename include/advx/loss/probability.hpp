/// @file
/// The probability of a class, which attacks on scores watch.
#pragma once

#include <advx/core/require.hpp>
#include <advx/loss/value.hpp>

#include <limits>

namespace advx::loss {

/// The probability of the label, to be lowered, or of the target, to be raised (Su et al. 2019, eq. 3), as its log odds
/// log p/(1 − p): they order points as p does, and still do where p rounds to 0 or 1. For a target the value is
/// negative log odds, which is GenAttack's fitness (Alzantot et al. 2019, section 4.3) upside down.
///
/// An attack that goes on after its first success for a more certain one ends where `enough` holds.
struct probability {
  double below = 0.1; ///< the label's probability that is low enough, in [0, 1]; Su et al. have 0.05
  double above = 0.5; ///< the target's probability that is high enough, in [0, 1]; Su et al. have 0.9

  static constexpr const char* name = "probability";
  static constexpr bool accepts(score_scale) { return true; }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(below >= 0 && below <= 1, "loss::probability", "below", "below in [0, 1]", below);
    ::advx::detail::require(above >= 0 && above <= 1, "loss::probability", "above", "above in [0, 1]", above);
  }

  /// The value alone, by one thread. O(classes), in order.
  template <score_scale Scale, class T>
  constexpr T of(const T* z, index_t classes, row_goal goal, const kernel::score_summary<T>& s) const {
    const label_t own = goal.targeted() ? goal.target : goal.label;
    T others = 0, odds = 0;
    if constexpr (Scale == score_scale::probabilities) {
      for (index_t j = 0; j < classes; ++j)
        if (j != own) others += z[j];
      odds = kernel::log(z[own]) - kernel::log(others);
    } else {
      for (index_t j = 0; j < classes; ++j)
        if (j != own) others += kernel::exp(z[j] - z[s.rival]);
      odds = (z[own] - z[s.rival]) - kernel::log(others);
    }
    return goal.targeted() ? -odds : odds;
  }

  /// Is the probability what an attack would go on for?
  template <class T>
  constexpr bool enough(row_goal goal, T value) const {
    return goal.targeted() ? kernel::sigmoid(-value) > T(above) : kernel::sigmoid(value) < T(below);
  }

  /// Value, and ∂loss/∂scores into `cotangent`. O(classes).
  template <score_scale Scale, class Team, class T>
  constexpr value<T> operator()(const Team& team, const T* z, index_t classes, row_goal goal,
                                const kernel::score_summary<T>& s, T, T* cotangent) const {
    const label_t own = goal.targeted() ? goal.target : goal.label;
    const T direction = goal.targeted() ? T(-1) : T(1);
    if constexpr (Scale == score_scale::probabilities) {
      const T others = team.template sum<T>(classes, [=](index_t j) { return j == own ? T(0) : z[j]; });
      const T least = std::numeric_limits<T>::min();
      team.each(classes, [=](index_t j) {
        cotangent[j] =
            j == own ? direction / kernel::maximum(z[own], least) : -direction / kernel::maximum(others, least);
      });
    } else {
      const T top = z[s.rival];
      const T others =
          team.template sum<T>(classes, [=](index_t j) { return j == own ? T(0) : kernel::exp(z[j] - top); });
      team.each(classes, [=](index_t j) {
        cotangent[j] = j == own ? direction : -direction * kernel::exp(z[j] - top) / others;
      });
    }
    return {of<Scale>(z, classes, goal, s), true};
  }
};

} // namespace advx::loss
