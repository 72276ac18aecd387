/// @file
/// What a driver does for one slot: row programs, the same for all drivers and backends.
#pragma once

#include <advx/attack/ledger.hpp>
#include <advx/attack/machine.hpp>
#include <advx/core/batch_view.hpp>
#include <advx/core/result.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/kernel/all_finite.hpp>

#include <cstdint>
#include <limits>

namespace advx::attack {

/// What a run fixes for its jobs (an image and one of its target classes each); pointers lie in the backend's memory.
template <class T>
struct work_order {
  batch_view<const T> images{};    ///< those of the jobs from `first_job` on
  const row_goal* goals = nullptr; ///< per job from `first_job` on
  const double* epsilon = nullptr; ///< per image of `images`; null: the recipe's own
  image_ref<T> common{};           ///< what all images share: the box, seed, tie, size, classes
  index_t first_job = 0;
  index_t jobs = 0;  ///< the end of the jobs
  index_t cases = 1; ///< jobs per image
  std::int64_t queries = std::numeric_limits<std::int64_t>::max();
  const index_t* numbers = nullptr; ///< per image of `images`: what its random numbers depend on; null: its position
};

/// The life of a slot: take a job; each tick ask, write, judge, make cotangents, step; leave a record.
template <class Recipe, class T, score_scale Scale, bool Scored>
struct slot_programs {
  using rankings_type = decltype(std::declval<const Recipe&>().rankings());
  using ledger_type = ledger<rankings_type, T>;
  using machine_type = typename Recipe::template machine<T>;
  static constexpr access needs = Recipe::access;
  static constexpr index_t max_points = machine_type::max_points;
  /// The most points whose gradients a slot asks for in one tick.
  static constexpr index_t max_gradients = [] {
    if constexpr (needs != access::gradients)
      return index_t{0};
    else if constexpr (requires { machine_type::max_gradients; })
      return machine_type::max_gradients;
    else
      return max_points;
  }();
  /// The most cotangents of a point.
  static constexpr index_t max_cotangents = [] {
    if constexpr (requires { machine_type::max_cotangents; })
      return machine_type::max_cotangents;
    else
      return index_t{1};
  }();
  /// The most gradients of a slot in one tick.
  static constexpr index_t max_pullbacks = max_gradients * max_cotangents;
  /// Does the machine write its next point where the driver says, if it asks for one at a time?
  static constexpr bool in_pass = [] {
    if constexpr (requires { machine_type::in_pass; })
      return machine_type::in_pass && max_points == 1;
    else
      return false;
  }();
  /// Images that a record holds: each ranking's two candidates, or the nearest point in the first one's place.
  static constexpr index_t stored = ledger_type::rankings * ledger_type::candidates;

  struct slot {
    index_t job = -1; ///< −1: empty
    image_ref<T> image{};
    attack::request asked{};
    index_t first = 0, stride = 1; ///< where its points lie in the pass: row first + i·stride
    bool fresh = true;             ///< nothing has been answered yet
    bool done = false;
    bool refused = false; ///< the model's answer for the unperturbed image is NaN or infinite
    bool cut = false;     ///< the run's end has ended it
    advx::status end = status::failed;
    label_t clean = no_label;
    std::int64_t queries = 0, forward = 0, pullback = 0;
    index_t pulled_point = -1; ///< of this tick, the last one that was pulled back
    double limit = 0;
    typename machine_type::state attack{};
    typename ledger_type::row kept{};

    constexpr index_t row(index_t i) const noexcept { return first + i * stride; }
  };

  /// What is left of a finished job, beside its images.
  struct record {
    index_t job = -1;
    advx::status end = status::failed;
    bool left = false; ///< written at all
    bool succeeded = false, refused = false, cut = false;
    bool present[std::size_t(stored)] = {};
    label_t labels[std::size_t(stored)] = {};
    label_t clean = no_label;
    std::int64_t queries = 0, forward = 0, pullback = 0;
    attack::tally tally{};
  };

  Recipe recipe;
  machine_type machine;
  ledger_type book;
  work_order<T> work;

