/// @file
/// A convolution of one image with channels last, as products with packed weights: the kernel's rows are gathered for
/// one row of output pixels at a time, so that they stay in the first-level cache.
#pragma once

#include <advx/nn/gemm.hpp>
#include <advx/nn/layers.hpp>

#include <algorithm>

namespace advx::nn::detail {

/// A convolution's numbers.
struct convolution_shape {
  shape in;
  shape out;
  index_t kernel = 1;
  index_t stride = 1;
  index_t padding = 0;
  index_t groups = 1;
  bool rectified = false; ///< max(0, ·) of the result

  convolution_shape(const conv2d& layer, const shape& from, bool with_relu)
      : in(from),
        out(layer.output(from)),
        kernel(layer.kernel),
        stride(layer.stride),
        padding(layer.padding),
        groups(layer.groups),
        rectified(with_relu) {}

  index_t group_inputs() const noexcept { return in.channels / groups; }
  index_t group_outputs() const noexcept { return out.channels / groups; }
  index_t taps() const noexcept { return kernel * kernel * group_inputs(); } ///< weights of one output channel
  index_t weight_count() const noexcept { return taps() * out.channels; }
  /// Position of a weight as stored in the model, from its place in the gathered row (ky, kx, input channel).
  index_t weight_at(index_t output_channel, index_t tap) const noexcept {
    const index_t window = kernel * kernel;
    return (output_channel * group_inputs() + tap % group_inputs()) * window + tap / group_inputs();
  }
};

/// Convolution on the standard library alone. Every function takes one image.
template <class T>
class gathered_convolution {
public:
  /// `weights` and `biases` are copied. `training` reserves what `add_parameter_gradient` needs.
  gathered_convolution(const convolution_shape& numbers, const T* weights, const T* biases, bool training)
      : s(numbers),
        bias(biases, biases + s.out.channels),
        row_length((s.taps() + 15) / 16 * 16),
        gathered(static_cast<std::size_t>(s.out.width * row_length)) {
    for (index_t g = 0; g < s.groups; ++g) {
      const index_t first = g * s.group_outputs();
      const auto weight = [&](index_t tap, index_t o) { return weights[s.weight_at(first + o, tap)]; };
      forward_weights.emplace_back(s.taps(), s.group_outputs(), weight);
      backward_weights.emplace_back(s.group_outputs(), row_length,
                                    [&](index_t o, index_t tap) { return tap < s.taps() ? weight(tap, o) : T(0); });
    }
    if (training) {
      weight_sum.resize(static_cast<std::size_t>(s.weight_count()));
      bias_sum.resize(static_cast<std::size_t>(s.out.channels));
    }
  }

  void forward(const T* x, T* y) {
    for (index_t row = 0; row < s.out.height; ++row)
      for (index_t g = 0; g < s.groups; ++g) {
        T* to = y + row * s.out.width * s.out.channels;
        gather(x, row, g);
        forward_weights[static_cast<std::size_t>(g)].multiply(gathered.data(), row_length, s.out.width,
                                                              bias.data() + g * s.group_outputs(),
                                                              to + g * s.group_outputs(), s.out.channels);
      }
    if (s.rectified)
      for (index_t i = 0; i < s.out.size(); ++i) y[i] = y[i] < T(0) ? T(0) : y[i];
  }

  /// dx = gradient with respect to the input, of which `dy` is the one with respect to the output (before rectifying).
  void input_gradient(const T* dy, T* dx) {
    std::fill_n(dx, s.in.size(), T(0));
    for (index_t row = 0; row < s.out.height; ++row)
      for (index_t g = 0; g < s.groups; ++g) {
        const T* from = dy + row * s.out.width * s.out.channels + g * s.group_outputs();
        backward_weights[static_cast<std::size_t>(g)].multiply(from, s.out.channels, s.out.width, nullptr,
                                                               gathered.data(), row_length);
        scatter(dx, row, g);
      }
  }

