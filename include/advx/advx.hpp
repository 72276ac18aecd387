/// @file
/// Everything that needs nothing but the standard library: all policies, forms and presets, on the reference backend.
/// <advx/xtensor.hpp> adds the CPU backend.
#pragma once

#include <advx/attack/cases.hpp>
#include <advx/attack/lattice.hpp>
#include <advx/attack/least_likely.hpp>
#include <advx/attack/presets.hpp>
#include <advx/attack/query_presets.hpp>
#include <advx/attack/run.hpp>
#include <advx/norm/l0.hpp>
#include <advx/version.hpp>
