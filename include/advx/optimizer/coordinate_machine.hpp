/// @file
/// The machine of penalty attacks that change a few variables a step by differences of scores.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/core/require.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/kernel/order.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/kernel/select.hpp>
#include <advx/optimizer/coordinate_variables.hpp>

#include <cstdint>
#include <limits>

namespace advx::optimizer {

namespace detail {
inline constexpr index_t most_coordinates = 128;
} // namespace detail

/// Runs coordinate_descent for a recipe of the form penalty. A tick asks for z + h·e_k and z − h·e_k of each drawn
/// variable k, then for z itself, which alone is judged: the others may lie outside the box by h.
///
/// Memory per slot: 2·size + 9·variables values. A step costs O(coordinates · size) beside the model's pass.
template <class Recipe, class T>
class coordinate_machine {
  using optimizer_type = decltype(Recipe::optimizer);
  using space_type = decltype(Recipe::space);
  static constexpr bool reduced = space::is_reduced<space_type>;

public:
  static constexpr index_t max_points = 2 * detail::most_coordinates + 1;

  struct state {
    typename Recipe::schedule schedule{};
    index_t step = 0;         ///< of this run
    index_t level = 0;        ///< of the space
    index_t drawn = 0;        ///< variables of this tick
    index_t shuffled = 0;     ///< how many variables `ordinals` is an order of
    T least = 0, checked = 0; ///< objective: least since the last check for progress, least before it
    index_t since = 0;        ///< steps since that check
    bool at_original = true;  ///< the original is still to be judged
    bool finished = false;
    bool refining = false;  ///< the loss has been 0 in this run
    bool succeeded = false; ///< in this run
    bool at_end = false;    ///< its last point has
    bool ever_succeeded = false;
    std::int64_t queries = 0; ///< answers so far
    attack::tally tally{};
  };

  template <class Memory>
  coordinate_machine(Memory& memory, const Recipe& r, index_t slots, index_t size, index_t classes)
      : recipe(r),
        length(size),
        class_count(classes),
        variables([&] {
          if constexpr (reduced) {
            r.space.check_size(size);
            return r.space.most_variables();
          } else {
            if (r.optimizer.importance)
              ::advx::detail::refuse("advx: optimizer::coordinate_descent: 'importance' needs a space that knows the "
                                     "image's shape: space::resized, space::hierarchical or space::dct, also at full "
                                     "size");
            return size;
          }
        }()),
        variable(memory.template take<T>(slots * variables)),
        image_at(memory.template take<T>(slots * size)),
        moments(memory.template take<T>(slots * 2 * variables)),
        decays(memory.template take<double>(slots * 2 * variables)),
        keys(memory.template take<T>(slots * variables)),
        ordinals(memory.template take<std::int32_t>(slots * variables)),
        chosen(memory.template take<std::int32_t>(slots * detail::most_coordinates)),
        losses(memory.template take<T>(slots * max_points)),
        scratch(memory.template take<T>(slots * classes)),
        map(memory, r.space, slots, size) {}

  constexpr attack::request request(const state& r) const {
    if (r.finished) return {};
    if (r.at_original) return {0, 1, 0};
    return {0, 2 * r.drawn + 1, 2 * r.drawn};
  }
  constexpr const attack::tally& tally(const state& r) const { return r.tally; }

  template <class Team>
  constexpr void begin(const Team&, state& r, index_t, const image_ref<T>&) const {
    r.schedule = recipe.begin_schedule();
  }

  template <class Team>
  constexpr void write(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t i,
                       T* out) const {
    const T* x = r.at_original ? image.original : image_at + s * length;
    team.each(length, [=](index_t j) { out[j] = x[j]; });
    if (r.at_original || i == 2 * r.drawn) return;
    const index_t k = chosen[s * detail::most_coordinates + i / 2];
    const T h = i % 2 == 0 ? T(recipe.optimizer.difference) : -T(recipe.optimizer.difference);
    map.move(team, recipe.space, s, r.level, image, variable + s * variables, k, h, out);
  }

  template <class Team>
  constexpr bool observe(const Team&, state& r, index_t, const image_ref<T>&, const attack::answer<T>* answers) const {
    r.at_end = answers[request(r).total() - 1].success;
    if (r.at_end) {
      r.succeeded = r.ever_succeeded = true;
      r.tally.constant = recipe.constant(r.schedule);
    }
    return false;
  }

