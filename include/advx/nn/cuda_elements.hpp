/// @file
/// What a device computes for each value of a layer, as functions of a row of the pass and a position within it. They
/// are plain constexpr code: the device runs them with a thread a value, the tests with a loop.
///
/// Images are stored as the caller's: channels × height × width. Activations that a gradient needs leave a *state*, as
/// in the host's sessions (<advx/nn/operations.hpp>): a byte a value for a ReLU or a maximum. Gradients are gathered,
/// never scattered, so that no two threads write one value and every sum has one order.
///
/// Everything that they call must be constexpr: nvcc drops a call to any other function of the host from a kernel, and
/// says nothing. The tests evaluate each of them in a constant expression.
#pragma once

#include <advx/core/types.hpp>
#include <advx/nn/functions.hpp>
#include <advx/nn/layers.hpp>
#include <advx/nn/shape.hpp>

#include <cstdint>

namespace advx::nn::detail::element {

/// Positions within a row: 32 bits, since a device divides 64-bit integers slowly.
using position = std::int32_t;

/// How a device's threads share the values of some rows: blocks of `wide` × `high` threads, a few values a thread, a
/// block's width apart. (CUDA: x counts within the row, y counts rows.)
struct thread_grid {
  static constexpr int threads = 256, values_each = 4;
  unsigned wide = 32, high = 1, blocks_x = 0, blocks_y = 0;

  constexpr thread_grid(index_t rows, index_t count) {
    while (wide < threads && wide < count) wide *= 2;
    high = threads / wide;
    const index_t x = index_t{wide} * values_each, y = high;
    blocks_x = static_cast<unsigned>((count + x - 1) / x);
    blocks_y = static_cast<unsigned>((rows + y - 1) / y);
  }
};

/// What one thread does: calls f(r, j) for its row and its positions. `block` and `thread` count from 0 in their
/// dimension, whose extent is `wide` or `high` threads.
struct thread_place {
  index_t block_x, block_y, thread_x, thread_y, wide, high;

  template <class F>
  constexpr void run(index_t rows, index_t count, const F& f) const {
    const index_t r = block_y * high + thread_y;
    if (r >= rows) return;
    index_t j = block_x * wide * thread_grid::values_each + thread_x;
    for (int i = 0; i < thread_grid::values_each; ++i, j += wide)
      if (j < count) f(r, static_cast<position>(j));
  }
};

/// The extents of an image, and of a window that moves over it.
struct plane {
  position channels = 1, height = 1, width = 1;

