/// @file
/// Which of an attack's images a gallery shows.
#pragma once

#include <advx/report/page/finished_run.hpp>

#include <algorithm>

namespace advx::report::page {

/// A row of an attack, and why it is shown.
struct chosen_row {
  std::size_t row;
  const char* why;
};

/// At most `most` rows (>= 4): successes whose distances are spread evenly between the smallest and the largest, then
/// failures in their order, a third of the rows being theirs. Successes at distance 0, where nothing was attacked, are
/// left out.
inline std::vector<chosen_row> choose_rows(const attack_record& record, std::size_t most) {
  const auto field = distance_of(record.norm).field;
  const auto& images = record.images;
  std::vector<std::size_t> successes, failures;
  for (std::size_t i = 0; i < images.size(); ++i)
    if (!images[i].success)
      failures.push_back(i);
    else if (images[i].*field > 0)
      successes.push_back(i);
  std::stable_sort(successes.begin(), successes.end(),
                   [&](std::size_t a, std::size_t b) { return images[a].*field < images[b].*field; });

  std::size_t shown = std::min(successes.size(), most - std::min(failures.size(), most / 3));
  if (shown > 2 && shown % 2 == 0) --shown; // an odd number has one in the middle
  std::vector<chosen_row> chosen;
  const std::size_t last = successes.size() - 1;
  for (std::size_t k = 0; k < shown; ++k) {
    const std::size_t rank = shown == 1 ? 0 : (k * last + (shown - 1) / 2) / (shown - 1);
    const char* why = shown == 1           ? "only success"
                      : k == 0             ? "smallest distance"
                      : k + 1 == shown     ? "largest distance"
                      : 2 * k + 1 == shown ? "median distance"
                                           : "in between";
    chosen.push_back({successes[rank], why});
  }
  for (std::size_t k = 0; k < std::min(failures.size(), most - shown); ++k) chosen.push_back({failures[k], "failure"});
  return chosen;
}

} // namespace advx::report::page
