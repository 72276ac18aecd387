/// @file
/// A small image of changes, enlarged by bilinear interpolation.
#pragma once

#include <advx/kernel/math.hpp>
#include <advx/space/reduced.hpp>

namespace advx::space {

/// The hat functions of bilinear interpolation: pixels have their value at their centres, and the outermost hats go on
/// as constants up to the edge.
struct bilinear {
  static constexpr const char* name = "resized";

  template <class T>
  static constexpr T weight(index_t k, index_t i, index_t few, index_t many) noexcept {
    const T at = kernel::clamp((T(i) + T(0.5)) * T(few) / T(many) - T(0.5), T(0), T(few - 1));
    return kernel::maximum(T(0), T(1) - kernel::absolute(at - T(k)));
  }
  /// A coarser level's variables, enlarged.
  template <class T>
  static constexpr T raised(index_t k, index_t i, index_t few, index_t many) noexcept {
    return weight<T>(k, i, few, many);
  }
  /// The points [first, last) outside which hat k is 0.
  struct range {
    index_t first, last;
  };
  static constexpr range support(index_t k, index_t few, index_t many) noexcept {
    const index_t first = k == 0 ? 0 : ((2 * k - 1) * many) / (2 * few) - 1;
    const index_t last = k + 1 == few ? many : ((2 * k + 3) * many) / (2 * few) + 1;
    return {kernel::maximum(index_t{0}, first), kernel::minimum(many, last)};
  }
};

/// Changes on a small image: `resized<>{.image = {1, 28, 28}, .levels = {{{14, 14}}}}`.
template <class Inner = pixels>
using resized = reduced<bilinear, Inner>;

} // namespace advx::space
