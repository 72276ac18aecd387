// The backend that a translation unit of the demo is compiled for: one definition chooses it.
#pragma once

#if defined(ADVX_DEMO_CUDA)
#include <advx/nn/cuda.hpp>
#include <advx/thrust_cuda.hpp>
#elif defined(ADVX_DEMO_THRUST)
#include <advx/nn/thrust.hpp>
#include <advx/thrust.hpp>
#elif defined(ADVX_DEMO_XTENSOR)
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>
#endif

#include "demo.hpp"

namespace demo {

#if defined(ADVX_DEMO_CUDA)
using backend = advx::backend::thrust_cuda;
#elif defined(ADVX_DEMO_THRUST)
using backend = advx::backend::thrust_omp;
#elif defined(ADVX_DEMO_XTENSOR)
using backend = advx::backend::xtensor;
#endif

} // namespace demo
