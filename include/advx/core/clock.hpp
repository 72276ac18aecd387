/// @file
/// CPU time.
#pragma once

#include <ctime>

namespace advx {

namespace detail {
inline double cpu_seconds(clockid_t clock) noexcept {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
} // namespace detail

/// Seconds of CPU time that the calling thread has used (POSIX).
inline double thread_cpu_seconds() noexcept { return detail::cpu_seconds(CLOCK_THREAD_CPUTIME_ID); }
/// Seconds of CPU time that all threads of the process have used (POSIX).
inline double process_cpu_seconds() noexcept { return detail::cpu_seconds(CLOCK_PROCESS_CPUTIME_ID); }

} // namespace advx
