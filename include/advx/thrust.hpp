/// @file
/// <advx/advx.hpp> and the Thrust backend on the host: `backend::thrust<backend::system::cpp>` and, where the compiler
/// has OpenMP on, `backend::thrust<backend::system::omp>`. <advx/thrust_cuda.hpp> adds CUDA's, under nvcc.
#pragma once

#include <advx/advx.hpp>
#include <advx/backend/thrust/host.hpp>
