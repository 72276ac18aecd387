/// @file
/// Files that may be gzipped.
#pragma once

#include <advx/data/detail/byte_reader.hpp>
#include <advx/data/detail/zlib.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace advx::data::detail {

/// `bytes` themselves, or what they hold where they are a gzip file (one member), which `unpacked` then keeps. `limit`
/// bounds the unpacked size.
inline std::span<const std::byte> without_gzip(std::span<const std::byte> bytes, std::string_view name,
                                               std::uint64_t limit, std::vector<std::byte>& unpacked) {
  const bool gzipped = bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
  if (!gzipped) return bytes;
  byte_reader in(bytes, name);
  if (bytes.size() < 18) in.fault("truncated: a gzip file has at least 18 bytes");
  in.seek(bytes.size() - 4, "the unpacked size");
  const auto size = in.little_endian<std::uint32_t>("the unpacked size");
  unpacked = inflate_exactly(bytes, size, wrapping::gzip, limit, name, "the gzip stream");
  return unpacked;
}

} // namespace advx::data::detail
