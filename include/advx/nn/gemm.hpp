/// @file
/// A packed matrix and the product with it. Each value of the product is one chain of multiply-adds over the depth, in
/// the same order for any number of rows, so that a row's bits never depend on its batch. (A BLAS chooses its kernel,
/// and with it the bits, by the number of rows.)
///
/// The chain runs in vector registers over the columns.
#pragma once

#include <advx/nn/registers.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <vector>

#if defined(__CUDACC__) // leaves GCC's pragmas to GCC, and says so each time
#pragma nv_diagnostic push
#pragma nv_diag_suppress 1675
#endif

namespace advx::nn::detail {

/// Memory that starts on a cache line, as vector loads like it.
template <class T>
struct aligned_allocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};

  aligned_allocator() = default;
  template <class U>
  constexpr aligned_allocator(const aligned_allocator<U>&) noexcept {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, alignment); }
  friend constexpr bool operator==(const aligned_allocator&, const aligned_allocator&) noexcept { return true; }
};

template <class T>
using aligned_vector = std::vector<T, aligned_allocator<T>>;

/// The operands of one product: c (rows × columns) = a (rows × depth) · b + bias.
template <class T>
struct product {
  const T* a;
  index_t a_stride;
  index_t rows;
  const T* b; ///< panels of whole registers, each depth × its width
  index_t depth;
  index_t columns;
  const T* bias; ///< one value a column, or null for zeros
  T* c;
  index_t c_stride;
};

#if defined(__GNUC__) && !defined(__clang__) &&                                                                        \
    !defined(__CUDACC__) // registers that only an inlined copy of this code has
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"
#endif
/// `Rows` rows by `Width` registers of the product, over `depth` steps from what `start` holds.
template <class T, int Bytes, int Rows, int Width>
[[gnu::always_inline]] inline void multiply_block(const T* a, index_t a_stride, const T* b, index_t depth,
                                                  const T* start, index_t start_stride, T* c, index_t c_stride) {
  typedef T vector __attribute__((vector_size(Bytes), aligned(alignof(T)), may_alias));
  constexpr index_t lanes = Bytes / static_cast<index_t>(sizeof(T));
  vector sum[Rows][Width];
#pragma GCC unroll 32
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int w = 0; w < Width; ++w) sum[r][w] = *reinterpret_cast<const vector*>(start + r * start_stride + w * lanes);
  for (index_t k = 0; k < depth; ++k) {
    vector right[Width];
#pragma GCC unroll 4
    for (int w = 0; w < Width; ++w) right[w] = *reinterpret_cast<const vector*>(b + (k * Width + w) * lanes);
#pragma GCC unroll 32
    for (int r = 0; r < Rows; ++r) {
      const T left = a[r * a_stride + k];
#pragma GCC unroll 4
      for (int w = 0; w < Width; ++w) {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
        // Tuned for some processors (znver3) g++ 12 makes fused multiply-adds of some of these chains and not of
        // others, and a row's bits would depend on its block: so it is said outright.
        if constexpr (Bytes == 32) {
          typedef T plain __attribute__((vector_size(Bytes)));
          const plain a_row = left - plain{}; // in every lane
          if constexpr (sizeof(T) == 4)
            sum[r][w] = __builtin_ia32_vfmaddps256(a_row, right[w], sum[r][w]);
          else
            sum[r][w] = __builtin_ia32_vfmaddpd256(a_row, right[w], sum[r][w]);
          continue;
        }
#endif
        sum[r][w] += left * right[w];
      }
    }
  }
#pragma GCC unroll 32
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (int w = 0; w < Width; ++w) *reinterpret_cast<vector*>(c + r * c_stride + w * lanes) = sum[r][w];
}

#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#pragma GCC diagnostic pop
#endif

