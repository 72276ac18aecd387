/// @file
/// The k greatest of a row without a sort: bisection on the bit pattern, which counts at every step.
#pragma once

#include <advx/core/types.hpp>
#include <advx/kernel/math.hpp>

#include <bit>
#include <cstdint>
#include <type_traits>

namespace advx::kernel {

/// Tells whether column j is among the k greatest keys; equal keys go to the smaller column.
template <class T>
struct top_selection {
  T threshold;  ///< keys above it are in
  index_t last; ///< keys equal to it are in up to this column

  constexpr bool operator()(index_t j, T key) const noexcept {
    return threshold < key || (key == threshold && j <= last);
  }
};

/// Orders non-negative numbers the other way round, exactly: the greater v ≥ 0, the smaller the result, which is ≥ 0.
template <class T>
constexpr T reversed(T v) noexcept {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return std::bit_cast<T>(static_cast<bits>(std::bit_cast<bits>(std::numeric_limits<T>::infinity()) -
                                            std::bit_cast<bits>(v + T(0)))); // -0 is 0
}

/// Selects the `k` greatest of n keys `key(j)` ≥ 0, k in [0, n]. O(n·bits) with counts only, exact.
template <class T, class Team, class Key>
constexpr top_selection<T> select_top(const Team& team, index_t n, index_t k, Key key) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  if (k <= 0) return {std::numeric_limits<T>::infinity(), -1};
  if (k >= n) return {T(-1), -1};
  // Non-negative floats are ordered as their bits: find the k-th greatest bit pattern from the top bit down.
  bits found = 0;
  for (bits bit = bits{1} << (sizeof(T) * 8 - 2); bit != 0; bit >>= 1) {
    const T candidate = std::bit_cast<T>(static_cast<bits>(found | bit));
    if (team.count(n, [=](index_t j) { return key(j) >= candidate; }) >= k) found = static_cast<bits>(found | bit);
  }
  const T threshold = std::bit_cast<T>(found);
  const index_t above = team.count(n, [=](index_t j) { return key(j) > threshold; });
  index_t low = -1, high = n - 1; // the smallest column by which enough equal keys have been seen
  while (high - low > 1) {
    const index_t middle = (low + high) / 2;
    const index_t seen = team.count(n, [=](index_t j) { return j <= middle && key(j) == threshold; });
    if (above + seen >= k)
      high = middle;
    else
      low = middle;
  }
  return {threshold, high};
}

} // namespace advx::kernel
