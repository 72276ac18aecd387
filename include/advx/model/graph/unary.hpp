/// @file
/// Functions of each value by itself, with their slopes.
#pragma once

#include <advx/kernel/math.hpp>
#include <advx/model/graph/operation.hpp>

#include <cmath>
#include <cstdint>

namespace advx::model::graph {

/// What a function's slope is computed from.
enum class keeps {
  branch, ///< which branch of the function the value took: a byte
  input,
  output,
};

/// The functions. Each has `value(x)`, and `slope` of what it keeps. A function's corner takes the slope to its left,
/// but for a clipped value at its bound, whose slope is 0.
namespace function {

struct relu {
  static constexpr keeps kept = keeps::branch;
  bool rectified = false; ///< the operator before has computed it already: only the branch is left to keep
  template <class T>
  [[gnu::always_inline]] std::uint8_t branch(T x) const noexcept {
    return x > T(0);
  }
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return x < T(0) ? T(0) : x;
  }
  template <class T>
  [[gnu::always_inline]] T slope(std::uint8_t b) const noexcept {
    return b != 0 ? T(1) : T(0);
  }
};

struct leaky_relu {
  static constexpr keeps kept = keeps::branch;
  float alpha = 0.01F;
  template <class T>
  [[gnu::always_inline]] std::uint8_t branch(T x) const noexcept {
    return x > T(0);
  }
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return x < T(0) ? T(alpha) * x : x;
  }
  template <class T>
  [[gnu::always_inline]] T slope(std::uint8_t b) const noexcept {
    return b != 0 ? T(1) : T(alpha);
  }
};

struct clip {
  static constexpr keeps kept = keeps::branch;
  float low = 0, high = 6;
  template <class T>
  [[gnu::always_inline]] std::uint8_t branch(T x) const noexcept {
    return static_cast<std::uint8_t>((x > T(low)) & (x < T(high)));
  }
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return kernel::minimum(kernel::maximum(x, T(low)), T(high));
  }
  template <class T>
  [[gnu::always_inline]] T slope(std::uint8_t b) const noexcept {
    return b != 0 ? T(1) : T(0);
  }
};

/// max(0, min(1, alpha·x + beta))
struct hard_sigmoid {
  static constexpr keeps kept = keeps::branch;
  float alpha = 0.2F, beta = 0.5F;
  template <class T>
  [[gnu::always_inline]] std::uint8_t branch(T x) const noexcept {
    const T line = T(alpha) * x + T(beta);
    return static_cast<std::uint8_t>((line > T(0)) & (line < T(1)));
  }
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return kernel::clamp(T(alpha) * x + T(beta), T(0), T(1));
  }
  template <class T>
  [[gnu::always_inline]] T slope(std::uint8_t b) const noexcept {
    return b != 0 ? T(alpha) : T(0);
  }
};

/// |x|
struct absolute {
  static constexpr keeps kept = keeps::branch;
  template <class T>
  [[gnu::always_inline]] std::uint8_t branch(T x) const noexcept {
    return static_cast<std::uint8_t>((x > T(0)) + 2 * (x < T(0)));
  }
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return x < T(0) ? -x : x;
  }
  template <class T>
  [[gnu::always_inline]] T slope(std::uint8_t b) const noexcept {
    return b == 1 ? T(1) : b == 2 ? T(-1) : T(0);
  }
};

/// x·max(0, min(1, x/6 + 1/2))
struct hard_swish {
  static constexpr keeps kept = keeps::input;
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return x * kernel::clamp(x / T(6) + T(0.5), T(0), T(1));
  }
  template <class T>
  [[gnu::always_inline]] T slope(T x) const noexcept {
    return x <= T(-3) ? T(0) : x < T(3) ? x / T(3) + T(0.5) : T(1);
  }
};

struct sigmoid {
  static constexpr keeps kept = keeps::output;
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return kernel::sigmoid(x);
  }
  template <class T>
  [[gnu::always_inline]] T slope(T y) const noexcept {
    return y * (T(1) - y);
  }
};

struct tanh {
  static constexpr keeps kept = keeps::output;
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return kernel::tanh(x);
  }
  template <class T>
  [[gnu::always_inline]] T slope(T y) const noexcept {
    return T(1) - y * y;
  }
};

/// gamma·x for x > 0, gamma·alpha·(eˣ − 1) for the rest: Elu, and Selu.
struct elu {
  static constexpr keeps kept = keeps::output;
  float alpha = 1, gamma = 1;
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    // eˣ − 1 = 2t / (1 − t) with t = tanh(x/2), which keeps its digits near 0
    const T t = kernel::tanh(T(0.5) * kernel::minimum(x, T(0)));
    return T(gamma) * (x > T(0) ? x : T(alpha) * (T(2) * t / (T(1) - t)));
  }
  template <class T>
  [[gnu::always_inline]] T slope(T y) const noexcept {
    return y > T(0) ? T(gamma) : y + T(gamma) * T(alpha);
  }
};

