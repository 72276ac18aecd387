/// @file
/// The driver of host backends: a worker goes through its slots one by one, each while its row is in the cache.
#pragma once

#include <advx/attack/crew.hpp>
#include <advx/attack/verification.hpp>

#include <algorithm>
#include <vector>

namespace advx::attack {

/// Takes images from the crew's queue into its own slots. A tick is one forward pass and one pullback over what all its
/// slots ask for, packed; an image that has finished leaves its slot to the next one at once.
///
/// Few points per image: the next pass is written beside the one that is judged, each slot's part right after its step.
/// Many: it is written over it, so that a pass stays in the cache, once all slots have made their steps.
///
/// Cost of a tick beside the model's passes: O(image size) per point, no allocation.
template <class Programs, class Recipe, class Model, class Backend>
class worker {
  using T = scalar_of<Model>;
  using slot = typename Programs::slot;
  using record = typename Programs::record;
  using team_type = decltype(std::declval<Backend&>().team());
  static constexpr index_t max_points = Programs::max_points;
  static constexpr bool over = max_points > 16; ///< many enough to pay for one row more to copy: the nearest point
  static constexpr bool pulls = Programs::needs == access::gradients;
  static constexpr index_t max_pullbacks = Programs::max_pullbacks > 0 ? Programs::max_pullbacks : 1;
  static constexpr bool scored = ::advx::detail::answers_scores<session_of<Model, Backend>, T>;

public:
  worker(const Recipe& recipe, const Model& model, Backend& backend, const run_order<T>& order, outputs<T>& out,
         crew& others, index_t slots)
      : crew_(others),
        size_(order.images.cols),
        classes_(order.classes),
        cases_(order.cases),
        slots_(pass_slots(slots)),
        capacity_(pass_rows(slots_)),
        session_(model.session(backend, capacity_)),
        memory_(backend),
        programs_(memory_, recipe, slots_, local(order)),
        verify_(model, backend, order, out, recipe.confidence(), capacity_),
        points_(memory_.template take<T>(capacity_ * size_)),
        next_points_(over ? points_ : memory_.template take<T>(capacity_ * size_)),
        scores_(memory_.template take<T>(capacity_ * classes_)),
        labels_(memory_.template take<label_t>(capacity_)),
        cotangents_(memory_.template take<T>(programs_.cotangents() * capacity_ * classes_)),
        gradients_(memory_.template take<T>(programs_.cotangents() * capacity_ * size_)),
        zeros_(memory_.template take<T>(size_)),
        pending_images_(memory_.template take<T>(capacity_ * Programs::stored * size_)),
        answers_(static_cast<std::size_t>(capacity_)),
        gradient_of_(static_cast<std::size_t>(programs_.cotangents() * capacity_)),
        pulled_(static_cast<std::size_t>(programs_.cotangents())),
        state_(static_cast<std::size_t>(slots_)) {
    for (auto& rows : pulled_) rows.reserve(static_cast<std::size_t>(capacity_));
    pending_.reserve(static_cast<std::size_t>(capacity_));
  }

  // Hot whatever calls it: a compiler that sees it called once, from main, may take all of it for rarely run.
  [[gnu::hot, gnu::noinline]] void run() {
    part_timer model(CLOCK_THREAD_CPUTIME_ID);
    for (index_t s = 0; s < slots_; ++s)
      if (refill(s)) place(s);
    std::swap(points_, next_points_);
    while (rows_ > 0 || waiting_) tick(model);
    flush();
    crew_.add(verify_.verified_rows, model.seconds());
  }

private:
  static index_t pass_slots(index_t slots) {
    if (is_row_invariant_on<Model, Backend>) return slots;
    return std::max<index_t>(1, std::min(slots, fixed_tile / std::min(fixed_tile, max_points)));
  }
  static index_t pass_rows(index_t slots) {
    const index_t typical = std::min<index_t>(max_points, 4);
    const index_t rows = std::max(slots * typical, max_points);
    return is_row_invariant_on<Model, Backend> ? rows : std::max(rows, fixed_tile);
  }
  static work_order<T> local(const run_order<T>& order) {
    work_order<T> w;
    w.images = order.images;
    w.goals = order.goals.data();
    w.epsilon = order.settings.epsilon.empty() ? nullptr : order.settings.epsilon.data();
    w.numbers = order.settings.numbers.empty() ? nullptr : order.settings.numbers.data();
    w.common = order.common(order.bounds.data());
    w.jobs = order.jobs();
    w.cases = order.cases;
    w.queries = order.settings.budget.queries;
    return w;
  }
  slot& at(index_t s) { return state_[static_cast<std::size_t>(s)]; }

