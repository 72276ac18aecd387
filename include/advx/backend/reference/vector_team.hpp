/// @file
/// The row primitives in the form that compilers vectorise; the bits are those of the reference team.
#pragma once

#include <advx/backend/reference/team.hpp>

#include <cstdint>
#include <limits>
#include <type_traits>

/// The iterations of `each` are independent by contract: told so, compilers drop their run-time alias checks (with the
/// six to ten rows of one optimizer step they would give up on vectorising).
#if defined(__clang__)
#define ADVX_INDEPENDENT_LOOP _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define ADVX_INDEPENDENT_LOOP _Pragma("GCC ivdep")
#else
#define ADVX_INDEPENDENT_LOOP
#endif

namespace advx::backend {

/// One thread, whole vectors.
struct vector_team {
  template <class F>
  void each(index_t n, F f) const {
    ADVX_INDEPENDENT_LOOP
    for (index_t j = 0; j < n; ++j) f(j);
  }

  template <class T, class F>
  T sum(index_t n, F f) const {
    alignas(64) T lanes[sum_lanes] = {};
    index_t j = 0;
    for (; j + sum_lanes <= n; j += sum_lanes) {
      ADVX_INDEPENDENT_LOOP
      for (index_t l = 0; l < sum_lanes; ++l) lanes[l] += f(j + l);
    }
    for (index_t l = 0; j + l < n; ++l) lanes[l] += f(j + l);
    for (index_t width = sum_lanes / 2; width > 0; width /= 2) {
      ADVX_INDEPENDENT_LOOP
      for (index_t l = 0; l < width; ++l) lanes[l] += lanes[l + width];
    }
    return lanes[0];
  }

  template <class T, class F>
  T max(index_t n, F f) const {
    if constexpr (std::is_integral_v<T>) { // exact in any order: the compiler keeps its own lanes
      T best = std::numeric_limits<T>::lowest();
      ADVX_INDEPENDENT_LOOP
      for (index_t j = 0; j < n; ++j) {
        const T v = f(j);
        best = best < v ? v : best;
      }
      return best;
    } else {
      alignas(64) T lanes[sum_lanes];
      for (T& lane : lanes) lane = std::numeric_limits<T>::lowest();
      index_t j = 0;
      for (; j + sum_lanes <= n; j += sum_lanes) {
        ADVX_INDEPENDENT_LOOP
        for (index_t l = 0; l < sum_lanes; ++l) {
          const T v = f(j + l);
          lanes[l] = lanes[l] < v ? v : lanes[l];
        }
      }
      T best = lanes[0];
      for (; j < n; ++j) {
        const T v = f(j);
        best = best < v ? v : best;
      }
      for (const T lane : lanes) best = best < lane ? lane : best;
      return best;
    }
  }

  template <class T, class F>
  index_t argmax(index_t n, F f) const {
    return reference_team{}.argmax<T>(n, f);
  }

  template <class F>
  index_t count(index_t n, F f) const {
    std::int32_t lanes[sum_lanes] = {};
    index_t j = 0;
    for (; j + sum_lanes <= n; j += sum_lanes) {
      ADVX_INDEPENDENT_LOOP
      for (index_t l = 0; l < sum_lanes; ++l) lanes[l] += f(j + l) ? 1 : 0;
    }
    index_t total = 0;
    for (; j < n; ++j) total += f(j) ? 1 : 0;
    for (const std::int32_t lane : lanes) total += lane;
    return total;
  }
};

} // namespace advx::backend

#undef ADVX_INDEPENDENT_LOOP
