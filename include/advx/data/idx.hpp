/// @file
/// The IDX format of the MNIST files, plain or gzipped: unsigned bytes of any shape. Needs zlib.
#pragma once

#include <advx/data/array.hpp>
#include <advx/data/detail/gzip.hpp>
#include <advx/data/files.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace advx::data {

namespace detail {

inline array parse_plain_idx(std::span<const std::byte> bytes, std::string_view name) {
  byte_reader in(bytes, name);
  if (in.big_endian<std::uint16_t>("the magic number") != 0) in.fault("is not an IDX file (wrong magic number)");
  const unsigned type = in.big_endian<std::uint8_t>("the element type");
  if (type != 0x08) in.fault("IDX element type " + std::to_string(type) + "; only unsigned bytes (8) are read");
  const unsigned rank = in.big_endian<std::uint8_t>("the number of axes");
  array result{dtype::uint8, {}, {}};
  for (unsigned axis = 0; axis < rank; ++axis)
    result.shape.push_back(static_cast<index_t>(in.big_endian<std::uint32_t>("the shape")));
  const auto size = byte_count(result.shape, result.type);
  if (!size) in.fault("the product of the shape " + to_string(result.shape) + " overflows");
  const auto values = in.take(*size, "the values");
  in.expect_end();
  result.bytes.assign(values.begin(), values.end());
  return result;
}

} // namespace detail

/// Parses an IDX file of unsigned bytes in memory, gzipped (once, one member) or not; `name` stands in the messages.
/// `limit` bounds the unpacked size.
/// @throws file_error naming the fault: magic, element type, shape, too few or too many bytes, gzip stream or checksum
inline array parse_idx(std::span<const std::byte> bytes, std::string_view name,
                       std::uint64_t limit = default_size_limit) {
  std::vector<std::byte> unpacked;
  return detail::parse_plain_idx(detail::without_gzip(bytes, name, limit, unpacked), name);
}

/// Reads an IDX file, gzipped or not. `limit` bounds the file and what it unpacks to. @throws file_error
inline array read_idx(const std::string& path, std::uint64_t limit = default_size_limit) {
  return parse_idx(read_file(path, limit), path, limit);
}

/// Reads images: [n, height, width]. @throws file_error, also for another number of axes
inline array read_idx_images(const std::string& path, std::uint64_t limit = default_size_limit) {
  array images = read_idx(path, limit);
  if (images.shape.size() != 3)
    detail::file_fault(path, "holds an array of shape " + to_string(images.shape) + ", not images [n, height, width]");
  return images;
}

/// Reads labels: [n]. @throws file_error, also for another number of axes
inline array read_idx_labels(const std::string& path, std::uint64_t limit = default_size_limit) {
  array labels = read_idx(path, limit);
  if (labels.shape.size() != 1)
    detail::file_fault(path, "holds an array of shape " + to_string(labels.shape) + ", not labels [n]");
  return labels;
}

} // namespace advx::data
