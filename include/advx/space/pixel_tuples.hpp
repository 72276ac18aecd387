/// @file
/// Few pixels, each a tuple (x, y, value of each channel).
#pragma once

#include <advx/core/image.hpp>
#include <advx/core/require.hpp>
#include <advx/kernel/math.hpp>
#include <advx/space/gene_range.hpp>
#include <advx/space/planes.hpp>

namespace advx::space {

/// How the genes of `pixel_tuples` are to be read, for images of one size. Tuple k has the genes x, y, v₁, ..., v_c:
/// x in [0, width], y in [0, height], the values as a share of the box, in [0, 1].
template <class T>
struct pixel_frame {
  plane_extents image{};
  T steps = 255; ///< between the box's bounds; 0: any value
  index_t genes = 0;

  constexpr index_t tuple() const noexcept { return 2 + image.channels; }
  /// Is the gene a value, and no position?
  constexpr bool is_value(index_t gene) const noexcept { return gene % tuple() >= 2; }
  constexpr gene_range<T> range(index_t gene) const noexcept {
    const index_t which = gene % tuple();
    return {T(0), which == 0 ? T(image.width) : which == 1 ? T(image.height) : T(1)};
  }
  /// f(gene, its range) for each.
  template <class F>
  constexpr void each_gene(F f) const {
    for (index_t g = 0; g < genes;) {
      f(g++, gene_range<T>{T(0), T(image.width)});
      f(g++, gene_range<T>{T(0), T(image.height)});
      for (index_t c = 0; c < image.channels; ++c) f(g++, gene_range<T>{T(0), T(1)});
    }
  }
  /// The tuples that change at most ⌊radius⌋ coordinates.
  constexpr index_t tuples(double radius) const noexcept {
    const double all = double(genes / tuple());
    return static_cast<index_t>(kernel::minimum(radius / double(image.channels), all));
  }
  /// Can a point of this radius differ from the original?
  constexpr bool moves(double radius) const noexcept { return tuples(radius) > 0; }

  /// The original but for the tuples' pixels; of two tuples at the same pixel the later one counts.
  template <class Norm, class Team>
  constexpr void decode(const Norm&, const Team& team, const image_ref<T>& of, double radius, const T* gene,
                        T* out) const {
    team.each(of.size, [=, x0 = of.original](index_t j) { out[j] = x0[j]; });
    team.each(image.channels,
              [=, frame = *this, count = tuples(radius), low = of.lower, high = of.upper](index_t channel) {
                const plane_extents& e = frame.image;
                for (index_t k = 0; k < count; ++k) {
                  const T* at = gene + k * frame.tuple();
                  const index_t j = channel * e.plane() + cell(at[1], e.height) * e.width + cell(at[0], e.width);
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
  space::planes planes{};
  int levels = 256; ///< values of a channel, evenly over the box: 256 for images of 8 bits; ≥ 2, or 0: any value

  static constexpr const char* name = "pixel_tuples";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    planes.check();
    ::advx::detail::require(levels == 0 || (levels >= 2 && levels <= 65536), "space::pixel_tuples", "levels",
                            "levels in [2, 65536], or 0", levels);
  }
  /// A ball of no more than d pixels is all that tuples can hold.
  template <class Norm>
  static constexpr bool fits = is_named<Norm>("l0");

  /// Images of `size` values, in the L0 ball of the radius.
  /// @throws argument_error where the images have no such planes, or fewer pixels than tuples
  template <class T>
  pixel_frame<T> on(index_t size, double radius) const {
    const plane_extents image = planes.on(size);
    const auto count = static_cast<index_t>(kernel::minimum(radius / planes.channels, double(size) + 1));
    if (count < 1)
      ::advx::detail::refuse("advx: space::pixel_tuples: a radius of %.9g coordinates holds no pixel of %d channels; "
                             "attack at least 1 pixel",
                             radius, planes.channels);
    if (count > image.plane())
      ::advx::detail::refuse("advx: space::pixel_tuples: %.9g pixels are to change, and an image has %td; attack at "
                             "most so many",
                             radius / planes.channels, image.plane());
    return {image, T(levels > 0 ? levels - 1 : 0), count * (2 + image.channels)};
  }
};

} // namespace advx::space
