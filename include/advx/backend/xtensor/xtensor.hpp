/// @file
/// The CPU backend: xtensor containers, vectorised row programs. Include this for attacks on a model of your own;
/// <advx/nn/xtensor.hpp> adds the kernels of networks (BLAS, oneDNN).
#pragma once

#include <advx/backend/reference/vector_team.hpp>
#include <advx/concepts/backend.hpp>

#include <xtensor/xstorage.hpp>

#include <algorithm>

namespace advx::backend {

/// The storage of xtensor's containers holds the values; row programs run on their memory.
struct xtensor {
  static constexpr const char* name = "xtensor";
  static constexpr bool lockstep = false; ///< a worker goes through its rows one by one

  template <class T>
  using buffer = xt::uvector<T>;

  template <class T>
  buffer<T> allocate(index_t n) const {
    return buffer<T>(static_cast<std::size_t>(n), T{});
  }
  template <class T>
  void upload(const T* host, index_t n, T* device) const {
    std::copy_n(host, n, device);
  }
  template <class T>
  void download(const T* device, index_t n, T* host) const {
    std::copy_n(device, n, host);
  }
  vector_team team() const noexcept { return {}; }
  /// Runs `program(team, r)` for each row r in [0, n), in order.
  template <class Program>
  void rows(index_t n, const Program& program) const {
    for (index_t r = 0; r < n; ++r) program(team(), r);
  }
};

static_assert(backend_like<xtensor>);

} // namespace advx::backend
