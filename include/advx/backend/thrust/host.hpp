/// @file
/// The Thrust backend on the host: `thrust<system::cpp>` in the calling thread, `thrust<system::omp>` with OpenMP's
/// threads. Row programs have the bits of every other host backend, whatever the number of threads.
///
/// An attack divides and joins its work several times a millisecond, and OpenMP's threads by default spin while they
/// wait: on a machine with other work that takes the processors from the threads that are waited for. Set
/// OMP_WAIT_POLICY=passive in the environment there.
#pragma once

#if !defined(THRUST_DEVICE_SYSTEM) && !defined(__CUDACC__)
#error "advx: without nvcc, Thrust needs -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP (CMake: link advx::thrust)"
#endif

#include <advx/backend/reference/vector_team.hpp>
#include <advx/backend/thrust/system.hpp>
#include <advx/backend/thrust/version.hpp>
#include <advx/concepts/backend.hpp>

#include <thrust/copy.h>
#include <thrust/fill.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cpp/execution_policy.h>
#if defined(_OPENMP)
#include <thrust/system/omp/execution_policy.h>
#endif

#include <cstddef>
#include <memory>

namespace advx::backend {

namespace detail {

/// What Thrust is told where to run, and from how many rows or bytes on that is worth waking other threads.
struct cpp_policy {
  static constexpr const char* name = "thrust-cpp";
  static auto get() { return ::thrust::cpp::par; }
  static constexpr index_t least_rows = 0, least_bytes = 0;
};
#if defined(_OPENMP)
struct omp_policy {
  static constexpr const char* name = "thrust-omp";
  static auto get() { return ::thrust::omp::par; }
  static constexpr index_t least_rows = 32, least_bytes = index_t{1} << 20;
};
#endif

template <class Program>
struct host_row {
  const Program* program;
  void operator()(index_t r) const { (*program)(vector_team{}, r); }
};

/// The values of a host buffer. No type of Thrust's stands in it: compilers of the host and of the device name those
/// differently, and a program may hold both.
template <class T>
struct host_buffer {
  T* data() noexcept { return values.get(); }
  const T* data() const noexcept { return values.get(); }
  std::size_t size() const noexcept { return count; }
  T* begin() noexcept { return values.get(); }
  T* end() noexcept { return values.get() + count; }
  const T* begin() const noexcept { return values.get(); }
  const T* end() const noexcept { return values.get() + count; }

  std::unique_ptr<T[]> values;
  std::size_t count = 0;
};

template <class Policy>
struct thrust_host {
  static constexpr const char* name = Policy::name;
  /// All rows of a step are run by one call.
  static constexpr bool lockstep = true;

  template <class T>
  using buffer = host_buffer<T>;

  template <class T>
  buffer<T> allocate(index_t n) const {
    const auto count = static_cast<std::size_t>(n);
    buffer<T> b{std::unique_ptr<T[]>(new T[count]), count};
    // What is large is filled by the threads that will use it, so that each finds its pages near by.
    where(is_large<T>(n), [&](auto policy) { ::thrust::fill_n(policy, b.data(), n, T{}); });
    return b;
  }
  template <class T>
  void upload(const T* host, index_t n, T* device) const {
    if (n > 0) where(is_large<T>(n), [&](auto policy) { ::thrust::copy_n(policy, host, n, device); });
  }
  template <class T>
  void download(const T* device, index_t n, T* host) const {
    if (n > 0) where(is_large<T>(n), [&](auto policy) { ::thrust::copy_n(policy, device, n, host); });
  }
  vector_team team() const noexcept { return {}; }

  /// Runs `program(team, r)` once for each row r in [0, n), in any order, several at once; returns when all are done.
  /// The program must not throw. Few rows run in the calling thread: other threads would take longer to wake.
  template <class Program>
  void rows(index_t n, const Program& program) const {
    where(n >= Policy::least_rows, [&](auto policy) { for_each_row(policy, n, program); });
  }
  /// As `rows`, for rows that are long: two of them are divided.
  template <class Program>
  void long_rows(index_t n, const Program& program) const {
    for_each_row(Policy::get(), n, program);
  }
  /// Waits for what was started: here nothing, rows() has waited.
  void synchronize() const noexcept {}

private:
  template <class T>
  static bool is_large(index_t n) noexcept {
    return n * index_t(sizeof(T)) >= Policy::least_bytes;
  }
  template <class F>
  static void where(bool divided, const F& f) {
    if (divided)
      f(Policy::get());
    else
      f(::thrust::cpp::par);
  }
  template <class P, class Program>
  static void for_each_row(const P& policy, index_t n, const Program& program) {
    ::thrust::for_each_n(policy, ::thrust::counting_iterator<index_t>(0), n, host_row<Program>{&program});
  }
};

} // namespace detail

/// Runs the rows one after another in the calling thread, by Thrust's sequential system.
template <>
struct thrust<system::cpp> : detail::thrust_host<detail::cpp_policy> {};
static_assert(backend_like<thrust<system::cpp>>);

#if defined(_OPENMP)
/// Divides the rows among OpenMP's threads (OMP_NUM_THREADS).
template <>
struct thrust<system::omp> : detail::thrust_host<detail::omp_policy> {};
static_assert(backend_like<thrust<system::omp>>);
#endif

} // namespace advx::backend
