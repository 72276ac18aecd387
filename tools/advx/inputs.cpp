#include "inputs.hpp"

#include <advx/core/error.hpp>
#include <advx/data/cifar.hpp>
#include <advx/data/detail/zlib.hpp>
#include <advx/data/files.hpp>
#include <advx/data/idx.hpp>
#include <advx/data/images.hpp>
#include <advx/data/npy.hpp>
#include <advx/data/npz.hpp>

#include <algorithm>
#include <filesystem>

#include "text.hpp"

namespace advx_command {

using advx::index_t;
using advx::label_t;

namespace {

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin(),
                                                    [](char c, std::byte b) { return static_cast<std::byte>(c) == b; });
}

/// An IDX file's shape says how long it is, which a CIFAR file that begins alike does not.
bool is_idx(std::span<const std::byte> bytes) {
  if (!begins_with(bytes, std::string_view("\0\0", 2)) || bytes.size() < 4) return false;
  const auto rank = std::to_integer<std::size_t>(bytes[3]);
  if (bytes.size() % 3073 != 0) return true; // whatever is wrong with it, it is no CIFAR file
  std::size_t expected = 1;
  for (std::size_t axis = 0; axis < rank && 8 + 4 * axis <= bytes.size(); ++axis) {
    std::size_t extent = 0;
    for (std::size_t i = 0; i < 4; ++i) extent = extent << 8 | std::to_integer<std::size_t>(bytes[4 + 4 * axis + i]);
    if (extent > bytes.size()) return false;
    expected *= extent;
  }
  return expected + 4 + 4 * rank == bytes.size();
}

const char* name_of(content what) { return what == content::images ? "images" : "labels"; }

/// The array of an npz that a key names; the only one, without a key.
advx::data::array member(const advx::data::npz& all, const std::string& path, const std::string& key, content what) {
  if (!key.empty()) return all.at(key);
  if (all.arrays.size() == 1) return all.arrays.front().second;
  std::string there;
  for (const auto& [name, value] : all.arrays) there += (there.empty() ? "" : ", ") + path + ":" + name;
  throw advx::file_error("advx: '" + path + "': holds several arrays; say which are the " + name_of(what) + ": " +
                         there);
}

/// Channels × height × width of the images from shapes with and without the axis of channels.
bool same_extents(const std::vector<index_t>& shape, const std::vector<index_t>& extents) {
  const std::vector<index_t> own(shape.begin() + 1, shape.end());
  if (own == extents) return true;
  index_t size = 1;
  for (const index_t e : extents) size *= e;
  if (own.size() == 1) return own[0] == size; // flattened
  if (own.size() == 2 && extents.size() == 3) return extents[0] == 1 && own[0] == extents[1] && own[1] == extents[2];
  // A network over flat images says nothing of their height and width.
  index_t product = 1;
  for (const index_t e : own) product *= e;
  return extents.size() == 1 && product == size;
}

} // namespace

stored read_array(const std::string& path, content what) {
  std::string file = path, key;
  if (const auto colon = path.rfind(':'); colon != std::string::npos && !std::filesystem::exists(path)) {
    file = path.substr(0, colon);
    key = path.substr(colon + 1);
  }
  const auto bytes = advx::data::read_file(file);
  stored s{{path, advx::data::detail::crc32_of(bytes), bytes.size()}, {}, false};
  const bool npz = begins_with(bytes, "PK\x03\x04") || begins_with(bytes, "PK\x05\x06");
  if (!key.empty() && !npz)
    throw advx::file_error("advx: '" + file + "': is no npz file, so it has no array '" + key + "'");
  if (npz) {
    s.values = member(advx::data::parse_npz(bytes, file), file, key, what);
    return s;
  }
  if (begins_with(bytes, advx::data::detail::npy_magic)) {
    s.values = advx::data::parse_npy(bytes, file);
    return s;
  }
  std::vector<std::byte> unpacked;
  const auto plain = advx::data::detail::without_gzip(bytes, file, advx::data::default_size_limit, unpacked);
  if (is_idx(plain)) {
    s.values = advx::data::parse_idx(plain, file);
  } else if (!plain.empty() && plain.size() % 3073 == 0) {
    auto both = advx::data::parse_cifar10(plain, file);
    s.values = what == content::images ? std::move(both.images) : std::move(both.labels);
    s.cifar = true;
  } else {
    throw advx::file_error("advx: '" + file +
                           "': is no .npy, .npz, IDX or binary CIFAR-10 file; in Python, numpy.save "
                           "writes an .npy file");
  }
  return s;
}

