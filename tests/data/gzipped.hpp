/// @file
/// A gzip file made by hand.
#pragma once

#include <advx/data/detail/zlib.hpp>

#include "data/support.hpp"

namespace support {

inline bytes plain(const std::vector<int>& numbers) {
  bytes result;
  for (const int n : numbers) result.push_back(static_cast<std::byte>(n));
  return result;
}

/// A gzip file of `content`: header, raw deflate, checksum and size.
inline bytes gzipped(const bytes& content) {
  bytes result = plain({0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255});
  const bytes packed = advx::data::detail::deflate_raw(content);
  result.insert(result.end(), packed.begin(), packed.end());
  for (const std::uint64_t number :
       {std::uint64_t{advx::data::detail::crc32_of(content)}, std::uint64_t{content.size()}})
    for (int i = 0; i < 4; ++i) result.push_back(static_cast<std::byte>(number >> (8 * i)));
  return result;
}

} // namespace support
