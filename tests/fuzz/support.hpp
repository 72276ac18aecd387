// What the targets share.
#pragma once

#include <advx/data/array.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace fuzz {

/// What a file of `size` bytes may unpack to: for one half of the sizes little, so that the limit is met; for the other
/// half more than may be allocated (run.sh), so that an allocation which only trusts the file is met.
inline std::uint64_t limit_for(std::size_t size) { return std::uint64_t{1} << (size % 2 == 0 ? 32 : 20); }

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
