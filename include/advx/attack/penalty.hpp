/// @file
/// The form "minimise size(δ) + c·loss(x + δ), with an outer search over c".
#pragma once

#include <advx/attack/descent.hpp>
#include <advx/concepts/norm.hpp>
#include <advx/core/list.hpp>
#include <advx/core/require.hpp>
#include <advx/search/fixed.hpp>
#include <advx/space/pixels.hpp>
#include <advx/space/reduced.hpp>

namespace advx::attack {

namespace detail {

/// What runs a penalty attack: `descent`, or the machine that the optimizer brings along because it asks the model in
/// its own way, with what it needs of the model.
template <class Recipe, class Optimizer, class T>
struct penalty_machine {
  using type = descent<Recipe, T>;
};
template <class Recipe, class Optimizer, class T>
  requires requires { typename Optimizer::template machine<Recipe, T>; }
struct penalty_machine<Recipe, Optimizer, T> {
  using type = typename Optimizer::template machine<Recipe, T>;
};
template <class Optimizer>
constexpr attack::access penalty_access() {
  if constexpr (requires { Optimizer::access; })
    return Optimizer::access;
  else
    return attack::access::gradients;
}

/// What an optimizer sees of a penalty attack at one gradient point x: ∂/∂z of size(x − x0) + c·loss(x), x = decode(z).
template <class Norm, class Space, bool Proximal, class T>
struct penalty_objective {
  static constexpr bool unconstrained = !Space::is_identity;
  static constexpr double step_scale = 1;

  Norm norm;
  Space space;
  image_ref<T> image;
  const T* point;
  const T* loss_gradient;
  T constant;
  T value; ///< of the objective at x, where the optimizer needs it

  /// What z_j is bounded by.
  constexpr T lower(index_t j) const { return space.bound(-std::numeric_limits<T>::infinity(), image.side(j)); }
  constexpr T upper(index_t j) const { return space.bound(std::numeric_limits<T>::infinity(), image.side(j)); }
  constexpr T gradient(index_t j) const {
    const T d = point[j] - image.original[j];
    const T size = [&] {
      if constexpr (Proximal)
        return norm.smooth_gradient(d);
      else
        return norm.penalty_gradient(d);
    }();
    return (constant * loss_gradient[j] + size) * space.slope(point[j], image.side(j));
  }
  template <class Team, class Get>
  constexpr auto project(const Team&, Get) const {
    return [space = space, image = image](index_t j, T v) { return space.bound(v, image.side(j)); };
  }
  /// The proximal map of t × the norm's non-smooth part, around the original and inside the box (thesis, eq. 18).
  constexpr auto proximal(T t) const {
    return [norm = norm, x0 = image.original, lower = image.lower, upper = image.upper, t](index_t j, T v) {
      return kernel::clamp(x0[j] + norm.shrink(v - x0[j], t), lower[j], upper[j]);
    };
  }
  template <class Direction, class Team, class Get>
  constexpr auto direction(const Team& team, const Direction& kind, Get g) const {
    return kind.template operator()<T>(norm, team, image.size, g);
  }
};

} // namespace detail

/// Minimises size(δ) + c·loss(x + δ) in a space, once for each c of a search; the smallest success of all runs counts.
/// Sources: Szegedy et al. 2014; Carlini & Wagner 2017, section V; Chen et al. 2018.
///
/// `Search`: an aggregate with a `state` whose `constant` is c, `start()`, and `next(state, succeeded)`, which moves on
/// to the next run and is false when there is none. A run has succeeded if any of its points has; with `static
/// constexpr bool judges_end = true`, if its last one has. Where `state` has a `bool warm` that is true, the run starts
/// where the one before has ended, and else at the original.
///
/// `Also`: further norms that rank the successes of the same run (EAD's L1 rule beside its EN rule).
template <class Norm, class Loss, class Optimizer, class Space = space::pixels, class Search = search::fixed,
          class... Also>
struct penalty {
  static_assert(norm::measurable<Norm>, "advx: penalty: Norm needs `static constexpr const char* name` and "
                                        "`distance(team, x, x0, n)` [CONTRIBUTING.md#a-new-norm]");
  static_assert(
      !Optimizer::needs_proximal || norm::proximal<Norm>,
      "advx: this optimizer shrinks, and the norm has no proximal map; use norm::l1, norm::l2, norm::elastic_net "
      "or norm::l0, or another optimizer such as optimizer::adam");
  static_assert(Optimizer::needs_proximal || norm::differentiable_penalty<Norm>,
                "advx: this norm is no differentiable penalty; use norm::l1, norm::l2 or norm::elastic_net, "
                "optimizer::fista with norm::l0, or the form attack::budget with norm::linf");
  static_assert(!Optimizer::needs_proximal || Space::is_identity,
                "advx: a proximal map exists in space::pixels only; use it instead of the change of variable, or a "
                "gradient optimizer such as optimizer::adam");
  static_assert(!Optimizer::needs_direction || norm::directional<Norm>,
                "advx: optimizer::steepest needs a norm that makes directions: norm::l1, norm::l2 or norm::linf");
  static_assert(!space::is_reduced<Space> || detail::penalty_access<Optimizer>() == attack::access::scores,
                "advx: space::resized, space::hierarchical and space::dct are for an optimizer that changes single "
                "variables: optimizer::coordinate_descent; other optimizers take space::pixels or space::tanh");
  static_assert((norm::measurable<Also> && ...), "advx: penalty: every further ranking needs `name` and `distance`");

