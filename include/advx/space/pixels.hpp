/// @file
/// The image's own coordinates.
#pragma once

#include <advx/core/image.hpp>
#include <advx/kernel/math.hpp>

namespace advx::space {

/// z = x, bounded by the box.
struct pixels {
  static constexpr const char* name = "pixels";
  static constexpr bool is_identity = true;

  template <class T>
  constexpr T encode(T x, const interval<T>&) const noexcept {
    return x;
  }
  template <class T>
  constexpr T decode(T z, const interval<T>&) const noexcept {
    return z;
  }
  /// dx/dz at x.
  template <class T>
  constexpr T slope(T, const interval<T>&) const noexcept {
    return T(1);
  }
  /// z limited to where it may be.
  template <class T>
  constexpr T bound(T z, const interval<T>& side) const noexcept {
    return kernel::clamp(z, side.lower, side.upper);
  }
};

} // namespace advx::space
