/// @file
/// The singular value decomposition, by LAPACK through xtensor-blas. Link advx::nn_xtensor, or xtensor-blas and LAPACK.
#pragma once

#include <advx/core/batch.hpp>
#include <advx/core/require.hpp>

// xtensor-blas brings declarations of CBLAS of its own, which differ from those of the library's <cblas.h>: a unit that
// has networks, too, must have one of them alone, and that is the library's.
#ifndef CXXBLAS_DRIVERS_CBLAS_H // a user may have had xtensor-blas before
#include <cblas.h>
#define CXXBLAS_DRIVERS_CBLAS_H 1
#define CBLAS_INT int
#include <xtensor-blas/xlinalg.hpp>
#undef CBLAS_INT
#undef CXXBLAS_DRIVERS_CBLAS_H
#else
#include <xtensor-blas/xlinalg.hpp>
#endif
#include <xtensor/xtensor.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace advx::aggregate {

/// A = left · diag(values) · right, of an m × n matrix with k = min(m, n).
template <class T>
struct singular_decomposition {
  std::vector<T> values; ///< k, ≥ 0, falling
  batch<T> left;         ///< m × k, orthonormal columns
  batch<T> right;        ///< k × n, orthonormal rows; the entry of each with the greatest magnitude is positive
};

/// Decomposes `a`, whose values must be finite and of which there must be some. O(m·n·min(m, n)).
/// @throws argument_error for an empty matrix; std::runtime_error where LAPACK's iteration does not converge
template <class T>
singular_decomposition<T> decompose(batch_view<const T> a) {
  if (a.rows < 1 || a.cols < 1)
    ::advx::detail::refuse("advx: aggregate::decompose: a matrix of %td × %td; give one row at least", a.rows, a.cols);
  const auto m = static_cast<std::size_t>(a.rows), n = static_cast<std::size_t>(a.cols), k = std::min(m, n);
  xt::xtensor<T, 2> matrix({m, n});
  std::copy_n(a.data, a.size(), matrix.data());
  const auto [u, s, vt] = xt::linalg::svd(matrix, false);
  singular_decomposition<T> out{std::vector<T>(k), batch<T>(a.rows, static_cast<index_t>(k)),
                                batch<T>(static_cast<index_t>(k), a.cols)};
  for (std::size_t i = 0; i < k; ++i) {
    T greatest = 0;
    for (std::size_t j = 0; j < n; ++j)
      if (std::abs(vt(i, j)) > std::abs(greatest)) greatest = vt(i, j);
    const T sign = greatest < T(0) ? T(-1) : T(1); // LAPACK leaves it open
    out.values[i] = s(i);
    for (std::size_t j = 0; j < n; ++j) out.right.row(static_cast<index_t>(i))[j] = sign * vt(i, j);
    for (std::size_t r = 0; r < m; ++r) out.left.row(static_cast<index_t>(r))[i] = sign * u(r, i);
  }
  return out;
}

} // namespace advx::aggregate
