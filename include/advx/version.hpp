/// @file
/// The library's version. The build reads it from here; it is written nowhere else.
#pragma once

#define ADVX_VERSION_MAJOR 0
#define ADVX_VERSION_MINOR 1
#define ADVX_VERSION_PATCH 0
#define ADVX_VERSION_STRING "0.1.0"

namespace advx {

/// The version as text, "major.minor.patch". Before 1.0 a new minor version may change the interface.
inline constexpr char version[] = ADVX_VERSION_STRING;

} // namespace advx
