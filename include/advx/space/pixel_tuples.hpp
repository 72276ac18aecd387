/// @file
/// Few pixels, each a tuple (x, y, value of each channel).
#pragma once

#include <advx/core/image.hpp>
#include <advx/core/require.hpp>
#include <advx/kernel/math.hpp>

namespace advx::space {

/// Where a gene may lie.
template <class T>
struct gene_range {
  T low = 0, high = 1;
};

/// How the genes of `pixel_tuples` are to be read, for images of one size. Tuple k has the genes x, y, v₁, ..., v_c:
/// x in [0, width], y in [0, height], the values as a share of the box, in [0, 1].
template <class T>
struct pixel_frame {
  index_t size = 0, channels = 1, width = 1, height = 1;
  T steps = 255; ///< between the box's bounds; 0: any value
  index_t genes = 0;

  constexpr index_t tuple() const noexcept { return 2 + channels; }
  /// Is the gene a value, and no position?
  constexpr bool is_value(index_t gene) const noexcept { return gene % tuple() >= 2; }
  constexpr gene_range<T> range(index_t gene) const noexcept {
    const index_t which = gene % tuple();
    return {T(0), which == 0 ? T(width) : which == 1 ? T(height) : T(1)};
  }
  /// The tuples that change at most ⌊radius⌋ coordinates.
  constexpr index_t tuples(double radius) const noexcept {
    return kernel::minimum(static_cast<index_t>(radius / double(channels)), genes / tuple());
  }
  /// Can a point of this radius differ from the original?
  constexpr bool moves(double radius) const noexcept { return tuples(radius) > 0; }

  /// The original but for the tuples' pixels; of two tuples at the same pixel the later one counts.
  template <class Norm, class Team>
  constexpr void decode(const Norm&, const Team& team, const image_ref<T>& image, double radius, const T* gene,
                        T* out) const {
    team.each(size, [=, x0 = image.original](index_t j) { out[j] = x0[j]; });
    team.each(channels,
              [=, frame = *this, count = tuples(radius), low = image.lower, high = image.upper](index_t channel) {
                for (index_t k = 0; k < count; ++k) {
                  const T* at = gene + k * frame.tuple();
                  const index_t j = channel * frame.width * frame.height + cell(at[1], frame.height) * frame.width +
                                    cell(at[0], frame.width);
                  T share = at[2 + channel];
                  if (frame.steps > T(0)) share = T(static_cast<index_t>(share * frame.steps + T(0.5))) / frame.steps;
                  out[j] = kernel::clamp(low[j] + (high[j] - low[j]) * share, low[j], high[j]);
                }
              });
  }

private:
  static constexpr index_t cell(T position, index_t extent) noexcept {
    return kernel::minimum(static_cast<index_t>(position), extent - 1);
  }
};

/// The space of the few-pixel attack (Su et al. 2019, section III-B). Images are channels × height × width, flattened
/// in that order. The L0 ball of radius r has ⌊r/channels⌋ tuples.
struct pixel_tuples {
  int channels = 1; ///< planes of an image, ≥ 1: 3 for RGB
  int width = 0;    ///< of a plane; 0: a plane is square if it can be, else one row
  int levels = 256; ///< values of a channel, evenly over the box: 256 for images of 8 bits; ≥ 2, or 0: any value

  static constexpr const char* name = "pixel_tuples";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(channels >= 1, "space::pixel_tuples", "channels", "channels >= 1", channels);
    ::advx::detail::require(width >= 0, "space::pixel_tuples", "width", "width >= 0", width);
    ::advx::detail::require(levels == 0 || (levels >= 2 && levels <= 65536), "space::pixel_tuples", "levels",
                            "levels in [2, 65536], or 0", levels);
  }
  /// A ball of no more than d pixels is all that tuples can hold.
  template <class Norm>
  static constexpr bool fits = Norm::name[0] == 'l' && Norm::name[1] == '0' && Norm::name[2] == 0;

  /// Images of `size` values, in the L0 ball of the radius.
  /// @throws argument_error where the images have no such planes, or fewer pixels than tuples
  template <class T>
  pixel_frame<T> on(index_t size, double radius) const {
    const index_t pixels = size / channels;
    if (pixels * channels != size)
      ::advx::detail::refuse("advx: space::pixel_tuples: an image has %td values, which are no %d planes; set "
                             "'channels' to the images' own",
                             size, channels);
    const index_t wide = width > 0 ? width : usual_width(pixels);
    if (wide > pixels || pixels % wide != 0)
      ::advx::detail::refuse("advx: space::pixel_tuples: a plane has %td pixels, which are no rows of %td; set 'width' "
                             "to the images' own",
                             pixels, wide);
    const auto count = static_cast<index_t>(kernel::minimum(radius / channels, double(size) + 1));
    if (count < 1)
      ::advx::detail::refuse("advx: space::pixel_tuples: a radius of %.9g coordinates holds no pixel of %d channels; "
                             "attack at least 1 pixel",
                             radius, channels);
    if (count > pixels)
      ::advx::detail::refuse("advx: space::pixel_tuples: %.9g pixels are to change, and an image has %td; attack at "
                             "most so many",
                             radius / channels, pixels);
    return {size, channels, wide, pixels / wide, T(levels > 0 ? levels - 1 : 0), count * (2 + channels)};
  }

private:
  static index_t usual_width(index_t pixels) {
    index_t side = 1;
    while (side * side < pixels) ++side;
    return side * side == pixels ? side : pixels;
  }
};

} // namespace advx::space
