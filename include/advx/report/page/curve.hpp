/// @file
/// The numbers behind the charts: security curves, histograms, axes.
#pragma once

#include <advx/report/page/finished_run.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace advx::report::page {

/// The security curve of an attack: the share of all its images that are adversarial within a distance, or for so many
/// queries.
struct security_curve {
  std::vector<double> distances; ///< of the successes, ascending
  std::size_t images = 0;        ///< all of them, failures too

  /// Share of the images with success at this distance or less, in [0, 1].
  double share_within(double distance) const {
    const auto end = std::upper_bound(distances.begin(), distances.end(), distance);
    return images == 0 ? 0 : static_cast<double>(end - distances.begin()) / static_cast<double>(images);
  }
  /// Share of the images with success at any distance.
  double share_in_all() const {
    return images == 0 ? 0 : static_cast<double>(distances.size()) / static_cast<double>(images);
  }
  /// The least distance within which this share of the images, in (0, 1], is adversarial; nothing if none is.
  std::optional<double> distance_at(double share) const {
    const double needed = std::ceil(share * static_cast<double>(images) - 1e-9);
    const auto count = static_cast<std::size_t>(std::max(needed, 1.0));
    return count <= distances.size() ? std::optional(distances[count - 1]) : std::nullopt;
  }
};

/// @param field of an image: a distance, or its queries
template <class T>
security_curve curve_of(const attack_record& record, T image_entry::*field) {
  security_curve curve{{}, record.images.size()};
  for (const image_entry& image : record.images)
    if (image.success) curve.distances.push_back(static_cast<double>(image.*field));
  std::sort(curve.distances.begin(), curve.distances.end());
  return curve;
}

/// An axis from 0 to `end` with a tick at each multiple of `step`; with `powers` these are powers of ten, and the axis
/// begins at 1.
struct axis {
  double end = 1, step = 0.25;
  bool powers = false;

  int ticks() const { return static_cast<int>(std::lround(end / step)); }
  /// Where on the axis a value stands, from 0 to 1.
  double share(double value) const { return (powers ? std::log10(std::max(value, 1.0)) : value) / end; }
  /// What tick t stands at.
  double tick(int t) const { return powers ? std::pow(10, t * step) : t * step; }
};

/// The axis with steps of 1, 2, 2.5 or 5 times a power of ten that holds `largest` (>= 0) in at most five of them.
inline axis axis_for(double largest) {
  if (!(largest > 0)) return {};
  const double power = std::pow(10, std::floor(std::log10(largest)) - 1);
  double step = 0;
  for (const double factor : {1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 25.0, 50.0})
    if (step = factor * power; step * 5 >= largest * (1 - 1e-12)) break;
  return {step * std::ceil(largest / step * (1 - 1e-12)), step};
}

/// The axis from 1 to a power of ten that holds `largest`.
inline axis powers_for(double largest) {
  return {std::max(1.0, std::ceil(std::log10(std::max(largest, 1.0)))), 1, true};
}

/// Bins of a histogram per step of its axis.
inline constexpr int bins_per_step = 4;

/// How many of the distances lie in each of the axis' bins; a distance between two bins counts in the upper one, the
/// largest in the last.
inline std::vector<std::size_t> histogram(const std::vector<double>& distances, const axis& scale) {
  const int bins = scale.ticks() * bins_per_step;
  std::vector<std::size_t> counts(static_cast<std::size_t>(bins));
  for (const double distance : distances) {
    const double bin = std::floor(distance / scale.end * bins * (1 + 1e-12));
    ++counts[static_cast<std::size_t>(std::clamp(bin, 0.0, bins - 1.0))];
  }
  return counts;
}

} // namespace advx::report::page