  /// Takes the next image of the queue into slot s; false where there is none.
  bool refill(index_t s) {
    const index_t job = crew_.next_job();
    if (job < 0)
      at(s) = slot{};
    else
      programs_.take(team_, at(s), s, job);
    return job >= 0;
  }

  /// Writes what slot s asks for into the next pass; where it does not fit, the slot waits for a tick.
  void place(index_t s) {
    slot& r = at(s);
    const index_t wanted = programs_.want(r);
    if (r.done || rows_ + wanted > capacity_) {
      r.asked = {};
      waiting_ = true;
      return;
    }
    r.first = rows_;
    rows_ += wanted;
    programs_.write(team_, r, s, next_points_);
  }

  void tick(part_timer& model) {
    const index_t rows = rows_;
    rows_ = 0;
    waiting_ = false;
    forward(rows, model);
    for (auto& pass : pulled_) pass.clear();
    for (index_t s = 0; s < slots_; ++s) judge(s);
    pull_back(model);
    progress gained{};
    // The slot that goes first changes, so that none waits for ever where a pass is full.
    const auto in_turn = [&](auto of) {
      for (index_t k = 0; k < slots_; ++k) of((turn_ + k) % slots_);
    };
    in_turn([&](index_t s) {
      slot& r = at(s);
      if (r.job < 0) return;
      step(s);
      if (!r.done && crew_.stopped()) Programs::cut(r);
      if (r.done) {
        retire(s, gained);
        if (!refill(s)) return;
      }
      if constexpr (over)
        programs_.settle(team_, r, s);
      else
        place(s);
    });
    if constexpr (over)
      in_turn([&](index_t s) {
        if (at(s).job >= 0) place(s);
      });
    turn_ = (turn_ + 1) % slots_;
    std::swap(points_, next_points_);
    crew_.watch();
    if (gained.total > 0) crew_.report(gained);
    if (!pending_.empty() && crew_.wants_finished(told_)) flush();
  }

  /// One pass, padded to a fixed number of rows where the model's answers may depend on it.
  void forward(index_t rows, part_timer& model) {
    if (rows == 0) return;
    T* points = points_;
    index_t padded = rows;
    if constexpr (!is_row_invariant_on<Model, Backend>) {
      padded = capacity_;
      for (index_t i = rows; i < padded; ++i) std::copy_n(points, size_, points + i * size_);
    }
    model.begin();
    ask<scored>(session_, batch_view<const T>{points, padded, size_}, classes_, scores_, labels_);
    model.end();
  }

  void judge(index_t s) {
    slot& r = at(s);
    if (r.job < 0) return;
    answer<T>* answers = answers_.data() + r.first;
    programs_.judge(team_, r, s, points_, scores_, labels_, answers);
    if constexpr (pulls) {
      const index_t each = programs_.cotangents();
      for (index_t i = 0; !r.done && i < r.asked.gradients * each; ++i) {
        const index_t point = r.row(i / each), pass = i % each;
        auto& rows = pulled_[static_cast<std::size_t>(pass)];
        const index_t row = pass * capacity_ + static_cast<index_t>(rows.size());
        const bool active = programs_.cotangent(team_, r, s, i, answers, cotangents_ + row * classes_);
        gradient_of_[static_cast<std::size_t>(point * each + pass)] = active ? row : -1;
        if (active) rows.push_back(point);
      }
    }
  }

