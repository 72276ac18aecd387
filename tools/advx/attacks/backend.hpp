// The backend that a translation unit of the attacks is compiled for: one definition chooses it.
#pragma once

#if defined(ADVX_COMMAND_THRUST)
#include <advx/nn/thrust.hpp>
#include <advx/thrust.hpp>
#else
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>
#endif

namespace advx_command {

#if defined(ADVX_COMMAND_THRUST)
using backend = advx::backend::thrust_omp;
#else
using backend = advx::backend::xtensor;
#endif

} // namespace advx_command
