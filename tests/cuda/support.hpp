// What the tests on a CUDA device share. A .cu file here defines plain functions, a .cpp file asserts: Catch2 and
// xtensor stay out of nvcc's sight, for its time's sake.
#pragma once

#include <cstdio>
#include <string>

namespace cuda_tests {

/// Why no CUDA device can be used; empty where one can.
std::string missing_device();

/// Says, where there is no device, why the rest of the case is left out: ctest then counts it as skipped.
inline bool skipped() {
  const std::string reason = missing_device();
  if (!reason.empty()) std::printf("advx: skipped: %s\n", reason.c_str());
  return !reason.empty();
}

} // namespace cuda_tests
