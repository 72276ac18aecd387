/// @file
/// What every norm shares: distances between two stored images in double precision.
#pragma once

#include <advx/core/image.hpp>
#include <advx/kernel/math.hpp>

namespace advx::norm {

/// The four distances that reports state, between two stored images; computed in double, unsquared.
struct distances {
  double l0 = 0;   ///< coordinates that differ
  double l1 = 0;   ///< Σ |δ|
  double l2 = 0;   ///< √Σ δ²
  double linf = 0; ///< max |δ|
  friend constexpr bool operator==(const distances&, const distances&) = default;
};

namespace detail {

template <class R = double, class Team, class T>
constexpr R sum_of_magnitudes(const Team& team, const T* x, const T* x0, index_t n) {
  return team.template sum<R>(
      n, [=](index_t j) { return kernel::absolute(static_cast<R>(x[j]) - static_cast<R>(x0[j])); });
}

template <class R = double, class Team, class T>
constexpr R sum_of_squares(const Team& team, const T* x, const T* x0, index_t n) {
  return team.template sum<R>(n, [=](index_t j) {
    const R d = static_cast<R>(x[j]) - static_cast<R>(x0[j]);
    return d * d;
  });
}

/// Moves x towards x0 until its distance, in double from the stored values, is at most `radius`. Images between two
/// points of a box stay in the box. One pass where nothing is to do.
template <class Norm, class Team, class T>
constexpr void shrink_into_ball(const Norm& norm, const Team& team, const image_ref<T>& image, double radius, T* x) {
  const T* x0 = image.original;
  // Rounding of x0 + δ is small beside x0, but not beside a short δ: each attempt keeps eight times more clear.
  double reserve = 4.0 * double(std::numeric_limits<T>::epsilon());
  for (int attempt = 0; attempt < 8; ++attempt, reserve *= 8) {
    const double distance = norm.distance(team, x, x0, image.size);
    if (distance <= radius) return;
    const T factor = T(radius / distance * kernel::maximum(0.0, 1.0 - reserve));
    team.each(image.size, [=](index_t j) { x[j] = x0[j] + (x[j] - x0[j]) * factor; });
  }
  team.each(image.size, [=](index_t j) { x[j] = x0[j]; });
}

} // namespace detail

/// All four distances between x and x0.
template <class Team, class T>
constexpr distances measure(const Team& team, const T* x, const T* x0, index_t n) {
  distances d;
  d.l0 = static_cast<double>(team.count(n, [=](index_t j) { return x[j] != x0[j]; }));
  d.l1 = detail::sum_of_magnitudes(team, x, x0, n);
  d.l2 = kernel::square_root(detail::sum_of_squares(team, x, x0, n));
  d.linf = team.template max<double>(
      n, [=](index_t j) { return kernel::absolute(static_cast<double>(x[j]) - static_cast<double>(x0[j])); });
  return d;
}

} // namespace advx::norm
