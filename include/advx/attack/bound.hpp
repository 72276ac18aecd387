/// @file
/// The driver: a recipe bound to a model and a backend. It alone calls the model.
#pragma once

#include <advx/attack/ledger.hpp>
#include <advx/attack/machine.hpp>
#include <advx/concepts/explain.hpp>
#include <advx/core/clock.hpp>
#include <advx/core/error.hpp>
#include <advx/core/options.hpp>
#include <advx/core/result.hpp>
#include <advx/kernel/all_finite.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace advx::attack {

/// Runs a recipe's machine over a batch of images. Workers pull images from one queue into their own slots; a tick is
/// one forward pass and one pullback over what all slots of a worker ask for; an image that has finished leaves its
/// slot to the next one at once.
///
/// Cost of a tick beside the model's passes: O(image size) per point, no allocation.
template <class Recipe, class Model, class Backend>
class bound {
  static constexpr bool model_fits = [] {
    if constexpr (Recipe::access == access::gradients)
      return ::advx::detail::require_gradients<Model, Backend>::value;
    else if constexpr (Recipe::access == access::scores)
      return ::advx::detail::require_scores<Model, Backend>::value;
    else
      return ::advx::detail::require_labels<Model, Backend>::value;
  }();

public:
  using scalar = scalar_of<Model>;

  bound(const Recipe& recipe, const Model& model, Backend& backend)
      : recipe_(recipe),
        model_(model),
        backend_(backend) {}

  /// Attacks the goal's cases for every image. `sinks[k]` takes the images of ranking k, one row per case.
  template <class Goal, class Images>
  void operator()(batch_view<const scalar> images, const Goal& goal, const options& settings, result<Images>& out,
                  scalar* const* sinks) {
    if constexpr (model_fits) {
      constexpr bool scale_fits = [] {
        if constexpr (requires { Recipe::accepts(score_scale::logits); })
          return Recipe::accepts(Model::scale);
        else
          return true;
      }();
      static_assert(scale_fits, "advx: this loss does not take the model's score scale: loss::margin needs logits or "
                                "log-probabilities, loss::cross_entropy takes any [docs/models.md]");
      if constexpr (scale_fits) run<Goal, Images>(images, goal, settings, out, sinks);
    }
  }

private:
  using T = scalar;
  using machine_type = typename Recipe::template machine<T, Backend>;
  using rankings_type = decltype(std::declval<const Recipe&>().rankings());
  using ledger_type = ledger<rankings_type, T, Backend>;
  static constexpr bool scored = ::advx::detail::answers_scores<session_of<Model, Backend>, T>;
  static constexpr index_t fixed_tile = 32; ///< rows of every pass of a model that is not row-invariant

  /// The model's answer for an unperturbed image cannot be computed with.
  struct refusal : model_error {
    refusal(index_t number, const std::string& what) : model_error(what), image(number) {}
    index_t image;
  };

  /// What all workers share.
  template <class Goal, class Images>
  struct shared {
    shared(batch_view<const T> i, const Goal& g, const options& o, result<Images>& r, T* const* s)
        : images(i),
          goal(g),
          settings(o),
          out(r),
          sinks(s) {}

    batch_view<const T> images;
    const Goal& goal;
    const options& settings;
    result<Images>& out;
    T* const* sinks;
    std::vector<T> lower, upper, middle, half, inverse_half; ///< the box, per coordinate
    T magnitude = 1;
    index_t jobs = 0;
    std::atomic<index_t> next{0};
    std::atomic<bool> stop{false};
    std::mutex mutex; ///< guards what follows
    advx::progress progress{};
    std::exception_ptr failure{};
    index_t refused = -1; ///< the image of a refusal; −1: another failure goes before any
    std::int64_t verification_rows = 0;
    double model_seconds = 0;
    std::chrono::steady_clock::time_point deadline{};
    bool has_deadline = false;
  };

