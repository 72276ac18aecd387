/// @file
/// <advx/advx.hpp> and the Thrust backend on a CUDA device, `backend::thrust<backend::system::cuda>`: for .cu files.
#pragma once

#include <advx/advx.hpp>
#include <advx/backend/thrust/cuda.hpp>
