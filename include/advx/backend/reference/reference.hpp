/// @file
/// The backend that needs nothing but the standard library: plain loops, the oracle of all others.
#pragma once

#include <advx/backend/reference/team.hpp>
#include <advx/concepts/backend.hpp>
#include <advx/core/batch.hpp>

#include <algorithm>
#include <vector>

namespace advx::backend {

/// Standard containers and scalar loops.
struct reference {
  static constexpr const char* name = "reference";
  static constexpr bool lockstep = false; ///< a worker goes through its rows one by one

  template <class T>
  using buffer = std::vector<T>;

  template <class T>
  buffer<T> allocate(index_t n) const {
    return buffer<T>(static_cast<std::size_t>(n));
  }
  template <class T>
  void upload(const T* host, index_t n, T* device) const {
    std::copy_n(host, n, device);
  }
  template <class T>
  void download(const T* device, index_t n, T* host) const {
    std::copy_n(device, n, host);
  }
  reference_team team() const noexcept { return {}; }
  /// Runs `program(team, r)` for each row r in [0, n), in order.
  template <class Program>
  void rows(index_t n, const Program& program) const {
    for (index_t r = 0; r < n; ++r) program(team(), r);
  }
};

static_assert(backend_like<reference>);

} // namespace advx::backend
