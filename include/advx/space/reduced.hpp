/// @file
/// Attack spaces of fewer variables than the image has coordinates.
#pragma once

#include <advx/core/image.hpp>
#include <advx/core/require.hpp>
#include <advx/space/pixels.hpp>

#include <array>

namespace advx::space {

/// The shape of an image whose channels lie one after the other, each row by row.
struct image_shape {
  index_t channels = 1;
  index_t height = 28;
  index_t width = 28;

  constexpr index_t pixels() const noexcept { return height * width; }
  constexpr index_t size() const noexcept { return channels * pixels(); }
};

/// height × width variables for each channel.
struct level {
  index_t height = 0;
  index_t width = 0;
  int from = 0; ///< the run's step at which a level after the first begins; 0: once the one before lowers nothing more

  constexpr index_t variables() const noexcept { return height * width; }
};

/// δ = D(y), a linear map of few variables y to an image, channel by channel: δ = Rᵀ·Y·C with the functions of `Basis`
/// down the rows and along the columns; x = decode(encode(x0) + δ) in the coordinates of `Inner`, pixels (x0 + δ cut
/// off at the box) or tanh (Chen et al. 2017, section 3.3; Sharma's thesis, section 3.2.2).
///
/// With several levels the attack is hierarchical (their section 3.4; thesis 3.2.3): y goes over to the next level at
/// its step `from`, or as soon as the level before does not lower the objective any more.
///
/// `Basis`: `name`; `weight<T>(k, i, few, many)`, the k-th of `few` functions at the i-th of `many` points;
/// `raised<T>(k, i, few, many)`, the share of a coarser level's variable k in the finer one's variable i, `many` there;
/// `support(k, few, many)`, the points [first, last) outside which function k is 0.
template <class Basis, class Inner = pixels>
struct reduced {
  static constexpr index_t most_levels = 4;

  image_shape image{};
  std::array<level, most_levels> levels{}; ///< ascending; the first with height 0 ends them
  Inner inner{};

  static constexpr const char* name = Basis::name;
  static constexpr bool is_identity = false;
  static constexpr bool reduces = true;
  using basis = Basis;

  constexpr index_t level_count() const noexcept {
    index_t n = 0;
    while (n < most_levels && levels[std::size_t(n)].height > 0) ++n;
    return n;
  }
  constexpr const level& at(index_t l) const noexcept { return levels[std::size_t(l)]; }
  /// Variables of the largest level, all channels.
  constexpr index_t most_variables() const noexcept {
    return image.channels * (level_count() > 0 ? at(level_count() - 1).variables() : 0);
  }

  /// Throws argument_error where a level is larger than the image, or no larger than the one before.
  void check() const {
    ::advx::detail::require(image.channels >= 1 && image.height >= 1 && image.width >= 1, "space", "image",
                            "channels, height, width >= 1", double(image.size()));
    if (level_count() == 0) ::advx::detail::refuse("advx: space::%s: no level; give .levels = {{{14, 14}}}", name);
    for (index_t l = 0; l < level_count(); ++l) {
      const level& now = at(l);
      if (now.width < 1 || now.height > image.height || now.width > image.width)
        ::advx::detail::refuse("advx: space::%s: level %td has %td x %td variables for a channel of %td x %td pixels; "
                               "an attack space is no larger than the image",
                               name, l, now.height, now.width, image.height, image.width);
      if (l > 0 &&
          (now.height < at(l - 1).height || now.width < at(l - 1).width || (now.from > 0 && now.from < at(l - 1).from)))
        ::advx::detail::refuse("advx: space::%s: level %td (%td x %td from step %d) comes before level %td (%td x %td "
                               "from step %d); give the levels in ascending order",
                               name, l, now.height, now.width, now.from, l - 1, at(l - 1).height, at(l - 1).width,
                               at(l - 1).from);
    }
    ::advx::detail::check_policy(inner);
  }
  /// Throws argument_error where the model's images have not so many values.
  void check_size(index_t size) const {
    if (size != image.size())
      ::advx::detail::refuse("advx: space::%s: .image is %td x %td x %td, which is %td values, and the model's images "
                             "have %td; name their shape",
                             name, image.channels, image.height, image.width, image.size(), size);
  }
};

/// Does a space have fewer variables than coordinates, or at least other ones?
template <class Space>
inline constexpr bool is_reduced = requires {
  requires Space::reduces;
};

} // namespace advx::space
