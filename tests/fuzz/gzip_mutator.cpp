// libFuzzer's mutator for files that may be gzipped: every other time it changes the unpacked bytes, and three times in
// four of those packs them with a checksum and a size that are right. Changes to the packed bytes alone would hardly
// ever pass the checksum.
#include <advx/core/error.hpp>
#include <advx/data/detail/gzip.hpp>

#include <algorithm>

#include "data/gzipped.hpp"
#include "support.hpp"

using namespace advx;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

static constexpr std::uint64_t most_unpacked = 1 << 20;

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  std::vector<std::byte> content;
  try {
    std::vector<std::byte> unpacked;
    const auto plain = data::detail::without_gzip(fuzz::bytes_of(data, size), "fuzz", most_unpacked, unpacked);
    content.assign(plain.begin(), plain.end());
  } catch (const file_error&) {
    return LLVMFuzzerMutate(data, size, most);
  }
  if (seed % 2 == 0) return LLVMFuzzerMutate(data, size, most);
  const std::size_t before = content.size();
  content.resize(std::max(before, most));
  content.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(content.data()), before, content.size()));
  const auto file = seed / 2 % 4 == 0 ? content : support::gzipped(content);
  if (file.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::copy(file.begin(), file.end(), reinterpret_cast<std::byte*>(data));
  return file.size();
}
