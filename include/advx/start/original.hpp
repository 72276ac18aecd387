/// @file
/// Start at the image itself.
#pragma once

#include <advx/core/image.hpp>
#include <advx/kernel/philox.hpp>

namespace advx::start {

/// δ = 0.
struct original {
  static constexpr const char* name = "original";
  static constexpr bool at_original = true;

  template <class Norm, class Team, class T>
  constexpr void operator()(const Norm&, const Team& team, const image_ref<T>& image, double, kernel::random_stream,
                            T* x) const {
    team.each(image.size, [=, x0 = image.original](index_t j) { x[j] = x0[j]; });
  }
};

} // namespace advx::start
