/// @file
/// The code that runs each layer. An operation computes `rows` images at once; what its gradient needs later it leaves
/// in a few bytes per image, the *state* (a byte a value, not the value), so that a batch's states stay in cache.
///
/// Members of an operation: `forward(x, y, rows, state)` and `pullback(dy, dx, rows, state)`, where `state(i)` is the
/// state of the i-th image; `moves`: the result is another buffer than the input (otherwise y is x, dx is dy). The
/// parts of blocks get one argument more (<advx/nn/block_operations.hpp>).
#pragma once

#include <advx/kernel/philox.hpp>
#include <advx/nn/functions.hpp>
#include <advx/nn/fusion.hpp>
#include <advx/nn/kernels.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace advx::nn::detail {

struct operation_base {
  static constexpr bool moves = true;
  static constexpr bool identity = false;
  index_t state_bytes() const noexcept { return 0; }
};

template <class Kernels, class T, class Layer, fusion Fusion, bool Training>
struct operation;

template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, linear, Fusion, Training> : operation_base {
  /// `place(k)` is where input k stands in a row of x.
  template <class Place>
  operation(const linear& layer, const shape& in, const T* weights, const T* biases, const Place& place)
      : inputs(in.size()),
        outputs(layer.size),
        bias(biases, biases + layer.size),
        order(static_cast<std::size_t>(in.size())) {
    for (index_t k = 0; k < inputs; ++k) order[static_cast<std::size_t>(place(k))] = k;
    const auto weight = [&](index_t p, index_t o) { return weights[o * inputs + order[static_cast<std::size_t>(p)]]; };
    forward_weights = {inputs, outputs, weight};
    backward_weights = {outputs, inputs, [&](index_t o, index_t p) { return weight(p, o); }};
    if constexpr (Training) weight_sum.resize(static_cast<std::size_t>(inputs * outputs));
    if constexpr (Training) bias_sum.resize(static_cast<std::size_t>(outputs));
  }

  template <class State>
  void forward(const T* x, T* y, index_t rows, const State&) const {
    forward_weights.multiply(x, inputs, rows, bias.data(), y, outputs);
  }
  template <class State>
  void pullback(const T* dy, T* dx, index_t rows, const State&) const {
    backward_weights.multiply(dy, outputs, rows, nullptr, dx, inputs);
  }
  void add_parameter_gradient(const T* x, const T* dy, index_t rows) {
    Kernels::add_outer(dy, x, rows, outputs, inputs, weight_sum.data());
    for (index_t r = 0; r < rows; ++r)
      for (index_t o = 0; o < outputs; ++o) bias_sum[static_cast<std::size_t>(o)] += dy[r * outputs + o];
  }
  void move_parameter_gradient(T* weights, T* biases) {
    for (index_t o = 0; o < outputs; ++o) {
      biases[o] += bias_sum[static_cast<std::size_t>(o)];
      for (index_t p = 0; p < inputs; ++p)
        weights[o * inputs + order[static_cast<std::size_t>(p)]] +=
            weight_sum[static_cast<std::size_t>(o * inputs + p)];
    }
    std::fill(weight_sum.begin(), weight_sum.end(), T(0));
    std::fill(bias_sum.begin(), bias_sum.end(), T(0));
  }

  index_t inputs;
  index_t outputs;
  aligned_vector<T> bias;
  std::vector<index_t> order; ///< the input that stands at each place of x
  packed_matrix<T> forward_weights;
  packed_matrix<T> backward_weights;
  std::vector<T> weight_sum;
  std::vector<T> bias_sum;
};

template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, conv2d, Fusion, Training> : operation_base {
  template <class Place>
  operation(const conv2d& layer, const shape& in, const T* weights, const T* biases, const Place&)
      : inputs(in.size()),
        outputs(layer.output(in).size()),
        kernel(convolution_shape(layer, in, Fusion == fusion::rectified), weights, biases, Training) {}

  template <class State>
  void forward(const T* x, T* y, index_t rows, const State&) {
    for (index_t r = 0; r < rows; ++r) kernel.forward(x + r * inputs, y + r * outputs);
  }
  template <class State>
  void pullback(const T* dy, T* dx, index_t rows, const State&) {
    for (index_t r = 0; r < rows; ++r) kernel.input_gradient(dy + r * outputs, dx + r * inputs);
  }
  void add_parameter_gradient(const T* x, const T* dy, index_t rows) {
    for (index_t r = 0; r < rows; ++r) kernel.add_parameter_gradient(x + r * inputs, dy + r * outputs);
  }
  void move_parameter_gradient(T* weights, T* biases) { kernel.move_parameter_gradient(weights, biases); }

  index_t inputs;
  index_t outputs;
  typename Kernels::template convolution<T> kernel;
};

