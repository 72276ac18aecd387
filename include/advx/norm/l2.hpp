/// @file
/// The Euclidean norm.
#pragma once

#include <advx/kernel/gradient_norm.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/norm/distance.hpp>
#include <advx/norm/half_space.hpp>

namespace advx::norm {

/// ‖δ‖₂. As a penalty its square, as papers have it (Carlini & Wagner 2017, eq. 6); as a distance unsquared.
/// Capabilities: distance, penalty, proximal, directions, projection, half-spaces, random point.
struct l2 {
  static constexpr const char* name = "l2";

  template <class Team, class T>
  constexpr double distance(const Team& team, const T* x, const T* x0, index_t n) const {
    return kernel::square_root(detail::sum_of_squares(team, x, x0, n));
  }
  /// What ranks successes: grows with the distance, in the images' own precision, since every success is ranked.
  template <class Team, class T>
  constexpr T rank(const Team& team, const T* x, const T* x0, index_t n) const {
    return detail::sum_of_squares<T>(team, x, x0, n);
  }

  template <class T>
  constexpr T penalty(T d) const noexcept {
    return d * d;
  }
  template <class T>
  constexpr T penalty_gradient(T d) const noexcept {
    return d + d;
  }
  /// The squared norm is smooth: the whole of it is in the gradient, and the proximal map is the identity.
  template <class T>
  constexpr T smooth_gradient(T d) const noexcept {
    return d + d;
  }
  template <class T>
  constexpr T shrink(T d, T) const noexcept {
    return d;
  }

  /// g/‖g‖₂, or 0 for a zero gradient. The steepest direction of unit length is the same.
  template <class T, class Team, class Get>
  constexpr auto normalised(const Team& team, index_t n, Get g) const {
    return [scale = kernel::inverse_l2<T>(team, n, g)](index_t, T value) { return scale(value); };
  }
  template <class T, class Team, class Get>
  constexpr auto dual(const Team& team, index_t n, Get g) const {
    return normalised<T>(team, n, g);
  }

  /// The nearest point of {‖x − x0‖₂ ≤ radius} ∩ box to v: x = x0 + clip(s·(v − x0)) for the s that meets the radius.
  ///
  /// With u = s², the squared distance Σ min(u·d², b²) is concave and piecewise linear in u, so Newton's steps from the
  /// left reach its root in finitely many passes (usually two or three).
  template <class T, class Team, class Get>
  constexpr auto projection(const Team& team, const image_ref<T>& image, double radius, Get v) const {
    const T* x0 = image.original;
    const T* lower = image.lower;
    const T* upper = image.upper;
    const T r2 = T(radius * radius);
    const auto room = [=](index_t j, T d) { return d < T(0) ? lower[j] - x0[j] : upper[j] - x0[j]; };
    const T clipped = team.template sum<T>(image.size, [=](index_t j) {
      const T d = kernel::clamp(v(j), lower[j], upper[j]) - x0[j];
      return d * d;
    });
    T u = 1;
    if (clipped > r2) {
      const T all = team.template sum<T>(image.size, [=](index_t j) {
        const T d = v(j) - x0[j];
        return d * d;
      });
      u = r2 / all;
      for (int pass = 0; pass < 40; ++pass) {
        const T s = kernel::square_root(u);
        const auto is_free = [=](index_t j, T d) { return kernel::absolute(s * d) <= kernel::absolute(room(j, d)); };
        const T free = team.template sum<T>(image.size, [=](index_t j) {
          const T d = v(j) - x0[j];
          return is_free(j, d) ? d * d : T(0);
        });
        const T bound = team.template sum<T>(image.size, [=](index_t j) {
          const T d = v(j) - x0[j], b = room(j, d);
          return is_free(j, d) ? T(0) : b * b;
        });
        const T next = free > T(0) ? kernel::minimum(T(1), (r2 - bound) / free) : T(1);
        if (!(next > u)) break;
        u = next;
      }
    }
    return [=, s = kernel::square_root(u)](index_t j, T value) {
      return kernel::clamp(x0[j] + s * (value - x0[j]), lower[j], upper[j]);
    };
  }
  template <class Team, class T>
  constexpr void fit(const Team& team, const image_ref<T>& image, double radius, T* x) const {
    detail::shrink_into_ball(*this, team, image, radius, x);
  }
  /// ‖v‖ in the dual norm, L2: `missing` over it is the distance to a hyperplane.
  template <class T, class Team, class Get>
  constexpr T dual_length(const Team& team, index_t n, Get v) const {
    return kernel::square_root(team.template sum<T>(n, [=](index_t j) { return v(j) * v(j); }));
  }
  /// The nearest point of a half-space ∩ box, by column; the box's deepest point where there is none.
  template <class T, class Team>
  constexpr auto nearest_in(const Team& team, const half_space<T>& h) const {
    const T t = detail::least_multiple(team, h, [h](index_t j) { return h.steepness(j); });
    return [h, t](index_t j) { return h.moved(j, t * h.steepness(j)); };
  }

  /// Uniform in the ball: a normal vector's direction, and a length of radius·U^(1/n).
  template <class T, class Team>
  constexpr void random_point(const Team& team, index_t n, double radius, kernel::random_stream random, T* d) const {
    team.each(n, [=](index_t j) { d[j] = random.template normal<T>(j); });
    const T squares = team.template sum<T>(n, [d](index_t j) { return d[j] * d[j]; });
    const double length =
        radius * kernel::exp(kernel::log(random.template uniform<double>(n)) / static_cast<double>(n));
    team.each(n, [=, scale = T(length) / kernel::square_root(squares)](index_t j) { d[j] *= scale; });
  }
};

} // namespace advx::norm