  /// Adds one image's gradient to a sum kept here.
  void add_parameter_gradient(const T* x, const T* dy) {
    for (index_t row = 0; row < s.out.height; ++row)
      for (index_t g = 0; g < s.groups; ++g) {
        gather(x, row, g);
        const index_t width = s.group_outputs();
        T* sum = weight_sum.data() + g * s.taps() * width;
        const T* from = dy + row * s.out.width * s.out.channels + g * width;
        for (index_t tap = 0; tap < s.taps(); ++tap)
          for (index_t p = 0; p < s.out.width; ++p) {
            const T left = gathered[static_cast<std::size_t>(p * row_length + tap)];
            for (index_t o = 0; o < width; ++o) sum[tap * width + o] += left * from[p * s.out.channels + o];
          }
      }
    for (index_t p = 0; p < s.out.pixels(); ++p)
      for (index_t o = 0; o < s.out.channels; ++o) bias_sum[static_cast<std::size_t>(o)] += dy[p * s.out.channels + o];
  }

  /// Moves the sum on to gradients in the model's order, and begins a new one.
  void move_parameter_gradient(T* weights, T* biases) {
    for (index_t o = 0; o < s.out.channels; ++o) {
      const index_t width = s.group_outputs();
      for (index_t tap = 0; tap < s.taps(); ++tap)
        weights[s.weight_at(o, tap)] +=
            weight_sum[static_cast<std::size_t>((o / width * s.taps() + tap) * width + o % width)];
      biases[o] += bias_sum[static_cast<std::size_t>(o)];
    }
    std::fill(weight_sum.begin(), weight_sum.end(), T(0));
    std::fill(bias_sum.begin(), bias_sum.end(), T(0));
  }

private:
  /// Calls f(input pixels, place in the gathered rows, values) for each run of contiguous values that the windows of an
  /// output row share with the image, or f(null, ...) where the run is padding.
  template <class F>
  void for_each_run(index_t row, index_t group, const F& f) const {
    const index_t run = s.group_inputs();
    const bool joined = s.groups == 1; // the pixels of a window's row follow one another
    for (index_t p = 0; p < s.out.width; ++p)
      for (index_t ky = 0; ky < s.kernel; ++ky) {
        const index_t y = row * s.stride - s.padding + ky;
        const index_t x = p * s.stride - s.padding;
        index_t place = p * row_length + ky * s.kernel * run;
        const bool inside_y = y >= 0 && y < s.in.height;
        const index_t pixel = (y * s.in.width + x) * s.in.channels + group * run;
        if (joined && inside_y && x >= 0 && x + s.kernel <= s.in.width) {
          f(pixel, place, s.kernel * run);
          continue;
        }
        for (index_t kx = 0; kx < s.kernel; ++kx, place += run)
          f(inside_y && x + kx >= 0 && x + kx < s.in.width ? pixel + kx * s.in.channels : -1, place, run);
      }
  }

  void gather(const T* x, index_t row, index_t group) {
    for_each_run(row, group, [&](index_t from, index_t to, index_t count) {
      if (from < 0)
        std::fill_n(gathered.data() + to, count, T(0));
      else
        std::copy_n(x + from, count, gathered.data() + to);
    });
  }

  void scatter(T* dx, index_t row, index_t group) const {
    for_each_run(row, group, [&](index_t to, index_t from, index_t count) {
      if (to < 0) return;
      for (index_t i = 0; i < count; ++i) dx[to + i] += gathered[static_cast<std::size_t>(from + i)];
    });
  }

  convolution_shape s;
  aligned_vector<T> bias;
  index_t row_length;         ///< taps, rounded up to whole registers
  aligned_vector<T> gathered; ///< one row of output pixels × row_length
  std::vector<packed_matrix<T>> forward_weights;
  std::vector<packed_matrix<T>> backward_weights;
  std::vector<T> weight_sum; ///< per group: taps × outputs
  std::vector<T> bias_sum;
};

} // namespace advx::nn::detail
