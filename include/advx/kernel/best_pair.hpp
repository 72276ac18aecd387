/// @file
/// The pair of columns with the greatest product of sums, without all pairs.
#pragma once

#include <advx/core/types.hpp>
#include <advx/kernel/math.hpp>
#include <advx/kernel/order.hpp>

#include <limits>

namespace advx::kernel {

/// A pair of columns, first < second; −1 where there is none.
struct column_pair {
  index_t first = -1, second = -1;
};

/// Columns whose pairs are compared at once.
inline constexpr index_t pair_block = 256;

/// Index memory that best_pair needs for n columns.
constexpr index_t pair_memory(index_t n) noexcept { return n + 2; }
/// Value memory that it needs.
constexpr index_t pair_bounds(index_t n) noexcept { return 2 * (n / pair_block + 1); }

/// The pair p < q of allowed columns with the greatest (u(p) + u(q))·(v(p) + v(q)), where both sums are > 0; of equal
/// products, the first in the order of (p, q) among the columns that are compared.
///
/// A bound leaves few columns. Each of an optimal pair is dominated by no column but its partner, so both lie on the
/// first two Pareto layers: one sort and one scan find these, and only their pairs are compared, in blocks that a bound
/// may leave out. O(n), O(m·log² m) for m columns that the first bound leaves, and O(k²) for k columns on the layers,
/// at most k = m = n where they form an antichain.
///
/// `columns` has room for pair_memory(n) indices, `bounds` for pair_bounds(n) values.
template <class T, class Team, class U, class V, class Allowed>
constexpr column_pair best_pair(const Team& team, index_t n, index_t* columns, T* bounds, U u, V v, Allowed allowed) {
  constexpr T none = std::numeric_limits<T>::lowest();
  // What a column could reach with the greatest of both, and what one pair does reach: the columns of the best pair lie
  // between, and so does every column that dominates them. Few are left to sort.
  const T top_u = team.template max<T>(n, [=](index_t j) { return allowed(j) ? T(u(j)) : none; });
  const T top_v = team.template max<T>(n, [=](index_t j) { return allowed(j) ? T(v(j)) : none; });
  const auto hoped = [=](index_t j) {
    const T su = u(j) + top_u, sv = v(j) + top_v;
    return allowed(j) && su > T(0) && sv > T(0) ? su * sv : T(0);
  };
  const index_t one = team.template argmax<T>(n, hoped);
  if (!(hoped(one) > T(0))) return {};
  const T reached = team.template max<T>(n, [=](index_t j) {
    const T su = u(one) + u(j), sv = v(one) + v(j);
    return j != one && allowed(j) && su > T(0) && sv > T(0) ? su * sv : T(0);
  });
  team.each(1, [=](index_t) {
    index_t kept = 0;
    for (index_t j = 0; j < n; ++j)
      if (hoped(j) > T(0) && hoped(j) >= reached) columns[kept++] = j;
    columns[n] = kept;
  });
  const index_t hopeful = columns[n];
  sort(team, hopeful, columns, [=](index_t a, index_t b) {
    const T ua = u(a), ub = u(b), va = v(a), vb = v(b);
    return ub < ua || (ua == ub && (vb < va || (va == vb && a < b)));
  });
  // The layers take the place of the columns, and their number the last place.
  team.each(1, [=](index_t) {
    T first = none, second = none;
    index_t kept = 0;
    for (index_t i = 0; i < hopeful; ++i) {
      const T here = v(columns[i]);
      if (!(here > second)) continue;
      T& layer = here > first ? first : second;
      layer = here;
      columns[kept++] = columns[i];
    }
    columns[n + 1] = kept; // not where another thread may still read how many were sorted
  });
  const index_t kept = columns[n + 1], blocks = (kept + pair_block - 1) / pair_block;
  const auto size_of = [=](index_t b) { return minimum(pair_block, kept - b * pair_block); };
  team.each(blocks, [=](index_t b) {
    T most_u = none, most_v = none;
    for (index_t i = b * pair_block; i < b * pair_block + size_of(b); ++i) {
      most_u = maximum(most_u, T(u(columns[i])));
      most_v = maximum(most_v, T(v(columns[i])));
    }
    bounds[2 * b] = most_u;
    bounds[2 * b + 1] = most_v;
  });

  T best = 0;
  column_pair found;
  // Pairs of blocks by their distance: neighbours first, whose products are often the greatest.
  for (index_t gap = 0; gap < blocks; ++gap)
    for (index_t a = 0; a + gap < blocks; ++a) {
      const index_t b = a + gap;
      const T su = bounds[2 * a] + bounds[2 * b], sv = bounds[2 * a + 1] + bounds[2 * b + 1];
      if (!(su > T(0)) || !(sv > T(0)) || su * sv < best || (su * sv == best && best == T(0))) continue;
      const index_t width = size_of(b);
      const index_t *left = columns + a * pair_block, *right = columns + b * pair_block;
      const auto product = [=](index_t m) {
        const index_t p = left[m / width], q = right[m % width];
        const T pu = u(p) + u(q), pv = v(p) + v(q);
        return p != q && pu > T(0) && pv > T(0) ? pu * pv : T(0);
      };
      const T most = team.template max<T>(size_of(a) * width, product);
      if (!(most > T(0)) || most < best) continue;
      // A pair as one number, which double holds exactly for rows of up to 9e7 columns.
      const double code = -team.template max<double>(size_of(a) * width, [=](index_t m) {
        const index_t p = left[m / width], q = right[m % width];
        return product(m) == most ? -(double(minimum(p, q)) * double(n) + double(maximum(p, q)))
                                  : -std::numeric_limits<double>::max();
      });
      const auto first = static_cast<index_t>(code / double(n));
      const column_pair here{first, static_cast<index_t>(code - double(first) * double(n))};
      if (most > best || here.first < found.first || (here.first == found.first && here.second < found.second))
        found = here;
      best = most;
    }
  return found;
}

} // namespace advx::kernel