/// The largest value of each window. The state is its place in the window, or `nowhere` where a ReLU gives 0.
template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, max_pool2d, Fusion, Training> : operation_base {
  static constexpr int nowhere = 255;

  operation(const max_pool2d& layer, const shape& from)
      : in(from),
        out(layer.output(from)),
        size(layer.size),
        stride(layer.step()) {}
  index_t state_bytes() const noexcept { return out.size(); }

  template <class State>
  void forward(const T* x, T* y, index_t rows, const State& state) const {
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (index_t r = 0; r < rows; ++r) {
        auto* places = reinterpret_cast<std::uint8_t*>(state(r));
        const T* image = x + r * in.size();
        T* result = y + r * out.size();
        for_each_window([&](index_t pixel, index_t first) __attribute__((always_inline)) {
          T* best = result + pixel * out.channels;
          std::uint8_t* place = places + pixel * out.channels;
          if (size == 2)
            best_of_four(image + first, best, place);
          else
            best_of_any(image + first, best, place);
        });
      }
    });
  }

  template <class State>
  void pullback(const T* dy, T* dx, index_t rows, const State& state) const {
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      const bool apart = stride >= size;
      const bool all_written = stride == size && in.height % size == 0 && in.width % size == 0;
      for (index_t r = 0; r < rows; ++r) {
        const auto* places = reinterpret_cast<const std::uint8_t*>(state(r));
        T* image = dx + r * in.size();
        const T* from = dy + r * out.size();
        if (!all_written) std::fill_n(image, in.size(), T(0));
        for_each_window([&](index_t pixel, index_t first) __attribute__((always_inline)) {
          const T* top = from + pixel * out.channels;
          const std::uint8_t* place = places + pixel * out.channels;
          for (int k = 0; k < static_cast<int>(size * size); ++k) {
            T* to = image + first + offset(k);
            if (apart)
              for (index_t c = 0; c < in.channels; ++c) to[c] = place[c] == k ? top[c] : T(0);
            else
              for (index_t c = 0; c < in.channels; ++c) to[c] += place[c] == k ? top[c] : T(0);
          }
        });
      }
    });
  }

private:
  index_t offset(int k) const noexcept { return (k / size * in.width + k % size) * in.channels; }

  template <class F>
  [[gnu::always_inline]] void for_each_window(const F& f) const {
    for (index_t y = 0; y < out.height; ++y)
      for (index_t x = 0; x < out.width; ++x) f(y * out.width + x, (y * in.width + x) * stride * in.channels);
  }

  [[gnu::always_inline]] void best_of_four(const T* __restrict x, T* __restrict best,
                                           std::uint8_t* __restrict place) const {
    const T *x1 = x + offset(1), *x2 = x + offset(2), *x3 = x + offset(3);
    const index_t channels = in.channels;
    for (index_t c = 0; c < channels; ++c) {
      T value = Fusion == fusion::rectified ? T(0) : x[c];
      int at = Fusion == fusion::rectified ? nowhere : 0;
      if constexpr (Fusion == fusion::rectified) {
        at = x[c] > value ? 0 : at;
        value = x[c] > value ? x[c] : value;
      }
      at = x1[c] > value ? 1 : at;
      value = x1[c] > value ? x1[c] : value;
      at = x2[c] > value ? 2 : at;
      value = x2[c] > value ? x2[c] : value;
      at = x3[c] > value ? 3 : at;
      value = x3[c] > value ? x3[c] : value;
      best[c] = value;
      place[c] = static_cast<std::uint8_t>(at);
    }
  }

  [[gnu::always_inline]] void best_of_any(const T* x, T* best, std::uint8_t* place) const {
    for (index_t c = 0; c < in.channels; ++c) {
      best[c] = Fusion == fusion::rectified ? T(0) : x[c];
      place[c] = Fusion == fusion::rectified ? nowhere : 0;
    }
    for (int k = 0; k < static_cast<int>(size * size); ++k) {
      const T* from = x + offset(k);
      for (index_t c = 0; c < in.channels; ++c)
        if (from[c] > best[c]) {
          best[c] = from[c];
          place[c] = static_cast<std::uint8_t>(k);
        }
    }
  }

  shape in;
  shape out;
  index_t size;
  index_t stride;
};

