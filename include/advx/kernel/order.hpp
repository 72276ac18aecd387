/// @file
/// Orders the columns of a row, and adds them up from the left: networks of fixed shape, so that every team of every
/// backend makes the same comparisons and the same additions, and leaves the same bits.
#pragma once

#include <advx/core/types.hpp>

namespace advx::kernel {

namespace detail {

/// The m-th of the numbers whose bit `bit` (a power of two) is clear, in ascending order.
constexpr index_t without_bit(index_t m, index_t bit) noexcept { return ((m & ~(bit - 1)) << 1) | (m & (bit - 1)); }

/// How many numbers in [0, n) have the bit clear, or a few more: of the last run of `bit` numbers none is left out.
constexpr index_t count_without_bit(index_t n, index_t bit) noexcept { return (n / (2 * bit) + 1) * bit; }

} // namespace detail

/// Sorts `order[0..n)`: `before(order[i], order[k])` decides. Batcher's merge exchange (Knuth, The Art of Computer
/// Programming 3, 5.2.2 M): O(n·log² n) comparisons in log₂n·(log₂n + 1)/2 calls of the team. It is not stable: let
/// `before` decide ties, as sort_columns does.
template <class T, class Team, class Before>
constexpr void sort(const Team& team, index_t n, T* order, Before before) {
  index_t top = 1; // the smallest power of two that is not below n, halved
  while (2 * top < n) top *= 2;
  if (n < 2) return;
  for (index_t p = top; p > 0; p /= 2) {
    index_t q = top, distance = p, set = 0;
    for (;;) {
      const index_t pairs = n - distance;
      team.each(detail::count_without_bit(pairs, p), [=](index_t m) {
        const index_t i = detail::without_bit(m, p) | set;
        if (i >= pairs) return;
        const T a = order[i], b = order[i + distance];
        if (before(b, a)) {
          order[i] = b;
          order[i + distance] = a;
        }
      });
      if (q == p) break;
      distance = q - p;
      q /= 2;
      set = p;
    }
  }
}

/// Writes the columns 0..n−1 into `order`, from the greatest key `key(j)` to the smallest; equal keys in ascending
/// column. No key may be NaN.
template <class Team, class Key>
constexpr void sort_columns(const Team& team, index_t n, index_t* order, Key key) {
  team.each(n, [=](index_t j) { order[j] = j; });
  sort(team, n, order, [=](index_t a, index_t b) {
    const auto ka = key(a), kb = key(b);
    return kb < ka || (ka == kb && a < b);
  });
}

/// Replaces `values[j]` by values[0] + ... + values[j], in place. Sklansky's network: O(n·log n) additions in ⌈log₂n⌉
/// calls of the team; the rounding error grows with log n and not with n.
template <class T, class Team>
constexpr void prefix_sum(const Team& team, index_t n, T* values) {
  for (index_t bit = 1; bit < n; bit *= 2)
    team.each(detail::count_without_bit(n, bit), [=](index_t m) {
      const index_t from = detail::without_bit(m, bit) | (bit - 1); // the last column of the run to the left
      const index_t to = detail::without_bit(m, bit) | bit;
      if (to < n) values[to] += values[from];
    });
}

} // namespace advx::kernel
