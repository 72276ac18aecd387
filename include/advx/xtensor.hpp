/// @file
/// <advx/advx.hpp> and the CPU backend: any xtensor container or expression goes in, xtensor containers come out.
#pragma once

#include <advx/advx.hpp>
#include <advx/backend/xtensor/images.hpp>
