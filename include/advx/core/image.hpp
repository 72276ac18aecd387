/// @file
/// What a row program knows of the image that it works on.
#pragma once

#include <advx/core/types.hpp>

#include <cstdint>
#include <limits>

namespace advx {

/// What an attack wants of one image: any other class than `label`, or the class `target`.
struct row_goal {
  label_t label = no_label;
  label_t target = no_label; ///< `no_label` for an untargeted attack

  constexpr bool targeted() const noexcept { return target != no_label; }
  friend constexpr bool operator==(const row_goal&, const row_goal&) = default;
};

/// One coordinate of the box, and what a change of variable needs of it.
template <class T>
struct interval {
  T lower = 0, upper = 1;
  T middle = T(0.5), half = T(0.5);
  T inverse_half = 2; ///< 0 where the interval has no width
};

/// One image in a slot: the original, the box, and what tells its random numbers from another image's.
template <class T>
struct image_ref {
  const T* original = nullptr; ///< `size` values
  const T* lower = nullptr;    ///< the box, per coordinate
  const T* upper = nullptr;
  index_t size = 0;
  index_t classes = 0;
  index_t number = 0; ///< position of the image among those that the user gave
  row_goal goal{};
  double epsilon = -1; ///< radius for this image; negative: the recipe's own
  std::uint64_t seed = 0;
  T tie = 0;                 ///< smallest margin that counts as a success, relative to max(1, max|score|)
  T magnitude = 1;           ///< the largest |bound| of the box: its rounding error bounds that of x0 + δ
  const T* middle = nullptr; ///< what `interval` holds beside the bounds, per coordinate
  const T* half = nullptr;
  const T* inverse_half = nullptr;
  const T* start = nullptr; ///< where a penalty's runs start; null: at the original
  /// The answers that the run may ask for this image. A machine that asks for many points at once may ask for fewer at
  /// the end, so that none is left unused; the driver sees to it that there are no more.
  std::int64_t queries = std::numeric_limits<std::int64_t>::max();

  constexpr interval<T> side(index_t j) const noexcept {
    return {lower[j], upper[j], middle[j], half[j], inverse_half[j]};
  }
};

} // namespace advx
