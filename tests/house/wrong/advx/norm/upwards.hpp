/// @file
/// A norm that knows an attack, a loss and an array library.
#pragma once

#include <advx/attack/run.hpp>
#include <advx/kernel/math.hpp>
#include <advx/loss/margin.hpp>
#include <advx/norm/l1.hpp>

#include <xtensor/xtensor.hpp>

#include <cmath>
#include <iostream>
