/// @file
/// Which code computes a network's products and convolutions, by backend.
#pragma once

#include <advx/nn/convolution.hpp>

namespace advx::backend {
struct reference;
struct xtensor;
} // namespace advx::backend

namespace advx::nn {

/// Specialised for each backend: the type of a convolution, the sum of outer products, and a guard that a session holds
/// during a pass.
template <class Backend>
struct kernels {
  static_assert(sizeof(Backend*) == 0, "advx: networks have no kernels for this backend here: backend::xtensor needs "
                                       "#include <advx/nn/xtensor.hpp>, backend::thrust <advx/nn/thrust.hpp> or, for "
                                       "CUDA, <advx/nn/cuda.hpp>, backend::reference nothing more");
};

/// Opens networks for a backend: with its kernels, unless a backend whose sessions are of another kind specialises it.
template <class Backend>
struct opener {
  template <class Network>
  static auto session(const Backend&, const Network& network, index_t capacity) {
    return network.template open<kernels<Backend>, false>(capacity);
  }
  template <class Network>
  static auto training_session(const Backend&, const Network& network, index_t capacity) {
    return network.template open<kernels<Backend>, true>(capacity);
  }
};

/// Standard C++ only.
struct standard_kernels {
  template <class T>
  using convolution = detail::gathered_convolution<T>;

  /// c (m × n) += aᵀ·b for a (rows × m) and b (rows × n).
  template <class T>
  static void add_outer(const T* a, const T* b, index_t rows, index_t m, index_t n, T* c) {
    for (index_t i = 0; i < m; ++i)
      for (index_t r = 0; r < rows; ++r)
        for (index_t j = 0; j < n; ++j) c[i * n + j] += a[r * m + i] * b[r * n + j];
  }

  struct pass_guard {
    pass_guard() noexcept {} // not trivial: an unused guard is no mistake
  };
};

template <>
struct kernels<backend::reference> : standard_kernels {};

} // namespace advx::nn
