/// @file
/// Best, average and worst case over the target classes of each image (Carlini & Wagner 2017, section VI-A).
#pragma once

#include <advx/core/error.hpp>
#include <advx/core/result.hpp>

#include <limits>
#include <string>

namespace advx {

/// One of the three cases, over all images.
struct case_summary {
  double success_rate = 0;  ///< share of images (average case: of pairs of image and target) with success
  double mean_distance = 0; ///< over those; 0 without any
};

/// The three cases of a run towards several targets per image.
struct case_summaries {
  case_summary best;    ///< the target that is reached with the least distance
  case_summary average; ///< every target counts
  case_summary worst;   ///< the target that is farthest; an image with any failure has none
};

/// Summarises `distance` (one of the result's l0, l1, l2, linf), whose rows are image-major with `cases` targets each.
/// @throws argument_error where the sizes disagree
inline case_summaries summarise_cases(const std::vector<double>& distance, const std::vector<std::uint8_t>& success,
                                      index_t cases) {
  const auto k = static_cast<std::size_t>(cases);
  if (cases < 1 || distance.size() != success.size() || distance.size() % k != 0)
    throw argument_error("advx: summarise_cases: " + std::to_string(distance.size()) + " distances and " +
                         std::to_string(success.size()) + " flags for " + std::to_string(cases) +
                         " cases per image; pass a result's own");
  case_summaries out;
  const std::size_t images = distance.size() / k;
  double best = 0, average = 0, worst = 0;
  std::size_t best_images = 0, pairs = 0, worst_images = 0;
  for (std::size_t i = 0; i < images; ++i) {
    double least = std::numeric_limits<double>::infinity(), most = 0;
    std::size_t reached = 0;
    for (std::size_t t = i * k; t < (i + 1) * k; ++t) {
      if (success[t] == 0) continue;
      ++reached;
      average += distance[t];
      least = distance[t] < least ? distance[t] : least;
      most = distance[t] > most ? distance[t] : most;
    }
    pairs += reached;
    if (reached > 0) best += least, ++best_images;
    if (reached == k) worst += most, ++worst_images;
  }
  const auto summary = [](double sum, std::size_t n, std::size_t of) {
    return case_summary{of > 0 ? static_cast<double>(n) / static_cast<double>(of) : 0,
                        n > 0 ? sum / static_cast<double>(n) : 0};
  };
  out.best = summary(best, best_images, images);
  out.average = summary(average, pairs, images * k);
  out.worst = summary(worst, worst_images, images);
  return out;
}

} // namespace advx
