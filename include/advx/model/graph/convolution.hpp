/// @file
/// Convolutions of one image with channels last: the numbers, and code of the standard library alone. A depthwise one
/// is a sum of products over the channels; any other gathers the values under one line of windows, and multiplies them
/// by packed weights.
#pragma once

#include <advx/model/graph/operation.hpp>
#include <advx/model/graph/window.hpp>
#include <advx/nn/gemm.hpp>

#include <algorithm>

namespace advx::model::graph {

struct convolution_numbers {
  window places;
  index_t in_channels = 1;
  index_t out_channels = 1;
  index_t groups = 1;
  bool rectified = false;     ///< max(0, ·) of the result
  std::vector<float> weights; ///< outputs × (inputs / groups) × taps
  std::vector<float> bias;    ///< one an output channel

  index_t in_size() const noexcept { return places.inputs() * in_channels; }
  index_t out_size() const noexcept { return places.outputs() * out_channels; }
  index_t group_inputs() const noexcept { return in_channels / groups; }
  index_t group_outputs() const noexcept { return out_channels / groups; }
  bool depthwise() const noexcept { return group_inputs() == 1 && group_outputs() == 1 && groups > 1; }
  index_t weight_bytes() const noexcept { return static_cast<index_t>(weights.size() * sizeof(float)); }
  float weight(index_t output, index_t input, index_t tap) const {
    return weights[static_cast<std::size_t>((output * group_inputs() + input) * places.taps() + tap)];
  }
};

/// One image a call.
template <class T>
class convolution_kernel {
public:
  convolution_kernel() = default;
  convolution_kernel(const convolution_kernel&) = delete;
  convolution_kernel& operator=(const convolution_kernel&) = delete;
  virtual ~convolution_kernel() = default;
  virtual void forward(const T* x, T* y) = 0;
  /// `dy` is the gradient with respect to the result before it is rectified.
  virtual void input_gradient(const T* dy, T* dx) = 0;
};

/// Each channel by itself.
template <class T>
class depthwise_convolution : public convolution_kernel<T> {
public:
  explicit depthwise_convolution(const convolution_numbers& n)
      : places(n.places),
        channels(n.in_channels),
        rectified(n.rectified),
        bias(n.bias.begin(), n.bias.end()),
        weights(static_cast<std::size_t>(places.taps() * channels)) {
    for (index_t tap = 0; tap < places.taps(); ++tap)
      for (index_t c = 0; c < channels; ++c)
        weights[static_cast<std::size_t>(tap * channels + c)] = static_cast<T>(n.weight(c, 0, tap));
  }

  void forward(const T* x, T* y) override {
    each_row(
        1, [&](index_t) __attribute__((always_inline)) {
          places.each(
              [&](index_t output)
                  __attribute__((always_inline)) { std::copy_n(bias.data(), channels, y + output * channels); },
              [&](index_t output, index_t tap, index_t input) __attribute__((always_inline)) {
                add(weights.data() + tap * channels, x + input * channels, y + output * channels);
              });
          if (rectified)
            for (index_t i = 0; i < places.outputs() * channels; ++i) y[i] = y[i] < T(0) ? T(0) : y[i];
        });
  }
  void input_gradient(const T* dy, T* dx) override {
    each_row(
        1, [&](index_t) __attribute__((always_inline)) {
          std::fill_n(dx, places.inputs() * channels, T(0));
          places.each(
              [](index_t) __attribute__((always_inline)){}, [&](index_t output, index_t tap,
                                                                index_t input) __attribute__((always_inline)) {
                add(weights.data() + tap * channels, dy + output * channels, dx + input * channels);
              });
        });
  }

private:
  [[gnu::always_inline]] void add(const T* __restrict w, const T* __restrict from, T* __restrict to) const {
    for (index_t c = 0; c < channels; ++c) to[c] += w[c] * from[c];
  }
  window places;
  index_t channels;
  bool rectified;
  nn::detail::aligned_vector<T> bias, weights;
};

template <class T>
class gathered_convolution : public convolution_kernel<T> {
public:
  explicit gathered_convolution(const convolution_numbers& n)
      : places(n.places),
        in_channels(n.in_channels),
        out_channels(n.out_channels),
        group_inputs(n.group_inputs()),
        group_outputs(n.group_outputs()),
        groups(n.groups),
        rectified(n.rectified),
        bias(n.bias.begin(), n.bias.end()),
        depth(places.taps() * group_inputs),
        line_length((depth + 15) / 16 * 16) {
    if (!places.pointwise()) gathered.resize(static_cast<std::size_t>(places.out[2] * line_length));
    for (index_t g = 0; g < groups; ++g) {
      const auto weight = [&](index_t k, index_t o) {
        return static_cast<T>(n.weight(g * group_outputs + o, k % group_inputs, k / group_inputs));
      };
      forward_weights.emplace_back(depth, group_outputs, weight);
      backward_weights.emplace_back(group_outputs, depth, [&](index_t o, index_t k) { return weight(k, o); });
    }
  }

