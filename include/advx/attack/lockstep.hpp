/// @file
/// The driver of backends that run all slots at once: a tick is three launches and the model's two passes, and
/// the host only looks on.
#pragma once

#include <advx/attack/crew.hpp>
#include <advx/attack/verification.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace advx::attack {

namespace detail {

/// One thread of the row's team stores what all of them have made alike, when nobody still reads what was there.
template <class Team, class V>
constexpr void store(const Team& team, V& to, const V& value) {
  team.each(0, [](index_t) {});
  team.each(1, [&](index_t) { to = value; });
}

/// The memory of a stage, all in the backend. A lane is a row of a launch; it stands for a slot that is at work.
template <class Programs, class T>
struct stage_view {
  Programs programs;
  typename Programs::slot* slots;
  index_t slot_count;
  const index_t* lanes; ///< the slots at work
  index_t active;       ///< how many
  T *points, *scores, *cotangents, *gradients;
  const label_t* labels;
  const T* zeros;
  answer<T>* answers;   ///< max_points per slot
  std::uint8_t* pulled; ///< per slot and cotangent: is there something to pull back?
  typename Programs::record* records;
  T* planes;
  index_t room;
  progress* gains; ///< per slot; `total` counts the images that have left it
  std::uint8_t* live;
  index_t capacity; ///< rows of a pass

  /// Where lane b's i-th row to be pulled back lies: a block of rows for each of a point's cotangents, in the order of
  /// the points.
  constexpr index_t row_of(index_t i, index_t each, index_t b) const {
    return i % each * capacity + i / each * active + b;
  }
};

template <class Stage>
struct take_first {
  Stage on;
  template <class Team>
  constexpr void operator()(const Team& team, index_t s) const {
    typename decltype(Stage::programs)::slot r{};
    on.programs.take(team, r, s, on.programs.work.first_job + s);
    store(team, on.slots[s], r);
    store(team, on.live[s], std::uint8_t{1});
  }
};

/// The points of lane b lie at rows b, b + active, ...: those that need a gradient are the first rows of the pass.
template <class Stage>
struct place_points {
  Stage on;
  template <class Team>
  constexpr void operator()(const Team& team, index_t b) const {
    const index_t s = on.lanes[b];
    auto r = on.slots[s];
    on.programs.want(r);
    r.first = b;
    r.stride = on.active;
    on.programs.write(team, r, s, on.points);
    store(team, on.slots[s], r);
  }
};

template <class Stage>
struct judge_points {
  using programs_type = decltype(Stage::programs);
  Stage on;

  template <class Team>
  constexpr void operator()(const Team& team, index_t b) const {
    const index_t s = on.lanes[b];
    auto r = on.slots[s];
    auto* answers = on.answers + s * programs_type::max_points;
    on.programs.judge(team, r, s, on.points, on.scores, on.labels, answers);
    if constexpr (programs_type::needs == access::gradients) {
      const index_t classes = r.image.classes, each = on.programs.cotangents();
      for (index_t i = 0; i < programs_type::max_gradients * each; ++i) {
        auto* to = on.cotangents + on.row_of(i, each, b) * classes;
        const bool active =
            !r.done && i < r.asked.gradients * each && on.programs.cotangent(team, r, s, i, answers, to);
        if (!active) team.each(classes, [=](index_t j) { to[j] = 0; });
        store(team, on.pulled[s * programs_type::max_pullbacks + i], std::uint8_t{active});
      }
    }
    store(team, on.slots[s], r);
  }
};

/// The step; an image that is done leaves at once, and the slot takes its next one.
template <class Stage>
struct step_slots {
  using programs_type = decltype(Stage::programs);
  Stage on;
  bool stop;

  template <class Team>
  constexpr void operator()(const Team& team, index_t b) const {
    const index_t s = on.lanes[b];
    auto r = on.slots[s];
    if (r.job < 0) return;
    constexpr index_t most = programs_type::max_pullbacks;
    decltype(Stage::zeros) gradients[std::size_t(most > 0 ? most : 1)] = {};
    const index_t each = on.programs.cotangents();
    for (index_t i = 0; i < programs_type::max_gradients * each; ++i)
      gradients[i] = on.pulled[s * most + i] != 0 ? on.gradients + on.row_of(i, each, b) * r.image.size : on.zeros;
    on.programs.step(team, r, s, on.answers + s * programs_type::max_points, gradients);
    if (!r.done && stop) programs_type::cut(r);
    if (r.done) {
      const index_t mine = r.job - on.programs.work.first_job;
      typename programs_type::record left{};
      on.programs.leave(team, r, s, left, on.planes + mine * r.image.size, on.room * r.image.size);
      store(team, on.records[mine], left);
      progress gain = on.gains[s];
      ++gain.total;
      gain.done += r.end != status::stopped ? 1 : 0;
      gain.succeeded += r.kept.succeeded ? 1 : 0;
      gain.forward += r.forward;
      gain.pullback += r.pullback;
      store(team, on.gains[s], gain);
      const index_t next = r.job + on.slot_count;
      if (!stop && !r.refused && next < on.programs.work.jobs) {
        on.programs.take(team, r, s, next);
      } else {
        r.job = -1;
        r.asked = {};
        store(team, on.live[s], std::uint8_t{0});
      }
    }
    store(team, on.slots[s], r);
  }
};

} // namespace detail

