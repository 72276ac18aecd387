/// @file
/// How the perturbations of several images become one: their sum, one image at a time or many at once.
#pragma once

#include <advx/core/batch_view.hpp>
#include <advx/core/require.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

namespace advx::aggregate {

/// Moosavi-Dezfooli et al. 2017, Algorithm 1: each image's own perturbation is added as soon as it is found.
struct one_by_one {
  static constexpr const char* name = "one_by_one";
  static constexpr bool wants_failures() { return false; }

  index_t block(index_t) const { return 1; }
  template <class T>
  void add(batch_view<const T> changes, std::uint64_t, T* v, std::vector<double>&) const {
    for (index_t i = 0; i < changes.rows; ++i)
      for (index_t j = 0; j < changes.cols; ++j) v[j] += changes.row(i)[j];
  }
};

/// Many images are attacked at the same v, at once, and the sum of their perturbations is added, over the square root
/// of their number: `gain` · Σ Δvᵢ / √k. Images of one data set pull alike, so that their mean would be too short a
/// step, and their sum, which one_by_one projects after each, one too long.
struct together {
  index_t images = 32; ///< attacked at once, ≥ 1; the last block of a pass may be smaller
  double gain = 1;     ///< > 0

  static constexpr const char* name = "together";
  static constexpr bool wants_failures() { return false; }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(images >= 1, "aggregate::together", "images", "images >= 1", double(images));
    ::advx::detail::require(gain > 0 && gain < 1e30, "aggregate::together", "gain", "gain > 0", gain);
  }
  index_t block(index_t) const { return images; }
  template <class T>
  void add(batch_view<const T> changes, std::uint64_t, T* v, std::vector<double>&) const {
    const double scale = gain / std::sqrt(double(changes.rows));
    for (index_t j = 0; j < changes.cols; ++j) {
      double sum = 0;
      for (index_t i = 0; i < changes.rows; ++i) sum += double(changes.row(i)[j]);
      v[j] += T(scale * sum);
    }
  }
};

} // namespace advx::aggregate
