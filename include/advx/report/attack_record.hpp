/// @file
/// What a report says of one attack: a plain record, filled from any attack's result, and its averages.
#pragma once

#include <advx/core/types.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace advx::report {

/// One attacked image. Distances are unsquared; of a failed image they are those of the best found.
struct image_entry {
  index_t index = 0; ///< position in the data set
  label_t label = no_label;
  label_t adversarial_label = no_label;
  bool success = false;
  double l0 = 0, l1 = 0, l2 = 0, linf = 0;
  double rmsd = 0; ///< root of the mean squared change: l2 / √(values per image)
  std::int64_t queries = 0;
  std::int64_t forward_rows = 0; ///< rows forwarded and not pulled back
  std::int64_t pullback_rows = 0;
  std::int64_t iterations = 0;
};

/// One attack over a set of images.
struct attack_record {
  std::string name; ///< "cw-l2"
  std::string goal; ///< "untargeted"
  std::string norm; ///< "l2"
  std::vector<std::pair<std::string, double>> parameters;
  std::vector<image_entry> images;
  double seconds = 0;           ///< wall time
  double cpu_seconds = 0;       ///< CPU time, all threads
  double model_cpu_seconds = 0; ///< the part of it inside the model
};

/// Mean and median over the successes; neither is there when nothing succeeded.
struct centre {
  std::optional<double> mean, median;
};

/// An attack's averages.
struct summary {
  double success_rate = 0; ///< share of all images, in [0, 1]; 0 without images
  centre l0, l1, l2, linf, rmsd;
  double queries = 0, forward_rows = 0, pullback_rows = 0, iterations = 0; ///< per image, over all images
};

namespace detail {

inline centre centre_of(const std::vector<image_entry>& images, double image_entry::*field) {
  std::vector<double> values;
  for (const image_entry& image : images)
    if (image.success) values.push_back(image.*field);
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += value;
  const std::size_t half = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {sum / static_cast<double>(values.size()), median};
}

inline double mean_of(const std::vector<image_entry>& images, std::int64_t image_entry::*field) {
  double sum = 0;
  for (const image_entry& image : images) sum += static_cast<double>(image.*field);
  return images.empty() ? 0 : sum / static_cast<double>(images.size());
}

} // namespace detail

/// The averages of a record. The order of the images does not change distances' averages.
inline summary aggregate(const attack_record& record) {
  const auto& images = record.images;
  const auto successes = std::count_if(images.begin(), images.end(), [](const image_entry& i) { return i.success; });
  summary s;
  s.success_rate = images.empty() ? 0 : static_cast<double>(successes) / static_cast<double>(images.size());
  s.l0 = detail::centre_of(images, &image_entry::l0);
  s.l1 = detail::centre_of(images, &image_entry::l1);
  s.l2 = detail::centre_of(images, &image_entry::l2);
  s.linf = detail::centre_of(images, &image_entry::linf);
  s.rmsd = detail::centre_of(images, &image_entry::rmsd);
  s.queries = detail::mean_of(images, &image_entry::queries);
  s.forward_rows = detail::mean_of(images, &image_entry::forward_rows);
  s.pullback_rows = detail::mean_of(images, &image_entry::pullback_rows);
  s.iterations = detail::mean_of(images, &image_entry::iterations);
  return s;
}

} // namespace advx::report
