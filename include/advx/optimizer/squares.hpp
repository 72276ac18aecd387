/// @file
/// Random squares: the proposals of the Square attack.
#pragma once

#include <advx/core/image.hpp>
#include <advx/core/require.hpp>
#include <advx/kernel/math.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/norm/l2.hpp>
#include <advx/norm/linf.hpp>
#include <advx/optimizer/people.hpp>
#include <advx/space/planes.hpp>

#include <type_traits>

namespace advx::optimizer {

namespace detail {

/// A square of a plane.
struct window {
  index_t row = 0, column = 0, side = 0;

  constexpr bool holds(index_t r, index_t c) const noexcept {
    return row <= r && r < row + side && column <= c && c < column + side;
  }
};

/// The bump of the L2 attack (Andriushchenko et al. 2020, section 3.4, η): a square in two halves, one of either sign,
/// each the sum of squares around its middle, the k-th of weight 1/k², and of unit length; together of unit length.
template <class T>
struct bump {
  const T* sums;   ///< Σ 1/k² of the first k ≥ 1, from k = 0 on
  index_t side;    ///< of the square
  bool across;     ///< the halves lie side by side, and not one above the other
  T first, second; ///< the halves' factors

  /// The value at (r, c) of a rectangle of `rows` × `columns`, before it is scaled.
  static constexpr T raw(const T* sums, index_t rows, index_t columns, index_t r, index_t c) noexcept {
    const index_t dr = kernel::absolute(r - rows / 2), dc = kernel::absolute(c - columns / 2);
    return sums[kernel::maximum(rows / 2, columns / 2) + 1] - sums[kernel::maximum(dr, dc)];
  }
  constexpr T operator()(index_t r, index_t c) const noexcept {
    const index_t half = side / 2, along = across ? c : r, other = across ? r : c;
    return along < half ? first * raw(sums, half, side, along, other)
                        : -second * raw(sums, side - half, side, along - half, other);
  }

  template <class Team>
  static constexpr bump of(const Team& team, const T* sums, index_t side, bool across) {
    const auto factor = [&](index_t rows) {
      const T squares = team.template sum<T>(rows * side, [=](index_t k) {
        const T v = raw(sums, rows, side, k / side, k % side);
        return v * v;
      });
      return squares > T(0) ? T(0.70710678118654752440) / kernel::square_root(squares) : T(0);
    };
    const T first = factor(side / 2), second = factor(side - side / 2);
    return {sums, side, across, first, second};
  }
};

} // namespace detail

/// Andriushchenko et al. 2020, Algorithms 2 and 3: the best point so far but for a square at a random place, whose side
/// falls as the search goes on. In L∞ the square's values become ±ε from the original, one sign a channel; the first
/// point is vertical stripes of ±ε. In L2 a square's length moves into another one, with a bump added; the first point
/// is a grid of bumps.
struct squares {
  double share = 0.8;     ///< p, the first square's share of an image, in (0, 1]
  space::planes planes{}; ///< how an image's values are pixels

  static constexpr const char* name = "squares";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(share > 0 && share <= 1, "optimizer::squares", "share", "share in (0, 1]", share);
    planes.check();
  }
  template <class Norm>
  static constexpr bool fits = std::is_same_v<Norm, norm::linf> || std::is_same_v<Norm, norm::l2>;

  using extents = space::plane_extents;
  /// @throws argument_error where images of `size` values are no such planes
  extents on(index_t size) const { return planes.on(size); }
  /// Numbers of a slot: the bumps' sums.
  static constexpr index_t memory(const extents& e) { return kernel::maximum(e.height, e.width) + 2; }

  /// p at `step` of `steps`: halved after 0.1 %, 0.5 %, 2 %, 5 %, 10 %, 20 %, 40 %, 60 % and 80 % of them.
  constexpr double share_at(int step, int steps) const noexcept {
    double p = share;
    const int ends[] = {10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000}; // of 10,000
    for (const int end : ends)
      if (10000.0 * step / steps > end) p /= 2;
    return p;
  }

  /// The first point. Random numbers: coordinate channel·width + column (L∞), or the tile's, in order (L2).
  template <class Norm, class Team, class T>
  constexpr void start(const Norm& norm, const Team& team, const image_ref<T>& image, const extents& e, double radius,
                       kernel::random_stream random, T* sums, T* x) const {
    const T* x0 = image.original;
    if constexpr (std::is_same_v<Norm, norm::linf>) {
      const auto project = norm.projection(team, image, radius, [](index_t) { return T(0); });
      team.each(image.size, [=](index_t j) {
        const bool up = random.bits(j / e.plane() * e.width + j % e.width) >> 31 != 0;
        x[j] = project(j, up ? x0[j] + T(radius) : x0[j] - T(radius));
      });
    } else {
      const index_t terms = memory(e);
      team.each(1, [=](index_t) {
        sums[0] = 0;
        for (index_t k = 1; k < terms; ++k) sums[k] = sums[k - 1] + T(1) / T(k * k);
      });
      const index_t least = kernel::minimum(e.height, e.width);
      const index_t side = kernel::maximum(least / 5, index_t{1});
      const index_t down = e.height / side, along = e.width / side;
      const index_t top = (e.height - down * side) / 2, left = (e.width - along * side) / 2;
      const auto upright = detail::bump<T>::of(team, sums, side, false);
      auto lying = upright;
      lying.across = true;
      team.each(image.size, [=](index_t j) {
        const index_t channel = j / e.plane(), r = j % e.plane() / e.width - top, c = j % e.width - left;
        T d = 0;
        if (r >= 0 && c >= 0 && r < down * side && c < along * side) {
          const index_t tile = r / side * along + c / side;
          const auto bits = lanes(random, tile * e.channels + channel);
          const bool across = random.bits(tile * e.channels, 1) >> 31 != 0; // alike in all channels
          d = (across ? lying : upright)(r % side, c % side) * (bits[0] >> 31 != 0 ? T(1) : T(-1));
        }
        x[j] = d;
      });
      scale(norm, team, image, radius, x);
    }
  }

