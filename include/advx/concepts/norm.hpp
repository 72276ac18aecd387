/// @file
/// What a norm can do. Each capability is a concept of its own; a recipe asks for those that its parts need.
#pragma once

#include <advx/core/image.hpp>

#include <concepts>

namespace advx::norm {

namespace detail {
struct probe_team {
  template <class F>
  void each(index_t, F) const {}
  template <class T, class F>
  T sum(index_t, F) const {
    return T{};
  }
  template <class T, class F>
  T max(index_t, F) const {
    return T{};
  }
  template <class T, class F>
  index_t argmax(index_t, F) const {
    return 0;
  }
  template <class F>
  index_t count(index_t, F) const {
    return 0;
  }
};
struct probe_column {
  double operator()(index_t) const { return 0; }
};
} // namespace detail

/// Measures how far an image is from the original: `distance(team, x, x0, n)` in double, unsquared unless it says so.
template <class N>
concept measurable = requires(const N& norm, const detail::probe_team& team, const double* x) {
  { N::name } -> std::convertible_to<const char*>;
  { norm.distance(team, x, x, index_t{}) } -> std::same_as<double>;
};

/// Can stand in a sum that is minimised by its gradient: `penalty(d)` per coordinate, `penalty_gradient(d)`.
template <class N>
concept differentiable_penalty = measurable<N> && requires(const N& norm, double d) {
  { norm.penalty(d) } -> std::same_as<double>;
  { norm.penalty_gradient(d) } -> std::same_as<double>;
};

/// Has a proximal map per coordinate: `smooth_gradient(d)` for the smooth part, `shrink(d, t)` for the rest.
template <class N>
concept proximal = measurable<N> && requires(const N& norm, double d) {
  { norm.penalty(d) } -> std::same_as<double>;
  { norm.smooth_gradient(d) } -> std::same_as<double>;
  { norm.shrink(d, d) } -> std::same_as<double>;
};

/// Has a ball: `projection(team, image, radius, v)` on ball ∩ box, and `fit`, which makes the stored values obey it.
template <class N>
concept projectable = measurable<N> && requires(const N& norm, const detail::probe_team& team,
                                                const image_ref<double>& image, double* x, detail::probe_column v) {
  norm.projection(team, image, 1.0, v)(index_t{}, 0.0);
  norm.fit(team, image, 1.0, x);
};

/// Draws points of its ball: `random_point(team, n, radius, random, d)` writes δ, n values.
template <class N, class Random>
concept samples = measurable<N> && requires(const N& norm, const detail::probe_team& team, Random random, double* d) {
  norm.random_point(team, index_t{}, 1.0, random, d);
};

/// Makes directions of unit length from gradients: `normalised<T>(team, n, g)` and `dual<T>(team, n, g)`.
template <class N>
concept directional = measurable<N> && requires(const N& norm, const detail::probe_team& team, detail::probe_column g) {
  norm.template normalised<double>(team, index_t{}, g)(index_t{}, 0.0);
  norm.template dual<double>(team, index_t{}, g)(index_t{}, 0.0);
};

/// Finds the nearest point of a half-space ∩ box: `nearest_in(team, half_space)`, and the dual norm, `dual_length`.
template <class N, class HalfSpace>
concept separable = measurable<N> &&
    requires(const N& norm, const detail::probe_team& team, const HalfSpace& h, detail::probe_column v) {
  norm.nearest_in(team, h)(index_t{});
  norm.template dual_length<double>(team, index_t{}, v);
};

} // namespace advx::norm
