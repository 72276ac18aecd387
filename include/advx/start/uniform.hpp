/// @file
/// Start at a random point of the ball.
#pragma once

#include <advx/concepts/norm.hpp>
#include <advx/core/image.hpp>
#include <advx/kernel/philox.hpp>

namespace advx::start {

/// δ uniform in the norm's ball, then clipped to the box (Madry et al. 2018, section 2.1).
struct uniform {
  static constexpr const char* name = "uniform";
  static constexpr bool at_original = false;
  /// Can it draw from the norm's ball?
  template <class Norm>
  static constexpr bool fits = norm::samples<Norm, kernel::random_stream>;

  template <class Norm, class Team, class T>
  constexpr void operator()(const Norm& norm, const Team& team, const image_ref<T>& image, double radius,
                            kernel::random_stream random, T* x) const {
    norm.random_point(team, image.size, radius, random, x);
    const auto moved = [x, x0 = image.original](index_t j) { return x0[j] + x[j]; };
    const auto project = norm.projection(team, image, radius, moved);
    team.each(image.size, [=](index_t j) { x[j] = project(j, moved(j)); });
    norm.fit(team, image, radius, x);
  }
};

} // namespace advx::start
