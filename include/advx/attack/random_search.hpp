/// @file
/// The form "keep the best of random points in the ball", over a model that answers scores.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/concepts/norm.hpp>
#include <advx/core/list.hpp>
#include <advx/core/require.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/loss/value.hpp>
#include <advx/radius/fixed.hpp>

#include <limits>

namespace advx::attack {

/// The machine of `random_search`: a point a tick.
template <class Recipe, class T>
class searching {
  using extents = typename decltype(Recipe::optimizer)::extents;

public:
  struct state {
    int step = -1; ///< of the point that is asked for; −1: the original
    bool finished = false;
    T least = std::numeric_limits<T>::max(); ///< loss of the best point
    attack::tally tally{};
  };

  static constexpr index_t max_points = 1;

  /// @throws argument_error where the optimizer does not fit the images
  template <class Memory>
  searching(Memory& memory, const Recipe& r, index_t slots, index_t size, index_t classes)
      : recipe(r),
        length(size),
        class_count(classes),
        image_extents(r.optimizer.on(size)),
        vectors(memory.template take<T>(2 * slots * size)),
        numbers(memory.template take<T>(slots * r.optimizer.memory(image_extents))),
        scratch(memory.template take<T>(slots * classes)) {}

  constexpr attack::request request(const state& r) const {
    return r.finished ? attack::request{} : attack::request{0, 1, 0};
  }
  constexpr const attack::tally& tally(const state& r) const { return r.tally; }

  template <class Team>
  constexpr void begin(const Team&, state&, index_t, const image_ref<T>&) const {}

  template <class Team>
  constexpr void write(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t, T* out) const {
    const T* x = r.step < 0 ? image.original : next_of(s);
    team.each(length, [=](index_t j) { out[j] = x[j]; });
  }
  template <class Team>
  constexpr bool observe(const Team&, state&, index_t, const image_ref<T>&, const answer<T>* a) const {
    return a->success;
  }

  template <score_scale Scale, class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image, const answer<T>* a) const {
    T *best = best_of(s), *next = next_of(s);
    if (r.step >= 0) {
      ++r.tally.iterations;
      const T loss = recipe.loss
                         .template operator()<Scale>(team, a->scores, class_count, image.goal, a->summary, image.tie,
                                                     scratch + s * class_count)
                         .loss;
      if (r.step == 0 || loss < r.least) {
        r.least = loss;
        team.each(length, [=](index_t j) { best[j] = next[j]; });
      }
    }
    if (++r.step == recipe.steps || !(recipe.limit(image) > 0)) {
      r.finished = true;
      return;
    }
    T* own = numbers + s * recipe.optimizer.memory(image_extents);
    const kernel::random_stream random{image.seed, static_cast<std::uint32_t>(image.number),
                                       static_cast<std::uint32_t>(r.step)};
    if (r.step == 0)
      recipe.optimizer.start(recipe.norm, team, image, image_extents, recipe.limit(image), random, own, next);
    else
      recipe.optimizer.propose(recipe.norm, team, image, image_extents, recipe.limit(image), r.step, recipe.steps,
                               random, own, best, next);
  }

private:
  constexpr T* best_of(index_t s) const { return vectors + 2 * s * length; }
  constexpr T* next_of(index_t s) const { return best_of(s) + length; }

  Recipe recipe;
  index_t length;
  index_t class_count;
  extents image_extents;
  T* vectors; ///< per slot: the best point, the next one
  T* numbers; ///< per slot: the optimizer's
  T* scratch; ///< per slot: a row of cotangents that nobody wants
};

/// Looks at random points of the norm's ball near the best one so far, and keeps each that lowers the loss; ends with
/// the first success. An image takes up to 1 + `steps` queries, one a step.
///
/// `Optimizer`: an aggregate as optimizer::squares is: `fits<Norm>`, `extents` and `on(size)`, what it knows of the
/// images, `memory(extents)`, a slot's numbers, and the row programs `start` and `propose`.
template <class Norm, class Loss, class Optimizer, class Radius = radius::fixed>
struct random_search {
  static_assert(norm::measurable<Norm>, "advx: random_search: Norm needs `static constexpr const char* name` and "
                                        "`distance(team, x, x0, n)` [CONTRIBUTING.md#a-new-norm]");
  static_assert(Optimizer::template fits<Norm>,
                "advx: this random search knows the balls of other norms: optimizer::squares those of norm::linf and "
                "norm::l2");

  Norm norm{};
  Loss loss{};
  Optimizer optimizer{};
  Radius radius{};
  int steps = 5000; ///< points, ≥ 1

  static constexpr const char* form = "random_search";
  static constexpr attack::access access = attack::access::scores;
  static constexpr bool starts_at_original = false;

  static constexpr bool accepts(score_scale scale) { return Loss::accepts(scale); }
  constexpr double confidence() const { return ::advx::loss::confidence_of(loss); }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::check_policy(radius);
    ::advx::detail::check_policy(norm);
    ::advx::detail::check_policy(loss);
    ::advx::detail::check_policy(optimizer);
    ::advx::detail::require(steps >= 1, "attack::random_search", "steps", "steps >= 1", steps);
  }
  constexpr auto rankings() const { return list<Norm>{norm}; }
  template <class T>
  constexpr double limit(const image_ref<T>& image) const {
    return image.epsilon >= 0 ? image.epsilon : radius.epsilon;
  }

  template <class T>
  using machine = searching<random_search, T>;
};

template <class N, class L, class O, class R = radius::fixed>
random_search(N, L, O, R = {}, int = 5000) -> random_search<N, L, O, R>;

} // namespace advx::attack
