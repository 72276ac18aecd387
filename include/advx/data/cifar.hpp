/// @file
/// The binary CIFAR-10 files (data_batch_1.bin ... test_batch.bin), plain or gzipped: records of a label, one byte, and
/// 3 × 32 × 32 bytes, the red plane before the green one and the blue one, each by rows. Needs zlib.
#pragma once

#include <advx/data/array.hpp>
#include <advx/data/detail/gzip.hpp>
#include <advx/data/files.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace advx::data {

/// What such files hold, as bytes.
struct cifar {
  array images; ///< [n, 3, 32, 32]
  array labels; ///< [n], in 0..9
};

/// Parses a CIFAR-10 file in memory, gzipped (once, one member) or not; `name` stands in the messages. `limit` bounds
/// the unpacked size. (A gzip file begins with 0x1f, which is no label.)
/// @throws file_error naming the fault: no whole number of records, none at all, a label above 9, the gzip stream
inline cifar parse_cifar10(std::span<const std::byte> bytes, std::string_view name,
                           std::uint64_t limit = default_size_limit) {
  constexpr std::size_t image = 3 * 32 * 32, record = 1 + image, classes = 10;
  std::vector<std::byte> unpacked;
  const std::span<const std::byte> records = detail::without_gzip(bytes, name, limit, unpacked);
  if (records.empty() || records.size() % record != 0)
    detail::file_fault(name, "has " + std::to_string(records.size()) +
                                 " bytes; a CIFAR-10 file is one or more records of " + std::to_string(record) +
                                 " bytes: it is truncated, damaged or of another format");
  const std::size_t n = records.size() / record;
  cifar result{{dtype::uint8, {static_cast<index_t>(n), 3, 32, 32}, {}}, {dtype::uint8, {static_cast<index_t>(n)}, {}}};
  result.images.bytes.resize(n * image);
  result.labels.bytes.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto from = records.subspan(i * record, record);
    if (std::to_integer<std::size_t>(from[0]) >= classes)
      detail::file_fault(name, "the label of image " + std::to_string(i) + " is " +
                                   std::to_string(std::to_integer<int>(from[0])) +
                                   "; CIFAR-10 has the labels 0 to 9: the file is damaged or of another format");
    result.labels.bytes[i] = from[0];
    std::copy(from.begin() + 1, from.end(), result.images.bytes.begin() + static_cast<std::ptrdiff_t>(i * image));
  }
  return result;
}

/// Reads a CIFAR-10 file, gzipped or not. `limit` bounds the file and what it unpacks to. @throws file_error
inline cifar read_cifar10(const std::string& path, std::uint64_t limit = default_size_limit) {
  return parse_cifar10(read_file(path, limit), path, limit);
}

/// Reads several files, such as the five of the training set, one after the other. @throws file_error, also for none
inline cifar read_cifar10(std::span<const std::string> paths, std::uint64_t limit = default_size_limit) {
  if (paths.empty()) throw file_error("advx: read_cifar10: no file is named; name at least one");
  cifar all = read_cifar10(paths[0], limit);
  for (const std::string& path : paths.subspan(1)) {
    const cifar next = read_cifar10(path, limit);
    all.images.shape[0] += next.images.shape[0];
    all.labels.shape[0] += next.labels.shape[0];
    all.images.bytes.insert(all.images.bytes.end(), next.images.bytes.begin(), next.images.bytes.end());
    all.labels.bytes.insert(all.labels.bytes.end(), next.labels.bytes.begin(), next.labels.bytes.end());
  }
  return all;
}

} // namespace advx::data