  /// The point of `step` ≥ 1: `best` but for a square, or two. Random numbers: coordinate 0 places them (lanes 0 and 1
  /// the first one's row and column, 2 and 3 the second one's), 1 lays the bump, 2 + channel has the signs: in L∞ bit
  /// 31 and, where nothing would change, the ones below it.
  template <class Norm, class Team, class T>
  constexpr void propose(const Norm& norm, const Team& team, const image_ref<T>& image, const extents& e, double radius,
                         int step, int steps, kernel::random_stream random, const T* sums, const T* best, T* x) const {
    const T* x0 = image.original;
    const auto places = lanes(random, 0);
    const index_t least = kernel::minimum(e.height, e.width);
    const double wide = kernel::square_root(share_at(step, steps) * double(e.plane()));
    index_t side = kernel::clamp(static_cast<index_t>(wide + 0.5), index_t{1}, least);
    if constexpr (std::is_same_v<Norm, norm::linf>) {
      const detail::window w{choice(places[0], e.height - side + 1), choice(places[1], e.width - side + 1), side};
      const auto project = norm.projection(team, image, radius, [](index_t) { return T(0); });
      const auto value = [=](index_t j, std::uint32_t bits, int turn) {
        return project(j, (bits >> (31 - turn) & 1U) != 0 ? x0[j] + T(radius) : x0[j] - T(radius));
      };
      const auto place = [=](index_t row, index_t c) { // the row-th of the window's rows, of all channels
        return row / w.side * e.plane() + (w.row + row % w.side) * e.width + w.column + c;
      };
      int turn = 0;
      for (; turn < 8; ++turn) { // signs that the window has already are drawn again
        const bool moves = team.count(e.channels * w.side, [=](index_t row) {
          const std::uint32_t bits = random.bits(2 + row / w.side);
          bool any = false;
          for (index_t c = 0; c < w.side && !any; ++c) {
            const index_t j = place(row, c);
            any = value(j, bits, turn) != best[j];
          }
          return any;
        }) > 0;
        if (moves) break;
      }
      team.each(image.size, [=](index_t j) { x[j] = best[j]; });
      team.each(e.channels * w.side, [=](index_t row) {
        const std::uint32_t bits = random.bits(2 + row / w.side);
        for (index_t c = 0; c < w.side; ++c) {
          const index_t j = place(row, c);
          x[j] = value(j, bits, turn);
        }
      });
    } else {
      // An odd side of at least 3, where planes are so large.
      side = kernel::maximum(side, index_t{3});
      side += 1 - side % 2;
      side = kernel::minimum(side, least);
      const detail::window to{choice(places[0], e.height - side + 1), choice(places[1], e.width - side + 1), side};
      const detail::window from{choice(places[2], e.height - side + 1), choice(places[3], e.width - side + 1), side};
      const auto eta = detail::bump<T>::of(team, sums, side, random.bits(1) >> 31 != 0);
      const T used = team.template sum<T>(image.size, [=](index_t j) { return (best[j] - x0[j]) * (best[j] - x0[j]); });
      const T left = kernel::maximum(T(radius * radius) - used, T(0)) / T(e.channels);
      team.each(image.size,
                [=](index_t j) { x[j] = from.holds(j % e.plane() / e.width, j % e.width) ? T(0) : best[j] - x0[j]; });
      for (index_t channel = 0; channel < e.channels; ++channel) {
        const T sign = random.bits(2 + channel) >> 31 != 0 ? T(1) : T(-1);
        const auto place = [=](const detail::window& w, index_t k) {
          return channel * e.plane() + (w.row + k / w.side) * e.width + w.column + k % w.side;
        };
        const auto square_at = [=](index_t j) { return (best[j] - x0[j]) * (best[j] - x0[j]); };
        const T there = team.template sum<T>(side * side, [=](index_t k) { return square_at(place(to, k)); });
        const T beside = team.template sum<T>(side * side, [=](index_t k) {
          return to.holds(from.row + k / side, from.column + k % side) ? T(0) : square_at(place(from, k));
        });
        const T shrink = T(1) / (T(1e-10) + kernel::square_root(there));
        const auto fresh = [=](index_t k) {
          const index_t j = place(to, k);
          return sign * eta(k / side, k % side) + shrink * (best[j] - x0[j]);
        };
        const T length = team.template sum<T>(side * side, [=](index_t k) { return fresh(k) * fresh(k); });
        const T factor = length > T(0) ? kernel::square_root((left + there + beside) / length) : T(0);
        team.each(side * side, [=](index_t k) { x[place(to, k)] = factor * fresh(k); });
      }
      scale(norm, team, image, radius, x);
    }
  }

private:
  /// Makes the perturbation x a point of the ball's surface, clipped to the box.
  template <class Team, class T>
  constexpr void scale(const norm::l2& norm, const Team& team, const image_ref<T>& image, double radius, T* x) const {
    const T length2 = team.template sum<T>(image.size, [=](index_t j) { return x[j] * x[j]; });
    const T factor = length2 > T(0) ? T(radius) / kernel::square_root(length2) : T(0);
    team.each(image.size, [=, x0 = image.original, low = image.lower, high = image.upper](index_t j) {
      x[j] = kernel::clamp(x0[j] + factor * x[j], low[j], high[j]);
    });
    norm.fit(team, image, radius, x);
  }
};

} // namespace advx::optimizer