  template <score_scale Scale, class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image,
                         const attack::answer<T>* answers) const {
    r.queries += request(r).total();
    if (r.at_original) {
      r.at_original = false;
      r.succeeded = r.at_end = false;
      start_run(team, r, s, image);
      return;
    }
    T* loss = losses + s * max_points;
    T own = 0; // of the last point, which is z
    for (index_t i = 0; i <= 2 * r.drawn; ++i) {
      own = recipe.loss
                .template operator()<Scale>(team, answers[i].scores, class_count, image.goal, answers[i].summary,
                                            image.tie, scratch + s * class_count)
                .loss;
      team.each(1, [=](index_t) { loss[i] = own; });
    }
    const T value = recipe.value(team, image, r.schedule, answers[2 * r.drawn].point, own);
    descend(team, r, s, image, answers);
    ++r.step;
    ++r.tally.iterations;
    if (!r.refining && !(own > T(0))) {
      r.refining = true;
      if (recipe.optimizer.reset) forget(team, s);
    }
    const bool stalled = recipe.abort_early && has_stalled(r, value);
    if (r.step >= recipe.optimizer.steps || (stalled && !map.has_next(recipe.space, r.level))) {
      if (recipe.next_run(r.schedule, {r.succeeded, r.at_end}))
        start_run(team, r, s, image);
      else
        r.finished = true;
      return;
    }
    if (stalled || map.is_due(recipe.space, r.level, r.step)) {
      map.raise(team, recipe.space, s, r.level++, variable + s * variables, keys + s * variables);
      enter_level(team, r, s, image);
    }
    draw(team, r, s, image);
  }

private:
  template <class Team>
  constexpr void start_run(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    r.step = 0;
    r.refining = r.succeeded = r.at_end = false;
    r.checked = std::numeric_limits<T>::max();
    T* z = variable + s * variables;
    if constexpr (reduced) {
      bool warm = false;
      if constexpr (requires { r.schedule.warm; }) warm = r.schedule.warm;
      if (!warm) {
        r.level = 0;
        team.each(variables, [=](index_t k) { z[k] = T(0); });
      }
    } else {
      recipe.start(team, image, r.schedule, z);
    }
    enter_level(team, r, s, image);
    draw(team, r, s, image);
    if (!r.ever_succeeded) r.tally.constant = recipe.constant(r.schedule);
  }
  template <class Team>
  constexpr void enter_level(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    r.since = 0;
    r.least = std::numeric_limits<T>::max();
    forget(team, s);
    map.enter(team, recipe.space, s, r.level);
    map.decode(team, recipe.space, s, r.level, image, variable + s * variables, image_at + s * length);
  }
  template <class Team>
  constexpr void forget(const Team& team, index_t s) const {
    team.each(2 * variables, [=, m = moments + s * 2 * variables, d = decays + s * 2 * variables](index_t k) {
      m[k] = T(0);
      d[k] = 1;
    });
  }

