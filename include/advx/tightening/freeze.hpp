/// @file
/// Fewer and fewer coordinates that may change.
#pragma once

#include <advx/core/image.hpp>
#include <advx/core/require.hpp>
#include <advx/kernel/select.hpp>
#include <advx/norm/l0.hpp>

namespace advx::tightening {

/// A success gives back the coordinates whose change tells least: those of the least |δ|·|∂margin/∂x| return to the
/// original for good (Carlini & Wagner 2017, section VI-B, with the numbers of their program). Up to share·√(changed
/// coordinates) go at a time, and none after the first whose product exceeds `negligible`.
struct freeze {
  double share = 0.3;       ///< > 0
  double negligible = 0.01; ///< in the unit of the scores, ≥ 0

  static constexpr const char* name = "freeze";
  using norm = ::advx::norm::l0;            ///< what ranks the successes
  static constexpr bool needs_slope = true; ///< the margin's gradient at the success
  static constexpr index_t vectors = 5;     ///< the box
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(share > 0, "tightening::freeze", "share", "share > 0", share);
    ::advx::detail::require(negligible >= 0, "tightening::freeze", "negligible", "negligible >= 0", negligible);
  }

  /// Can it tighten an attack of this kind? The gradient must be taken at the point that is judged.
  template <class Attack>
  static constexpr bool fits = Attack::template machine<float>::max_points == 1;

  struct state {};
  template <class Team, class T>
  constexpr void begin(const Team& team, state&, const image_ref<T>& image, T* box) const {
    const index_t n = image.size;
    team.each(n, [=](index_t j) { store(image.side(j), box, n, j); });
  }
  template <class Attack>
  constexpr void apply(const state&, Attack&) const {}
  template <class T>
  constexpr image_ref<T> narrow(image_ref<T> image, const T* box) const {
    const index_t n = image.size;
    image.lower = box;
    image.upper = box + n;
    image.middle = box + 2 * n;
    image.half = box + 3 * n;
    image.inverse_half = box + 4 * n;
    return image;
  }
  template <class Team, class T>
  constexpr bool meets(const Team&, const state&, const image_ref<T>&, const T*) const {
    return true;
  }
  template <class Team, class T>
  constexpr bool tighten(const Team& team, state&, const image_ref<T>& image, T* box, const T* x,
                         const T* slope) const {
    const index_t n = image.size;
    const T* x0 = image.original;
    const auto is_free = [=](index_t j) { return box[j] < box[n + j]; };
    const auto telling = [=](index_t j) { return kernel::absolute((x[j] - x0[j]) * slope[j]); };
    const index_t movable = team.count(n, is_free);
    if (movable == 0) return false;
    // A change below a ten-thousandth of the interval is none.
    const index_t changed = team.count(
        n, [=](index_t j) { return kernel::absolute(x[j] - x0[j]) > T(1e-4) * (image.upper[j] - image.lower[j]); });
    const double wanted = share * kernel::square_root(static_cast<double>(changed));
    index_t most = 1;
    while (most < movable && static_cast<double>(most) < wanted) ++most;

    // The least come first: the order of the keys is the other way round. What is frozen already has the least key.
    const auto key = [=](index_t j) { return is_free(j) ? kernel::reversed(telling(j)) : T(0); };
    const auto chosen = kernel::select_top<T>(team, n, most, key);
    const T limit = T(negligible);
    const index_t below =
        team.count(n, [=](index_t j) { return is_free(j) && chosen(j, key(j)) && telling(j) <= limit; });
    const index_t first =
        below < most
            ? team.template argmax<T>(
                  n, [=](index_t j) { return is_free(j) && telling(j) > limit ? kernel::reversed(telling(j)) : T(-1); })
            : index_t{-1};
    team.each(n, [=](index_t j) {
      if (is_free(j) && (j == first || (chosen(j, key(j)) && telling(j) <= limit)))
        store({x0[j], x0[j], x0[j], T(0), T(0)}, box, n, j);
    });
    return movable > below + (first >= 0 ? 1 : 0);
  }

private:
  template <class T>
  static constexpr void store(const interval<T>& side, T* box, index_t n, index_t j) {
    box[j] = side.lower;
    box[n + j] = side.upper;
    box[2 * n + j] = side.middle;
    box[3 * n + j] = side.half;
    box[4 * n + j] = side.inverse_half;
  }
};

} // namespace advx::tightening
