/// @file
/// CPU time of the calling thread.
#pragma once

#include <ctime>

namespace advx {

/// Seconds of CPU time that the calling thread has used (POSIX).
inline double thread_cpu_seconds() noexcept {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

} // namespace advx
