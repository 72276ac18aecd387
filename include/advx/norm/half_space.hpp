/// @file
/// The shortest way from a point of the box into a half-space, inside the box.
#pragma once

#include <advx/core/image.hpp>
#include <advx/kernel/math.hpp>

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace advx::norm {

/// {x + r : Σ normal·r ≥ missing}, seen from the point x of a box. Where `missing` ≤ 0 it contains x itself.
template <class T>
struct half_space {
  const T* x = nullptr;
  const T* normal = nullptr;
  const T* lower = nullptr; ///< the box; null: there is none
  const T* upper = nullptr;
  index_t size = 0;
  T missing = 0;

  /// How far coordinate j may go in the direction of the normal, ≥ 0.
  constexpr T room(index_t j) const noexcept {
    if (lower == nullptr) return std::numeric_limits<T>::infinity();
    // Both ways are looked at, so that no load hangs on a branch: whole vectors at a time.
    const T n = normal[j], up = upper[j] - x[j], down = x[j] - lower[j];
    return kernel::maximum(n > T(0) ? up : (n < T(0) ? down : T(0)), T(0));
  }
  /// |normal| where the coordinate may move, else 0.
  constexpr T steepness(index_t j) const noexcept {
    const T s = kernel::absolute(normal[j]);
    return room(j) > T(0) ? s : T(0);
  }
  /// What coordinate j adds to Σ normal·r if it goes by `length` ≥ 0, at most to the box.
  constexpr T gain(index_t j, T length) const noexcept {
    const T s = steepness(j), way = s * kernel::minimum(length, room(j));
    return s > T(0) ? way : T(0);
  }
  /// x_j moved by `length` ≥ 0 in the direction of the normal, at most to the box.
  constexpr T moved(index_t j, T length) const noexcept {
    if (normal[j] == T(0)) return x[j];
    if (lower == nullptr) return normal[j] > T(0) ? x[j] + length : x[j] - length;
    if (!(length < room(j))) return normal[j] > T(0) ? upper[j] : lower[j];
    return kernel::clamp(normal[j] > T(0) ? x[j] + length : x[j] - length, lower[j], upper[j]);
  }
  /// The greatest Σ normal·r in the box.
  template <class Team>
  constexpr T deepest(const Team& team) const {
    return team.template sum<T>(size, [h = *this](index_t j) { return h.gain(j, std::numeric_limits<T>::infinity()); });
  }
};

namespace detail {

/// The least t ≥ 0 with Σ gain(j, length(j, t)) ≥ missing, where `length` is t times a weight of the coordinate. The
/// sum is concave and piecewise linear in t, so Newton's steps from the left end in finitely many passes (usually two
/// or three). Where the box is too small, the greatest t that changes anything.
template <class T, class Team, class Weight>
constexpr T least_multiple(const Team& team, const half_space<T>& h, Weight weight) {
  T t = 0;
  for (int pass = 0; pass < 60; ++pass) {
    const T reached = team.template sum<T>(h.size, [=](index_t j) { return h.gain(j, t * weight(j)); });
    const T slope = team.template sum<T>(
        h.size, [=](index_t j) { return t * weight(j) < h.room(j) ? h.steepness(j) * weight(j) : T(0); });
    const T next = slope > T(0) ? t + (h.missing - reached) / slope : t;
    if (!(next > t) || !kernel::is_finite(next)) break;
    t = next;
  }
  return t;
}

/// In L1 the steepest coordinates are spent first, each to the box, until one is left that goes a part of the way: the
/// loop of SparseFool's linear solver (Modas et al. 2019, Algorithm 1). `threshold` and `last` name that one.
template <class T>
struct steepest_first {
  half_space<T> h;
  T threshold;  ///< steeper coordinates go to the box, and as steep ones before `last`
  index_t last; ///< goes by `part`; −1: all go to the box
  T part;

  constexpr T operator()(index_t j) const noexcept {
    const T s = h.steepness(j);
    if (!(s > T(0)) || s < threshold || (s == threshold && last >= 0 && j > last)) return h.x[j];
    return h.moved(j, s == threshold && j == last ? part : std::numeric_limits<T>::infinity());
  }
};

/// Finds them by bisection on the bit pattern of the steepness, without a sort: O(n·bits) sums.
template <class T, class Team>
constexpr steepest_first<T> spend_steepest(const Team& team, const half_space<T>& h) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr T all = std::numeric_limits<T>::infinity();
  if (!(h.missing > T(0))) return {h, all, -1, T(0)};
  const auto gain = [&](auto chosen) {
    return team.template sum<T>(h.size, [=](index_t j) { return chosen(j) ? h.gain(j, all) : T(0); });
  };
  bits found = 0;
  for (bits bit = bits{1} << (sizeof(T) * 8 - 2); bit != 0; bit >>= 1) {
    const T candidate = std::bit_cast<T>(static_cast<bits>(found | bit));
    if (gain([=](index_t j) { return h.steepness(j) >= candidate; }) >= h.missing)
      found = static_cast<bits>(found | bit);
  }
  const T threshold = std::bit_cast<T>(found);
  if (!(threshold > T(0))) return {h, T(0), -1, T(0)};
  const T above = gain([=](index_t j) { return h.steepness(j) > threshold; });
  index_t low = -1, high = h.size - 1; // the first column up to which enough has been spent
  while (high - low > 1) {
    const index_t middle = (low + high) / 2;
    if (above + gain([=](index_t j) { return j <= middle && h.steepness(j) == threshold; }) >= h.missing)
      high = middle;
    else
      low = middle;
  }
  const T before = gain([=](index_t j) { return j < high && h.steepness(j) == threshold; });
  return {h, threshold, high, kernel::maximum((h.missing - above - before) / threshold, T(0))};
}

} // namespace detail

} // namespace advx::norm
