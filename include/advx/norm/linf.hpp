/// @file
/// The maximum norm.
#pragma once

#include <advx/kernel/gradient_norm.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/norm/distance.hpp>
#include <advx/norm/half_space.hpp>

namespace advx::norm {

/// ‖δ‖∞ = max |δ|. Capabilities: distance, directions, projection, half-spaces, random point. It is no sum over
/// coordinates and its proximal map is dear, so it is no penalty.
struct linf {
  static constexpr const char* name = "linf";

  template <class Team, class T>
  constexpr double distance(const Team& team, const T* x, const T* x0, index_t n) const {
    return team.template max<double>(
        n, [=](index_t j) { return kernel::absolute(static_cast<double>(x[j]) - static_cast<double>(x0[j])); });
  }

  /// g/‖g‖∞, or 0 for a zero gradient.
  template <class T, class Team, class Get>
  constexpr auto normalised(const Team& team, index_t n, Get g) const {
    const T largest = kernel::largest_magnitude<T>(team, n, g);
    return [largest](index_t, T value) { return largest > T(0) ? value / largest : T(0); };
  }
  /// sign g: the steepest direction of unit length (Goodfellow et al. 2015).
  template <class T, class Team, class Get>
  constexpr auto dual(const Team&, index_t, Get) const {
    return [](index_t, T value) { return kernel::sign(value); };
  }

  /// Clips to [x0 − radius, x0 + radius] ∩ box. The radius is rounded inwards by the error of one addition, so that the
  /// distance of the stored values never exceeds it.
  template <class T, class Team, class Get>
  constexpr auto projection(const Team&, const image_ref<T>& image, double radius, Get) const {
    const T* x0 = image.original;
    const T* lower = image.lower;
    const T* upper = image.upper;
    const double rounding = double(std::numeric_limits<T>::epsilon()) * (double(image.magnitude) + radius);
    const T r = T(kernel::maximum(0.0, radius - rounding));
    return [=](index_t j, T value) {
      const T in_ball = kernel::clamp(value, x0[j] - r, x0[j] + r);
      return kernel::clamp(in_ball, lower[j], upper[j]);
    };
  }
  template <class Team, class T>
  constexpr void fit(const Team&, const image_ref<T>&, double, T*) const {}
  /// ‖v‖ in the dual norm, L1: `missing` over it is the distance to a hyperplane.
  template <class T, class Team, class Get>
  constexpr T dual_length(const Team& team, index_t n, Get v) const {
    return team.template sum<T>(n, [=](index_t j) { return kernel::absolute(v(j)); });
  }
  /// The nearest point of a half-space ∩ box, by column; the box's deepest point where there is none.
  template <class T, class Team>
  constexpr auto nearest_in(const Team& team, const half_space<T>& h) const {
    return [h, t = detail::least_multiple(team, h, [](index_t) { return T(1); })](index_t j) { return h.moved(j, t); };
  }

  /// Uniform in the cube.
  template <class T, class Team>
  constexpr void random_point(const Team& team, index_t n, double radius, kernel::random_stream random, T* d) const {
    random.template each_uniform<T>(team, n, [=](index_t j, T u) { d[j] = T(radius) * (T(2) * u - T(1)); });
  }
};

} // namespace advx::norm
