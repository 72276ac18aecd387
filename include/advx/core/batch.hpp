/// @file
/// An owning batch on the host, for users without an array library.
#pragma once

#include <advx/core/batch_view.hpp>

#include <vector>

namespace advx {

/// Row-major rows × cols values, owned. Zero-initialised.
template <class T>
struct batch {
  using value_type = T;

  batch() = default;
  batch(index_t rows, index_t cols) : values(static_cast<std::size_t>(rows * cols)), row_count(rows), col_count(cols) {}

  index_t rows() const noexcept { return row_count; }
  index_t cols() const noexcept { return col_count; }
  T* row(index_t i) noexcept { return values.data() + i * col_count; }
  const T* row(index_t i) const noexcept { return values.data() + i * col_count; }
  T* data() noexcept { return values.data(); }
  const T* data() const noexcept { return values.data(); }
  batch_view<T> view() noexcept { return {values.data(), row_count, col_count}; }
  batch_view<const T> view() const noexcept { return {values.data(), row_count, col_count}; }
  friend bool operator==(const batch&, const batch&) = default;

  std::vector<T> values;
  index_t row_count = 0;
  index_t col_count = 0;
};

} // namespace advx
