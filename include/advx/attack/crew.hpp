/// @file
/// What the workers of a run share while it runs.
#pragma once

#include <advx/core/clock.hpp>
#include <advx/core/options.hpp>
#include <advx/core/require.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace advx::attack {

/// The queue of jobs, the progress, and the reasons to stop.
class crew {
public:
  crew(const options& settings, index_t jobs) : settings_(settings), jobs_(jobs) {
    progress_.total = jobs;
    if (settings.budget.seconds < 1e9) {
      has_deadline_ = true;
      deadline_ = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                         std::chrono::duration<double>(settings.budget.seconds));
    }
  }

  bool stopped() const noexcept { return stop_; }
  bool complete() const noexcept { return progress_.done == jobs_; }

  /// The next job; −1: there is none, or the run is to stop.
  index_t next_job() noexcept {
    if (stop_) return -1;
    const index_t job = next_.fetch_add(1);
    return job < jobs_ ? job : -1;
  }

  /// Looks at the clock.
  void watch() noexcept {
    if (has_deadline_ && std::chrono::steady_clock::now() > deadline_) stop_ = true;
  }
  /// Adds what has ended since the last call, and shows it to the observer, who may end the run.
  void report(const progress& gained) {
    const std::lock_guard lock(mutex_);
    progress_.done += gained.done;
    progress_.succeeded += gained.succeeded;
    progress_.forward += gained.forward;
    progress_.pullback += gained.pullback;
    if (!stop_ && settings_.observer && !settings_.observer(progress_)) stop_ = true;
  }

  /// Is it time to tell of images that have finished, after those told of at `before`? Each time costs a session.
  bool wants_finished(std::chrono::steady_clock::time_point before) const noexcept {
    return settings_.finished && std::chrono::steady_clock::now() - before > std::chrono::milliseconds(200);
  }
  /// Tells of the rows of `records`, which are in the result, but for those that the run has cut short.
  template <class Record>
  void tell_finished(std::span<const Record> records) {
    if (!settings_.finished) return;
    const std::lock_guard lock(mutex_);
    for (const Record& r : records)
      if (r.left && !r.cut && !r.refused) settings_.finished(r.job);
  }
  /// At a worker's end.
  void add(std::int64_t verified_rows, double model_seconds) {
    const std::lock_guard lock(mutex_);
    verified_rows_ += verified_rows;
    model_seconds_ += model_seconds;
  }
  std::int64_t verified_rows() const noexcept { return verified_rows_; }
  double model_seconds() const noexcept { return model_seconds_; }

  /// The model's answer for an unperturbed image cannot be computed with. Of several workers' refusals the one for the
  /// first image is told, whoever was faster.
  void refuse(index_t image) {
    const std::lock_guard lock(mutex_);
    if (refused_ < 0 || image < refused_) refused_ = image;
    stop_ = true;
  }
  /// Keeps the exception under way.
  void fail() {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    stop_ = true;
  }
  /// Throws what made the run fail, if anything.
  void check() const {
    if (failure_) std::rethrow_exception(failure_);
    if (refused_ >= 0)
      ::advx::detail::refuse<model_error>("advx: the model's answer for image %td (unperturbed) is NaN or infinite; "
                                          "check the model's weights and preprocessing",
                                          refused_);
  }

private:
  const options& settings_;
  index_t jobs_;
  std::atomic<index_t> next_{0};
  std::atomic<bool> stop_{false};
  std::chrono::steady_clock::time_point deadline_{};
  bool has_deadline_ = false;
  std::mutex mutex_; ///< guards what follows
  advx::progress progress_{};
  std::exception_ptr failure_{};
  index_t refused_ = -1;
  std::int64_t verified_rows_ = 0;
  double model_seconds_ = 0;
};

/// Runs `work(context)`, which must not throw, on so many threads, the caller's among them. Not a template: an attack
/// is no more to compile for it.
inline void on_threads(int threads, void (*work)(void*), void* context) {
  std::vector<std::thread> pool(static_cast<std::size_t>(threads - 1));
  for (std::thread& t : pool) t = std::thread(work, context);
  work(context);
  for (std::thread& t : pool) t.join();
}

} // namespace advx::attack
