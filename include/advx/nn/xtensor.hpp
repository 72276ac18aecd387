/// @file
/// Networks on backend::xtensor. Include it before a session is opened on that backend; it needs the libraries of the
/// CMake target advx::nn_xtensor.
#pragma once

#include <advx/backend/xtensor/xtensor.hpp>
#include <advx/nn/blas.hpp>
