/// @file
/// Sums, differences, products, quotients and extremes: of a row's values and constants, and of two arrays of a row.
#pragma once

#include <advx/model/graph/operation.hpp>
#include <advx/nn/gemm.hpp>

#include <algorithm>
#include <cstdint>

namespace advx::model::graph {

/// y = scale·x + shift, the constants repeated every `period` values.
struct affine_numbers {
  index_t size = 0;
  index_t period = 1;       ///< divides size
  std::vector<float> scale; ///< period values, or none for 1
  std::vector<float> shift; ///< period values, or none for 0
  bool in_place = true;

  index_t weight_bytes() const noexcept { return static_cast<index_t>((scale.size() + shift.size()) * sizeof(float)); }
};

template <class T>
class affine : public operation<T> {
public:
  affine(const affine_numbers& n, const kernel_set<T>&)
      : size(n.size),
        period(n.period),
        scale(spread(n.scale, n.period, T(1))),
        shift(spread(n.shift, n.period, T(0))) {}

  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states&) override {
    each_row(
        rows, [&](index_t r) __attribute__((always_inline)) {
          for (index_t i = r * size; i < (r + 1) * size; i += period)
            for (index_t j = 0; j < period; ++j) y[i + j] = x[0][i + j] * scale[std::size_t(j)] + shift[std::size_t(j)];
        });
  }
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states&) override {
    each_row(
        rows, [&](index_t r) __attribute__((always_inline)) {
          for (index_t i = r * size; i < (r + 1) * size; i += period)
            for (index_t j = 0; j < period; ++j) dx[0][i + j] = dy[i + j] * scale[std::size_t(j)];
        });
  }

private:
  static nn::detail::aligned_vector<T> spread(const std::vector<float>& from, index_t count, T other) {
    nn::detail::aligned_vector<T> to(static_cast<std::size_t>(count), other);
    std::transform(from.begin(), from.end(), to.begin(), [](float v) { return static_cast<T>(v); });
    return to;
  }

  index_t size, period;
  nn::detail::aligned_vector<T> scale, shift;
};

enum class arithmetic { add, subtract, multiply, divide, maximum, minimum };

/// y = x[0] ∘ x[1], where x[1] has `period` values that repeat.
struct pairwise_numbers {
  arithmetic kind = arithmetic::add;
  index_t size = 0;
  index_t period = 0; ///< divides size
  bool in_place = true;
};

template <class T>
class pairwise : public operation<T> {
public:
  pairwise(const pairwise_numbers& numbers, const kernel_set<T>&) : n(numbers) {}

  index_t state_bytes() const override {
    constexpr auto width = static_cast<index_t>(sizeof(T));
    switch (n.kind) {
    case arithmetic::multiply:
    case arithmetic::divide:
      return (n.size + n.period) * width;
    case arithmetic::maximum:
    case arithmetic::minimum:
      return n.size;
    default:
      return 0;
    }
  }

  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states& state) override {
    each_row(
        rows, [&](index_t r) __attribute__((always_inline)) {
          const T* a = x[0] + r * n.size;
          const T* b = x[1] + r * n.period;
          T* out = y + r * n.size;
          switch (n.kind) {
          case arithmetic::add:
            combine(
                a, b, out, [](T u, T v) __attribute__((always_inline)) { return u + v; });
            break;
          case arithmetic::subtract:
            combine(
                a, b, out, [](T u, T v) __attribute__((always_inline)) { return u - v; });
            break;
          case arithmetic::multiply: {
            T* kept = state.template at<T>(r);
            std::copy_n(b, n.period, kept);
            std::copy_n(a, n.size, kept + n.period);
            combine(
                a, b, out, [](T u, T v) __attribute__((always_inline)) { return u * v; });
            break;
          }
          case arithmetic::divide: {
            T* kept = state.template at<T>(r);
            std::copy_n(b, n.period, kept);
            combine(
                a, b, out, [](T u, T v) __attribute__((always_inline)) { return u / v; });
            std::copy_n(out, n.size, kept + n.period);
            break;
          }
          case arithmetic::maximum:
            choose(
                a, b, out, state.template at<std::uint8_t>(r),
                [](T u, T v) __attribute__((always_inline)) { return u >= v; });
            break;
          case arithmetic::minimum:
            choose(
                a, b, out, state.template at<std::uint8_t>(r),
                [](T u, T v) __attribute__((always_inline)) { return u <= v; });
            break;
          }
        });
  }

  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states& state) override {
    each_row(
        rows, [&](index_t r) __attribute__((always_inline)) {
          const T* from = dy + r * n.size;
          T* a = dx[0] + r * n.size; // may be where dy is: written after b
          T* b = dx[1] + r * n.period;
          const T* kept = state.template at<const T>(r);
          const auto* first = state.template at<const std::uint8_t>(r);
          switch (n.kind) {
          case arithmetic::add:
          case arithmetic::subtract: {
            const T sign = n.kind == arithmetic::add ? T(1) : T(-1);
            collect(
                b, [&](index_t i, index_t) __attribute__((always_inline)) { return sign * from[i]; });
            if (a != from) std::copy_n(from, n.size, a);
            break;
          }
          case arithmetic::multiply: {
            const T* other = kept + n.period;
            collect(
                b, [&](index_t i, index_t) __attribute__((always_inline)) { return from[i] * other[i]; });
            spread(
                a, [&](index_t i, index_t j) __attribute__((always_inline)) { return from[i] * kept[j]; });
            break;
          }
          case arithmetic::divide: {
            const T* quotient = kept + n.period;
            collect(
                b, [&](index_t i, index_t j)
                       __attribute__((always_inline)) { return -from[i] * quotient[i] / kept[j]; });
            spread(
                a, [&](index_t i, index_t j) __attribute__((always_inline)) { return from[i] / kept[j]; });
            break;
          }
          case arithmetic::maximum:
          case arithmetic::minimum:
            collect(
                b, [&](index_t i, index_t) __attribute__((always_inline)) { return first[i] != 0 ? T(0) : from[i]; });
            spread(
                a, [&](index_t i, index_t) __attribute__((always_inline)) { return first[i] != 0 ? from[i] : T(0); });
            break;
          }
        });
  }

private:
  template <class F>
  [[gnu::always_inline]] void combine(const T* a, const T* b, T* y, const F& f) const {
    for (index_t i = 0; i < n.size; i += n.period)
      for (index_t j = 0; j < n.period; ++j) y[i + j] = f(a[i + j], b[j]);
  }
  template <class F>
  [[gnu::always_inline]] void choose(const T* a, const T* b, T* y, std::uint8_t* first, const F& f) const {
    for (index_t i = 0; i < n.size; i += n.period)
      for (index_t j = 0; j < n.period; ++j) {
        const bool takes_first = f(a[i + j], b[j]);
        first[i + j] = takes_first;
        y[i + j] = takes_first ? a[i + j] : b[j];
      }
  }
  template <class F>
  [[gnu::always_inline]] void spread(T* to, const F& f) const {
    for (index_t i = 0; i < n.size; i += n.period)
      for (index_t j = 0; j < n.period; ++j) to[i + j] = f(i + j, j);
  }
  template <class F>
  [[gnu::always_inline]] void collect(T* to, const F& f) const {
    for (index_t j = 0; j < n.period; ++j) to[j] = f(j, j);
    for (index_t i = n.period; i < n.size; i += n.period)
      for (index_t j = 0; j < n.period; ++j) to[j] += f(i + j, j);
  }

  pairwise_numbers n;
};

} // namespace advx::model::graph
