/// @file
/// What a report's folder holds, as values: what the page is made of.
#pragma once

#include <advx/report/attack_record.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace advx::report {

/// Name and value, in the order of the file.
using named_texts = std::vector<std::pair<std::string, std::string>>;

/// An image of the gallery.
struct gallery_image {
  std::size_t row = 0; ///< position among the attack's images
  std::string why;     ///< "smallest distance"
  label_t clean_label = no_label, label = no_label;
  double clean_confidence = 0, confidence = 0;
  std::vector<float> original, adversarial; ///< channels × height × width
};

/// An attack's record, and what the page shows beside it. A distance that is not known is NaN.
struct attack_findings {
  attack_record record;                           ///< its `parameters` and times are not filled
  named_texts parameters;                         ///< as the file writes them
  std::optional<double> forward_rows, iterations; ///< per image
  std::vector<gallery_image> gallery;             ///< in the order of the page
};

/// A file that was read, as run.json tells it.
struct file_identity {
  std::string path, crc32;
  std::optional<std::int64_t> bytes;
};

/// run.json: how the run was called.
struct run_description {
  std::string advx;
  file_identity model, inputs, labels, targets; ///< an empty path: not told
  std::optional<index_t> classes;
  std::vector<index_t> input_shape;
  std::string goal, backend;
  std::optional<double> lower, upper; ///< the box
  std::vector<double> mean, std;
  std::optional<std::int64_t> seed, images; ///< `images`: how many of the inputs were attacked
  std::optional<double> time_limit;         ///< seconds for each attack
  std::optional<std::int64_t> levels;       ///< of each pixel of what was found, as after storing it
  std::vector<std::string> attacks;         ///< as the command line takes them, parameters filled in
  std::optional<bool> row_invariant;
  std::string row_invariant_detail;
  bool complete = true;
};

/// Everything that the page tells.
struct finished_run {
  std::string advx;  ///< the version that wrote the results
  named_texts model; ///< what results.json says of the model
  index_t images = 0;
  double clean_accuracy = 0;
  std::vector<attack_findings> attacks;
  std::optional<run_description> run;
  std::vector<index_t> shape; ///< of one input: C, H, W or D; empty without inputs.npz
};

/// A distance that the page shows: its name, and where an image's record keeps it.
struct distance_kind {
  const char* key;
  const char* title;
  double image_entry::*field;
  centre summary::*average;
};
inline constexpr std::array<distance_kind, 4> distance_kinds = {{{"l0", "L0", &image_entry::l0, &summary::l0},
                                                                 {"l1", "L1", &image_entry::l1, &summary::l1},
                                                                 {"l2", "L2", &image_entry::l2, &summary::l2},
                                                                 {"linf", "L∞", &image_entry::linf, &summary::linf}}};

/// The distance by which an attack under this norm is judged: the norm's own. The elastic net is judged by L1, as its
/// authors compare it; any other norm by L2.
constexpr const distance_kind& distance_of(std::string_view norm) {
  for (const distance_kind& kind : distance_kinds)
    if (norm == kind.key) return kind;
  return distance_kinds[norm == "elastic_net" ? 1 : 2];
}

} // namespace advx::report
