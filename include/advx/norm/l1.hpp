/// @file
/// The sum of magnitudes.
#pragma once

#include <advx/kernel/gradient_norm.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/norm/distance.hpp>
#include <advx/norm/half_space.hpp>

#include <limits>

namespace advx::norm {

/// Soft thresholding: moves d towards 0 by `threshold`, and not past it.
template <class T>
constexpr T soft_threshold(T d, T threshold) noexcept {
  return kernel::maximum(d - threshold, T(0)) + kernel::minimum(d + threshold, T(0));
}

/// ‖δ‖₁. Capabilities: distance, penalty (subgradient), proximal, directions, projection, half-spaces, random point.
struct l1 {
  static constexpr const char* name = "l1";

  template <class Team, class T>
  constexpr double distance(const Team& team, const T* x, const T* x0, index_t n) const {
    return detail::sum_of_magnitudes(team, x, x0, n);
  }
  /// What ranks successes: grows with the distance, in the images' own precision, since every success is ranked.
  template <class Team, class T>
  constexpr T rank(const Team& team, const T* x, const T* x0, index_t n) const {
    return detail::sum_of_magnitudes<T>(team, x, x0, n);
  }

  template <class T>
  constexpr T penalty(T d) const noexcept {
    return kernel::absolute(d);
  }
  template <class T>
  constexpr T penalty_gradient(T d) const noexcept {
    return kernel::sign(d);
  }
  /// Nothing of ‖δ‖₁ is smooth: all of it is in the proximal map.
  template <class T>
  constexpr T smooth_gradient(T) const noexcept {
    return T(0);
  }
  template <class T>
  constexpr T shrink(T d, T threshold) const noexcept {
    return soft_threshold(d, threshold);
  }

  /// g/‖g‖₁, or 0 for a zero gradient (the L1 fast gradient step of Sharma's thesis, eq. 7).
  template <class T, class Team, class Get>
  constexpr auto normalised(const Team& team, index_t n, Get g) const {
    return [inverse = kernel::inverse_l1<T>(team, n, g)](index_t, T value) { return value * inverse; };
  }
  /// The steepest direction of unit length: the first coordinate with the greatest |g|, alone.
  template <class T, class Team, class Get>
  constexpr auto dual(const Team& team, index_t n, Get g) const {
    const index_t top = team.template argmax<T>(n, [=](index_t j) { return kernel::absolute(g(j)); });
    return [top](index_t j, T value) { return j == top ? kernel::sign(value) : T(0); };
  }

  /// The nearest point of {‖x − x0‖₁ ≤ radius} ∩ box to v: magnitudes lowered by one λ ≥ 0, then clipped to the box.
  ///
  /// Σ min(max(|d| − λ, 0), b) falls piecewise linearly with λ; Newton's steps inside a shrinking bracket find its
  /// root.
  template <class T, class Team, class Get>
  constexpr auto projection(const Team& team, const image_ref<T>& image, double radius, Get v) const {
    const T* x0 = image.original;
    const T* lower = image.lower;
    const T* upper = image.upper;
    const T r = T(radius);
    const auto magnitude = [=](index_t j) { return kernel::absolute(v(j) - x0[j]); };
    const auto room = [=](index_t j) { return v(j) < x0[j] ? x0[j] - lower[j] : upper[j] - x0[j]; };
    const auto length = [=, &team](T lambda) {
      return team.template sum<T>(image.size, [magnitude, room, lambda](index_t j) {
        return kernel::minimum(kernel::maximum(magnitude(j) - lambda, T(0)), room(j));
      });
    };
    T lambda = 0;
    T total = length(T(0));
    if (total > r) {
      T low = 0, high = team.template max<T>(image.size, magnitude);
      for (int pass = 0; pass < 100 && high > low; ++pass) {
        if (total > r)
          low = lambda;
        else
          high = lambda;
        const index_t sloped = team.count(image.size, [=](index_t j) {
          const T rest = magnitude(j) - lambda;
          return rest > T(0) && rest < room(j);
        });
        T next = sloped > 0 ? lambda + (total - r) / T(sloped) : low;
        if (!(next > low && next < high)) next = low + (high - low) / T(2);
        if (next == lambda || next == low || next == high) break;
        lambda = next;
        total = length(lambda);
        if (kernel::absolute(total - r) <= T(2) * std::numeric_limits<T>::epsilon() * r) break;
      }
    }
    return [=](index_t j, T value) {
      return kernel::clamp(x0[j] + soft_threshold(value - x0[j], lambda), lower[j], upper[j]);
    };
  }
  template <class Team, class T>
  constexpr void fit(const Team& team, const image_ref<T>& image, double radius, T* x) const {
    detail::shrink_into_ball(*this, team, image, radius, x);
  }
  /// ‖v‖ in the dual norm, L∞: `missing` over it is the distance to a hyperplane.
  template <class T, class Team, class Get>
  constexpr T dual_length(const Team& team, index_t n, Get v) const {
    return kernel::largest_magnitude<T>(team, n, v);
  }
  /// The nearest point of a half-space ∩ box, by column; the box's deepest point where there is none.
  template <class T, class Team>
  constexpr auto nearest_in(const Team& team, const half_space<T>& h) const {
    return detail::spend_steepest(team, h);
  }

  /// Uniform in the ball: signed exponentials over the sum of n + 1 exponentials (Barthe et al. 2005).
  template <class T, class Team>
  constexpr void random_point(const Team& team, index_t n, double radius, kernel::random_stream random, T* d) const {
    team.each(n, [=](index_t j) { d[j] = random.template exponential<T>(j); });
    const T sum =
        team.template sum<T>(n, [d](index_t j) { return d[j]; }) + random.template exponential<T>(n); // one more
    team.each(n, [=, scale = T(radius) / sum](index_t j) {
      d[j] = random.bits(j, 1) % 2 == 0 ? scale * d[j] : -scale * d[j];
    });
  }
};

} // namespace advx::norm
