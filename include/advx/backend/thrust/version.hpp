/// @file
/// Which Thrust the backend accepts: the one of a CUDA toolkit. Distributions package an older one, whose types have
/// the same names: both in one program would link in silence and break.
#pragma once

#include <thrust/version.h>

static_assert(THRUST_VERSION >= 300000,
              "advx: this Thrust is too old: advx needs that of CUDA 13 or newer (CCCL 3), found by the CMake targets "
              "advx::thrust and advx::thrust_cuda; a distribution's libthrust-dev must not come first in the includes");
