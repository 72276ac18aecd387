/// @file
/// Images and labels from any kind of file that the command reads.
#pragma once

#include <advx/data/cifar.hpp>
#include <advx/data/idx.hpp>
#include <advx/data/images.hpp>
#include <advx/data/npy.hpp>
#include <advx/data/npz.hpp>
#include <advx/kernel/math.hpp>

#include <string>
#include <vector>

namespace advx_command {

enum class content { images, labels };

/// What a user names a file by: "FILE.npy", "FILE.npz:KEY" ("FILE.npz" of one array), "FILE.bin" or "FILE.bin.gz" (a
/// binary file of CIFAR-10), and any other name for IDX. Images are [n, ...], labels [n]. @throws file_error
inline advx::data::array read_array(const std::string& name, content what) {
  using namespace advx::data;
  if (const auto colon = name.rfind(".npz:"); colon != std::string::npos)
    return read_npz(name.substr(0, colon + 4)).at(name.substr(colon + 5));
  if (name.ends_with(".npz")) {
    const npz all = read_npz(name);
    if (all.arrays.size() == 1) return all.arrays[0].second;
    std::string keys;
    for (const auto& entry : all.arrays) keys += (keys.empty() ? "" : ", ") + detail::printable(entry.first);
    throw advx::file_error("advx: '" + name + "': holds " + std::to_string(all.arrays.size()) + " arrays (" + keys +
                           "); name one of them: " + name + ":KEY");
  }
  if (name.ends_with(".npy")) return read_npy(name);
  if (name.ends_with(".bin") || name.ends_with(".bin.gz")) {
    cifar both = read_cifar10(name);
    return what == content::images ? std::move(both.images) : std::move(both.labels);
  }
  return read_idx(name);
}

/// Images as floats, one a row: bytes are divided by 255, floats stay as they are.
/// @throws file_error naming `name` for integers, no axis or image, and values that are not finite
inline advx::batch<float> to_images(const advx::data::array& stored, const std::string& name) {
  using namespace advx::data;
  const auto refuse = [&](const std::string& fault) { throw advx::file_error("advx: '" + name + "': " + fault); };
  if (stored.shape.size() < 2 || stored.size() == 0)
    refuse("holds an array of shape " + to_string(stored.shape) + "; images are (n, ...), at least one");
  if (stored.type == dtype::int64) refuse("holds int64; images are uint8, float32 or float64");
  if (stored.type == dtype::uint8) return to_unit_interval(stored);
  const advx::index_t rows = stored.shape[0];
  advx::batch<float> images(rows, stored.size() / rows);
  images.values = stored.to<float>();
  for (advx::index_t i = 0; i < rows; ++i)
    for (advx::index_t j = 0; j < images.cols(); ++j)
      if (!advx::kernel::is_finite(images.row(i)[j]))
        refuse("value " + std::to_string(j) + " of image " + std::to_string(i) + " is " +
               std::to_string(images.row(i)[j]) + "; images are finite");
  return images;
}

/// One label an image, each in 0..classes − 1. @throws file_error naming `name`
inline std::vector<advx::label_t> to_labels(const advx::data::array& stored, const std::string& name,
                                            advx::index_t images, advx::index_t classes) {
  const auto refuse = [&](const std::string& fault) { throw advx::file_error("advx: '" + name + "': " + fault); };
  if (stored.shape.size() != 1 || (stored.type != advx::data::dtype::uint8 && stored.type != advx::data::dtype::int64))
    refuse(std::string("holds ") + advx::data::name_of(stored.type) + " " + advx::data::to_string(stored.shape) +
           "; labels are (n,) of uint8 or int64");
  if (stored.shape[0] != images)
    refuse("holds " + std::to_string(stored.shape[0]) + " labels for " + std::to_string(images) +
           " images; give one label an image");
  const auto wide = stored.to<advx::index_t>();
  for (std::size_t i = 0; i < wide.size(); ++i)
    if (wide[i] < 0 || wide[i] >= classes)
      refuse("label " + std::to_string(i) + " is " + std::to_string(wide[i]) + "; the classes are 0 to " +
             std::to_string(classes - 1));
  return {wide.begin(), wide.end()};
}

} // namespace advx_command