  plane() = default;
  explicit constexpr plane(const shape& s)
      : channels(static_cast<position>(s.channels)),
        height(static_cast<position>(s.height)),
        width(static_cast<position>(s.width)) {}
  constexpr position pixels() const { return height * width; }
  constexpr position size() const { return channels * pixels(); }
};

/// Which state belongs to row r of a pass: row `first + r` of the last forward, or the one that `rows` names.
struct row_map {
  const index_t* rows = nullptr;
  index_t first = 0;
  constexpr index_t operator()(index_t r) const { return rows == nullptr ? first + r : rows[first + r]; }
  constexpr row_map from(index_t r) const { return {rows, first + r}; }
};

/// The bias that the layer before has left to be added; none for null.
template <class T>
struct bias_view {
  const T* values = nullptr;
  position pixels = 1; ///< values that share a bias
  constexpr T added(T x, position j) const { return values == nullptr ? x : x + values[j / pixels]; }
};

/// y = x + bias
template <class T>
struct add_bias {
  const T* x;
  T* y;
  position size;
  bias_view<T> bias;
  constexpr void operator()(index_t r, position j) const { y[r * size + j] = bias.added(x[r * size + j], j); }
};

/// y = max(0, x + bias); the state is whether that is above 0.
template <class T>
struct rectify {
  const T* x;
  T* y;
  position size;
  bias_view<T> bias;
  std::uint8_t* above;
  index_t first; ///< row of the state
  constexpr void operator()(index_t r, position j) const {
    const T v = bias.added(x[r * size + j], j);
    above[(first + r) * size + j] = v > T(0) ? 1 : 0;
    y[r * size + j] = v < T(0) ? T(0) : v;
  }
};
template <class T>
struct rectify_pullback {
  const T* dy;
  T* dx;
  position size;
  const std::uint8_t* above;
  row_map row;
  constexpr void operator()(index_t r, position j) const {
    dx[r * size + j] = above[row(r) * size + j] != 0 ? dy[r * size + j] : T(0);
  }
};

/// y = f(x + bias) for an activation whose slope is a function of y, the state.
template <class T, class Function>
struct activate {
  const T* x;
  T* y;
  position size;
  bias_view<T> bias;
  T* values;
  index_t first;
  constexpr void operator()(index_t r, position j) const {
    const T v = Function::value(bias.added(x[r * size + j], j));
    values[(first + r) * size + j] = v;
    y[r * size + j] = v;
  }
};
template <class T, class Function>
struct activate_pullback {
  const T* dy;
  T* dx;
  position size;
  const T* values;
  row_map row;
  constexpr void operator()(index_t r, position j) const {
    dx[r * size + j] = dy[r * size + j] * Function::slope(values[row(r) * size + j]);
  }
};

/// y = f(x + bias) for an activation of straight pieces; the state is the piece.
template <class T, class Function>
struct bend {
  const T* x;
  T* y;
  position size;
  bias_view<T> bias;
  Function function;
  std::uint8_t* pieces;
  index_t first;
  constexpr void operator()(index_t r, position j) const {
    const T v = bias.added(x[r * size + j], j);
    pieces[(first + r) * size + j] = function.piece(v);
    y[r * size + j] = function.value(v);
  }
};
template <class T, class Function>
struct bend_pullback {
  const T* dy;
  T* dx;
  position size;
  Function function;
  const std::uint8_t* pieces;
  row_map row;
  constexpr void operator()(index_t r, position j) const {
    dx[r * size + j] = dy[r * size + j] * function.slope(pieces[row(r) * size + j]);
  }
};

/// y = scale·(x + bias) + shift for each channel; without shifts (null) its pullback.
template <class T>
struct channel_multiply_add {
  const T* x;
  T* y;
  position size;
  position pixels;
  bias_view<T> bias;
  const T* scale;
  const T* shift;
  constexpr void operator()(index_t r, position j) const {
    const T v = bias.added(x[r * size + j], j) * scale[j / pixels];
    y[r * size + j] = shift == nullptr ? v : v + shift[j / pixels];
  }
};

/// The softmax of x + bias over the channels of pixel j; the state is the value.
template <class T>
struct softmax_of_pixel {
  const T* x;
  T* y;
  plane in;
  bias_view<T> bias;
  T* values;
  index_t first;
  constexpr void operator()(index_t r, position j) const {
    const T* from = x + r * in.size() + j;
    const position pixels = in.pixels();
    const auto at = [&](std::ptrdiff_t c) {
      const auto offset = static_cast<position>(c) * pixels;
      return bias.added(from[offset], j + offset);
    };
    T* kept = values + (first + r) * in.size() + j;
    softmax_values(at, kept, in.channels, pixels);
    for (position c = 0; c < in.channels; ++c) y[r * in.size() + j + c * pixels] = kept[c * pixels];
  }
};
template <class T>
struct softmax_of_pixel_pullback {
  const T* dy;
  T* dx;
  plane in;
  const T* values;
  row_map row;
  constexpr void operator()(index_t r, position j) const {
    softmax_pullback(values + row(r) * in.size() + j, dy + r * in.size() + j, dx + r * in.size() + j, in.channels,
                     in.pixels());
  }
};

/// Each pixel as factor × factor pixels.
template <class T>
struct upsample {
  const T* x;
  T* y;
  plane in;
  position factor;
  constexpr void operator()(index_t r, position j) const {
    const position wide = in.width * factor, out = in.pixels() * factor * factor;
    const position c = j / out, p = j % out;
    y[r * out * in.channels + j] =
        x[r * in.size() + c * in.pixels() + p / wide / factor * in.width + p % wide / factor];
  }
};
template <class T>
struct upsample_pullback {
  const T* dy;
  T* dx;
  plane in;
  position factor;
  constexpr void operator()(index_t r, position j) const {
    const position wide = in.width * factor, row = j / in.width; // rows of all channels follow one another
    const T* corner = dy + r * in.size() * factor * factor + row * factor * wide + j % in.width * factor;
    T sum = 0;
    for (position ky = 0; ky < factor; ++ky)
      for (position kx = 0; kx < factor; ++kx) sum += corner[ky * wide + kx];
    dx[r * in.size() + j] = sum;
  }
};

/// y = a + b, or with a bias a + bias + b; y may be either.
template <class T>
struct add_values {
  const T* a;
  const T* b;
  T* y;
  position size;
  bias_view<T> bias;
  constexpr void operator()(index_t r, position j) const {
    y[r * size + j] = bias.added(a[r * size + j], j) + b[r * size + j];
  }
};

/// y = [a, b + bias]
template <class T>
struct concatenate {
  const T* a;
  const T* b;
  T* y;
  position a_size, b_size;
  bias_view<T> bias;
  constexpr void operator()(index_t r, position j) const {
    y[r * (a_size + b_size) + j] = j < a_size ? a[r * a_size + j] : bias.added(b[r * b_size + j - a_size], j - a_size);
  }
};
template <class T>
struct concatenate_pullback {
  const T* dy;
  T* da;
  T* db;
  position a_size, b_size;
  constexpr void operator()(index_t r, position j) const {
    const T v = dy[r * (a_size + b_size) + j];
    if (j < a_size)
      da[r * a_size + j] = v;
    else
      db[r * b_size + j - a_size] = v;
  }
};

/// y = t·h + (1 − t)·x with t = sigmoid(gate + bias). The states are t and h − x.
template <class T>
struct gate {
  const T* gate_values;
  const T* h;
  const T* x;
  T* y;
  position size;
  bias_view<T> bias;
  T* ts;
  T* aparts;
  index_t first;
  constexpr void operator()(index_t r, position j) const {
    const index_t at = r * size + j, kept = (first + r) * size + j;
    const T t = sigmoid_function::value(bias.added(gate_values[at], j)), apart = h[at] - x[at];
    ts[kept] = t;
    aparts[kept] = apart;
    y[at] = gate_function<T>::value(t, apart, x[at]);
  }
};
/// `d_gate` may be dy.
template <class T>
struct gate_pullback {
  const T* dy;
  T* d_gate;
  T* dh;
  T* dx;
  position size;
  const T* ts;
  const T* aparts;
  row_map row;
  constexpr void operator()(index_t r, position j) const {
    const index_t at = r * size + j, kept = row(r) * size + j;
    const T v = dy[at];
    dh[at] = gate_function<T>::to_body(ts[kept], v);
    dx[at] = gate_function<T>::to_input(ts[kept], v);
    d_gate[at] = gate_function<T>::to_gate(ts[kept], aparts[kept], v);
  }
};

/// A window's place and stride; `in` and `out` are the planes before and after.
struct window {
  plane in, out;
  position height, width, stride, padding = 0;

