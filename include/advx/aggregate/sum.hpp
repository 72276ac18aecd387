/// @file
/// How the perturbations of several images become one: their sum, one image at a time or many at once.
#pragma once

#include <advx/core/batch_view.hpp>
#include <advx/core/require.hpp>

#include <algorithm>
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

/// Many images are attacked at the same v, at once. Those nearest to their boundaries count most, since a short way
/// wins them, and far ones would drag v along for nothing: v grows by
///
///     gain / √k · m · Σ Δvᵢ / ‖Δvᵢ‖₂²,    m = mean ‖Δvᵢ‖₂ / mean (1 / ‖Δvᵢ‖₂),
///
/// over the k images of the block that were not fooled. m makes the terms as long, in the mean, as the Δvᵢ are. Images
/// of one data set pull alike, so that the terms' mean would be too short a step and their sum too long a one.
struct together {
  index_t images = 16; ///< attacked at once, ≥ 1; the last block of a pass may be smaller
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
    const auto k = static_cast<std::size_t>(changes.rows);
    std::vector<double> lengths(k);
    double mean = 0;
    for (std::size_t i = 0; i < k; ++i) {
      const T* change = changes.row(static_cast<index_t>(i));
      for (index_t j = 0; j < changes.cols; ++j) lengths[i] += double(change[j]) * double(change[j]);
      lengths[i] = std::sqrt(lengths[i]);
      mean += lengths[i] / double(k);
    }
    if (!(mean > 0)) return;
    double inverse = 0;
    for (double& length : lengths) {
      length = std::max(length, least_share * mean);
      inverse += 1 / (length * double(k));
    }
    const double scale = gain * mean / (inverse * std::sqrt(double(k)));
    for (index_t j = 0; j < changes.cols; ++j) {
      double sum = 0;
      for (std::size_t i = 0; i < k; ++i)
        sum += double(changes.row(static_cast<index_t>(i))[j]) / (lengths[i] * lengths[i]);
      v[j] += T(scale * sum);
    }
  }

private:
  /// Of the mean length: shorter perturbations weigh no more, lest one on its boundary outweigh all others.
  static constexpr double least_share = 0.05;
};

} // namespace advx::aggregate
