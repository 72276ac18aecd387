// libFuzzer's mutator for zip archives: every other time it changes one member's unpacked bytes or name, doubles or
// removes it or exchanges its content with another's, and packs the archive again, stored or deflated, with checksums
// and sizes that are right. Changes to the packed bytes alone would hardly ever pass the checksum.
#include <advx/data/npz.hpp>

#include "support.hpp"

using namespace advx;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

static constexpr std::uint64_t most_unpacked = 1 << 20;

namespace {

struct member {
  std::string name;
  bool deflated;
  std::vector<std::byte> content;
};

std::vector<member> unpack(std::span<const std::byte> archive) {
  std::vector<member> members;
  try {
    data::detail::zip_reader reader(archive, "fuzz");
    for (const auto& m : reader.directory())
      members.push_back({std::string(m.name), m.method == data::detail::zip::deflated, reader.read(m, most_unpacked)});
  } catch (const file_error&) {
    // the members before the fault
  }
  return members;
}

std::vector<std::byte> pack(const std::vector<member>& members) {
  namespace zip = data::detail::zip;
  data::detail::byte_writer out, directory;
  for (const member& m : members) {
    const auto packed = m.deflated ? data::detail::deflate_raw(m.content) : m.content;
    const auto offset = static_cast<std::uint32_t>(out.bytes.size());
    const auto describe = [&](data::detail::byte_writer& to) {
      to.put(std::uint16_t{20}, std::uint16_t{0}, m.deflated ? zip::deflated : zip::stored, std::uint16_t{0}, zip::date,
             data::detail::crc32_of(m.content), static_cast<std::uint32_t>(packed.size()),
             static_cast<std::uint32_t>(m.content.size()), static_cast<std::uint16_t>(m.name.size()), std::uint16_t{0});
    };
    out.put(zip::local);
    describe(out);
    out.put(std::string_view(m.name));
    out.put(packed);
    directory.put(zip::central, std::uint16_t{20});
    describe(directory);
    directory.put(std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}, std::uint32_t{0}, offset);
    directory.put(std::string_view(m.name));
  }
  const auto start = static_cast<std::uint32_t>(out.bytes.size());
  const auto count = static_cast<std::uint16_t>(members.size());
  out.put(directory.bytes);
  out.put(zip::end, std::uint32_t{0}, count, count, static_cast<std::uint32_t>(directory.bytes.size()), start,
          std::uint16_t{0});
  return out.bytes;
}

/// Text or bytes, of at most `most` unless they are more already.
void mutate(auto& text, std::size_t most) {
  const std::size_t before = text.size();
  text.resize(std::max(before, most));
  text.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), before, text.size()));
}

} // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  if (seed % 2 == 0) return LLVMFuzzerMutate(data, size, most);
  auto members = unpack(fuzz::bytes_of(data, size));
  if (members.empty()) return LLVMFuzzerMutate(data, size, most);
  const std::size_t at = seed / 32 % members.size();
  member& chosen = members[at];
  chosen.deflated = seed / 2 % 2 != 0;
  switch (seed / 4 % 8) {
  case 0:
    members.push_back(member(chosen));
    break;
  case 1:
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(at));
    break;
  case 2:
    std::swap(chosen.content, members[(at + 1) % members.size()].content);
    break;
  case 3:
    mutate(chosen.name, 64);
    break;
  default:
    mutate(chosen.content, most);
  }
  const auto archive = pack(members);
  if (archive.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::copy(archive.begin(), archive.end(), reinterpret_cast<std::byte*>(data));
  return archive.size();
}
