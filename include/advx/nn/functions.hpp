/// @file
/// What activations and joins compute for each value, written once for the host's loops, a device's threads and
/// whoever else runs layers. All of it is constexpr: nvcc drops a call to any other function from a kernel.
///
/// An activation has `value(x)`, and what its slope depends on: a *smooth* one has `slope(y)` for its value y; a *bent*
/// one, of straight pieces, has `piece(x)`, a byte, and `slope(piece)`.
#pragma once

#include <advx/kernel/math.hpp>

#include <cstddef>
#include <cstdint>

namespace advx::nn::detail {

struct sigmoid_function {
  template <class T>
  [[gnu::always_inline]] static constexpr T value(T x) noexcept {
    return kernel::sigmoid(x);
  }
  template <class T>
  [[gnu::always_inline]] static constexpr T slope(T y) noexcept {
    return y * (T(1) - y);
  }
};
struct tanh_function {
  template <class T>
  [[gnu::always_inline]] static constexpr T value(T x) noexcept {
    return kernel::tanh(x);
  }
  template <class T>
  [[gnu::always_inline]] static constexpr T slope(T y) noexcept {
    return T(1) - y * y;
  }
};

template <class T>
struct relu6_function {
  [[gnu::always_inline]] constexpr T value(T x) const noexcept { return x < T(0) ? T(0) : x > T(6) ? T(6) : x; }
  [[gnu::always_inline]] constexpr std::uint8_t piece(T x) const noexcept { return x > T(0) && x < T(6) ? 1 : 0; }
  [[gnu::always_inline]] constexpr T slope(std::uint8_t piece) const noexcept { return piece != 0 ? T(1) : T(0); }
};
template <class T>
struct leaky_relu_function {
  T below;
  [[gnu::always_inline]] constexpr T value(T x) const noexcept { return x > T(0) ? x : below * x; }
  [[gnu::always_inline]] constexpr std::uint8_t piece(T x) const noexcept { return x > T(0) ? 1 : 0; }
  [[gnu::always_inline]] constexpr T slope(std::uint8_t piece) const noexcept { return piece != 0 ? T(1) : below; }
};

/// y = t·h + (1 − t)·x. The states are t and `apart` = h − x.
template <class T>
struct gate_function {
  [[gnu::always_inline]] static constexpr T value(T t, T apart, T x) noexcept { return x + t * apart; }
  [[gnu::always_inline]] static constexpr T to_body(T t, T dy) noexcept { return t * dy; }
  [[gnu::always_inline]] static constexpr T to_input(T t, T dy) noexcept { return dy - t * dy; }
  [[gnu::always_inline]] static constexpr T to_gate(T t, T apart, T dy) noexcept {
    return sigmoid_function::slope(t) * apart * dy;
  }
};

/// Softmax of `count` values, `stride` apart; y may be x, `at(i)` reads value i. Sums run in the order of the values.
template <class T, class At>
[[gnu::always_inline]] constexpr void softmax_values(const At& at, T* y, std::ptrdiff_t count, std::ptrdiff_t stride) {
  T top = at(0);
  for (std::ptrdiff_t i = 1; i < count; ++i) top = at(i) > top ? at(i) : top;
  T sum = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const T e = kernel::exp(at(i) - top);
    y[i * stride] = e;
    sum += e;
  }
  for (std::ptrdiff_t i = 0; i < count; ++i) y[i * stride] /= sum;
}
/// dx = y·(dy − ⟨y, dy⟩); dx may be dy.
template <class T>
[[gnu::always_inline]] constexpr void softmax_pullback(const T* y, const T* dy, T* dx, std::ptrdiff_t count,
                                                       std::ptrdiff_t stride) {
  T along = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i) along += y[i * stride] * dy[i * stride];
  for (std::ptrdiff_t i = 0; i < count; ++i) dx[i * stride] = y[i * stride] * (dy[i * stride] - along);
}

} // namespace advx::nn::detail