/// Means of windows; one window for all is the global mean.
template <class T>
struct mean_operation : operation_base {
  mean_operation(const shape& from, const shape& to, index_t high, index_t wide, index_t step)
      : in(from),
        out(to),
        height(high),
        width(wide),
        stride(step) {}

  template <class State>
  void forward(const T* x, T* y, index_t rows, const State&) const {
    const T share = T(1) / static_cast<T>(height * width);
    std::fill_n(y, rows * out.size(), T(0));
    for_each_value(rows, [&](index_t from, index_t to) {
      for (index_t c = 0; c < in.channels; ++c) y[to + c] += share * x[from + c];
    });
  }
  template <class State>
  void pullback(const T* dy, T* dx, index_t rows, const State&) const {
    const T share = T(1) / static_cast<T>(height * width);
    std::fill_n(dx, rows * in.size(), T(0));
    for_each_value(rows, [&](index_t to, index_t from) {
      for (index_t c = 0; c < in.channels; ++c) dx[to + c] += share * dy[from + c];
    });
  }

private:
  /// f(position of the input pixel, position of the output pixel)
  template <class F>
  void for_each_value(index_t rows, const F& f) const {
    for (index_t r = 0; r < rows; ++r)
      for (index_t y = 0; y < out.height; ++y)
        for (index_t x = 0; x < out.width; ++x)
          for (index_t ky = 0; ky < height; ++ky)
            for (index_t kx = 0; kx < width; ++kx)
              f(r * in.size() + ((y * stride + ky) * in.width + x * stride + kx) * in.channels,
                r * out.size() + (y * out.width + x) * in.channels);
  }

  shape in;
  shape out;
  index_t height;
  index_t width;
  index_t stride;
};

template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, average_pool2d, Fusion, Training> : mean_operation<T> {
  operation(const average_pool2d& layer, const shape& from)
      : mean_operation<T>(from, layer.output(from), layer.size, layer.size, layer.step()) {}
};

template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, global_average_pool, Fusion, Training> : mean_operation<T> {
  operation(const global_average_pool& layer, const shape& from)
      : mean_operation<T>(from, layer.output(from), from.height, from.width, 1) {}
};

/// Nothing to compute.
struct identity_operation : operation_base {
  static constexpr bool moves = false;
  static constexpr bool identity = true;

  template <class T, class State>
  void forward(const T*, T*, index_t, const State&) const noexcept {}
  template <class T, class State>
  void pullback(const T*, T*, index_t, const State&) const noexcept {}
};

template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, flatten, Fusion, Training> : identity_operation {
  operation(const flatten&, const shape&) {}
};
/// From channels last to the model's order.
template <class Kernels, class T, bool Training>
struct operation<Kernels, T, flatten, fusion::ordered, Training> : operation_base {
  operation(const flatten&, const shape& from) : in(from) {}

  template <class State>
  void forward(const T* x, T* y, index_t rows, const State&) const {
    for (index_t r = 0; r < rows; ++r) to_channels_first(in, x + r * in.size(), y + r * in.size());
  }
  template <class State>
  void pullback(const T* dy, T* dx, index_t rows, const State&) const {
    for (index_t r = 0; r < rows; ++r) to_channels_last(in, dy + r * in.size(), dx + r * in.size());
  }

  shape in;
};

template <class Kernels, class T, bool Training>
struct operation<Kernels, T, relu, fusion::absorbed, Training> : identity_operation {
  operation(const relu&, const shape&) {}
};