  template <class Memory>
  slot_programs(Memory& memory, const Recipe& r, index_t slots, const work_order<T>& order)
      : recipe(r),
        machine(memory, r, slots, order.common.size, order.common.classes),
        book(memory, r.rankings(), slots, order.common.size),
        work(order) {}

  /// Ends a slot's work because the run ends.
  static constexpr void cut(slot& r) {
    r.done = r.cut = true;
    r.end = status::stopped;
  }

  template <class Team>
  constexpr void take(const Team& team, slot& r, index_t s, index_t job) const {
    const index_t mine = job - work.first_job, image = mine / work.cases;
    r = slot{};
    r.job = job;
    r.image = work.common;
    r.image.original = work.images.row(image);
    r.image.number = work.numbers == nullptr ? job / work.cases : work.numbers[image];
    r.image.goal = work.goals[mine];
    r.image.epsilon = work.epsilon == nullptr ? -1 : work.epsilon[image];
    // The random numbers of a case are its own.
    r.image.seed += 0x9E3779B97F4A7C15ULL * static_cast<std::uint64_t>(job % work.cases);
    if constexpr (requires { recipe.limit(r.image); })
      r.limit = recipe.limit(r.image);
    else
      r.limit = std::numeric_limits<double>::infinity();
    book.begin(r.kept, r.image);
    machine.begin(team, r.attack, s, r.image);
  }

  /// How many points the slot wants in the next pass. One that wants more than its image may have ends there, at its
  /// first request as at any other.
  constexpr index_t want(slot& r) const {
    r.asked = r.done ? attack::request{} : machine.request(r.attack);
    if (r.queries + r.asked.total() > work.queries) {
      r.asked = {};
      r.done = true;
      r.end = status::stopped;
    }
    return r.asked.total();
  }

  template <class Team>
  constexpr void write(const Team& team, const slot& r, index_t s, T* points) const {
    for (index_t i = 0; i < r.asked.total(); ++i)
      machine.write(team, r.attack, s, r.image, i, points + r.row(i) * r.image.size);
  }

  /// The verdict on the points of a pass. `scores` or `labels` are the model's answers; `answers` has room for the
  /// slot's points.
  template <class Team>
  constexpr void judge(const Team& team, slot& r, index_t s, const T* points, const T* scores, const label_t* labels,
                       answer<T>* answers) const {
    const T* nearest = r.kept.nearest;
    if (r.asked.total() > 0) judge_points(team, r, s, points, scores, labels, answers);
    book.settle(team, r.kept, s, r.image, nearest);
  }

  /// The points of the slot's last pass are about to be overwritten.
  template <class Team>
  constexpr void settle(const Team& team, slot& r, index_t s) const {
    book.settle(team, r.kept, s, r.image, r.kept.nearest);
  }

  /// Cotangents of each point whose gradients are asked for.
  constexpr index_t cotangents() const {
    if constexpr (max_cotangents > 1)
      return machine.cotangents();
    else
      return 1;
  }

  /// Writes the i-th row that is to be pulled back, at point i / cotangents(); false: nothing.
  template <class Team>
  constexpr bool cotangent(const Team& team, slot& r, index_t s, index_t i, const answer<T>* answers, T* out) const {
    const index_t point = i / cotangents();
    if (!machine.template cotangent<Scale>(team, r.attack, s, r.image, i, answers[point], out)) return false;
    ++r.pullback;
    // A point that is pulled back at all counts as no forward row.
    if (r.pulled_point != point) --r.forward;
    r.pulled_point = point;
    return true;
  }

  /// The slot's step. `gradients[i]` is what its i-th cotangent was pulled back to: a row of zeros where there was
  /// nothing. `next`: where the first point of its next pass will lie, if the driver knows.
  template <class Team>
  constexpr void step(const Team& team, slot& r, index_t s, const answer<T>* answers, const T* const* gradients,
                      T* next = nullptr) const {
    if (r.asked.total() == 0 || r.done) return;
    if constexpr (needs == access::gradients) {
      constexpr bool checked = requires { requires machine_type::checks_gradients; };
      for (index_t i = 0; !checked && i < r.asked.gradients * cotangents(); ++i) {
        if (kernel::all_finite(team, gradients[i], r.image.size)) continue;
        fail(r);
        return;
      }
      if constexpr (in_pass)
        machine.template advance<Scale>(team, r.attack, s, r.image, answers, gradients, next);
      else
        machine.template advance<Scale>(team, r.attack, s, r.image, answers, gradients);
      if constexpr (checked) {
        if (!r.attack.finite) {
          fail(r);
          return;
        }
      }
    } else if constexpr (needs == access::scores) {
      machine.template advance<Scale>(team, r.attack, s, r.image, answers);
    } else {
      machine.advance(team, r.attack, s, r.image, answers);
    }
    r.fresh = false;
    r.done = machine.request(r.attack).total() == 0;
  }