  void forward(const T* x, T* y) override {
    each_line([&](index_t line, std::size_t g, index_t in_offset, index_t out_offset) {
      T* to = y + line * places.out[2] * out_channels + out_offset;
      const T* b = bias.data() + out_offset;
      if (places.pointwise()) {
        const T* from = x + line * places.out[2] * in_channels + in_offset;
        forward_weights[g].multiply(from, in_channels, places.out[2], b, to, out_channels);
      } else {
        std::fill(gathered.begin(), gathered.end(), T(0));
        each_run(line, [&](index_t input, index_t place) {
          std::copy_n(x + input * in_channels + in_offset, group_inputs, gathered.data() + place);
        });
        forward_weights[g].multiply(gathered.data(), line_length, places.out[2], b, to, out_channels);
      }
    });
    if (rectified)
      for (index_t i = 0; i < places.outputs() * out_channels; ++i) y[i] = y[i] < T(0) ? T(0) : y[i];
  }

  void input_gradient(const T* dy, T* dx) override {
    if (!places.pointwise()) std::fill_n(dx, places.inputs() * in_channels, T(0));
    each_line([&](index_t line, std::size_t g, index_t in_offset, index_t out_offset) {
      const T* from = dy + line * places.out[2] * out_channels + out_offset;
      if (places.pointwise()) {
        T* to = dx + line * places.out[2] * in_channels + in_offset;
        backward_weights[g].multiply(from, out_channels, places.out[2], nullptr, to, in_channels);
      } else {
        backward_weights[g].multiply(from, out_channels, places.out[2], nullptr, gathered.data(), line_length);
        each_run(line, [&](index_t input, index_t place) {
          T* to = dx + input * in_channels + in_offset;
          for (index_t c = 0; c < group_inputs; ++c) to[c] += gathered[static_cast<std::size_t>(place + c)];
        });
      }
    });
  }

private:
  /// f(line of outputs, group, its first input channel, its first output channel)
  template <class F>
  void each_line(const F& f) const {
    for (index_t line = 0; line < places.out[0] * places.out[1]; ++line)
      for (index_t g = 0; g < groups; ++g) f(line, static_cast<std::size_t>(g), g * group_inputs, g * group_outputs);
  }
  /// f(input position, place in the gathered values) for what lies inside of the windows of a line.
  template <class F>
  void each_run(index_t line, const F& f) const {
    const window& w = places;
    const index_t z = line / w.out[1], y = line % w.out[1];
    for (index_t kz = 0; kz < w.size[0]; ++kz) {
      const index_t iz = z * w.stride[0] - w.before[0] + kz * w.dilation[0];
      if (iz < 0 || iz >= w.in[0]) continue;
      for (index_t ky = 0; ky < w.size[1]; ++ky) {
        const index_t iy = y * w.stride[1] - w.before[1] + ky * w.dilation[1];
        if (iy < 0 || iy >= w.in[1]) continue;
        for (index_t x = 0; x < w.out[2]; ++x)
          for (index_t kx = 0; kx < w.size[2]; ++kx) {
            const index_t ix = x * w.stride[2] - w.before[2] + kx * w.dilation[2];
            if (ix < 0 || ix >= w.in[2]) continue;
            f((iz * w.in[1] + iy) * w.in[2] + ix,
              x * line_length + ((kz * w.size[1] + ky) * w.size[2] + kx) * group_inputs);
          }
      }
    }
  }

  window places;
  index_t in_channels, out_channels, group_inputs, group_outputs, groups;
  bool rectified;
  nn::detail::aligned_vector<T> bias;
  index_t depth;       ///< values under a window
  index_t line_length; ///< the same, rounded up to whole registers
  nn::detail::aligned_vector<T> gathered;
  std::vector<nn::detail::packed_matrix<T>> forward_weights, backward_weights;
};

/// How a backend's code is chosen: what makes the kernel of a convolution.
template <class T>
struct kernel_set {
  std::unique_ptr<convolution_kernel<T>> (*convolution)(const convolution_numbers&) = nullptr;
};

/// The standard library's.
template <class T>
std::unique_ptr<convolution_kernel<T>> make_standard_convolution(const convolution_numbers& n) {
  if (n.depthwise()) return std::make_unique<depthwise_convolution<T>>(n);
  return std::make_unique<gathered_convolution<T>>(n);
}

template <class T>
class convolution : public operation<T> {
public:
  convolution(const convolution_numbers& n, const kernel_set<T>& kernels)
      : inputs(n.in_size()),
        outputs(n.out_size()),
        kernel(kernels.convolution(n)) {}

  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states&) override {
    for (index_t r = 0; r < rows; ++r) kernel->forward(x[0] + r * inputs, y + r * outputs);
  }
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states&) override {
    for (index_t r = 0; r < rows; ++r) kernel->input_gradient(dy + r * outputs, dx[0] + r * inputs);
  }

private:
  index_t inputs, outputs;
  std::unique_ptr<convolution_kernel<T>> kernel;
};

} // namespace advx::model::graph
