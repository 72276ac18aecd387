// The backend that the attacks' translation units are compiled for.
#pragma once

#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

namespace advx_command {

using backend = advx::backend::xtensor;

} // namespace advx_command
