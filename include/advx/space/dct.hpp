/// @file
/// The low frequencies of the change alone.
#pragma once

#include <advx/kernel/math.hpp>
#include <advx/space/resized.hpp>

namespace advx::space {

/// The first functions of the orthonormal discrete cosine transform (DCT-II): y are the change's lowest frequencies,
/// and ‖D(y)‖₂ = ‖y‖₂. A coarser level's frequencies are the first of a finer one's.
struct cosine {
  static constexpr const char* name = "dct";
  using range = bilinear::range;

  template <class T>
  static constexpr T weight(index_t k, index_t i, index_t, index_t many) noexcept {
    const T scale = kernel::square_root(T(k == 0 ? 1 : 2) / T(many));
    // In turns: k·(2i + 1)/(4·many), of which only the part beyond whole turns counts.
    const index_t quarters = (k * (2 * i + 1)) % (4 * many);
    return scale * kernel::cos_turn(T(quarters) / T(4 * many) - (2 * quarters > 4 * many ? T(1) : T(0)));
  }
  template <class T>
  static constexpr T raised(index_t k, index_t i, index_t, index_t) noexcept {
    return k == i ? T(1) : T(0);
  }
  static constexpr range support(index_t, index_t, index_t many) noexcept { return {0, many}; }
};

/// Changes of low frequency: `dct<>{.image = {1, 28, 28}, .levels = {{{14, 14}}}}`.
template <class Inner = pixels>
using dct = reduced<cosine, Inner>;

} // namespace advx::space
