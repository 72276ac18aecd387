/// @file
/// The form "change the most telling coordinates first".
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/core/list.hpp>
#include <advx/core/require.hpp>
#include <advx/core/score_scale.hpp>

namespace advx::attack {

/// Changes a few coordinates at a time until the goal is met; the saliency says which, and how.
///
/// `Saliency`: an aggregate as saliency::pairs is: `access`, and `template <class Recipe, class T> using machine`,
/// which finds itself in the recipe's `saliency`.
template <class Norm, class Saliency>
struct greedy {
  Norm norm{};
  Saliency saliency{};

  static constexpr const char* form = "greedy";
  static constexpr attack::access access = Saliency::access;

  static constexpr bool accepts(score_scale) { return true; }
  constexpr double confidence() const { return 0; }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::check_policy(norm);
    ::advx::detail::check_policy(saliency);
  }
  constexpr auto rankings() const { return list<Norm>{norm}; }

  template <class T>
  using machine = typename Saliency::template machine<greedy, T>;
};

template <class N, class S>
greedy(N, S) -> greedy<N, S>;

} // namespace advx::attack