  void pull_back(part_timer& model) {
    if constexpr (pulls) {
      for (std::size_t pass = 0; pass < pulled_.size(); ++pass) {
        auto& points = pulled_[pass];
        if (points.empty()) continue;
        const index_t first = static_cast<index_t>(pass) * capacity_;
        index_t rows = static_cast<index_t>(points.size());
        if constexpr (!is_row_invariant_on<Model, Backend>) {
          for (; rows < capacity_; ++rows) {
            points.push_back(0);
            std::fill_n(cotangents_ + (first + rows) * classes_, classes_, T(0));
          }
        }
        model.begin();
        session_.pullback(points, batch_view<const T>{cotangents_ + first * classes_, rows, classes_},
                          batch_view<T>{gradients_ + first * size_, rows, size_});
        model.end();
      }
    }
  }

  void step(index_t s) {
    slot& r = at(s);
    // Null where the loss was inactive would need a test per element: a row of zeros does not.
    const T* gradients[std::size_t(max_pullbacks)] = {};
    if constexpr (pulls) {
      const index_t each = programs_.cotangents();
      for (index_t i = 0; !r.done && i < r.asked.gradients * each; ++i) {
        const index_t row = gradient_of_[static_cast<std::size_t>(r.row(i / each) * each + i % each)];
        gradients[i] = row < 0 ? zeros_ : gradients_ + row * size_;
      }
    }
    // With one point a slot every slot has a row in every pass, in the order of the steps.
    T* next = Programs::in_pass ? next_points_ + rows_ * size_ : nullptr;
    programs_.step(team_, r, s, answers_.data() + r.first, gradients, next);
  }

  /// Moves a finished image's candidates out of its slot; they are classified again a pass at a time.
  void retire(index_t s, progress& gained) {
    slot& r = at(s);
    if (r.refused) {
      crew_.refuse(r.job / cases_);
      return;
    }
    if (static_cast<index_t>(pending_.size()) == capacity_) flush();
    T* to = pending_images_ + static_cast<index_t>(pending_.size()) * size_;
    pending_.emplace_back();
    programs_.leave(team_, r, s, pending_.back(), to, capacity_ * size_);
    ++gained.total;
    if (r.end != status::stopped) ++gained.done;
    gained.succeeded += r.kept.succeeded ? 1 : 0;
    gained.forward += r.forward;
    gained.pullback += r.pullback;
  }

  void flush() {
    if (pending_.empty()) return;
    verify_.open();
    verify_(pending_, pending_images_, pending_images_, capacity_);
    crew_.tell_finished<record>(pending_);
    told_ = std::chrono::steady_clock::now();
    pending_.clear();
  }

  crew& crew_;
  index_t size_, classes_, cases_, slots_, capacity_;
  session_of<Model, Backend> session_;
  arena<Backend> memory_;
  Programs programs_;
  verification<Programs, Model, Backend> verify_;
  team_type team_{};
  T *points_, *next_points_; ///< of the pass that is judged, of the next one
  T* scores_;
  label_t* labels_;
  T *cotangents_, *gradients_, *zeros_;
  T* pending_images_; ///< plane `at` holds the candidates `at` of all that wait to be classified again
  std::vector<answer<T>> answers_;
  std::vector<index_t> gradient_of_;         ///< per point of the pass and cotangent: its row of `gradients_`, or −1
  std::vector<std::vector<index_t>> pulled_; ///< per cotangent: the points that are pulled back
  std::vector<slot> state_;
  std::vector<record> pending_;
  index_t rows_ = 0;
  index_t turn_ = 0;
  bool waiting_ = false;
  std::chrono::steady_clock::time_point told_{}; ///< when it last told of finished images
};

} // namespace advx::attack