advx::batch<float> to_images(const stored& s, const std::vector<index_t>& extents, double lower, double upper,
                             index_t limit) {
  const auto& a = s.values;
  const std::string who = "advx: --inputs '" + s.from.path + "': ", shape = advx::data::to_string(a.shape);
  std::vector<index_t> wanted{a.shape.empty() ? 0 : a.shape[0]};
  wanted.insert(wanted.end(), extents.begin(), extents.end());
  if (a.type == advx::data::dtype::int64)
    throw advx::argument_error(who + "holds int64; give floats in the box, or bytes (uint8), which are scaled to it");
  if (a.shape.size() < 2 || !same_extents(a.shape, extents)) {
    std::string remedy = "; the model takes " + advx::data::to_string(wanted);
    if (a.shape.size() == 4 && extents.size() == 3 && a.shape[1] == extents[1] && a.shape[2] == extents[2] &&
        a.shape[3] == extents[0])
      remedy += ", channels first: in Python, numpy.ascontiguousarray(x.transpose(0, 3, 1, 2))";
    throw advx::argument_error(who + "has the shape " + shape + remedy);
  }
  const index_t rows = limit > 0 ? std::min(limit, a.shape[0]) : a.shape[0];
  if (rows == 0) throw advx::argument_error(who + "holds no image");
  const advx::data::array first = advx::data::first_rows(a, rows);
  advx::batch<float> images(rows, first.size() / rows);
  if (a.type == advx::data::dtype::uint8) {
    images = advx::data::to_unit_interval(first);
    if (lower != 0 || upper != 1)
      for (float& v : images.values) v = static_cast<float>(lower + (upper - lower) * double(v));
  } else {
    images.values = first.to<float>();
  }
  const auto low = static_cast<float>(lower), high = static_cast<float>(upper);
  for (std::size_t i = 0; i < images.values.size(); ++i)
    if (!(low <= images.values[i] && images.values[i] <= high)) {
      const auto at = static_cast<index_t>(i);
      throw advx::argument_error(who + "image " + std::to_string(at / images.cols()) + ", value " +
                                 std::to_string(at % images.cols()) + " is " + number_text(images.values[i]) +
                                 ", outside the box [" + number_text(lower) + ", " + number_text(upper) +
                                 "]; scale the images, or say their range by --box");
    }
  return images;
}

std::vector<label_t> to_labels(const stored& s, index_t images, index_t classes, const std::string& option) {
  const std::string who = "advx: " + option + " '" + s.from.path + "': ";
  const auto& a = s.values;
  if (a.shape.size() != 1)
    throw advx::argument_error(who + "has the shape " + advx::data::to_string(a.shape) +
                               "; give one class per image: (" + std::to_string(images) + ",)");
  if (a.shape[0] < images)
    throw advx::argument_error(who + "holds " + std::to_string(a.shape[0]) + " labels for " + std::to_string(images) +
                               " images; give one per image");
  if (a.type != advx::data::dtype::uint8 && a.type != advx::data::dtype::int64)
    throw advx::argument_error(who + "holds " + advx::data::name_of(a.type) + "; labels are int64 or uint8");
  const auto wide = a.to<std::int64_t>();
  std::vector<label_t> labels;
  for (std::size_t i = 0; i < static_cast<std::size_t>(images); ++i) {
    if (wide[i] < 0 || wide[i] >= classes)
      throw advx::argument_error(who + "image " + std::to_string(i) + " has the class " + std::to_string(wide[i]) +
                                 "; the model's classes are 0 to " + std::to_string(classes - 1));
    labels.push_back(static_cast<label_t>(wide[i]));
  }
  return labels;
}

std::vector<label_t> to_targets(const stored& s, const std::vector<label_t>& labels, index_t classes) {
  stored flat = s;
  const auto images = static_cast<index_t>(labels.size());
  index_t cases = 1;
  if (s.values.shape.size() == 2) {
    cases = s.values.shape[1];
    flat.values.shape = {s.values.shape[0] * cases};
    if (cases == 0) throw advx::argument_error("advx: --targets '" + s.from.path + "': holds no targets");
  }
  auto targets = to_labels(flat, images * cases, classes, "--targets");
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (targets[i] == labels[i / static_cast<std::size_t>(cases)])
      throw advx::argument_error("advx: --targets '" + s.from.path + "': image " +
                                 std::to_string(static_cast<index_t>(i) / cases) + " has its own class " +
                                 std::to_string(targets[i]) + " as target; a target must differ from the label");
  return targets;
}

} // namespace advx_command
