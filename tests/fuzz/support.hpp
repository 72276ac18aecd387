// What the targets share.
#pragma once

#include <advx/data/array.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace fuzz {

/// A target's limit for what a file may unpack to: little beside the limits that it runs under (run.sh).
inline constexpr std::uint64_t size_limit = 1 << 20;

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

/// Ends the program with a finding if what must hold does not.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "advx: finding: not so: %s\n", what);
  std::abort();
}

inline void require_whole(const advx::data::array& a) {
  require(advx::data::byte_count(a.shape, a.type) == a.bytes.size(), "as many bytes as the shape says");
}

} // namespace fuzz
