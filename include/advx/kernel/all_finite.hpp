/// @file
/// Is a row free of NaN and infinity?
#pragma once

#include <advx/core/types.hpp>

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace advx::kernel {

/// f(j) for j in [0, n), in any order; are all the numbers finite that it returns? It costs two operations more on
/// integers, whose maximum compilers vectorise: a number is finite where its bits without the sign are below those of
/// infinity.
template <class T, class Team, class F>
constexpr bool each_finite(const Team& team, index_t n, F f) {
  using bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  constexpr bits magnitude = std::numeric_limits<bits>::max();
  return team.template max<bits>(n, [=](index_t j) { return std::bit_cast<bits>(T(f(j))) & magnitude; }) <
         std::bit_cast<bits>(std::numeric_limits<T>::infinity());
}

template <class T, class Team>
constexpr bool all_finite(const Team& team, const T* x, index_t n) {
  return each_finite<T>(team, n, [x](index_t j) { return x[j]; });
}

} // namespace advx::kernel
