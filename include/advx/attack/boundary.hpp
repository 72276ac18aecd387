/// @file
/// The form "walk to the nearest class boundary".
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/core/list.hpp>
#include <advx/core/require.hpp>
#include <advx/core/score_scale.hpp>

#include <limits>

namespace advx::attack {

/// Walks from the original until the class has changed, or the goal's is reached; the walk says how. The nearest
/// success by the norm counts.
///
/// `Walk`: an aggregate as walk::nearest_boundary is: `access`, `fits<Norm>`, and `template <class Recipe, class T>
/// using machine`, which finds itself in the recipe's `walk`.
template <class Norm, class Walk>
struct boundary {
  static_assert(Walk::template fits<Norm>,
                "advx: this walk needs another norm: walk::nearest_boundary one that finds the nearest point of a "
                "half-space, norm::l1, norm::l2 or norm::linf; walk::sparse norm::l0; walk::hop_skip_jump norm::l2 or "
                "norm::linf");

  Norm norm{};
  Walk walk{};

  static constexpr const char* form = "boundary";
  static constexpr attack::access access = Walk::access;

  /// A boundary between classes is one of probabilities, too, but nothing there is nearly linear; labels have no scale.
  static constexpr bool accepts(score_scale scale) requires(Walk::access != attack::access::labels) {
    return scale != score_scale::probabilities;
  }
  constexpr double confidence() const { return 0; }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::check_policy(norm);
    ::advx::detail::check_policy(walk);
  }
  constexpr auto rankings() const { return list<Norm>{norm}; }

  template <class T>
  using machine = typename Walk::template machine<boundary, T>;
};

template <class N, class W>
boundary(N, W) -> boundary<N, W>;

} // namespace advx::attack
