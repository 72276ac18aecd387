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
  constexpr T encode(T x, T lower, T upper) const noexcept {
    const T half = (upper - lower) / T(2);
    const T u = (x - (lower + half)) / kernel::maximum(half, std::numeric_limits<T>::min());
    return kernel::atanh(u * T(shrink));
  }
  template <class T>
  constexpr T decode(T z, T lower, T upper) const noexcept {
    const T half = (upper - lower) / T(2);
    return kernel::clamp((lower + half) + half * kernel::tanh(z), lower, upper);
  }
  template <class T>
  constexpr T slope(T x, T lower, T upper) const noexcept {
    // half·(1 − tanh²) without a branch: 0 on the faces of the box, and where the box has no width.
    const T half = kernel::maximum((upper - lower) / T(2), std::numeric_limits<T>::min());
    return (upper - x) * (x - lower) / half;
  }
  template <class T>
  constexpr T bound(T z, T, T) const noexcept {
    return z;
  }
};

} // namespace advx::space
