/// @file
/// The first population of an evolution.
#pragma once

#include <advx/core/require.hpp>
#include <advx/kernel/philox.hpp>

namespace advx::start {

/// Su et al. 2019, section III-B: positions are uniform; values are normal, in units of 1/255 of the box, and clipped.
/// In a space whose genes are no values all of them are uniform in their ranges.
struct population {
  double mean = 128;      ///< of values, in units of 1/255 of the box
  double deviation = 127; ///< their standard deviation, ≥ 0

  static constexpr const char* name = "population";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(mean > -1e6 && mean < 1e6, "start::population", "mean", "a finite mean", mean);
    ::advx::detail::require(deviation >= 0 && deviation < 1e6, "start::population", "deviation", "0 <= deviation < 1e6",
                            deviation);
  }

  /// A gene's first value from the stream's number at `coordinate`.
  template <class T, class Frame>
  constexpr T operator()(const Frame& frame, index_t gene, kernel::random_stream random, index_t coordinate) const {
    const auto range = frame.range(gene);
    if (frame.is_value(gene))
      return kernel::clamp(T(mean + deviation * random.template normal<double>(coordinate)) / T(255), range.low,
                           range.high);
    return range.low + (range.high - range.low) * random.template uniform<T>(coordinate);
  }
};

} // namespace advx::start
