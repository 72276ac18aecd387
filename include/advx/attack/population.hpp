/// @file
/// The form "evolve a population of points inside the ball", over a model that answers scores.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/concepts/norm.hpp>
#include <advx/core/list.hpp>
#include <advx/core/require.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/loss/value.hpp>
#include <advx/optimizer/people.hpp>
#include <advx/radius/fixed.hpp>
#include <advx/start/population.hpp>

#include <limits>
#include <utility>

namespace advx::attack {

/// Ranks successes by their margin, the greatest first, whatever their distance.
struct most_certain {
  static constexpr const char* name = "margin";
  template <class T>
  constexpr T rank(const kernel::score_summary<T>& summary) const {
    return -summary.margin;
  }
};

/// The machine of `population`: generation by generation, each asked for in passes of up to `max_points`.
template <class Recipe, class T>
class evolution {
  using optimizer_type = decltype(Recipe::optimizer);
  using frame_type = decltype(std::declval<const Recipe&>().space.template on<T>(index_t{}, 0.0));

public:
  struct state {
    typename optimizer_type::template row<T> row{};
    int generation = 0;
    index_t first = 0; ///< child that is asked for next
    index_t asked = 0; ///< children in this tick
    std::int64_t spent = 0;
    bool at_original = true; ///< the original is still to be judged
    bool finished = false;
    attack::tally tally{};
  };

  static constexpr index_t max_points = [] {
    if constexpr (requires { optimizer_type::max_points; })
      return optimizer_type::max_points;
    else
      return index_t{128};
  }();

  /// @throws argument_error where the space does not fit the images
  template <class Memory>
  evolution(Memory& memory, const Recipe& r, index_t slots, index_t size, index_t classes)
      : recipe(r),
        class_count(classes),
        frame(r.space.template on<T>(size, r.radius.epsilon)),
        count(r.optimizer.population),
        genes(memory.template take<T>(2 * slots * count * frame.genes)),
        values(memory.template take<T>(2 * slots * count)),
        scratch(memory.template take<T>(slots * classes)) {}

  constexpr attack::request request(const state& r) const {
    if (r.finished) return {};
    return {0, r.at_original ? 1 : r.asked, 0};
  }
  constexpr const attack::tally& tally(const state& r) const { return r.tally; }

  template <class Team>
  constexpr void begin(const Team&, state&, index_t, const image_ref<T>&) const {}

  template <class Team>
  constexpr void write(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t i,
                       T* out) const {
    if (r.at_original)
      team.each(image.size, [=, x0 = image.original](index_t j) { out[j] = x0[j]; });
    else
      frame.decode(recipe.norm, team, image, recipe.limit(image), people_of(s).child(r.first + i), out);
  }

  template <class Team>
  constexpr bool observe(const Team& team, state& r, index_t, const image_ref<T>&, const answer<T>* answers) const {
    if (!recipe.stop_at_success) return false;
    return team.count(request(r).total(), [=](index_t i) { return answers[i].success; }) > 0;
  }

