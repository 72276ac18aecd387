/// @file
/// Attacks on models that answer scores or labels alone, by name.
#pragma once

#include <advx/attack/population_presets.hpp>
#include <advx/attack/zoo_presets.hpp>
