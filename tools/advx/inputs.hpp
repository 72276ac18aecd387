// Images, labels and targets from the files that people have them in.
#pragma once

#include <advx/core/batch.hpp>
#include <advx/core/types.hpp>
#include <advx/data/array.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace advx_command {

/// A file as the command line names it, and what tells it from another.
struct source {
  std::string path; ///< as given, ":key" of an npz included
  std::uint32_t crc32 = 0;
  std::uint64_t bytes = 0;
};

/// An array of a file: .npy, .npz:key (without a key, its only array), IDX, CIFAR-10's binary (plain or gzipped).
struct stored {
  source from;
  advx::data::array values;
  bool cifar = false;
};

/// Which array of a file that holds both is meant.
enum class content { images, labels };

/// @throws advx::file_error naming file and fault
stored read_array(const std::string& path, content what);

/// Images of `extents` ([channels, height, width] or [values]), those of bytes scaled to the box; the first `limit` if
/// it is not 0. @throws advx::argument_error naming the shape and the remedy
advx::batch<float> to_images(const stored& s, const std::vector<advx::index_t>& extents, double lower, double upper,
                             advx::index_t limit);

/// One class, in [0, classes), for each of `images` images (further ones are left out).
/// @throws advx::argument_error naming the position and value of the first that is none
std::vector<advx::label_t> to_labels(const stored& s, advx::index_t images, advx::index_t classes,
                                     const std::string& option);

/// Target classes, one or more for each image, image-major. @throws as `to_labels`
std::vector<advx::label_t> to_targets(const stored& s, const std::vector<advx::label_t>& labels, advx::index_t classes);

} // namespace advx_command
