/// @file
/// The values that a coordinate has when it is stored as an integer.
#pragma once

#include <advx/kernel/math.hpp>

namespace advx::kernel {

/// The grid lower + k·(upper − lower)/last, k = 0, ..., last, of one coordinate: computed in this order, so that of the
/// box [0, 1] with last = 255 value k is exactly what `k / 255.0f` gives. Levels are whole numbers of type T.
template <class T>
struct lattice {
  T lower = 0, upper = 1;
  T last = 255; ///< in [1, 65535]

  constexpr T value(T k) const noexcept {
    return k < last ? minimum(lower + k * (upper - lower) / last, upper) : upper;
  }
  /// Where x in [lower, upper] lies between the levels, in [0, last].
  constexpr T position(T x) const noexcept {
    return upper > lower ? clamp((x - lower) * last / (upper - lower), T(0), last) : T(0);
  }
  /// The nearest level.
  constexpr T level(T x) const noexcept { return whole(position(x) + T(0.5)); }
  constexpr bool holds(T x) const noexcept { return value(level(x)) == x; }

  /// The level from which position `p` is left behind by `offset` in [0, 1), in the direction of `d`: of 2.3 and d > 0
  /// level 2 for an offset below 0.7, level 3 from there. Offset 0 rounds against d, 1/2 to the nearest level.
  constexpr T beyond(T p, T d, T offset) const noexcept {
    if (d < T(0)) return last - minimum(whole(last - p + offset), last);
    return minimum(whole(p + (d > T(0) ? offset : T(0.5))), last);
  }

private:
  static constexpr T whole(T p) noexcept { return static_cast<T>(static_cast<int>(p)); }
};

} // namespace advx::kernel
