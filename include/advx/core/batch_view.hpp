/// @file
/// A non-owning view of a batch: row-major, one image (or one score vector) a row.
#pragma once

#include <advx/core/host_device.hpp>
#include <advx/core/types.hpp>

namespace advx {

/// Row-major rows × cols values that somebody else owns. Trivially copyable, so that it passes to a kernel by value.
template <class T>
struct batch_view {
  T* data = nullptr;
  index_t rows = 0;
  index_t cols = 0;

  ADVX_HOST_DEVICE constexpr T* row(index_t i) const noexcept { return data + i * cols; }
  ADVX_HOST_DEVICE constexpr index_t size() const noexcept { return rows * cols; }
  /// The same values, read-only. A named function: nvcc warns of a constrained conversion operator.
  ADVX_HOST_DEVICE constexpr batch_view<const T> as_const() const noexcept { return {data, rows, cols}; }
  /// `count` rows from row `first` on.
  ADVX_HOST_DEVICE constexpr batch_view slice(index_t first, index_t count) const noexcept {
    return {row(first), count, cols};
  }
};

} // namespace advx
