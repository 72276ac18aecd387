/// @file
/// The machine of all attacks that move an image by an optimizer: penalty and budget.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/loss/value.hpp>
#include <advx/optimizer/asks.hpp>

#include <limits>

namespace advx::attack {

/// How a run of the optimizer has ended.
struct run_end {
  bool succeeded = false; ///< some point of it met the goal
  bool at_end = false;    ///< its last point did
};

/// Nested schedules per slot, each at its own pace: runs (the recipe's: constants of a search, radii, restarts) ⊃
/// optimizer steps. The recipe says how a run starts, what the optimizer sees, and what comes after a run.
template <class Recipe, class T>
class descent {
  using optimizer_type = decltype(Recipe::optimizer);
  using optimizer_row = typename optimizer_type::template row<T>;

public:
  struct state {
    optimizer_row row{};
    const T* iterate = nullptr; ///< where it lies; null: in the slot's own memory
    typename Recipe::schedule schedule{};
    optimizer::asks asks{};
    index_t step = 0;
    index_t judged = 0;                             ///< judged points of this run
    T least = 0, most = 0;                          ///< objectives since the last check for progress
    T checked = 0;                                  ///< least objective before it
    bool at_original = !Recipe::starts_at_original; ///< the original is still to be judged
    bool finished = false;
    bool finite = true; ///< all gradients so far, where the optimizer looks at them
    bool over = false;  ///< the run has succeeded, and the schedule stands at the next one
    run_end run{};      ///< of this run, so far
    bool ever_succeeded = false;
    attack::tally tally{};
  };

  template <class Memory>
  descent(Memory& memory, const Recipe& r, index_t slots, index_t size, index_t classes)
      : recipe(r),
        length(size),
        class_count(classes),
        vectors(memory.template take<T>(slots * (1 + optimizer::vectors_of(r.optimizer)) * size)),
        scratch(memory.template take<T>(slots * classes)),
        numbers(memory.template take<double>(slots * optimizer::numbers_of(r.optimizer))) {}

  /// The same slots under another recipe of this type.
  constexpr descent with(const Recipe& r) const {
    descent other = *this;
    other.recipe = r;
    return other;
  }
  /// Begins the slot's schedule again; its tally goes on.
  template <class Team>
  constexpr void restart(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    r.schedule = recipe.begin_schedule();
    r.over = r.finished = false;
    start_run(team, r, s, image);
  }

  /// The optimizer's own number, or 2: a point for the gradient and one to be judged.
  static constexpr index_t max_points = [] {
    if constexpr (requires { optimizer_type::max_points; })
      return optimizer_type::max_points;
    else
      return index_t{2};
  }();
  static constexpr index_t max_gradients = 1;
  /// Does the optimizer look for NaN and infinity in the gradient? Then nobody else does.
  static constexpr bool checks_gradients = optimizer::checks<optimizer_type>;
  /// Is the iterate itself what the model is asked for? Then `advance` may write it straight into the next pass.
  static constexpr bool in_pass = optimizer::moves<optimizer_type> && decltype(Recipe::space)::is_identity;

  constexpr attack::request request(const state& r) const {
    if (r.finished) return {};
    if (r.at_original) return {0, 1, 0};
    return {r.asks.gradients, r.asks.scores, r.asks.judged_from};
  }
  constexpr const attack::tally& tally(const state& r) const { return r.tally; }

  template <class Team>
  constexpr void begin(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    r.schedule = recipe.begin_schedule();
    if constexpr (Recipe::starts_at_original) start_run(team, r, s, image);
  }

  template <class Team>
  constexpr void write(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t i,
                       T* out) const {
    if (r.at_original) {
      team.each(length, [=, x = image.original](index_t j) { out[j] = x[j]; });
      return;
    }
    if (in_pass && r.iterate == out) return;
    const T* from = in_pass ? place(r, s).from : recipe.optimizer.point(place(r, s), i);
    team.each(length, [=, space = recipe.space](index_t j) { out[j] = space.decode(from[j], image.side(j)); });
  }

  /// True where nothing is left to do for the image.
  template <class Team>
  constexpr bool observe(const Team&, state& r, index_t, const image_ref<T>&, const answer<T>* answers) const {
    const attack::request asked = request(r);
    bool hit = false;
    for (index_t i = asked.judged_from; i < asked.total(); ++i) {
      hit = hit || answers[i].success;
      r.run.at_end = answers[i].success;
    }
    r.run.succeeded = r.run.succeeded || hit;
    if (hit) {
      r.tally.constant = recipe.constant(r.schedule);
      r.ever_succeeded = true;
    }
    if (hit && recipe.stops_at_success()) {
      r.over = recipe.next_run(r.schedule, r.run);
      r.finished = !r.over;
    }
    return r.finished;
  }

  template <score_scale Scale, class Team>
  constexpr bool cotangent(const Team& team, const state& r, index_t, const image_ref<T>& image, index_t,
                           const answer<T>& a, T* out) const {
    if (r.over) return false;
    return recipe.loss.template operator()<Scale>(team, a.scores, class_count, image.goal, a.summary, image.tie, out)
        .active;
  }

