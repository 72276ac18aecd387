/// @file
/// A convolution as products with unfolded images, for devices without a library of convolutions.
#pragma once

#include <advx/nn/convolution.hpp>
#include <advx/nn/cuda_elements.hpp>

#include <algorithm>

namespace advx::nn::detail {

/// `count` products of matrices stored by columns, as a BLAS has them: c (m × n) = op(a) (m × k) · op(b) (k × n).
/// `stride` counts the values from one product's matrix to the next.
template <class T>
struct column_products {
  struct matrix {
    const T* data;
    index_t leading; ///< values from column to column
    bool transposed = false;
    index_t stride = 0;
  };
  index_t m, n, k;
  matrix a, b;
  T* c;
  index_t c_leading;
  index_t c_stride = 0;
  index_t count = 1;
};

/// A convolution's windows over every channel of the input.
inline element::window windows_of(const convolution_shape& s) {
  const auto narrow = [](index_t v) { return static_cast<element::position>(v); };
  return {element::plane(s.in), element::plane({s.in.channels, s.out.height, s.out.width}),
          narrow(s.kernel),     narrow(s.kernel),
          narrow(s.stride),     narrow(s.padding)};
}

/// Without biases. A device's scratch memory holds the unfolded images, as many at once as fit `tile_bytes`.
template <class Device, class T>
class unfolded_convolution {
public:
  /// `weights` are the host's; `rows` is the most images a call.
  unfolded_convolution(Device& device, const convolution_shape& numbers, const T* weights, index_t rows)
      : s(numbers),
        windows(windows_of(s)),
        weights_(device.template allocate<T>(s.weight_count())) {
    device.upload(weights, s.weight_count(), weights_.data());
    images = std::clamp<index_t>(Device::tile_bytes / (columns_size() * index_t{sizeof(T)}), 1, rows);
    device.reserve(static_cast<std::size_t>(images * columns_size()) * sizeof(T));
  }

  void forward(Device& device, const T* x, T* y, index_t rows) {
    const index_t pixels = s.out.pixels(), outputs = s.group_outputs();
    T* columns = reinterpret_cast<T*>(device.scratch());
    for (index_t first = 0; first < rows; first += images) {
      const index_t count = std::min(images, rows - first);
      device.each(count, columns_size(), element::unfold<T>{x + first * s.in.size(), columns, windows});
      for (index_t g = 0; g < s.groups; ++g) // y (outputs × pixels) = weights (outputs × taps) · columns
        device.multiply(column_products<T>{
            .m = pixels,
            .n = outputs,
            .k = s.taps(),
            .a = {columns + g * s.taps() * pixels, pixels, false, columns_size()},
            .b = {weights_.data() + g * outputs * s.taps(), s.taps(), false},
            .c = y + first * s.out.size() + g * outputs * pixels,
            .c_leading = pixels,
            .c_stride = s.out.size(),
            .count = count,
        });
    }
  }

  void input_gradient(Device& device, const T* dy, T* dx, index_t rows) {
    const index_t pixels = s.out.pixels(), outputs = s.group_outputs();
    T* columns = reinterpret_cast<T*>(device.scratch());
    for (index_t first = 0; first < rows; first += images) {
      const index_t count = std::min(images, rows - first);
      for (index_t g = 0; g < s.groups; ++g) // columns (taps × pixels) = weightsᵀ · dy (outputs × pixels)
        device.multiply(column_products<T>{
            .m = pixels,
            .n = s.taps(),
            .k = outputs,
            .a = {dy + first * s.out.size() + g * outputs * pixels, pixels, false, s.out.size()},
            .b = {weights_.data() + g * outputs * s.taps(), s.taps(), true},
            .c = columns + g * s.taps() * pixels,
            .c_leading = pixels,
            .c_stride = columns_size(),
            .count = count,
        });
      device.each(count, s.in.size(), element::fold<T>{columns, dx + first * s.in.size(), windows});
    }
  }

private:
  /// Values of an unfolded image.
  index_t columns_size() const noexcept { return s.groups * s.taps() * s.out.pixels(); }

  convolution_shape s;
  element::window windows;
  typename Device::template buffer<T> weights_;
  index_t images = 1; ///< unfolded at once
};

} // namespace advx::nn::detail
