/// @file
/// The row primitives in their plainest form: the oracle that every other team is compared with.
#pragma once

#include <advx/core/types.hpp>

#include <limits>

namespace advx::backend {

/// A float sum is kept in this many partial sums (column j goes to sum j mod 64), which are then added pairwise. Every
/// host team uses the same order, so that all have the same bits.
inline constexpr index_t sum_lanes = 64;

/// What a row program may ask for. The program runs once for each row; everything that touches the row's columns goes
/// through these members, so that a device may run it with a block of threads. Calls are uniform over the block.
struct reference_team {
  /// f(j) for j in [0, n), in any order.
  template <class F>
  void each(index_t n, F f) const {
    for (index_t j = 0; j < n; ++j) f(j);
  }

  /// Σ f(j) in the order of `sum_lanes`.
  template <class T, class F>
  T sum(index_t n, F f) const {
    T lanes[sum_lanes] = {};
    for (index_t j = 0; j < n; ++j) lanes[j % sum_lanes] += f(j);
    for (index_t width = sum_lanes / 2; width > 0; width /= 2)
      for (index_t l = 0; l < width; ++l) lanes[l] += lanes[l + width];
    return lanes[0];
  }

  /// max f(j); lowest() where n is 0.
  template <class T, class F>
  T max(index_t n, F f) const {
    T best = std::numeric_limits<T>::lowest();
    for (index_t j = 0; j < n; ++j) {
      const T v = f(j);
      best = best < v ? v : best;
    }
    return best;
  }

  /// The first j with the greatest f(j); −1 where n is 0.
  template <class T, class F>
  index_t argmax(index_t n, F f) const {
    index_t best = -1;
    T value = std::numeric_limits<T>::lowest();
    for (index_t j = 0; j < n; ++j) {
      const T v = f(j);
      if (best < 0 || value < v) {
        best = j;
        value = v;
      }
    }
    return best;
  }

  /// The number of j for which f(j) holds.
  template <class F>
  index_t count(index_t n, F f) const {
    index_t total = 0;
    for (index_t j = 0; j < n; ++j) total += f(j) ? 1 : 0;
    return total;
  }
};

} // namespace advx::backend
