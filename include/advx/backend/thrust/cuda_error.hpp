/// @file
/// What CUDA's calls answer, as exceptions of the library.
#pragma once

#include <advx/core/error.hpp>

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdio>
#include <string>

namespace advx::backend {

namespace detail {

/// "12.5 GiB", with the unit that suits the number.
inline std::string in_bytes(std::size_t bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, value < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", value, units[unit]);
  return text;
}

} // namespace detail

/// Throws device_error unless `answer` is success. `call` names what was called.
inline void require_cuda(cudaError_t answer, const char* call) {
  if (answer == cudaSuccess) return;
  (void)cudaGetLastError(); // so that the next call does not report this one again
  const std::string message = std::string("advx: ") + call + ": " + cudaGetErrorString(answer);
  if (answer == cudaErrorMemoryAllocation) throw device_memory_error(message + "; lower options.batch");
  throw device_error(message);
}

} // namespace advx::backend