  /// Copies what a finished slot has found: candidate `at` to `to + at·plane`.
  template <class Team>
  constexpr void leave(const Team& team, const slot& r, index_t s, record& out, T* to, index_t plane) const {
    out = record{};
    out.job = r.job;
    out.left = true;
    out.end = r.end;
    out.succeeded = r.kept.succeeded;
    out.refused = r.refused;
    out.cut = r.cut;
    out.clean = r.clean;
    out.queries = r.queries;
    out.forward = r.forward;
    out.pullback = r.pullback;
    out.tally = machine.tally(r.attack);
    for (index_t k = 0; k < ledger_type::rankings; ++k)
      for (index_t i = 0; i < ledger_type::candidates; ++i) {
        const index_t at = k * ledger_type::candidates + i;
        const T* from = r.kept.succeeded ? book.candidate(r.kept, s, k, i) : (i == 0 ? r.kept.nearest : nullptr);
        out.present[at] = from != nullptr;
        out.labels[at] = r.kept.succeeded ? book.candidate_label(r.kept, k, i) : r.kept.nearest_label;
        if (from != nullptr) team.each(r.image.size, [=, image = to + at * plane](index_t j) { image[j] = from[j]; });
      }
  }

  /// What one row of answers says of a goal.
  static constexpr kernel::score_summary<T> summary(const T* scores, label_t label, index_t classes, row_goal goal) {
    if constexpr (Scored) {
      return kernel::summarise_scores(scores, classes, goal);
    } else {
      // A label alone: any margin that is positive beyond the tie will do.
      const bool met = goal.targeted() ? label == goal.target : label != goal.label;
      return {met ? T(1) : T(-1), T(0), label, no_label, true};
    }
  }

private:
  /// May the point of an image's first tick be a result?
  template <class Team>
  constexpr bool admits(const Team& team, const image_ref<T>& image, const T* x) const {
    if constexpr (requires { recipe.admits(team, image, x); })
      return recipe.admits(team, image, x);
    else
      return true;
  }
  static constexpr void fail(slot& r) {
    r.refused = r.fresh;
    r.done = true;
    r.end = status::non_finite;
  }

  template <class Team>
  constexpr void judge_points(const Team& team, slot& r, index_t s, const T* points, const T* scores,
                              const label_t* labels, answer<T>* answers) const {
    r.pulled_point = -1;
    r.queries += r.asked.total();
    r.forward += r.asked.total();
    const double confidence = recipe.confidence();
    const index_t classes = r.image.classes;
    for (index_t i = 0; i < r.asked.total(); ++i) {
      const index_t row = r.row(i);
      answer<T> a;
      a.point = points + row * r.image.size;
      a.scores = Scored ? scores + row * classes : nullptr;
      a.summary = summary(a.scores, Scored ? no_label : labels[row], classes, r.image.goal);
      if (a.summary.finite && (i >= r.asked.judged_from || (r.fresh && admits(team, r.image, a.point))))
        a.success = book.judge(team, r.kept, s, r.image, a.point, a.summary, confidence, r.limit);
      team.each(1, [&](index_t) { answers[i] = a; });
      if (a.summary.finite) continue;
      fail(r);
      r.refused = r.refused && i == 0;
      return;
    }
    if (r.fresh) {
      r.clean = answers[0].summary.predicted;
      if (answers[0].success) {
        r.done = true;
        r.end = status::already_adversarial;
      }
    }
    r.done = r.done || machine.observe(team, r.attack, s, r.image, answers);
  }
};

} // namespace advx::attack
