/// @file
/// Small systems of linear equations, one for each row of a batch.
#pragma once

#include <advx/core/types.hpp>
#include <advx/kernel/math.hpp>

namespace advx::kernel {

/// Solves A·x = b for a dense m × m matrix `a` (row after row), in place: `a` is overwritten, `b` becomes x. Gaussian
/// elimination with partial pivoting, O(m³) in O(m) calls of the team; meant for m up to a few dozen.
///
/// @returns false, with `a` and `b` half done, where a pivot is zero or not finite: the matrix is singular.
template <class T, class Team>
constexpr bool solve(const Team& team, index_t m, T* a, T* b) {
  for (index_t k = 0; k < m; ++k) {
    const index_t pivot_row =
        k + team.template argmax<T>(m - k, [=](index_t i) { return absolute(a[(k + i) * m + k]); });
    if (pivot_row != k)
      team.each(m - k + 1, [=](index_t c) {
        T& upper = c < m - k ? a[k * m + k + c] : b[k];
        T& lower = c < m - k ? a[pivot_row * m + k + c] : b[pivot_row];
        const T held = upper;
        upper = lower;
        lower = held;
      });
    const T pivot = a[k * m + k];
    if (!(absolute(pivot) > T(0)) || !is_finite(pivot)) return false;
    // Columns right of the pivot's and the right-hand side; the pivot's own column is not needed again.
    const index_t rest = m - k - 1;
    team.each(rest * (rest + 1), [=](index_t e) {
      const index_t row = k + 1 + e / (rest + 1), c = k + 1 + e % (rest + 1);
      const T factor = a[row * m + k] / pivot;
      if (c < m)
        a[row * m + c] -= factor * a[k * m + c];
      else
        b[row] -= factor * b[k];
    });
  }
  for (index_t k = m - 1; k >= 0; --k) {
    team.each(1, [=](index_t) { b[k] /= a[k * m + k]; });
    team.each(k, [=](index_t i) { b[i] -= a[i * m + k] * b[k]; });
  }
  return true;
}

} // namespace advx::kernel
