/// @file
/// The form "descend the loss of x + δ subject to size(δ) ≤ ε".
#pragma once

#include <advx/attack/descent.hpp>
#include <advx/concepts/norm.hpp>
#include <advx/core/list.hpp>
#include <advx/core/require.hpp>
#include <advx/radius/fixed.hpp>
#include <advx/space/pixels.hpp>
#include <advx/start/original.hpp>

namespace advx::attack {

namespace detail {

/// Has the norm what the start asks of it? One that says nothing asks nothing.
template <class Start, class Norm>
inline constexpr bool can_start = true;
template <class Start, class Norm>
  requires requires { Start::template fits<Norm>; }
inline constexpr bool can_start<Start, Norm> = Start::template fits<Norm>;

/// What an optimizer sees of a budget attack: the loss's gradient, and the feasible set ball ∩ box.
template <class Norm, class T>
struct budget_objective {
  static constexpr bool unconstrained = false;

  Norm norm;
  image_ref<T> image;
  double radius;
  double step_scale; ///< the run's radius over the recipe's: steps keep their share of the ball
  const T* loss_gradient;
  T value; ///< of the loss, where the optimizer needs it

  constexpr T gradient(index_t j) const { return loss_gradient[j]; }
  template <class Team, class Get>
  constexpr auto project(const Team& team, Get v) const {
    return norm.projection(team, image, radius, v);
  }
  template <class Direction, class Team, class Get>
  constexpr auto direction(const Team& team, const Direction& kind, Get g) const {
    return kind.template operator()<T>(norm, team, image.size, g);
  }
};

} // namespace detail

/// Descends the loss inside the norm's ball of radius ε around the image, and inside the box; from several starts if
/// asked to, and for one radius after another where `Radius` looks for the least that succeeds: the result is then the
/// nearest success of all. Steps keep their share of the ball. Sources: Goodfellow et
/// al. 2015; Kurakin et al. 2017; Madry et al. 2018; Sharma's thesis, eqs. 7 and 8.
///
/// `Radius`: an aggregate with `epsilon`, the largest radius, a `state` whose `share` of it is the run's radius,
/// `start()`, and `next(state, succeeded)`, which moves on to the next radius and is false when there is none.
template <class Norm, class Loss, class Optimizer, class Start = start::original, class Radius = radius::fixed>
struct budget {
  static_assert(norm::measurable<Norm>, "advx: budget: Norm needs `static constexpr const char* name` and "
                                        "`distance(team, x, x0, n)` [CONTRIBUTING.md#a-new-norm]");
  static_assert(norm::projectable<Norm>,
                "advx: a budget attack needs a norm with a ball to project on: norm::l0, norm::l1, "
                "norm::l2 or norm::linf; norm::elastic_net is for attack::penalty");
  static_assert(!Optimizer::needs_proximal,
                "advx: optimizer::fista shrinks towards the original and belongs to attack::penalty; a budget attack "
                "takes optimizer::steepest or optimizer::adam");
  static_assert(!Optimizer::needs_direction || norm::directional<Norm>,
                "advx: optimizer::steepest needs a norm that makes directions: norm::l1, norm::l2 or norm::linf");
  static_assert(!optimizer::needs_bounds<Optimizer>,
                "advx: this optimizer needs bounds for each coordinate, and a ball has none; use attack::penalty, or "
                "optimizer::steepest or optimizer::adam");

  static_assert(detail::can_start<Start, Norm>,
                "advx: start::uniform draws a random point of the norm's ball, and the norm has no `random_point`: add "
                "it [CONTRIBUTING.md#a-new-norm], or use start::original");

  Norm norm{};
  Loss loss{};
  Optimizer optimizer{};
  Start start_at{};
  Radius radius{};
  int restarts = 0;            ///< further starts in a ball without success, ≥ 0
  bool stop_at_success = true; ///< false: a run that succeeds goes on for the smallest success in its ball

  static constexpr const char* form = "budget";
  static constexpr attack::access access = attack::access::gradients;
  static constexpr bool starts_at_original = Start::at_original;
  static constexpr space::pixels space{};
  static constexpr bool abort_early = false;
  struct schedule {
    int run = 0; ///< in this radius
    typename Radius::state radius{};
  };

  static constexpr bool accepts(score_scale scale) { return Loss::accepts(scale); }
  /// κ: the margin that a success needs.
  constexpr double confidence() const { return ::advx::loss::confidence_of(loss); }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::check_policy(radius); // first: presets derive the step length from it
    ::advx::detail::check_policy(norm);
    ::advx::detail::check_policy(loss);
    ::advx::detail::check_policy(optimizer);
    ::advx::detail::check_policy(start_at);
    ::advx::detail::require(restarts >= 0, "attack::budget", "restarts", "restarts >= 0", restarts);
  }
  constexpr auto rankings() const { return list<Norm>{norm}; }
  constexpr schedule begin_schedule() const { return {0, radius.start()}; }
  constexpr bool next_run(schedule& s, const run_end& end) const {
    if (!end.succeeded && s.run < restarts) return ++s.run > 0;
    s.run = 0;
    return radius.next(s.radius, end.succeeded);
  }
  constexpr double constant(const schedule&) const { return 0; }
  constexpr bool stops_at_success() const { return stop_at_success; }
  template <class T>
  constexpr double limit(const image_ref<T>& image) const {
    return image.epsilon >= 0 ? image.epsilon : radius.epsilon;
  }

  template <class Team, class T>
  constexpr void start(const Team& team, const image_ref<T>& image, const schedule& s, T* x) const {
    const kernel::random_stream random{image.seed, static_cast<std::uint32_t>(image.number),
                                       static_cast<std::uint32_t>(s.run)};
    start_at(norm, team, image, radius_of(image, s), random, x);
  }
  template <class T>
  constexpr auto objective(const image_ref<T>& image, const schedule& s, const T*, const T* gradient, T value) const {
    const double own = radius_of(image, s);
    return detail::budget_objective<Norm, T>{norm,     image, own, radius.epsilon > 0 ? own / radius.epsilon : 1,
                                             gradient, value};
  }
  template <class Team, class T>
  constexpr T value(const Team&, const image_ref<T>&, const schedule&, const T*, T loss_value) const {
    return loss_value;
  }
  /// Rounding must not carry a stored image out of its ball.
  template <class Team, class T>
  constexpr void make_feasible(const Team& team, const image_ref<T>& image, const schedule& s, T* x) const {
    norm.fit(team, image, radius_of(image, s), x);
  }

  template <class T>
  using machine = descent<budget, T>;

private:
  /// The ball of a run.
  template <class T>
  constexpr double radius_of(const image_ref<T>& image, const schedule& s) const {
    return limit(image) * s.radius.share;
  }
};

template <class N, class L, class O, class S = start::original, class R = radius::fixed>
budget(N, L, O, S = {}, R = {}, int = 0, bool = true) -> budget<N, L, O, S, R>;

} // namespace advx::attack