  template <class Goal, class Images>
  void run(batch_view<const T> images, const Goal& goal, const options& settings, result<Images>& out,
           T* const* sinks) {
    shared<Goal, Images> all(images, goal, settings, out, sinks);
    all.jobs = images.rows * goal.cases();
    spread_box(settings.box, images.cols, all);
    if (settings.budget.seconds < 1e9) {
      all.has_deadline = true;
      all.deadline = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                            std::chrono::duration<double>(settings.budget.seconds));
    }
    all.progress.total = all.jobs;
    int threads = settings.threads > 0 ? settings.threads : static_cast<int>(std::thread::hardware_concurrency());
    if (!is_concurrent<Model>) threads = 1;
    threads = static_cast<int>(std::clamp<index_t>(threads, 1, std::max<index_t>(1, all.jobs)));
    // A worker's slots: its share of the images, so that two workers on few images are both busy.
    const index_t share = (all.jobs + threads - 1) / threads;
    const index_t slots = std::max<index_t>(1, std::min(settings.batch, share));
    const auto work = [&] {
      try {
        worker<Goal, Images> w(*this, all, slots);
        w.run();
      } catch (const refusal& fault) {
        // Of several workers' refusals the one for the first image is told, whoever was faster.
        const std::lock_guard lock(all.mutex);
        if (!all.failure || fault.image < all.refused) {
          all.failure = std::current_exception();
          all.refused = fault.image;
        }
        all.stop = true;
      } catch (...) {
        const std::lock_guard lock(all.mutex);
        if (!all.failure) all.failure = std::current_exception();
        all.stop = true;
      }
    };
    if (threads == 1) {
      work();
    } else {
      std::vector<std::thread> pool;
      for (int t = 0; t < threads; ++t) pool.emplace_back(work);
      for (std::thread& t : pool) t.join();
    }
    if (all.failure) std::rethrow_exception(all.failure);
    out.verification_rows = all.verification_rows;
    out.model_seconds = all.model_seconds;
    out.complete = all.progress.done == all.jobs;
  }

  template <class Shared>
  static void spread_box(const box& b, index_t n, Shared& all) {
    for (auto* values : {&all.lower, &all.upper, &all.middle, &all.half, &all.inverse_half})
      values->resize(static_cast<std::size_t>(n));
    all.magnitude = 0;
    for (std::size_t j = 0; j < static_cast<std::size_t>(n); ++j) {
      all.lower[j] = static_cast<T>(b.lowers.empty() ? b.lower : b.lowers[j]);
      all.upper[j] = static_cast<T>(b.uppers.empty() ? b.upper : b.uppers[j]);
      all.half[j] = (all.upper[j] - all.lower[j]) / T(2);
      all.middle[j] = all.lower[j] + all.half[j];
      all.inverse_half[j] = all.half[j] >= std::numeric_limits<T>::min() ? T(1) / all.half[j] : T(0);
      all.magnitude = std::max({all.magnitude, kernel::absolute(all.lower[j]), kernel::absolute(all.upper[j])});
    }
  }

  template <class Goal, class Images>
  class worker {
  public:
    worker(bound& owner, shared<Goal, Images>& all, index_t slots)
        : owner_(owner),
          all_(all),
          size_(all.images.cols),
          classes_(owner.model_.class_count()),
          slots_(pass_slots(slots)),
          capacity_(pass_rows(slots_)),
          session_(owner.model_.session(owner.backend_, capacity_)),
          machine_(owner.backend_, owner.recipe_, slots_, size_, classes_),
          ledger_(owner.backend_, owner.recipe_.rankings(), slots_, size_),
          points_{owner.backend_.template allocate<T>(capacity_ * size_),
                  owner.backend_.template allocate<T>(capacity_ * size_)},
          scores_(owner.backend_.template allocate<T>(capacity_ * classes_)),
          cotangents_(owner.backend_.template allocate<T>(capacity_ * classes_)),
          gradients_(owner.backend_.template allocate<T>(capacity_ * size_)),
          zeros_(owner.backend_.template allocate<T>(size_)),
          pending_images_(owner.backend_.template allocate<T>(capacity_ * stored * size_)),
          labels_(static_cast<std::size_t>(capacity_)),
          answers_(static_cast<std::size_t>(capacity_)),
          gradient_of_(static_cast<std::size_t>(capacity_)),
          state_(static_cast<std::size_t>(slots_)) {
      pulled_.reserve(static_cast<std::size_t>(capacity_));
      pending_.reserve(static_cast<std::size_t>(capacity_));
    }

    void run() {
      for (index_t s = 0; s < slots_; ++s)
        if (refill(s)) place(s);
      std::swap(points_[0], points_[1]);
      while (rows_ > 0 || waiting_) tick();
      flush();
      const std::lock_guard lock(all_.mutex);
      all_.verification_rows += verification_rows_;
      all_.model_seconds += model_seconds_;
    }

  private:
    /// A ranking's two candidates, or the nearest point in their place.
    static constexpr index_t stored = ledger_type::rankings * ledger_type::candidates;

    struct slot {
      image_ref<T> image{};
      index_t job = -1; ///< −1: empty
      attack::request asked{};
      index_t first = 0; ///< of its points in the pass
      bool fresh = true; ///< nothing has been answered yet
      bool done = false;
      advx::status end = status::failed;
      label_t clean = no_label;
      std::int64_t queries = 0, forward = 0, pullback = 0;
      double limit = 0;
    };
    struct finished {
      index_t job = 0;
      image_ref<T> image{};
      advx::status end = status::failed;
      bool succeeded = false;
      double limit = 0;
      label_t labels[stored] = {};
      bool present[stored] = {};
    };

    static index_t pass_slots(index_t slots) {
      if (is_row_invariant<Model>) return slots;
      return std::max<index_t>(1, std::min(slots, fixed_tile / std::min(fixed_tile, machine_type::max_points)));
    }
    static index_t pass_rows(index_t slots) {
      const index_t typical = std::min<index_t>(machine_type::max_points, 4);
      const index_t rows = std::max(slots * typical, machine_type::max_points);
      return is_row_invariant<Model> ? rows : std::max(rows, fixed_tile);
    }

    /// Takes the next image of the queue into slot s; false where there is none.
    bool refill(index_t s) {
      slot& r = state_[static_cast<std::size_t>(s)];
      r = {};
      if (all_.stop) return false;
      const index_t job = all_.next.fetch_add(1);
      if (job >= all_.jobs) return false;
      const index_t cases = all_.goal.cases(), number = job / cases;
      r.job = job;
      r.image = {all_.images.row(number), all_.lower.data(), all_.upper.data(), size_, classes_, number};
      r.image.goal = all_.goal.at(number, job % cases);
      const options& o = all_.settings;
      r.image.epsilon = o.epsilon.empty() ? -1 : o.epsilon[static_cast<std::size_t>(number)];
      // The random numbers of a case are its own.
      r.image.seed = o.seed + 0x9E3779B97F4A7C15ULL * static_cast<std::uint64_t>(job % cases);
      r.image.tie = static_cast<T>(o.tie);
      r.image.magnitude = all_.magnitude;
      r.image.middle = all_.middle.data();
      r.image.half = all_.half.data();
      r.image.inverse_half = all_.inverse_half.data();
      if constexpr (requires { owner_.recipe_.limit(r.image); })
        r.limit = owner_.recipe_.limit(r.image);
      else
        r.limit = std::numeric_limits<double>::infinity();
      ledger_.begin(s, r.image);
      machine_.begin(team_, s, r.image);
      return true;
    }

    /// Writes what slot s asks for into the next pass; where it does not fit, the slot waits for a tick. A slot that
    /// asks for more than its image may have ends there, at its first request as at any other.
    void place(index_t s) {
      slot& r = state_[static_cast<std::size_t>(s)];
      const attack::request wanted = machine_.request(s);
      r.asked = {};
      if (r.queries + wanted.total() > all_.settings.budget.queries) {
        r.done = true;
        r.end = status::stopped;
      }
      if (r.done || rows_ + wanted.total() > capacity_) {
        waiting_ = true;
        return;
      }
      r.asked = wanted;
      r.first = rows_;
      rows_ += wanted.total();
      for (index_t i = 0; i < wanted.total(); ++i)
        machine_.write(team_, s, r.image, i, points_[1].data() + (r.first + i) * size_);
    }

    void tick() {
      const index_t rows = rows_;
      rows_ = 0;
      waiting_ = false;
      ask_model(session_, points_[0].data(), rows, true);
      pulled_.clear();
      for (index_t k = 0; k < slots_; ++k) judge(k);
      pull_back();
      bool any_finished = false;
      // The slot that goes first changes, so that none waits for ever where a pass is full.
      for (index_t k = 0; k < slots_; ++k) {
        const index_t s = (turn_ + k) % slots_;
        slot& r = state_[static_cast<std::size_t>(s)];
        if (r.job < 0) continue;
        if (r.asked.total() > 0 && !r.done) step(s);
        if (!r.done && all_.stop) {
          r.done = true;
          r.end = status::stopped;
        }
        if (r.done) {
          retire(s);
          any_finished = true;
          if (!refill(s)) continue;
        }
        place(s);
      }
      turn_ = (turn_ + 1) % slots_;
      std::swap(points_[0], points_[1]);
      if (all_.has_deadline && std::chrono::steady_clock::now() > all_.deadline) all_.stop = true;
      if (any_finished) report();
    }

    /// One forward pass, padded to a fixed number of rows where the model's answers may depend on it.
    template <class Session>
    void ask_model(Session& session, T* points, index_t rows, bool timed) {
      if (rows == 0) return;
      index_t padded = rows;
      if constexpr (!is_row_invariant<Model>) {
        padded = capacity_;
        for (index_t i = rows; i < padded; ++i) std::copy_n(points, size_, points + i * size_);
      }
      const double before = timed ? thread_cpu_seconds() : 0;
      const batch_view<const T> x{points, padded, size_};
      if constexpr (scored)
        session.forward(x, batch_view<T>{scores_.data(), padded, classes_});
      else
        session.labels(x, std::span<label_t>(labels_.data(), static_cast<std::size_t>(padded)));
      if (timed) model_seconds_ += thread_cpu_seconds() - before;
    }

    kernel::score_summary<T> summary(index_t row, row_goal goal) const {
      if constexpr (scored) {
        return kernel::summarise_scores(scores_.data() + row * classes_, classes_, goal);
      } else {
        // A label alone: any margin that is positive beyond the tie will do.
        const label_t y = labels_[static_cast<std::size_t>(row)];
        const bool met = goal.targeted() ? y == goal.target : y != goal.label;
        return {met ? T(1) : T(-1), T(0), y, no_label, true};
      }
    }

    void judge(index_t s) {
      slot& r = state_[static_cast<std::size_t>(s)];
      if (r.job < 0) return;
      const T* nearest = ledger_.nearest(s);
      judge_points(s);
      ledger_.settle(team_, s, r.image, nearest);
    }

    void judge_points(index_t s) {
      slot& r = state_[static_cast<std::size_t>(s)];
      if (r.asked.total() == 0) return;
      r.queries += r.asked.total();
      const double confidence = owner_.recipe_.confidence();
      for (index_t i = 0; i < r.asked.total(); ++i) {
        answer<T>& a = answers_[static_cast<std::size_t>(r.first + i)];
        a.point = points_[0].data() + (r.first + i) * size_;
        a.scores = scored ? scores_.data() + (r.first + i) * classes_ : nullptr;
        a.summary = summary(r.first + i, r.image.goal);
        a.success = false;
        if (!a.summary.finite) {
          if (r.fresh && i == 0) refuse_model(r.image.number);
          r.done = true;
          r.end = status::non_finite;
          r.forward += r.asked.total();
          return;
        }
        if (i >= r.asked.judged_from || r.fresh)
          a.success = ledger_.judge(team_, s, r.image, a.point, a.summary, confidence, r.limit);
      }
      const answer<T>* answers = answers_.data() + r.first;
      if (r.fresh) {
        r.clean = answers[0].summary.predicted;
        if (answers[0].success) {
          r.done = true;
          r.end = status::already_adversarial;
        }
      }
      r.done = r.done || machine_.observe(team_, s, r.image, answers);
      index_t pulled = 0;
      if constexpr (Recipe::access == access::gradients) {
        for (index_t i = 0; !r.done && i < r.asked.gradients; ++i) {
          const auto row = static_cast<index_t>(pulled_.size());
          const bool active = machine_.template cotangent<Model::scale>(team_, s, r.image, i, answers[i],
                                                                        cotangents_.data() + row * classes_);
          gradient_of_[static_cast<std::size_t>(r.first + i)] = active ? row : -1;
          if (active) {
            pulled_.push_back(r.first + i);
            ++pulled;
          }
        }
      }
      r.pullback += pulled;
      r.forward += r.asked.total() - pulled;
    }

    void pull_back() {
      if constexpr (Recipe::access == access::gradients) {
        if (pulled_.empty()) return;
        index_t rows = static_cast<index_t>(pulled_.size());
        if constexpr (!is_row_invariant<Model>) {
          for (; rows < capacity_; ++rows) {
            pulled_.push_back(0);
            std::fill_n(cotangents_.data() + rows * classes_, classes_, T(0));
          }
        }
        const double before = thread_cpu_seconds();
        session_.pullback(pulled_, batch_view<const T>{cotangents_.data(), rows, classes_},
                          batch_view<T>{gradients_.data(), rows, size_});
        model_seconds_ += thread_cpu_seconds() - before;
      }
    }

    void step(index_t s) {
      slot& r = state_[static_cast<std::size_t>(s)];
      if constexpr (Recipe::access == access::gradients) {
        // Null where the loss was inactive would need a test per element: a row of zeros does not.
        const T* gradients[machine_type::max_points > 0 ? machine_type::max_points : 1] = {};
        for (index_t i = 0; i < r.asked.gradients; ++i) {
          const index_t row = gradient_of_[static_cast<std::size_t>(r.first + i)];
          gradients[i] = row < 0 ? zeros_.data() : gradients_.data() + row * size_;
        }
        for (index_t i = 0; i < r.asked.gradients; ++i) {
          if (kernel::all_finite(team_, gradients[i], size_)) continue;
          if (r.fresh) refuse_model(r.image.number);
          r.done = true;
          r.end = status::non_finite;
          return;
        }
        machine_.template advance<Model::scale>(team_, s, r.image, answers_.data() + r.first, gradients);
      } else if constexpr (Recipe::access == access::scores) {
        machine_.template advance<Model::scale>(team_, s, r.image, answers_.data() + r.first);
      } else {
        machine_.advance(team_, s, r.image, answers_.data() + r.first);
      }
      r.fresh = false;
      r.done = machine_.request(s).total() == 0;
    }

    [[noreturn]] static void refuse_model(index_t number) {
      throw refusal(number, "advx: the model's answer for image " + std::to_string(number) +
                                " (unperturbed) is NaN or infinite; check the model's weights and preprocessing");
    }

    /// Moves a finished image's candidates out of its slot; they are classified again a pass at a time.
    void retire(index_t s) {
      slot& r = state_[static_cast<std::size_t>(s)];
      if (static_cast<index_t>(pending_.size()) == capacity_) flush();
      finished f{r.job, r.image, r.end, ledger_.succeeded(s), r.limit, {}, {}};
      T* to = pending_images_.data() + static_cast<index_t>(pending_.size()) * stored * size_;
      for (index_t k = 0; k < ledger_type::rankings; ++k)
        for (index_t i = 0; i < ledger_type::candidates; ++i) {
          const index_t at = k * ledger_type::candidates + i;
          const T* from = f.succeeded ? ledger_.candidate(s, k, i) : (i == 0 ? ledger_.nearest(s) : nullptr);
          f.present[at] = from != nullptr;
          f.labels[at] = f.succeeded ? ledger_.candidate_label(s, k, i) : ledger_.nearest_label(s);
          if (from != nullptr) std::copy_n(from, size_, to + at * size_);
        }
      pending_.push_back(f);
      const auto at = static_cast<std::size_t>(r.job);
      result<Images>& out = all_.out;
      out.clean_labels[at] = r.clean;
      out.queries[at] = r.queries;
      out.forward_rows[at] = r.forward;
      out.pullback_rows[at] = r.pullback;
      out.iterations[at] = machine_.tally(s).iterations;
      out.constant[at] = machine_.tally(s).constant;
      const std::lock_guard lock(all_.mutex);
      if (r.end != status::stopped) ++all_.progress.done;
      all_.progress.succeeded += f.succeeded ? 1 : 0;
      all_.progress.forward += r.forward;
      all_.progress.pullback += r.pullback;
    }

    void report() {
      const std::lock_guard lock(all_.mutex);
      if (!all_.stop && !all_.settings.observer(all_.progress)) all_.stop = true;
    }

    /// Classifies the pending images again in a fresh session, in a full pass and alone, and hands them out.
    void flush() {
      if (pending_.empty()) return;
      auto session = owner_.model_.session(owner_.backend_, capacity_);
      const auto n = static_cast<index_t>(pending_.size());
      std::vector<T> scratch(static_cast<std::size_t>(capacity_ * size_));
      std::vector<index_t> chosen(static_cast<std::size_t>(n));
      std::vector<std::uint8_t> settled(static_cast<std::size_t>(n));
      for (index_t k = 0; k < ledger_type::rankings; ++k) {
        std::fill(chosen.begin(), chosen.end(), k * ledger_type::candidates);
        std::fill(settled.begin(), settled.end(), std::uint8_t{0});
        for (index_t i = 0; i < ledger_type::candidates; ++i)
          verify(session, scratch, k * ledger_type::candidates + i, chosen, settled);
        for (index_t p = 0; p < n; ++p)
          hand_out(p, k, chosen[static_cast<std::size_t>(p)], settled[static_cast<std::size_t>(p)] != 0);
      }
      pending_.clear();
    }

    template <class Session>
    void verify(Session& session, std::vector<T>& scratch, index_t at, std::vector<index_t>& chosen,
                std::vector<std::uint8_t>& settled) {
      std::vector<index_t> asked;
      for (index_t p = 0; p < static_cast<index_t>(pending_.size()); ++p) {
        const finished& f = pending_[static_cast<std::size_t>(p)];
        if (!f.succeeded || settled[static_cast<std::size_t>(p)] != 0 || !f.present[at]) continue;
        std::copy_n(pending_image(p, at), size_, scratch.data() + static_cast<index_t>(asked.size()) * size_);
        asked.push_back(p);
      }
      if (asked.empty()) return;
      const auto holds = [&](index_t row, index_t p) {
        finished& f = pending_[static_cast<std::size_t>(p)];
        const auto s = summary(row, f.image.goal);
        f.labels[at] = s.predicted;
        return s.finite && s.margin >= s.required(owner_.recipe_.confidence(), f.image.tie) &&
               in_box(f.image, pending_image(p, at));
      };
      std::vector<std::uint8_t> good(asked.size());
      ask_model(session, scratch.data(), static_cast<index_t>(asked.size()), false);
      for (std::size_t a = 0; a < asked.size(); ++a) good[a] = holds(static_cast<index_t>(a), asked[a]);
      for (std::size_t a = 0; a < asked.size(); ++a) {
        std::copy_n(pending_image(asked[a], at), size_, scratch.data());
        ask_model(session, scratch.data(), 1, false);
        if (good[a] == 0 || !holds(0, asked[a])) continue;
        settled[static_cast<std::size_t>(asked[a])] = 1;
        chosen[static_cast<std::size_t>(asked[a])] = at;
      }
      verification_rows_ += 2 * static_cast<std::int64_t>(asked.size());
    }

    void hand_out(index_t p, index_t k, index_t at, bool success) {
      const finished& f = pending_[static_cast<std::size_t>(p)];
      const auto job = static_cast<std::size_t>(f.job);
      const T* image = pending_image(p, at);
      std::copy_n(image, size_, all_.sinks[k] + f.job * size_);
      outcome<Images>& to =
          k == 0 ? static_cast<outcome<Images>&>(all_.out) : all_.out.other_rankings[std::size_t(k - 1)];
      to.success[job] = success ? 1 : 0;
      to.labels[job] = f.labels[at];
      const norm::distances d = norm::measure(team_, image, f.image.original, size_);
      to.l0[job] = d.l0;
      to.l1[job] = d.l1;
      to.l2[job] = d.l2;
      to.linf[job] = d.linf;
      if (k == 0) {
        advx::status end = f.end;
        if (success && end == status::failed) end = status::success;
        if (!success && end == status::already_adversarial) end = status::failed; // not so when classified again
        all_.out.status[job] = end;
      }
    }

    bool in_box(const image_ref<T>& image, const T* x) const {
      return team_.count(size_, [=, low = image.lower, high = image.upper](index_t j) {
        return !(low[j] <= x[j] && x[j] <= high[j]);
      }) == 0;
    }

    T* pending_image(index_t p, index_t at) { return pending_images_.data() + (p * stored + at) * size_; }

    bound& owner_;
    shared<Goal, Images>& all_;
    index_t size_, classes_, slots_, capacity_;
    session_of<Model, Backend> session_;
    machine_type machine_;
    ledger_type ledger_;
    decltype(std::declval<Backend&>().team()) team_{};
    typename Backend::template buffer<T> points_[2];
    typename Backend::template buffer<T> scores_, cotangents_, gradients_, zeros_, pending_images_;
    std::vector<label_t> labels_;
    std::vector<answer<T>> answers_;
    std::vector<index_t> gradient_of_;
    std::vector<index_t> pulled_;
    std::vector<slot> state_;
    std::vector<finished> pending_;
    index_t rows_ = 0;
    index_t turn_ = 0;
    bool waiting_ = false;
    std::int64_t verification_rows_ = 0;
    double model_seconds_ = 0;
  };

  const Recipe& recipe_;
  const Model& model_;
  Backend& backend_;
};

} // namespace advx::attack
