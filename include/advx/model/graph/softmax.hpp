/// @file
/// Softmax and its logarithm along one axis.
#pragma once

#include <advx/kernel/math.hpp>
#include <advx/model/graph/operation.hpp>

namespace advx::model::graph {

/// An array of outer × count × inner values, normalised along the middle.
struct softmax_numbers {
  index_t outer = 1;
  index_t count = 1;
  index_t inner = 1;
  bool logarithm = false;
  bool in_place = true;
};

template <class T>
class softmax : public operation<T> {
public:
  softmax(const softmax_numbers& numbers, const kernel_set<T>&) : n(numbers) {}

  index_t state_bytes() const override { return size() * static_cast<index_t>(sizeof(T)); }

  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states& state) override {
    for (index_t r = 0; r < rows; ++r) {
      each_lane([&](index_t first) {
        const T* in = x[0] + r * size() + first;
        T* out = y + r * size() + first;
        T most = in[0];
        for (index_t k = 1; k < n.count; ++k) most = kernel::maximum(most, in[k * n.inner]);
        T sum = 0;
        for (index_t k = 0; k < n.count; ++k) sum += kernel::exp(in[k * n.inner] - most);
        if (n.logarithm) {
          const T offset = kernel::log(sum);
          for (index_t k = 0; k < n.count; ++k) out[k * n.inner] = in[k * n.inner] - most - offset;
        } else {
          for (index_t k = 0; k < n.count; ++k) out[k * n.inner] = kernel::exp(in[k * n.inner] - most) / sum;
        }
      });
      std::copy_n(y + r * size(), size(), state.template at<T>(r));
    }
  }

  /// softmax: dx = y·(dy − ⟨y, dy⟩); its logarithm: dx = dy − eʸ·Σdy.
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states& state) override {
    for (index_t r = 0; r < rows; ++r)
      each_lane([&](index_t first) {
        const T* kept = state.template at<const T>(r) + first;
        const T* from = dy + r * size() + first;
        T* to = dx[0] + r * size() + first;
        T sum = 0;
        for (index_t k = 0; k < n.count; ++k) sum += from[k * n.inner] * (n.logarithm ? T(1) : kept[k * n.inner]);
        for (index_t k = 0; k < n.count; ++k)
          to[k * n.inner] = n.logarithm ? from[k * n.inner] - kernel::exp(kept[k * n.inner]) * sum
                                        : kept[k * n.inner] * (from[k * n.inner] - sum);
      });
  }

private:
  index_t size() const noexcept { return n.outer * n.count * n.inner; }
  template <class F>
  void each_lane(const F& f) const {
    for (index_t o = 0; o < n.outer; ++o)
      for (index_t i = 0; i < n.inner; ++i) f(o * n.count * n.inner + i);
  }

  softmax_numbers n;
};

} // namespace advx::model::graph