struct exponential {
  static constexpr keeps kept = keeps::output;
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return kernel::exp(x);
  }
  template <class T>
  [[gnu::always_inline]] T slope(T y) const noexcept {
    return y;
  }
};

struct logarithm {
  static constexpr keeps kept = keeps::input;
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return kernel::log(x);
  }
  template <class T>
  [[gnu::always_inline]] T slope(T x) const noexcept {
    return T(1) / x;
  }
};

struct square_root {
  static constexpr keeps kept = keeps::output;
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return kernel::square_root(x);
  }
  template <class T>
  [[gnu::always_inline]] T slope(T y) const noexcept {
    return T(0.5) / y;
  }
};

struct reciprocal {
  static constexpr keeps kept = keeps::output;
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return T(1) / x;
  }
  template <class T>
  [[gnu::always_inline]] T slope(T y) const noexcept {
    return -y * y;
  }
};

/// ln(1 + eˣ)
struct softplus {
  static constexpr keeps kept = keeps::input;
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return kernel::maximum(x, T(0)) + kernel::log(T(1) + kernel::exp(-kernel::absolute(x)));
  }
  template <class T>
  [[gnu::always_inline]] T slope(T x) const noexcept {
    return kernel::sigmoid(x);
  }
};

/// x / (1 + |x|)
struct softsign {
  static constexpr keeps kept = keeps::input;
  template <class T>
  [[gnu::always_inline]] T value(T x) const noexcept {
    return x / (T(1) + kernel::absolute(x));
  }
  template <class T>
  [[gnu::always_inline]] T slope(T x) const noexcept {
    const T d = T(1) + kernel::absolute(x);
    return T(1) / (d * d);
  }
};

/// The error function, of which exported GELUs are made.
struct error_function {
  static constexpr keeps kept = keeps::input;
  template <class T>
  T value(T x) const noexcept {
    return std::erf(x);
  }
  template <class T>
  [[gnu::always_inline]] T slope(T x) const noexcept {
    return T(1.12837916709551257390) * kernel::exp(-x * x);
  }
};

} // namespace function

template <class F>
struct unary_numbers {
  index_t size = 0; ///< values of a row
  F function{};
  bool in_place = true;
};

template <class F>
struct unary {
  template <class T>
  class opened : public operation<T> {
  public:
    opened(const unary_numbers<F>& numbers, const kernel_set<T>&) : n(numbers.size), f(numbers.function) {}

    index_t state_bytes() const override { return F::kept == keeps::branch ? n : n * static_cast<index_t>(sizeof(T)); }
    void forward(std::span<const T* const> x, T* y, index_t rows, const row_states& state) override {
      each_row(
          rows, [&](index_t r) __attribute__((always_inline)) {
            const F function = f;
            // Two loops that vectorise, over so few values that the second one finds them in the first-level cache.
            constexpr index_t block = 2048;
            for (index_t first = 0; first < n; first += block) {
              const index_t count = std::min(block, n - first);
              const T* in = x[0] + r * n + first;
              T* out = y + r * n + first;
              if constexpr (F::kept == keeps::branch) {
                std::uint8_t* __restrict kept = state.template at<std::uint8_t>(r) + first;
                for (index_t i = 0; i < count; ++i) kept[i] = function.branch(in[i]);
                if constexpr (requires { function.rectified; })
                  if (function.rectified && in == out) continue;
              } else if constexpr (F::kept == keeps::input) {
                std::copy_n(in, count, state.template at<T>(r) + first);
              }
              for (index_t i = 0; i < count; ++i) out[i] = function.value(in[i]);
              if constexpr (F::kept == keeps::output) std::copy_n(out, count, state.template at<T>(r) + first);
            }
          });
    }
    void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states& state) override {
      each_row(
          rows, [&](index_t r) __attribute__((always_inline)) {
            const F function = f;
            const T* from = dy + r * n;
            T* to = dx[0] + r * n;
            if constexpr (F::kept == keeps::branch) {
              const std::uint8_t* __restrict kept = state.template at<const std::uint8_t>(r);
              for (index_t i = 0; i < n; ++i) to[i] = from[i] * function.template slope<T>(kept[i]);
            } else {
              const T* __restrict kept = state.template at<const T>(r);
              for (index_t i = 0; i < n; ++i) to[i] = from[i] * function.slope(kept[i]);
            }
          });
    }

  private:
    index_t n;
    F f;
  };

  using description = described<opened, unary_numbers<F>>;
};

} // namespace advx::model::graph