/// The state is whether the value is above 0.
template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, relu, Fusion, Training> : operation_base {
  static constexpr bool moves = false;

  operation(const relu&, const shape& in) : size(in.size()) {}
  index_t state_bytes() const noexcept { return size; }

  template <class State>
  void forward(const T*, T* y, index_t rows, const State& state) const {
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (index_t r = 0; r < rows; ++r) {
        auto* above = reinterpret_cast<std::uint8_t*>(state(r));
        T* row = y + r * size;
        for (index_t i = 0; i < size; ++i) above[i] = row[i] > T(0);
        if constexpr (Fusion == fusion::none)
          for (index_t i = 0; i < size; ++i) row[i] = row[i] < T(0) ? T(0) : row[i];
      }
    });
  }
  template <class State>
  void pullback(const T*, T* dx, index_t rows, const State& state) const {
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (index_t r = 0; r < rows; ++r) {
        const auto* above = reinterpret_cast<const std::uint8_t*>(state(r));
        T* row = dx + r * size;
        for (index_t i = 0; i < size; ++i) row[i] = above[i] != 0 ? row[i] : T(0);
      }
    });
  }

  index_t size;
};

/// An activation whose derivative is a function of its value: the state is the value.
template <class T, class Function>
struct smooth_operation : operation_base {
  static constexpr bool moves = false;

  explicit smooth_operation(const shape& in) : size(in.size()) {}
  index_t state_bytes() const noexcept { return size * static_cast<index_t>(sizeof(T)); }

  template <class State>
  void forward(const T*, T* y, index_t rows, const State& state) const {
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (index_t r = 0; r < rows; ++r) {
        auto* values = reinterpret_cast<T*>(state(r));
        T* row = y + r * size;
        for (index_t i = 0; i < size; ++i) row[i] = Function::value(row[i]);
        std::copy_n(row, size, values);
      }
    });
  }
  template <class State>
  void pullback(const T*, T* dx, index_t rows, const State& state) const {
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (index_t r = 0; r < rows; ++r) {
        const auto* values = reinterpret_cast<const T*>(state(r));
        T* row = dx + r * size;
        for (index_t i = 0; i < size; ++i) row[i] *= Function::slope(values[i]);
      }
    });
  }

  index_t size;
};

/// An activation of straight pieces: the state is the piece.
template <class T, class Function>
struct bent_operation : operation_base {
  static constexpr bool moves = false;

  bent_operation(const shape& in, const Function& f) : size(in.size()), function(f) {}
  index_t state_bytes() const noexcept { return size; }

  template <class State>
  void forward(const T*, T* y, index_t rows, const State& state) const {
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (index_t r = 0; r < rows; ++r) {
        auto* pieces = reinterpret_cast<std::uint8_t*>(state(r));
        T* row = y + r * size;
        for (index_t i = 0; i < size; ++i) pieces[i] = function.piece(row[i]);
        for (index_t i = 0; i < size; ++i) row[i] = function.value(row[i]);
      }
    });
  }
  template <class State>
  void pullback(const T*, T* dx, index_t rows, const State& state) const {
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (index_t r = 0; r < rows; ++r) {
        const auto* pieces = reinterpret_cast<const std::uint8_t*>(state(r));
        T* row = dx + r * size;
        for (index_t i = 0; i < size; ++i) row[i] *= function.slope(pieces[i]);
      }
    });
  }

  index_t size;
  Function function;
};

template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, sigmoid, Fusion, Training> : smooth_operation<T, sigmoid_function> {
  operation(const sigmoid&, const shape& in) : smooth_operation<T, sigmoid_function>(in) {}
};
template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, tanh, Fusion, Training> : smooth_operation<T, tanh_function> {
  operation(const tanh&, const shape& in) : smooth_operation<T, tanh_function>(in) {}
};

template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, relu6, Fusion, Training> : bent_operation<T, relu6_function<T>> {
  operation(const relu6&, const shape& in) : bent_operation<T, relu6_function<T>>(in, {}) {}
};
template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, leaky_relu, Fusion, Training> : bent_operation<T, leaky_relu_function<T>> {
  operation(const leaky_relu& layer, const shape& in)
      : bent_operation<T, leaky_relu_function<T>>(in, {static_cast<T>(layer.slope)}) {}
};

