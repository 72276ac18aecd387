/// @file
/// Kernels of networks on the host: BLAS, and oneDNN where ADVX_WITH_ONEDNN is defined, as the CMake targets
/// advx::nn_xtensor and advx::nn_thrust do. backend::xtensor and the host systems of backend::thrust share them.
///
/// Define ADVX_WITH_ONEDNN in all translation units of a program or in none.
#pragma once

#include <advx/nn/kernels.hpp>

#include <cblas.h>

#if defined(ADVX_WITH_ONEDNN)
#include <advx/nn/onednn.hpp>
#endif
#if defined(ADVX_WITH_ONEDNN) || defined(_OPENMP)
#if __has_include(<omp.h>)
#include <omp.h>
#else // a compiler without its own OpenMP header: the library is there all the same
extern "C" {
int omp_get_max_threads();
void omp_set_num_threads(int);
}
#endif
#endif

#include <type_traits>

namespace advx::nn {

namespace detail {

/// The convolution of a type: oneDNN has float only.
template <class T>
struct fastest_convolution {
  using type = gathered_convolution<T>;
};
#if defined(ADVX_WITH_ONEDNN)
template <>
struct fastest_convolution<float> {
  using type = onednn::convolution;
};
#endif

} // namespace detail

template <>
struct kernels<backend::xtensor> {
  template <class T>
  using convolution = typename detail::fastest_convolution<T>::type;

  /// c (m × n) += aᵀ·b for a (rows × m) and b (rows × n).
  template <class T>
  static void add_outer(const T* a, const T* b, index_t rows, index_t m, index_t n, T* c) {
    // OpenBLAS's own threads would compete with the sessions'.
    if (openblas_get_num_threads() != 1) openblas_set_num_threads(1);
    const auto gemm = [&](auto function) {
      function(CblasRowMajor, CblasTrans, CblasNoTrans, static_cast<int>(m), static_cast<int>(n),
               static_cast<int>(rows), T(1), a, static_cast<int>(m), b, static_cast<int>(n), T(1), c,
               static_cast<int>(n));
    };
    if constexpr (std::is_same_v<T, float>)
      gemm(cblas_sgemm);
    else
      gemm(cblas_dgemm);
  }

  /// oneDNN computes on the calling thread alone while one of these lives.
  struct pass_guard {
#if defined(ADVX_WITH_ONEDNN)
    pass_guard() noexcept : threads(omp_get_max_threads()) { omp_set_num_threads(1); }
    ~pass_guard() { omp_set_num_threads(threads); }
    pass_guard(const pass_guard&) = delete;
    pass_guard& operator=(const pass_guard&) = delete;

  private:
    int threads;
#else
    pass_guard() noexcept {}
#endif
  };
};

} // namespace advx::nn
