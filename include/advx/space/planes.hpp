/// @file
/// Images as planes of pixels.
#pragma once

#include <advx/core/require.hpp>
#include <advx/core/types.hpp>

namespace advx::space {

/// The extents of an image of channels × height × width values, flattened in that order.
struct plane_extents {
  index_t channels = 1, height = 1, width = 1;

  constexpr index_t plane() const noexcept { return height * width; }
};

/// How images that are flat rows are planes.
struct planes {
  int channels = 1; ///< ≥ 1: 3 for RGB
  int width = 0;    ///< of a plane; 0: a plane is square if it can be, else one row

  static constexpr const char* name = "planes";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(channels >= 1, "space::planes", "channels", "channels >= 1", channels);
    ::advx::detail::require(width >= 0, "space::planes", "width", "width >= 0", width);
  }
  /// The extents of images of `size` values.
  /// @throws argument_error where they are no such planes
  plane_extents on(index_t size) const {
    const index_t pixels = size / channels;
    if (pixels * channels != size || pixels < 1)
      ::advx::detail::refuse("advx: space::planes: an image has %td values, which are no %d planes; set 'channels' to "
                             "the images' own",
                             size, channels);
    const index_t wide = width > 0 ? width : usual_width(pixels);
    if (pixels % wide != 0)
      ::advx::detail::refuse("advx: space::planes: a plane has %td pixels, which are no rows of %td; set 'width' to "
                             "the images' own",
                             pixels, wide);
    return {channels, pixels / wide, wide};
  }

private:
  static index_t usual_width(index_t pixels) {
    index_t side = 1;
    while (side * side < pixels) ++side;
    return side * side == pixels ? side : pixels;
  }
};

} // namespace advx::space
