/// @file
/// One loss away from a label, another one towards a target.
#pragma once

#include <advx/core/require.hpp>
#include <advx/loss/value.hpp>

namespace advx::loss {

/// `Untargeted` where the goal is any other class than the label, `Targeted` where it is a target.
template <class Untargeted, class Targeted>
struct by_goal {
  Untargeted untargeted{};
  Targeted targeted{};

  static constexpr const char* name = "by_goal";
  static constexpr bool accepts(score_scale scale) { return Untargeted::accepts(scale) && Targeted::accepts(scale); }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::check_policy(untargeted);
    ::advx::detail::check_policy(targeted);
  }

  template <score_scale Scale, class Team, class T>
  constexpr value<T> operator()(const Team& team, const T* z, index_t classes, row_goal goal,
                                const kernel::score_summary<T>& s, T tie, T* cotangent) const {
    return goal.targeted() ? targeted.template operator()<Scale>(team, z, classes, goal, s, tie, cotangent)
                           : untargeted.template operator()<Scale>(team, z, classes, goal, s, tie, cotangent);
  }
};

} // namespace advx::loss
