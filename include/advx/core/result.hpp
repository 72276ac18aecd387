/// @file
/// What a run returns.
#pragma once

#include <advx/core/types.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace advx {

/// How the attack on one image ended.
enum class status : std::uint8_t {
  failed,              ///< the search ended without success; the image is the best found
  success,             ///< the image is adversarial, and was classified again to make sure
  already_adversarial, ///< the original meets the goal: distance 0
  stopped,             ///< the observer, the time or the query limit ended it; a success may have been found before
  non_finite,          ///< the model's answer was NaN or infinite on the way; the image is the best found before
};

/// What is known of the images that one ranking keeps. Distances are between the stored values, in double, unsquared.
struct outcome_table {
  std::string ranking;               ///< the name of the norm that ranked
  std::vector<std::uint8_t> success; ///< 1: adversarial
  std::vector<label_t> labels;       ///< the model's class for the returned image
  std::vector<double> l0, l1, l2, linf;

  /// Share of images with success, in [0, 1].
  double success_rate() const {
    std::size_t n = 0;
    for (const std::uint8_t s : success) n += s;
    return success.empty() ? 0.0 : static_cast<double>(n) / static_cast<double>(success.size());
  }
  /// Mean of one of the distances over the images with success, as papers state it; NaN where there is none.
  double mean_over_successes(const std::vector<double>& distance) const {
    double sum = 0, n = 0;
    for (std::size_t i = 0; i < success.size(); ++i)
      if (success[i] != 0) {
        sum += distance[i];
        n += 1;
      }
    return sum / n;
  }
};

/// The images that one ranking keeps: for each attacked image the successful one that the ranking puts first, else the
/// one that came nearest to the goal.
template <class Images>
struct outcome : outcome_table {
  Images images; ///< one row per image (and target class)
};

/// What is known of a run's images whatever ranks them. Row i belongs to image i / cases and to target class i % cases.
struct run_table {
  index_t cases = 1; ///< target classes per image
  std::vector<advx::status> status;
  std::vector<label_t> clean_labels;       ///< the model's class for the original
  std::vector<double> constant;            ///< the last c with a success (penalty attacks), else the last tried
  std::vector<std::int64_t> iterations;    ///< optimizer steps
  std::vector<std::int64_t> queries;       ///< answers asked of the model (scores or labels)
  std::vector<std::int64_t> forward_rows;  ///< rows forwarded and not pulled back
  std::vector<std::int64_t> pullback_rows; ///< rows pulled back
  std::int64_t verification_rows = 0;      ///< rows forwarded to classify the results again; in no image's count
  double model_seconds = 0;                ///< CPU time inside the model's passes, all threads; 0 on a device
  bool row_invariant = false;              ///< the model claims that a row's answer does not depend on its batch
  bool complete = true;                    ///< false: stopped before every image was finished
};

/// A run's answer.
template <class Images>
struct result : outcome<Images>, run_table {
  std::vector<outcome<Images>> other_rankings; ///< further rankings of the same run, if the recipe has any
};

} // namespace advx
