// The tests' networks and both of the library's first backends.
#pragma once

#include <advx/backend/reference/reference.hpp>
#include <advx/backend/xtensor/xtensor.hpp>
#include <advx/nn/xtensor.hpp>

#include "zoo.hpp"