/// Runs a stage of jobs at a time: their images are uploaded once, their results downloaded once. Slot s takes the jobs
/// s, s + slots, ...; an image that has finished is frozen at once and leaves its slot to the next. The host looks at
/// the device every few ticks only, and then closes the ranks of the slots that are still at work.
///
/// A stage takes all its memory before its first tick; one that does not fit is run with half the images and slots.
template <class Programs, class Recipe, class Model, class Backend>
class lockstep {
  using T = scalar_of<Model>;
  using slot = typename Programs::slot;
  using record = typename Programs::record;
  static constexpr bool pulls = Programs::needs == access::gradients;
  static constexpr bool scored = ::advx::detail::answers_scores<session_of<Model, Backend>, T>;
  /// Does the backend go on while the host waits for nothing? Then every look costs a wait.
  static constexpr bool asynchronous = [] {
    if constexpr (requires { Backend::asynchronous; })
      return bool{Backend::asynchronous};
    else
      return false;
  }();
  static constexpr index_t ticks_between_looks = asynchronous ? 8 : 1;
  static constexpr index_t stage_bytes = index_t{1} << 30; ///< of results, at most

public:
  lockstep(const Recipe& recipe, const Model& model, Backend& backend, const run_order<T>& order, outputs<T>& out,
           crew& all)
      : recipe_(recipe),
        model_(model),
        backend_(backend),
        order_(order),
        out_(out),
        crew_(all) {
    static_assert(std::is_trivially_copyable_v<slot> && std::is_trivially_copyable_v<Programs>,
                  "advx: on this backend a machine and its state must be trivially copyable: pointers into the arena's "
                  "memory and numbers, no containers [attack/machine.hpp]");
  }

  void run() {
    const index_t bytes = Programs::stored * order_.images.cols * index_t(sizeof(T));
    index_t images = std::max<index_t>(1, std::min(order_.images.rows, stage_bytes / (bytes * order_.cases)));
    index_t slots = batch_for<Backend>(order_.settings);
    // Images are told of at a stage's end: it is then to come soon.
    if (order_.settings.finished) images = std::min(images, std::max<index_t>(1, slots / order_.cases));
    for (index_t first = 0; first < order_.images.rows && !crew_.stopped();) {
      const index_t count = std::min(images, order_.images.rows - first);
      try {
        run_stage(first, count, std::min(slots, count * order_.cases));
        first += count;
      } catch (const device_memory_error&) { // thrown while the stage was set up
        if (slots == 1 && images == 1) throw;
        slots = (slots + 1) / 2;
        images = (images + 1) / 2;
      }
    }
    crew_.add(verified_rows_, asynchronous ? 0 : model_time_.seconds());
  }

private:
  /// Rows of a pass: of a model whose rows depend on their number, an eighth of the most, two, ... or all.
  static index_t padded(index_t rows, index_t capacity) {
    if (is_row_invariant_on<Model, Backend>) return rows;
    const index_t tile = std::max(fixed_tile, (capacity + 7) / 8);
    return std::min(capacity, (rows + tile - 1) / tile * tile);
  }

  template <class V>
  V* uploaded(arena<Backend>& memory, const V* host, index_t n) {
    V* to = memory.template take<V>(n);
    if (n > 0) backend_.upload(host, n, to);
    return to;
  }