  template <score_scale Scale, class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image, const answer<T>* answers,
                         const T* const* gradients, T* next = nullptr) const {
    make_step<Scale>(team, r, s, image, answers, gradients, next);
    r.iterate = next;
  }

private:
  template <score_scale Scale, class Team>
  constexpr void make_step(const Team& team, state& r, index_t s, const image_ref<T>& image, const answer<T>* answers,
                           const T* const* gradients, T* next) const {
    if (r.at_original) {
      r.at_original = false;
      start_run(team, r, s, image, next);
      return;
    }
    if (r.over) {
      r.over = false;
      start_run(team, r, s, image, next);
      return;
    }
    const optimizer::asks asked = r.asks;
    if (recipe.abort_early && asked.total() > asked.judged_from &&
        stalled<Scale>(team, r, s, image, answers[asked.total() - 1])) {
      end_run(team, r, s, image, next);
      return;
    }
    if (asked.gradients > 0) {
      T value = 0;
      if constexpr (optimizer::needs_value<optimizer_type>)
        value = objective_value<Scale>(team, r, s, image, answers[0]);
      const auto objective = recipe.objective(image, r.schedule, answers[0].point, gradients[0], value);
      const auto at = place(r, s, next);
      if constexpr (checks_gradients)
        r.finite = recipe.optimizer.tell(team, r.row, at, objective);
      else
        recipe.optimizer.tell(team, r.row, at, objective);
      recipe.make_feasible(team, image, r.schedule, at.iterate);
      ++r.step;
      ++r.tally.iterations;
    }
    r.asks = recipe.optimizer.asks_for(r.row, r.step);
    if (asked.gradients == 0 || r.asks.total() == 0) end_run(team, r, s, image, next);
  }

  template <class Team>
  constexpr void start_run(const Team& team, state& r, index_t s, const image_ref<T>& image, T* next = nullptr) const {
    r.step = 0;
    r.judged = 0;
    r.checked = std::numeric_limits<T>::max();
    forget_tenth(r);
    r.run = {};
    r.row = {};
    const auto at = place(r, s, next);
    recipe.start(team, image, r.schedule, at.iterate);
    recipe.optimizer.start(team, r.row, at);
    r.asks = recipe.optimizer.asks_for(r.row, r.step);
    if (!r.ever_succeeded) r.tally.constant = recipe.constant(r.schedule);
  }
  template <class Team>
  constexpr void end_run(const Team& team, state& r, index_t s, const image_ref<T>& image, T* next) const {
    if (recipe.next_run(r.schedule, r.run))
      start_run(team, r, s, image, next);
    else
      r.finished = true;
  }

  /// What is minimised, at an answered point.
  template <score_scale Scale, class Team>
  constexpr T objective_value(const Team& team, const state& r, index_t s, const image_ref<T>& image,
                              const answer<T>& a) const {
    const auto v = recipe.loss.template operator()<Scale>(team, a.scores, class_count, image.goal, a.summary, image.tie,
                                                          scratch + s * class_count);
    return recipe.value(team, image, r.schedule, a.point, v.loss);
  }

  /// Has the run come to rest? A tenth of its steps has not lowered the least objective by 0.01 %, and either the run
  /// has succeeded, or the tenth's values lie within 2 % of each other: while they oscillate, the shorter steps to come
  /// may still succeed. (Carlini & Wagner's program compares single values, which with long steps stops runs that only
  /// oscillate. Four values a tenth are enough, and cost less than one at every step.)
  template <score_scale Scale, class Team>
  constexpr bool stalled(const Team& team, state& r, index_t s, const image_ref<T>& image, const answer<T>& a) const {
    const index_t period = recipe.optimizer.steps < 10 ? 1 : recipe.optimizer.steps / 10;
    const index_t often = period < 4 ? 1 : period / 4;
    const bool ends = ++r.judged % period == 0;
    if (!ends && r.judged % often != 0) return false;
    const T now = objective_value<Scale>(team, r, s, image, a);
    r.least = kernel::minimum(r.least, now);
    r.most = kernel::maximum(r.most, now);
    if (!ends) return false;
    const bool fell = r.least <= T(0.9999) * r.checked;
    const bool settled = r.run.succeeded || r.most <= T(1.02) * r.least;
    r.checked = kernel::minimum(r.checked, r.least);
    forget_tenth(r);
    return !fell && settled;
  }
  static constexpr void forget_tenth(state& r) {
    r.least = std::numeric_limits<T>::max();
    r.most = std::numeric_limits<T>::lowest();
  }

  /// `next`: where the iterate goes; null: into the slot's own memory.
  constexpr optimizer::place<T> place(const state& r, index_t s, T* next = nullptr) const {
    T* own = vectors + s * (1 + optimizer::vectors_of(recipe.optimizer)) * length;
    return {next != nullptr ? next : own,
            own + length,
            length,
            r.step,
            numbers + s * optimizer::numbers_of(recipe.optimizer),
            r.iterate != nullptr ? r.iterate : own};
  }

  Recipe recipe;
  index_t length;
  index_t class_count;
  T* vectors;      ///< per slot: the iterate, and what the optimizer keeps beside it
  T* scratch;      ///< per slot: one row of scores
  double* numbers; ///< per slot: the optimizer's
};

} // namespace advx::attack
