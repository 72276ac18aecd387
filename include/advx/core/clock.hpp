/// @file
/// CPU time, and the part of it that goes into something.
#pragma once

#include <chrono>
#include <ctime>

namespace advx {

namespace detail {
inline double cpu_seconds(clockid_t clock) noexcept {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
} // namespace detail

/// Seconds of CPU time that all threads of the process have used (POSIX).
inline double process_cpu_seconds() noexcept { return detail::cpu_seconds(CLOCK_PROCESS_CPUTIME_ID); }

/// How much of the CPU time since it was made went into the parts between `begin` and `end`: their share of the wall
/// time, times the CPU time of all. A CPU clock at each end would be a system call, which small models' passes are not
/// much longer than.
class part_timer {
public:
  /// @param clock what CPU time is asked for: CLOCK_THREAD_CPUTIME_ID or CLOCK_PROCESS_CPUTIME_ID
  explicit part_timer(clockid_t clock) noexcept : clock_(clock), cpu_(detail::cpu_seconds(clock)) {}

  void begin() noexcept { began_ = wall::now(); }
  void end() noexcept { inside_ += wall::now() - began_; }
  double seconds() const noexcept {
    const wall::duration all = wall::now() - made_;
    return all.count() > 0 ? (detail::cpu_seconds(clock_) - cpu_) * double(inside_.count()) / double(all.count()) : 0;
  }

private:
  using wall = std::chrono::steady_clock;
  clockid_t clock_;
  double cpu_;
  wall::time_point made_ = wall::now(), began_{};
  wall::duration inside_{};
};

} // namespace advx