  void run_stage(index_t first, index_t images, index_t slots) {
    const index_t size = order_.images.cols, classes = order_.classes, jobs = images * order_.cases;
    const index_t capacity = slots * Programs::max_points;
    auto session = model_.session(backend_, capacity);
    arena<Backend> memory(backend_);

    work_order<T> work;
    work.images = {uploaded(memory, order_.images.row(first), images * size), images, size};
    work.goals = uploaded(memory, order_.goals.data() + first * order_.cases, jobs);
    if (const auto e = order_.settings.epsilon; !e.empty()) work.epsilon = uploaded(memory, e.data() + first, images);
    if (const auto k = order_.settings.numbers; !k.empty()) work.numbers = uploaded(memory, k.data() + first, images);
    work.common = order_.common(uploaded(memory, order_.bounds.data(), 5 * size));
    work.first_job = first * order_.cases;
    work.jobs = work.first_job + jobs;
    work.cases = order_.cases;
    work.queries = order_.settings.budget.queries;

    std::vector<index_t> lanes(static_cast<std::size_t>(slots)), prefix(static_cast<std::size_t>(capacity));
    std::iota(lanes.begin(), lanes.end(), index_t{0});
    std::iota(prefix.begin(), prefix.end(), index_t{0});
    std::vector<progress> gains(static_cast<std::size_t>(slots));
    std::vector<std::uint8_t> live(static_cast<std::size_t>(slots));
    index_t* lanes_there = uploaded(memory, lanes.data(), slots);
    T* points[2] = {memory.template take<T>(capacity * size), memory.template take<T>(capacity * size)};
    auto* labels = memory.template take<label_t>(scored ? 0 : capacity);

    using stage_type = detail::stage_view<Programs, T>;
    stage_type stage{Programs(memory, recipe_, slots, work),
                     memory.template take<slot>(slots),
                     slots,
                     lanes_there,
                     slots,
                     points[0],
                     memory.template take<T>(scored ? capacity * classes : 0),
                     nullptr,
                     nullptr,
                     labels,
                     memory.template take<T>(size),
                     memory.template take<answer<T>>(capacity),
                     memory.template take<std::uint8_t>(slots * Programs::max_pullbacks),
                     memory.template take<record>(jobs),
                     memory.template take<T>(Programs::stored * jobs * size),
                     jobs,
                     uploaded(memory, gains.data(), slots),
                     memory.template take<std::uint8_t>(slots),
                     capacity};
    if constexpr (pulls) {
      stage.cotangents = memory.template take<T>(stage.programs.cotangents() * capacity * classes);
      stage.gradients = memory.template take<T>(stage.programs.cotangents() * capacity * size);
    }

    verification<Programs, Model, Backend> verify(model_, backend_, order_, out_, recipe_.confidence(), capacity);
    verify.open();

    backend_.rows(slots, detail::take_first<stage_type>{stage});
    progress seen{};
    for (index_t tick = 1; stage.active > 0; ++tick) {
      backend_.rows(stage.active, detail::place_points<stage_type>{stage});
      model_time_.begin();
      const index_t rows = padded(stage.active * Programs::max_points, capacity);
      ask<scored>(session, batch_view<const T>{stage.points, rows, size}, classes, stage.scores, labels);
      model_time_.end();
      backend_.rows(stage.active, detail::judge_points<stage_type>{stage});
      model_time_.begin();
      if constexpr (pulls) {
        const index_t pulled = padded(stage.active * Programs::max_gradients, capacity);
        for (index_t k = 0; k < stage.programs.cotangents(); ++k)
          session.pullback(std::span(prefix).first(static_cast<std::size_t>(pulled)),
                           batch_view<const T>{stage.cotangents + k * capacity * classes, pulled, classes},
                           batch_view<T>{stage.gradients + k * capacity * size, pulled, size});
      }
      model_time_.end();
      backend_.rows(stage.active, detail::step_slots<stage_type>{stage, crew_.stopped()});
      std::swap(points[0], points[1]);
      stage.points = points[0];
      crew_.watch();
      if (tick % ticks_between_looks != 0) continue;

      backend_.download(stage.gains, slots, gains.data());
      backend_.download(stage.live, slots, live.data());
      progress now{};
      for (const progress& g : gains) {
        now.total += g.total;
        now.done += g.done;
        now.succeeded += g.succeeded;
        now.forward += g.forward;
        now.pullback += g.pullback;
      }
      if (now.total > seen.total) {
        crew_.report({now.total - seen.total, now.done - seen.done, now.succeeded - seen.succeeded,
                      now.forward - seen.forward, now.pullback - seen.pullback});
        seen = now;
      }
      std::erase_if(lanes, [&](index_t s) { return live[static_cast<std::size_t>(s)] == 0; });
      if (static_cast<index_t>(lanes.size()) < stage.active) {
        stage.active = static_cast<index_t>(lanes.size());
        if (stage.active > 0) backend_.upload(lanes.data(), stage.active, lanes_there);
      }
    }
    finish(stage, verify, size, jobs);
  }

  template <class Stage>
  void finish(const Stage& stage, verification<Programs, Model, Backend>& verify, index_t size, index_t jobs) {
    std::vector<record> records(static_cast<std::size_t>(jobs));
    backend_.download(stage.records, jobs, records.data());
    for (const record& r : records)
      if (r.left && r.refused) crew_.refuse(r.job / order_.cases);
    const T* host = stage.planes;
    std::vector<T> copy;
    if constexpr (asynchronous) {
      copy.resize(static_cast<std::size_t>(Programs::stored * stage.room * size));
      backend_.download(stage.planes, static_cast<index_t>(copy.size()), copy.data());
      host = copy.data();
    }
    verify(records, stage.planes, host, stage.room);
    verified_rows_ += verify.verified_rows;
    crew_.template tell_finished<record>(records);
  }

  const Recipe& recipe_;
  const Model& model_;
  Backend& backend_;
  const run_order<T>& order_;
  outputs<T>& out_;
  crew& crew_;
  std::int64_t verified_rows_ = 0;
  /// Passes may use many threads of the host. The host's own time says nothing of a device's.
  part_timer model_time_{CLOCK_PROCESS_CPUTIME_ID};
};

} // namespace advx::attack