/// Over the channels of each pixel. The state is the value.
template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, softmax, Fusion, Training> : operation_base {
  static constexpr bool moves = false;

  operation(const softmax&, const shape& in) : size(in.size()), channels(in.channels) {}
  index_t state_bytes() const noexcept { return size * static_cast<index_t>(sizeof(T)); }

  template <class State>
  void forward(const T*, T* y, index_t rows, const State& state) const {
    for (index_t r = 0; r < rows; ++r) {
      T* row = y + r * size;
      for (index_t p = 0; p < size; p += channels)
        softmax_values([&](index_t c) { return row[p + c]; }, row + p, channels, 1);
      std::copy_n(row, size, reinterpret_cast<T*>(state(r)));
    }
  }
  template <class State>
  void pullback(const T*, T* dx, index_t rows, const State& state) const {
    for (index_t r = 0; r < rows; ++r) {
      const auto* values = reinterpret_cast<const T*>(state(r));
      T* row = dx + r * size;
      for (index_t p = 0; p < size; p += channels) softmax_pullback(values + p, row + p, row + p, channels, 1);
    }
  }

  index_t size;
  index_t channels;
};

template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, nearest_upsample, Fusion, Training> : operation_base {
  operation(const nearest_upsample& layer, const shape& from)
      : in(from),
        out(layer.output(from)),
        factor(layer.factor) {}

  template <class State>
  void forward(const T* x, T* y, index_t rows, const State&) const {
    for_each_pixel(rows, [&](index_t from, index_t to) { std::copy_n(x + from, in.channels, y + to); });
  }
  template <class State>
  void pullback(const T* dy, T* dx, index_t rows, const State&) const {
    std::fill_n(dx, rows * in.size(), T(0));
    for_each_pixel(rows, [&](index_t to, index_t from) {
      for (index_t c = 0; c < in.channels; ++c) dx[to + c] += dy[from + c];
    });
  }

private:
  /// f(position of the input pixel, position of the output pixel)
  template <class F>
  void for_each_pixel(index_t rows, const F& f) const {
    for (index_t r = 0; r < rows; ++r)
      for (index_t y = 0; y < out.height; ++y)
        for (index_t x = 0; x < out.width; ++x)
          f(r * in.size() + (y / factor * in.width + x / factor) * in.channels,
            r * out.size() + (y * out.width + x) * in.channels);
  }

  shape in;
  shape out;
  index_t factor;
};

template <class Kernels, class T, fusion Fusion>
struct operation<Kernels, T, dropout, Fusion, false> : identity_operation {
  operation(const dropout&, const shape&) {}
};

/// The state is whether the value is kept. Set `seed`, `stream` and `first_image` before each pass.
template <class Kernels, class T, fusion Fusion>
struct operation<Kernels, T, dropout, Fusion, true> : operation_base {
  static constexpr bool moves = false;

  operation(const dropout& layer, const shape& in) : size(in.size()), rate(layer.rate) {}
  index_t state_bytes() const noexcept { return size; }

  template <class State>
  void forward(const T*, T* y, index_t rows, const State& state) const {
    for (index_t r = 0; r < rows; ++r) {
      auto* kept = reinterpret_cast<std::uint8_t*>(state(r));
      const kernel::random_stream random{seed, static_cast<std::uint32_t>(first_image + r), stream};
      for (index_t i = 0; i < size; ++i) kept[i] = random.uniform<double>(i) >= rate;
      scale(y + r * size, kept);
    }
  }
  template <class State>
  void pullback(const T*, T* dx, index_t rows, const State& state) const {
    for (index_t r = 0; r < rows; ++r) scale(dx + r * size, reinterpret_cast<const std::uint8_t*>(state(r)));
  }

  std::uint64_t seed = 0;
  std::uint32_t stream = 0;
  index_t first_image = 0;

private:
  void scale(T* row, const std::uint8_t* kept) const {
    const T factor = static_cast<T>(1 / (1 - rate));
    for (index_t i = 0; i < size; ++i) row[i] = kept[i] != 0 ? row[i] * factor : T(0);
  }

  index_t size;
  double rate;
};

} // namespace advx::nn::detail