  /// Draws distinct variables.
  template <class Team>
  constexpr void draw(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    const index_t many = map.variables(recipe.space, r.level, length);
    // No more than there are answers left for, so that none of them is left unused.
    const std::int64_t left = kernel::maximum(std::int64_t{0}, (image.queries - r.queries - 1) / 2);
    r.drawn = kernel::minimum(kernel::minimum(index_t(recipe.optimizer.coordinates), many),
                              static_cast<index_t>(kernel::minimum(left, std::int64_t{detail::most_coordinates})));
    const kernel::random_stream random{image.seed, static_cast<std::uint32_t>(image.number),
                                       static_cast<std::uint32_t>(r.tally.iterations)};
    if (recipe.optimizer.importance && map.weigh(team, recipe.space, s, r.level, variable + s * variables))
      draw_weighted(team, r, s, many, random);
    else
      draw_evenly(team, r, s, many, random);
  }
  /// The first steps of a shuffle, which goes on from the order that the last draw has left: any is as good.
  template <class Team>
  constexpr void draw_evenly(const Team& team, state& r, index_t s, index_t many,
                             const kernel::random_stream& random) const {
    std::int32_t *order = ordinals + s * variables, *list = chosen + s * detail::most_coordinates;
    if (r.shuffled != many) team.each(many, [=](index_t k) { order[k] = static_cast<std::int32_t>(k); });
    r.shuffled = many;
    team.each(1, [=, count = r.drawn](index_t) {
      for (index_t i = 0; i < count; ++i) {
        const auto rest = static_cast<std::uint64_t>(many - i);
        const index_t k = i + static_cast<index_t>((random.bits(i) * rest) >> 32);
        list[i] = order[k];
        order[k] = order[i];
        order[i] = list[i];
      }
    });
  }
  /// Each variable in proportion to its weight: those that win a race of exponential waiting times.
  template <class Team>
  constexpr void draw_weighted(const Team& team, state& r, index_t s, index_t many,
                               const kernel::random_stream& random) const {
    T* key = keys + s * variables;
    team.each(many, [=, *this, level = r.level](index_t k) {
      key[k] = map.weight(recipe.space, s, level, k) / random.template exponential<T>(k);
    });
    const auto in = kernel::select_top<T>(team, many, r.drawn, [key](index_t k) { return key[k]; });
    std::int32_t *place = ordinals + s * variables, *list = chosen + s * detail::most_coordinates;
    r.shuffled = 0;
    team.each(many, [=](index_t k) { place[k] = in(k, key[k]) ? 1 : 0; });
    kernel::prefix_sum(team, many, place);
    team.each(many, [=](index_t k) {
      if (in(k, key[k])) list[place[k] - 1] = static_cast<std::int32_t>(k);
    });
  }

  /// One step of all drawn variables, by the differences of what is minimised.
  template <class Team>
  constexpr void descend(const Team& team, const state& r, index_t s, const image_ref<T>& image,
                         const attack::answer<T>* answers) const {
    T *z = variable + s * variables, *m = moments + s * 2 * variables;
    double* d = decays + s * 2 * variables;
    const typename optimizer_type::template memory<T> memory{m, m + variables, d, d + variables};
    const index_t base = 2 * r.drawn;
    const double c = recipe.constant(r.schedule);
    team.each(r.drawn, [=, *this, loss = losses + s * max_points, list = chosen + s * detail::most_coordinates,
                        level = r.level](index_t i) {
      const index_t k = list[i];
      const T *up = answers[2 * i].point, *down = answers[2 * i + 1].point, *here = answers[base].point;
      double first = c * (double(loss[2 * i]) - double(loss[2 * i + 1]));
      double second = c * (double(loss[2 * i]) - 2 * double(loss[base]) + double(loss[2 * i + 1]));
      map.over_support(recipe.space, level, k, [&](index_t j) {
        const double x0 = double(image.original[j]);
        const double a = double(recipe.norm.penalty(double(up[j]) - x0));
        const double b = double(recipe.norm.penalty(double(down[j]) - x0));
        first += a - b;
        second += a + b - 2 * double(recipe.norm.penalty(double(here[j]) - x0));
      });
      const double apart = map.distance(z[k], T(recipe.optimizer.difference));
      z[k] =
          map.bound(recipe.space, image, k,
                    T(double(z[k]) + recipe.optimizer.change(memory, k, first / apart, 4 * second / (apart * apart))));
    });
    map.changed(team, recipe.space, s, r.level, image, z, chosen + s * detail::most_coordinates, r.drawn,
                image_at + s * length);
  }

  /// The least objective of the last steps against the least before them.
  constexpr bool has_stalled(state& r, T value) const {
    r.least = kernel::minimum(r.least, value);
    if (++r.since < recipe.optimizer.patience) return false;
    const bool fell = r.least <= T(0.9999) * r.checked;
    r.checked = kernel::minimum(r.checked, r.least);
    r.least = std::numeric_limits<T>::max();
    r.since = 0;
    return !fell;
  }

  Recipe recipe;
  index_t length;
  index_t class_count;
  index_t variables; ///< of the largest level
  // Per slot:
  T* variable;            ///< z, or y
  T* image_at;            ///< decode(z)
  T* moments;             ///< Adam's two
  double* decays;         ///< β₁ᵗ and β₂ᵗ of each variable's own t
  T* keys;                ///< of a draw by weight
  std::int32_t* ordinals; ///< likewise; or an order of the variables
  std::int32_t* chosen;   ///< the variables of this tick
  T* losses;              ///< at each of its points
  T* scratch;             ///< a row of scores
  detail::variables_of<space_type, T> map;
};

} // namespace advx::optimizer
