/// @file
/// Products with a matrix of weights, and of two arrays of matrices.
#pragma once

#include <advx/model/graph/operation.hpp>
#include <advx/nn/gemm.hpp>

#include <algorithm>

namespace advx::model::graph {

/// y (lines × columns) = x (lines × depth) · weights + bias.
struct product_numbers {
  index_t lines = 1; ///< of each image
  index_t depth = 0;
  index_t columns = 0;
  std::vector<float> weights; ///< depth × columns
  std::vector<float> bias;    ///< one a column, or none

  index_t weight_bytes() const noexcept { return static_cast<index_t>(weights.size() * sizeof(float)); }
};

template <class T>
class product : public operation<T> {
public:
  product(const product_numbers& n, const kernel_set<T>&)
      : lines(n.lines),
        depth(n.depth),
        columns(n.columns),
        bias(n.bias.begin(), n.bias.end()),
        forward_weights(depth, columns, [&](index_t k, index_t o) { return weight(n, k, o); }),
        backward_weights(columns, depth, [&](index_t o, index_t k) { return weight(n, k, o); }) {}

  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states&) override {
    forward_weights.multiply(x[0], depth, rows * lines, bias.empty() ? nullptr : bias.data(), y, columns);
  }
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states&) override {
    backward_weights.multiply(dy, columns, rows * lines, nullptr, dx[0], depth);
  }

private:
  static T weight(const product_numbers& n, index_t k, index_t o) {
    return static_cast<T>(n.weights[static_cast<std::size_t>(k * n.columns + o)]);
  }
  index_t lines, depth, columns;
  nn::detail::aligned_vector<T> bias;
  nn::detail::packed_matrix<T> forward_weights, backward_weights;
};

/// y = x[0] · x[1] for `count` pairs of matrices, height × depth and depth × width, of each image.
struct matrices_numbers {
  index_t count = 1;
  index_t height = 1;
  index_t depth = 1;
  index_t width = 1;
};

template <class T>
class matrices : public operation<T> {
public:
  matrices(const matrices_numbers& numbers, const kernel_set<T>&) : n(numbers) {}

  index_t state_bytes() const override {
    return n.count * n.depth * (n.height + n.width) * static_cast<index_t>(sizeof(T));
  }
  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states& state) override {
    const index_t left = n.count * n.height * n.depth, right = n.count * n.depth * n.width;
    for (index_t r = 0; r < rows; ++r) {
      T* kept = state.template at<T>(r);
      std::copy_n(x[0] + r * left, left, kept);
      std::copy_n(x[1] + r * right, right, kept + left);
    }
    each_row(
        rows, [&](index_t r) __attribute__((always_inline)) {
          for (index_t c = 0; c < n.count; ++c) {
            const T* a = x[0] + r * left + c * n.height * n.depth;
            const T* b = x[1] + r * right + c * n.depth * n.width;
            T* to = y + (r * n.count + c) * n.height * n.width;
            std::fill_n(to, n.height * n.width, T(0));
            for (index_t i = 0; i < n.height; ++i)
              for (index_t k = 0; k < n.depth; ++k)
                for (index_t j = 0; j < n.width; ++j) to[i * n.width + j] += a[i * n.depth + k] * b[k * n.width + j];
          }
        });
  }
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states& state) override {
    const index_t left = n.count * n.height * n.depth, right = n.count * n.depth * n.width;
    each_row(
        rows, [&](index_t r) __attribute__((always_inline)) {
          for (index_t c = 0; c < n.count; ++c) {
            const T* a = state.template at<const T>(r) + c * n.height * n.depth;
            const T* b = state.template at<const T>(r) + left + c * n.depth * n.width;
            const T* from = dy + (r * n.count + c) * n.height * n.width;
            T* da = dx[0] + r * left + c * n.height * n.depth;
            T* db = dx[1] + r * right + c * n.depth * n.width;
            std::fill_n(db, n.depth * n.width, T(0));
            for (index_t i = 0; i < n.height; ++i)
              for (index_t k = 0; k < n.depth; ++k) {
                T sum = 0;
                for (index_t j = 0; j < n.width; ++j) {
                  sum += from[i * n.width + j] * b[k * n.width + j];
                  db[k * n.width + j] += a[i * n.depth + k] * from[i * n.width + j];
                }
                da[i * n.depth + k] = sum;
              }
          }
        });
  }

private:
  matrices_numbers n;
};

} // namespace advx::model::graph
