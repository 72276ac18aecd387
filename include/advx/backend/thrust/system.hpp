/// @file
/// The systems that the Thrust backend runs on, by type.
#pragma once

namespace advx::backend {

/// Where `thrust<System>` runs its rows.
namespace system {
struct cpp {};  ///< the calling thread
struct omp {};  ///< OpenMP's threads; needs the compiler's option -fopenmp
struct cuda {}; ///< a CUDA device; needs nvcc
} // namespace system

namespace detail {
template <class System>
inline constexpr bool is_system = false;
template <>
inline constexpr bool is_system<system::cpp> = true;
template <>
inline constexpr bool is_system<system::omp> = true;
template <>
inline constexpr bool is_system<system::cuda> = true;

template <class A, class B>
inline constexpr bool is_same_system = false;
template <class A>
inline constexpr bool is_same_system<A, A> = true;
} // namespace detail

/// The backend that runs all rows of a step at once. The headers <advx/backend/thrust/host.hpp> and
/// <advx/backend/thrust/cuda.hpp> specialise it; what is left here says what is missing.
template <class System>
struct thrust {
  static_assert(detail::is_system<System>,
                "advx: backend::thrust<System> takes system::cpp, system::omp or system::cuda");
  static_assert(!detail::is_same_system<System, system::cpp>,
                "advx: backend::thrust<system::cpp> is defined in <advx/thrust.hpp>");
  static_assert(!detail::is_same_system<System, system::omp>,
                "advx: backend::thrust<system::omp> needs <advx/thrust.hpp> and OpenMP: compile with -fopenmp, or "
                "link the CMake target advx::thrust");
  static_assert(!detail::is_same_system<System, system::cuda>,
                "advx: backend::thrust<system::cuda> needs nvcc: include <advx/thrust_cuda.hpp> in a .cu file, and "
                "link the CMake target advx::thrust_cuda");
};

/// Short names, which do not collide with Thrust's own namespace under a using directive.
using thrust_cpp = thrust<system::cpp>;
using thrust_omp = thrust<system::omp>;
using thrust_cuda = thrust<system::cuda>;

} // namespace advx::backend
