/// @file
/// Windows that slide over an image's positions: the numbers of convolutions and pools, in up to three dimensions, and
/// the loop over a window's values that lie inside. Values are stored with the channels last.
#pragma once

#include <advx/model/graph/extents.hpp>

#include <array>

namespace advx::model::graph {

/// depth × height × width; what an image lacks is 1. A window's first value lies at output·stride − before, its others
/// `dilation` apart. Values outside of the image are padding.
struct window {
  using triple = std::array<index_t, 3>;
  triple in{1, 1, 1};
  triple out{1, 1, 1};
  triple size{1, 1, 1};
  triple stride{1, 1, 1};
  triple dilation{1, 1, 1};
  triple before{0, 0, 0};
  triple after{0, 0, 0}; ///< padding behind the image, as the model says it

  index_t inputs() const noexcept { return in[0] * in[1] * in[2]; }
  index_t outputs() const noexcept { return out[0] * out[1] * out[2]; }
  index_t taps() const noexcept { return size[0] * size[1] * size[2]; }
  /// Is each output a function of the one input at its place?
  bool pointwise() const noexcept {
    return taps() == 1 && in == out && stride == triple{1, 1, 1} && before == triple{0, 0, 0};
  }

  /// Calls f(output position, tap, input position) for each value inside of each window, in the order of the outputs,
  /// and g(output position) before each window's first.
  template <class G, class F>
  [[gnu::always_inline]] void each(const G& g, const F& f) const {
    index_t output = 0;
    for (index_t z = 0; z < out[0]; ++z)
      for (index_t y = 0; y < out[1]; ++y)
        for (index_t x = 0; x < out[2]; ++x, ++output) {
          g(output);
          for (index_t kz = 0; kz < size[0]; ++kz) {
            const index_t iz = z * stride[0] - before[0] + kz * dilation[0];
            if (iz < 0 || iz >= in[0]) continue;
            for (index_t ky = 0; ky < size[1]; ++ky) {
              const index_t iy = y * stride[1] - before[1] + ky * dilation[1];
              if (iy < 0 || iy >= in[1]) continue;
              for (index_t kx = 0; kx < size[2]; ++kx) {
                const index_t ix = x * stride[2] - before[2] + kx * dilation[2];
                if (ix < 0 || ix >= in[2]) continue;
                f(output, (kz * size[1] + ky) * size[2] + kx, (iz * in[1] + iy) * in[2] + ix);
              }
            }
          }
        }
  }
};

} // namespace advx::model::graph
