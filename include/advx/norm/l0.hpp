/// @file
/// The number of changed coordinates.
#pragma once

#include <advx/kernel/philox.hpp>
#include <advx/kernel/select.hpp>
#include <advx/norm/distance.hpp>

namespace advx::norm {

/// ‖δ‖₀. Capabilities: distance, proximal (hard thresholding), projection, random point. It has no gradient.
struct l0 {
  static constexpr const char* name = "l0";

  template <class Team, class T>
  constexpr double distance(const Team& team, const T* x, const T* x0, index_t n) const {
    return static_cast<double>(team.count(n, [=](index_t j) { return x[j] != x0[j]; }));
  }

  template <class T>
  constexpr T penalty(T d) const noexcept {
    return d != T(0) ? T(1) : T(0);
  }
  template <class T>
  constexpr T smooth_gradient(T) const noexcept {
    return T(0);
  }
  /// Keeps d where d²/2 exceeds the threshold.
  template <class T>
  constexpr T shrink(T d, T threshold) const noexcept {
    return d * d > threshold + threshold ? d : T(0);
  }

  /// The nearest point of {at most ⌊radius⌋ coordinates differ} ∩ box to v: the coordinates are kept for which keeping
  /// saves most, ties by position.
  template <class T, class Team, class Get>
  constexpr auto projection(const Team& team, const image_ref<T>& image, double radius, Get v) const {
    const T* x0 = image.original;
    const T* lower = image.lower;
    const T* upper = image.upper;
    const auto saved = [=](index_t j, T value) {
      const T d = value - x0[j], missed = value - kernel::clamp(value, lower[j], upper[j]);
      return kernel::maximum(d * d - missed * missed, T(0));
    };
    const auto chosen = kernel::select_top<T>(team, image.size, static_cast<index_t>(radius),
                                              [=](index_t j) { return saved(j, v(j)); });
    return [=](index_t j, T value) {
      return chosen(j, saved(j, value)) ? kernel::clamp(value, lower[j], upper[j]) : x0[j];
    };
  }
  template <class Team, class T>
  constexpr void fit(const Team&, const image_ref<T>&, double, T*) const {}

  /// ⌊radius⌋ coordinates, every choice of them equally likely, moved uniformly within ±1.
  template <class T, class Team>
  constexpr void random_point(const Team& team, index_t n, double radius, kernel::random_stream random, T* d) const {
    const auto chosen = kernel::select_top<T>(team, n, static_cast<index_t>(radius),
                                              [=](index_t j) { return random.template uniform<T>(j); });
    team.each(n, [=](index_t j) {
      d[j] = chosen(j, random.template uniform<T>(j)) ? T(2) * random.template uniform<T>(j, 1) - T(1) : T(0);
    });
  }
};

} // namespace advx::norm
