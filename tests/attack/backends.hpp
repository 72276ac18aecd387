/// @file
/// An attack on every host backend that this machine has.
#pragma once

#include <advx/backend/xtensor/xtensor.hpp>
#if defined(THRUST_DEVICE_SYSTEM)
#include <advx/backend/thrust/host.hpp>
#endif

#include "attack/support.hpp"

namespace attack_test {

#if defined(THRUST_DEVICE_SYSTEM)
using thrust_cpp = advx::backend::thrust<advx::backend::system::cpp>;
#endif
#if defined(THRUST_DEVICE_SYSTEM) && defined(_OPENMP)
using thrust_omp = advx::backend::thrust<advx::backend::system::omp>;
#endif

template <class Attack>
subject<float> subject_everywhere(const Attack& attack) {
#if defined(THRUST_DEVICE_SYSTEM) && defined(_OPENMP)
  return subject_on<float, advx::backend::xtensor, thrust_cpp, thrust_omp>(attack);
#elif defined(THRUST_DEVICE_SYSTEM)
  return subject_on<float, advx::backend::xtensor, thrust_cpp>(attack);
#else
  return subject_on<float, advx::backend::xtensor>(attack);
#endif
}

} // namespace attack_test
