/// @file
/// A smaller and smaller cube.
#pragma once

#include <advx/core/image.hpp>
#include <advx/core/require.hpp>
#include <advx/norm/linf.hpp>

namespace advx::tightening {

/// A success within the threshold τ of the original lowers it to `factor` of the distance reached (Carlini & Wagner
/// 2017, section VI-C: τ starts at the width of the box, and is multiplied by 0.9). The attack's norm has a
/// `threshold`, as norm::hinge_linf.
struct threshold {
  double factor = 0.9;         ///< in (0, 1)
  double finest = 1.0 / 256.0; ///< share of the box's width below which τ is small enough, ≥ 0

  static constexpr const char* name = "threshold";
  using norm = ::advx::norm::linf;           ///< what ranks the successes
  static constexpr bool needs_slope = false; ///< no gradient at the success
  static constexpr index_t vectors = 0;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(factor > 0 && factor < 1, "tightening::threshold", "factor", "factor > 0 && factor < 1",
                            factor);
    ::advx::detail::require(finest >= 0, "tightening::threshold", "finest", "finest >= 0", finest);
  }

  /// Can it tighten an attack of this kind?
  template <class Attack>
  static constexpr bool fits = requires(Attack attack) {
    attack.norm.threshold;
  };

  struct state {
    double threshold = 0;
    double finest = 0;
  };
  template <class Team, class T>
  constexpr void begin(const Team& team, state& r, const image_ref<T>& image, T*) const {
    r.threshold = static_cast<double>(
        team.template max<T>(image.size, [=](index_t j) { return image.upper[j] - image.lower[j]; }));
    r.finest = finest * r.threshold;
  }
  /// What changes in the attack.
  template <class Attack>
  constexpr void apply(const state& r, Attack& attack) const {
    attack.norm.threshold = r.threshold;
  }
  /// What changes in the image's box.
  template <class T>
  constexpr image_ref<T> narrow(const image_ref<T>& image, T*) const {
    return image;
  }
  /// Is this success what the present constraint asks for?
  template <class Team, class T>
  constexpr bool meets(const Team& team, const state& r, const image_ref<T>& image, const T* x) const {
    return norm{}.distance(team, x, image.original, image.size) <= r.threshold;
  }
  /// The next constraint, from a success that met this one; false where there is none.
  template <class Team, class T>
  constexpr bool tighten(const Team& team, state& r, const image_ref<T>& image, T*, const T* x, const T*) const {
    r.threshold = factor * norm{}.distance(team, x, image.original, image.size);
    return r.threshold > r.finest;
  }
};

} // namespace advx::tightening