  Norm norm{};
  Loss loss{};
  Optimizer optimizer{};
  Space space{};
  Search search{};
  list<Also...> also{}; ///< further rankings
  /// Ends a run whose objective has not fallen by 0.01 % in a tenth of its steps (Carlini & Wagner's program), each
  /// image on its own.
  bool abort_early = true;

  static constexpr const char* form = "penalty";
  static constexpr attack::access access = detail::penalty_access<Optimizer>();
  static constexpr bool starts_at_original = false;
  using schedule = typename Search::state;

  static constexpr bool accepts(score_scale scale) { return Loss::accepts(scale); }
  /// κ: the margin that a success needs.
  constexpr double confidence() const { return ::advx::loss::confidence_of(loss); }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::check_policy(norm);
    ::advx::detail::check_policy(loss);
    ::advx::detail::check_policy(optimizer);
    ::advx::detail::check_policy(space);
    ::advx::detail::check_policy(search);
  }
  constexpr auto rankings() const { return list<Norm, Also...>{norm, also}; }
  constexpr schedule begin_schedule() const { return search.start(); }
  constexpr bool next_run(schedule& s, const run_end& end) const {
    if constexpr (requires { requires Search::judges_end; })
      return search.next(s, end.at_end);
    else
      return search.next(s, end.succeeded);
  }
  constexpr double constant(const schedule& s) const { return s.constant; }
  constexpr bool stops_at_success() const { return false; }
  template <class T>
  constexpr double limit(const image_ref<T>&) const {
    return std::numeric_limits<double>::infinity();
  }

  template <class Team, class T>
  constexpr void start(const Team& team, const image_ref<T>& image, const schedule& s, T* z) const {
    if constexpr (requires { s.warm; })
      if (s.warm) return; // from where the run before has ended
    const T* from = image.start != nullptr ? image.start : image.original;
    team.each(image.size, [=, space = space](index_t j) { z[j] = space.encode(from[j], image.side(j)); });
  }
  template <class T>
  constexpr auto objective(const image_ref<T>& image, const schedule& s, const T* point, const T* gradient,
                           T value) const {
    return detail::penalty_objective<Norm, Space, Optimizer::needs_proximal, T>{norm,     space,         image, point,
                                                                                gradient, T(s.constant), value};
  }
  /// size(x − x0) + c·loss, what is minimised.
  template <class Team, class T>
  constexpr T value(const Team& team, const image_ref<T>& image, const schedule& s, const T* x, T loss_value) const {
    return T(s.constant) * loss_value + team.template sum<T>(image.size, [=, *this, x0 = image.original](index_t j) {
      return norm.penalty(x[j] - x0[j]);
    });
  }
  template <class Team, class T>
  constexpr void make_feasible(const Team&, const image_ref<T>&, const schedule&, T*) const {}

  template <class T>
  using machine = typename detail::penalty_machine<penalty, Optimizer, T>::type;
};

template <class N, class L, class O, class S = space::pixels, class C = search::fixed, class... A>
penalty(N, L, O, S = {}, C = {}, list<A...> = {}, bool = true) -> penalty<N, L, O, S, C, A...>;

} // namespace advx::attack