/// All rows of one panel, which is `Width` registers wide and starts at column `first`. Where the matrix ends within
/// the panel, rows are made some at a time in a place of whole registers, and copied: one block's code serves both, and
/// it is long enough to compile.
template <class T, int Bytes, int Accumulators, int Width>
[[gnu::always_inline]] inline void multiply_panel(const product<T>& p, const T* panel, index_t first) {
  constexpr int most = std::min(Accumulators / Width, 12);
  constexpr index_t width = Width * Bytes / static_cast<index_t>(sizeof(T));
  constexpr index_t depth_block = 192; // steps for which the panel stays in the first-level cache
  constexpr index_t tile = 4 * most;   // rows of a panel that is not whole
  const index_t columns = std::min(width, p.columns - first);
  const bool whole = columns == width;
  T bias[width] = {}, padded[tile * width];
  if (p.bias != nullptr)
    for (index_t j = 0; j < columns; ++j) bias[j] = p.bias[first + j];

  for (index_t row = 0; row < p.rows;) {
    const index_t rows = whole ? p.rows : std::min(tile, p.rows - row);
    const T* a = p.a + row * p.a_stride;
    T* c = whole ? p.c + first : padded;
    const index_t c_stride = whole ? p.c_stride : width;
    for (index_t k = 0; k == 0 || k < p.depth; k += depth_block) {
      const index_t depth = std::min(depth_block, p.depth - k);
      const auto block = [&]<int Rows>(index_t r) __attribute__((always_inline)) {
        T* to = c + r * c_stride;
        multiply_block<T, Bytes, Rows, Width>(a + r * p.a_stride + k, p.a_stride, panel + k * width, depth,
                                              k > 0 ? to : bias, k > 0 ? c_stride : 0, to, c_stride);
      };
      index_t r = 0;
      for (; r + most <= rows; r += most) block.template operator()<most>(r);
      for (; r + 2 <= rows; r += 2) block.template operator()<2>(r);
      for (; r < rows; ++r) block.template operator()<1>(r);
    }
    if (!whole)
      for (index_t r = 0; r < rows; ++r)
        for (index_t j = 0; j < columns; ++j) p.c[(row + r) * p.c_stride + first + j] = padded[r * width + j];
    row += rows;
  }
}

template <class T, int Bytes, int Panel, int Accumulators>
[[gnu::always_inline]] inline void multiply_with(const product<T>& p) {
  constexpr index_t lanes = Bytes / static_cast<index_t>(sizeof(T));
  for (index_t first = 0; first < p.columns; first += Panel * lanes) {
    const T* panel = p.b + first * p.depth;
    const index_t width = std::min<index_t>(Panel, (p.columns - first + lanes - 1) / lanes);
    if (width == 1) multiply_panel<T, Bytes, Accumulators, 1>(p, panel, first);
    if (width == 2) multiply_panel<T, Bytes, Accumulators, 2>(p, panel, first);
    if constexpr (Panel > 2) {
      if (width == 3) multiply_panel<T, Bytes, Accumulators, 3>(p, panel, first);
      if (width == 4) multiply_panel<T, Bytes, Accumulators, 4>(p, panel, first);
    }
  }
}

/// A depth × columns matrix, stored as the product reads it.
template <class T>
class packed_matrix {
public:
  packed_matrix() = default;
  /// `at(k, n)` is the value in row k, column n.
  template <class At>
  packed_matrix(index_t depth, index_t columns, const At& at) : depth_(depth),
                                                                columns_(columns) {
    const register_plan& plan = machine_registers();
    const index_t lanes = plan.bytes / static_cast<index_t>(sizeof(T));
    const index_t panel = plan.panel * lanes;
    values_.resize(static_cast<std::size_t>((columns + lanes - 1) / lanes * lanes * depth));
    for (index_t first = 0; first < columns; first += panel) {
      const index_t width = std::min(panel, (columns - first + lanes - 1) / lanes * lanes);
      T* to = values_.data() + first * depth;
      for (index_t k = 0; k < depth; ++k)
        for (index_t n = 0; n < std::min(width, columns - first); ++n) to[k * width + n] = at(k, first + n);
    }
  }

  index_t depth() const noexcept { return depth_; }
  index_t columns() const noexcept { return columns_; }

  /// c (rows × columns) = a (rows × depth) · this + bias; bias may be null. Strides count values from row to row.
  void multiply(const T* a, index_t a_stride, index_t rows, const T* bias, T* c, index_t c_stride) const {
    const product<T> p{a, a_stride, rows, values_.data(), depth_, columns_, bias, c, c_stride};
    on_widest_registers([&]<register_plan R>()
                            __attribute__((always_inline)) { multiply_with<T, R.bytes, R.panel, R.accumulators>(p); });
  }

private:
  index_t depth_ = 0;
  index_t columns_ = 0;
  aligned_vector<T> values_;
};

} // namespace advx::nn::detail

#if defined(__CUDACC__)
#pragma nv_diagnostic pop
#endif
