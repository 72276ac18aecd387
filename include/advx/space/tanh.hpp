/// @file
/// Carlini and Wagner's change of variable.
#pragma once

#include <advx/core/image.hpp>
#include <advx/core/require.hpp>
#include <advx/kernel/math.hpp>

namespace advx::space {

/// x = middle + half·tanh z: every z gives an image inside the box (Carlini & Wagner 2017, section V-B).
struct tanh {
  /// The start is shrunk by this factor towards the middle of the box, so that pixels on its faces have a finite z.
  double shrink = 0.999999; ///< in (0, 1)

  static constexpr const char* name = "tanh";
  static constexpr bool is_identity = false;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(shrink > 0 && shrink < 1, "space::tanh", "shrink", "shrink > 0 && shrink < 1", shrink);
  }

  template <class T>
  constexpr T encode(T x, const interval<T>& side) const noexcept {
    return kernel::atanh((x - side.middle) * side.inverse_half * T(shrink));
  }
  template <class T>
  constexpr T decode(T z, const interval<T>& side) const noexcept {
    return kernel::clamp(side.middle + side.half * kernel::tanh(z), side.lower, side.upper);
  }
  /// dx/dz at x: half·(1 − tanh² z) without a branch: 0 on the faces of the box, and where the box has no width.
  template <class T>
  constexpr T slope(T x, const interval<T>& side) const noexcept {
    return (side.upper - x) * (x - side.lower) * side.inverse_half;
  }
  template <class T>
  constexpr T bound(T z, const interval<T>&) const noexcept {
    return z;
  }
};

} // namespace advx::space