  /// The first and last windows, of `count`, that hold coordinate i.
  constexpr position first_with(position i, position extent) const {
    const position from = i + padding - extent;
    return from < 0 ? 0 : from / stride + 1;
  }
  constexpr position last_with(position i, position count) const {
    const position last = (i + padding) / stride;
    return last < count ? last : count - 1;
  }
};

/// The largest value + bias of each window. The state is its place in the window, or `nowhere` where a ReLU (rectified)
/// gives 0.
template <class T>
struct largest {
  static constexpr int nowhere = 255;
  const T* x;
  T* y;
  window w;
  bool rectified;
  bias_view<T> bias;
  std::uint8_t* places;
  index_t first;
  constexpr void operator()(index_t r, position j) const {
    const position c = j / w.out.pixels(), p = j % w.out.pixels();
    const position corner = c * w.in.pixels() + p / w.out.width * w.stride * w.in.width + p % w.out.width * w.stride;
    const T* image = x + r * w.in.size();
    T best = rectified ? T(0) : bias.added(image[corner], corner);
    int place = rectified ? nowhere : 0;
    for (position ky = 0, k = 0; ky < w.height; ++ky)
      for (position kx = 0; kx < w.width; ++kx, ++k) {
        const position at = corner + ky * w.in.width + kx;
        const T v = bias.added(image[at], at);
        place = v > best ? k : place;
        best = v > best ? v : best;
      }
    y[r * w.out.size() + j] = best;
    places[(first + r) * w.out.size() + j] = static_cast<std::uint8_t>(place);
  }
};

/// Calls f(window, place) for each window of the channel that holds position j of the input.
template <class F>
constexpr void for_each_window_with(const window& w, position j, const F& f) {
  const position c = j / w.in.pixels(), p = j % w.in.pixels(), y = p / w.in.width, x = p % w.in.width;
  const position last_y = w.last_with(y, w.out.height), last_x = w.last_with(x, w.out.width);
  for (position oy = w.first_with(y, w.height); oy <= last_y; ++oy)
    for (position ox = w.first_with(x, w.width); ox <= last_x; ++ox)
      f(c * w.out.pixels() + oy * w.out.width + ox,
        (y + w.padding - oy * w.stride) * w.width + x + w.padding - ox * w.stride);
}

template <class T>
struct largest_pullback {
  const T* dy;
  T* dx;
  window w;
  const std::uint8_t* places;
  row_map row;
  constexpr void operator()(index_t r, position j) const {
    const T* top = dy + r * w.out.size();
    const std::uint8_t* place = places + row(r) * w.out.size();
    T sum = 0;
    for_each_window_with(w, j, [&](position at, position k) { sum += place[at] == k ? top[at] : T(0); });
    dx[r * w.in.size() + j] = sum;
  }
};

/// The mean of each window.
template <class T>
struct mean {
  const T* x;
  T* y;
  window w;
  constexpr void operator()(index_t r, position j) const {
    const T share = T(1) / static_cast<T>(w.height * w.width);
    const position c = j / w.out.pixels(), p = j % w.out.pixels();
    const T* corner =
        x + r * w.in.size() + c * w.in.pixels() + p / w.out.width * w.stride * w.in.width + p % w.out.width * w.stride;
    T sum = 0;
    for (position ky = 0; ky < w.height; ++ky)
      for (position kx = 0; kx < w.width; ++kx) sum += share * corner[ky * w.in.width + kx];
    y[r * w.out.size() + j] = sum;
  }
};
template <class T>
struct mean_pullback {
  const T* dy;
  T* dx;
  window w;
  constexpr void operator()(index_t r, position j) const {
    const T share = T(1) / static_cast<T>(w.height * w.width);
    T sum = 0;
    for_each_window_with(w, j, [&](position at, position) { sum += share * dy[r * w.out.size() + at]; });
    dx[r * w.in.size() + j] = sum;
  }
};

/// A convolution's windows as the columns of a matrix an image: one row a tap (channel, ky, kx), one column an output
/// pixel.
template <class T>
struct unfold {
  const T* x;
  T* columns;
  window w;
  constexpr position taps() const { return w.in.channels * w.height * w.width; }
  constexpr void operator()(index_t r, position j) const {
    const position tap = j / w.out.pixels(), p = j % w.out.pixels();
    const position c = tap / (w.height * w.width), k = tap % (w.height * w.width);
    const position y = p / w.out.width * w.stride - w.padding + k / w.width;
    const position at = p % w.out.width * w.stride - w.padding + k % w.width;
    const bool inside = y >= 0 && y < w.in.height && at >= 0 && at < w.in.width;
    columns[r * taps() * w.out.pixels() + j] =
        inside ? x[r * w.in.size() + c * w.in.pixels() + y * w.in.width + at] : T(0);
  }
};
/// Its transpose: each input value is the sum of its copies.
template <class T>
struct fold {
  const T* columns;
  T* x;
  window w;
  constexpr void operator()(index_t r, position j) const {
    const position window_size = w.height * w.width, c = j / w.in.pixels();
    const T* image = columns + r * w.in.channels * window_size * w.out.pixels();
    T sum = 0;
    for_each_window_with(w, j, [&](position at, position k) {
      sum += image[(c * window_size + k) * w.out.pixels() + at - c * w.out.pixels()];
    });
    x[r * w.in.size() + j] = sum;
  }
};

} // namespace advx::nn::detail::element
