/// @file
/// Norms of gradients that neither underflow nor overflow: a confident network's gradients are as small as 1e-30.
#pragma once

#include <advx/core/types.hpp>
#include <advx/kernel/math.hpp>

#include <limits>

namespace advx::kernel {

/// max |g(j)|.
template <class T, class Team, class Get>
constexpr T largest_magnitude(const Team& team, index_t n, Get g) {
  return team.template max<T>(n, [=](index_t j) { return absolute(g(j)); });
}

/// Reciprocal of ‖g‖₁; 0 for a zero gradient. The greatest finite number where the reciprocal of a subnormal norm has
/// none: the direction is then shorter than 1, and not infinite.
template <class T, class Team, class Get>
constexpr T inverse_l1(const Team& team, index_t n, Get g) {
  const T sum = team.template sum<T>(n, [=](index_t j) { return absolute(g(j)); });
  return sum > T(0) ? minimum(T(1) / sum, std::numeric_limits<T>::max()) : T(0);
}

/// A factor pair that normalises g in L2: (g·first)·second has norm 1, or 0 where g is 0. In two factors, since the
/// reciprocal of a tiny norm may not be representable.
template <class T>
struct scale_pair {
  T first = 0;
  T second = 0;
  constexpr T operator()(T g) const noexcept { return g * first * second; }
};

/// Normalises in L2: one pass where the squares are in range, two more where they are not.
template <class T, class Team, class Get>
constexpr scale_pair<T> inverse_l2(const Team& team, index_t n, Get g) {
  const T sum = team.template sum<T>(n, [=](index_t j) { return g(j) * g(j); });
  if (sum > T(1e-24) && sum < T(1e30)) return {T(1) / square_root(sum), T(1)};
  const T largest = largest_magnitude<T>(team, n, g);
  if (!(largest > T(0))) return {};
  // Two factors again: the reciprocal of a subnormal number would be infinite.
  const T first = largest < T(1e-18) ? T(1e18) : T(1) / largest;
  const T rest = largest * first;
  const T unit = T(1) / rest;
  const T scaled = team.template sum<T>(n, [=](index_t j) {
    const T v = g(j) * first * unit;
    return v * v;
  });
  return {first, unit / square_root(scaled)};
}

} // namespace advx::kernel