  template <score_scale Scale, class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image,
                         const answer<T>* answers) const {
    const auto all = people_of(s);
    r.spent += request(r).total();
    if (r.at_original) {
      r.at_original = false;
      r.finished = !frame.moves(recipe.limit(image));
      const kernel::random_stream random = stream(r, image);
      team.each(count * frame.genes, [=, start = recipe.start_at, frame = frame](index_t k) {
        const index_t p = k / all.genes, g = k % all.genes;
        all.children[k] = start.template operator()<T>(frame, g, random, all.coordinate(p, g));
      });
      team.each(count, [=](index_t p) { all.fitness[p] = std::numeric_limits<T>::max(); });
    } else {
      if (certain(team, image, answers, r.asked, evaluate<Scale>(team, r, s, image, answers))) {
        r.finished = true;
        return;
      }
      r.first += r.asked;
      if (r.first == count) {
        recipe.optimizer.select(team, r.row, all);
        if (r.generation == recipe.optimizer.steps) {
          r.finished = true;
          return;
        }
        ++r.generation;
        ++r.tally.iterations;
        r.first = recipe.optimizer.breed(team, r.row, all, frame, stream(r, image));
      }
    }
    // The last of the answers that the image may have are not left over; with none the driver ends it.
    const std::int64_t left = kernel::maximum(image.queries - r.spent, std::int64_t{1});
    r.asked = kernel::minimum(max_points, count - r.first);
    if (left < r.asked) r.asked = static_cast<index_t>(left);
  }

private:
  /// The children's losses; returns those of this tick.
  template <score_scale Scale, class Team>
  constexpr const T* evaluate(const Team& team, const state& r, index_t s, const image_ref<T>& image,
                              const answer<T>* answers) const {
    T* to = people_of(s).offered + r.first;
    if constexpr (requires {
                    recipe.loss.template of<Scale>(answers->scores, class_count, image.goal, answers->summary);
                  }) {
      team.each(r.asked, [=, loss = recipe.loss, classes = class_count, goal = image.goal](index_t i) {
        to[i] = loss.template of<Scale>(answers[i].scores, classes, goal, answers[i].summary);
      });
    } else {
      for (index_t i = 0; i < r.asked; ++i) {
        const T value = recipe.loss
                            .template operator()<Scale>(team, answers[i].scores, class_count, image.goal,
                                                        answers[i].summary, image.tie, scratch + s * class_count)
                            .loss;
        team.each(1, [=](index_t) { to[i] = value; });
      }
    }
    return to;
  }
  /// Is one of the successes what the loss calls enough?
  template <class Team>
  constexpr bool certain(const Team& team, const image_ref<T>& image, const answer<T>* answers, index_t n,
                         const T* losses) const {
    if constexpr (requires { recipe.loss.enough(image.goal, T(0)); })
      return team.count(n, [=, loss = recipe.loss, goal = image.goal](index_t i) {
        return answers[i].success && loss.enough(goal, losses[i]);
      }) > 0;
    else
      return false;
  }
  constexpr kernel::random_stream stream(const state& r, const image_ref<T>& image) const {
    return {image.seed, static_cast<std::uint32_t>(image.number), static_cast<std::uint32_t>(r.generation)};
  }
  constexpr optimizer::people<T> people_of(index_t s) const {
    T* members = genes + 2 * s * count * frame.genes;
    T* fitness = values + 2 * s * count;
    return {members, members + count * frame.genes, fitness, fitness + count, count, frame.genes};
  }

  Recipe recipe;
  index_t class_count;
  frame_type frame;
  index_t count;
  T* genes;   ///< per slot: members, children
  T* values;  ///< per slot: their losses
  T* scratch; ///< per slot: a row of cotangents that nobody wants
};

/// Evolves a population of points of the norm's ball around the image, for the least loss; needs nothing but scores.
/// The result is ranked by the norm (the first of several at the same distance), `other_rankings[0]` by the margin.
///
/// `Space`: an aggregate as space::pixel_tuples is: `fits<Norm>`, and `on<T>(size, radius)`, a trivially copyable
/// description of the genes: their number `genes`, `range(g)`, `is_value(g)`, `moves(radius)` and `decode`.
/// `Optimizer`: optimizer/people.hpp says what it is.
template <class Norm, class Loss, class Optimizer, class Space, class Start = start::population,
          class Radius = radius::fixed>
struct population {
  static_assert(norm::measurable<Norm>, "advx: population: Norm needs `static constexpr const char* name` and "
                                        "`distance(team, x, x0, n)` [CONTRIBUTING.md#a-new-norm]");
  static_assert(
      requires { typename Optimizer::template row<double>; } &&
          requires(const Optimizer& o) {
            o.population;
            o.steps;
          },
      "advx: a population is evolved by optimizer::differential_evolution or optimizer::genetic; an optimizer "
      "that follows gradients is for attack::budget and attack::penalty");
  static_assert(Space::template fits<Norm>,
                "advx: this space's points lie in another norm's ball: space::pixel_tuples goes with norm::l0, "
                "space::cube with norm::linf");

  Norm norm{};
  Loss loss{};
  Optimizer optimizer{};
  Space space{};
  Start start_at{};
  Radius radius{};
  bool stop_at_success = false; ///< false: goes on for a more certain success, until the loss says that it is enough

  static constexpr const char* form = "population";
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
    ::advx::detail::check_policy(space);
    ::advx::detail::check_policy(start_at);
  }
  constexpr auto rankings() const { return list<Norm, most_certain>{norm, {}}; }
  template <class T>
  constexpr double limit(const image_ref<T>& image) const {
    return image.epsilon >= 0 ? image.epsilon : radius.epsilon;
  }

  template <class T>
  using machine = evolution<population, T>;
};

template <class N, class L, class O, class S, class B = start::population, class R = radius::fixed>
population(N, L, O, S, B = {}, R = {}, bool = false) -> population<N, L, O, S, B, R>;

} // namespace advx::attack
