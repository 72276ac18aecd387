/// @file
/// NumPy's .npz format: a zip archive of .npy files, stored or deflated. Needs zlib.
#pragma once

#include <advx/data/array.hpp>
#include <advx/data/detail/zlib.hpp>
#include <advx/data/files.hpp>
#include <advx/data/npy.hpp>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace advx::data {

/// Named arrays in their order in the file.
struct npz {
  npz() = default;
  npz(std::initializer_list<std::pair<std::string, array>> list) : arrays(list) {}

  /// The array of this name, or null.
  const array* find(std::string_view name) const noexcept {
    const auto found = std::find_if(arrays.begin(), arrays.end(), [&](const auto& a) { return a.first == name; });
    return found == arrays.end() ? nullptr : &found->second;
  }
  /// The array of this name. @throws file_error naming the file and the arrays there are
  const array& at(std::string_view name) const {
    if (const array* found = find(name)) return *found;
    std::string there;
    for (const auto& [key, value] : arrays) there += " '" + detail::printable(key) + "'";
    detail::file_fault(source, "holds no array '" + detail::printable(name) + "'; it holds" +
                                   (there.empty() ? " none" : there));
  }
  void add(std::string name, array a) { arrays.emplace_back(std::move(name), std::move(a)); }

  std::vector<std::pair<std::string, array>> arrays;
  std::string source = "(npz in memory)"; ///< the file it was read from, for messages
};

namespace detail {

/// Signatures of zip's records.
namespace zip {
inline constexpr std::uint32_t local = 0x04034b50, central = 0x02014b50, end = 0x06054b50, end64 = 0x06064b50,
                               locator64 = 0x07064b50;
inline constexpr std::size_t end_size = 22, locator64_size = 20, max_members = 0xffff;
inline constexpr std::uint16_t stored = 0, deflated = 8;
inline constexpr std::uint32_t in_extra = 0xffffffff; ///< a field whose value stands in the zip64 extra field
inline constexpr std::uint16_t date = 1 << 5 | 1;     ///< 1 January 1980, so that equal arrays give equal bytes
} // namespace zip

/// What the central directory says of one member.
struct zip_member {
  std::string_view name;
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, size = 0, offset = 0;
};

/// Reads zip archives of one disk, zip64 too. Sizes come from the central directory: archives made as a stream
/// (NumPy's) leave them out of the local headers.
class zip_reader {
public:
  zip_reader(std::span<const std::byte> bytes, std::string_view name) : in(bytes, name), file(name), all(bytes) {}

  std::vector<zip_member> directory() {
    const std::size_t end = find_end();
    in.seek(end + 4, "the end record");
    const std::uint32_t disks = number<std::uint32_t>(), here = number<std::uint16_t>();
    std::uint64_t count = number<std::uint16_t>(), size = number<std::uint32_t>(), start = number<std::uint32_t>();
    std::uint64_t directory_end = end;
    if (disks != 0 || here != count) in.fault("a zip archive of several disks is not read");
    if (count == 0xffff || size == zip::in_extra || start == zip::in_extra) {
      if (end < zip::locator64_size) in.fault("damaged zip archive: no zip64 locator");
      in.seek(end - zip::locator64_size, "the zip64 locator");
      expect(zip::locator64, "zip64 locator");
      number<std::uint32_t>();
      directory_end = number<std::uint64_t>();
      in.seek(directory_end, "the zip64 end record");
      expect(zip::end64, "zip64 end record");
      in.take(8 + 2 + 2 + 4 + 4 + 8, "the zip64 end record");
      count = number<std::uint64_t>(), size = number<std::uint64_t>(), start = number<std::uint64_t>();
    }
    if (start > directory_end || directory_end - start != size)
      in.fault("damaged zip archive: the directory of " + std::to_string(size) + " bytes at byte " +
               std::to_string(start) + " does not end where the end record starts");
    in.seek(start, "the directory");
    if (count > zip::max_members) in.fault(std::to_string(count) + " members; at most 65535 arrays are read");
    std::vector<zip_member> members;
    for (std::uint64_t i = 0; i < count; ++i) members.push_back(member());
    if (in.position() != directory_end) in.fault("damaged zip archive: the directory holds more than its members");
    return members;
  }

  /// The member's bytes, unpacked, checksum compared.
  std::vector<std::byte> read(const zip_member& m, std::uint64_t limit) {
    const std::string what = "member '" + printable(m.name) + "'";
    if ((m.flags & 1) != 0) in.fault(what + " is encrypted");
    in.seek(m.offset, "a member");
    expect(zip::local, "member header");
    number<std::uint16_t>(); // version
    number<std::uint16_t>(); // flags
    const auto method = number<std::uint16_t>();
    in.take(4 + 4 + 4 + 4, "a member header"); // time and date, checksum, sizes
    const auto name_size = number<std::uint16_t>(), extra_size = number<std::uint16_t>();
    if (in.text(name_size, "a member name") != m.name || method != m.method)
      in.fault("damaged zip archive: " + what + " is described differently in the directory");
    in.take(extra_size, "an extra field");
    const auto packed = in.take(m.packed, "a member");
    std::vector<std::byte> result;
    if (m.method == zip::deflated) {
      result = inflate_exactly(packed, m.size, wrapping::none, limit, file, what);
    } else if (m.method == zip::stored) {
      if (m.size != m.packed) in.fault("damaged zip archive: " + what + " is stored, yet has two sizes");
      if (m.size > limit) in.fault(what + " is larger than the limit of " + std::to_string(limit) + " bytes");
      result.assign(packed.begin(), packed.end());
    } else {
      in.fault(what + " is packed by method " + std::to_string(m.method) + "; stored and deflate are read");
    }
    if (crc32_of(result) != m.crc) in.fault(what + " has the wrong checksum; the file is damaged");
    return result;
  }

private:
  template <class T>
  T number() {
    return in.little_endian<T>("a zip record");
  }
  void expect(std::uint32_t signature, const char* what) {
    if (number<std::uint32_t>() != signature)
      in.fault(std::string("damaged zip archive: no ") + what + " at byte " + std::to_string(in.position() - 4));
  }
  /// Position of the end record, which must end with the file (its comment included).
  std::size_t find_end() {
    if (all.size() < zip::end_size) in.fault("truncated, or not a zip archive: no end record");
    const std::size_t last = all.size() - zip::end_size;
    for (std::size_t comment = 0; comment <= std::min<std::size_t>(last, 0xffff); ++comment) {
      in.seek(last - comment, "the end record");
      if (number<std::uint32_t>() != zip::end) continue;
      in.seek(all.size() - comment - 2, "the end record");
      if (number<std::uint16_t>() == comment) return last - comment;
    }
    in.fault("truncated, or not a zip archive: no end record at the end");
  }
  zip_member member() {
    zip_member m;
    expect(zip::central, "directory entry");
    in.take(2 + 2, "a directory entry"); // versions
    m.flags = number<std::uint16_t>();
    m.method = number<std::uint16_t>();
    in.take(4, "a directory entry"); // time and date
    m.crc = number<std::uint32_t>();
    m.packed = number<std::uint32_t>();
    m.size = number<std::uint32_t>();
    const auto name_size = number<std::uint16_t>(), extra_size = number<std::uint16_t>(),
               comment_size = number<std::uint16_t>();
    in.take(2 + 2 + 4, "a directory entry"); // disk, attributes
    m.offset = number<std::uint32_t>();
    m.name = in.text(name_size, "a member name");
    byte_reader extra(in.take(extra_size, "an extra field"), file);
    in.take(comment_size, "a comment");
    while (extra.remaining() >= 4) {
      const auto id = extra.little_endian<std::uint16_t>("an extra field");
      byte_reader field(extra.take(extra.little_endian<std::uint16_t>("an extra field"), "an extra field"), file);
      if (id == 1) // zip64: the values that did not fit, in this order
        for (std::uint64_t* value : {&m.size, &m.packed, &m.offset})
          if (*value == zip::in_extra) *value = field.little_endian<std::uint64_t>("a zip64 field");
    }
    return m;
  }

  byte_reader in;
  std::string_view file;
  std::span<const std::byte> all;
};

/// Appends little-endian numbers and bytes.
class byte_writer {
public:
  template <std::unsigned_integral... Ts>
  void put(Ts... values) {
    (put_one(values), ...);
  }
  void put(std::span<const std::byte> more) { bytes.insert(bytes.end(), more.begin(), more.end()); }
  void put(std::string_view text) { put(std::as_bytes(std::span(text))); }

  std::vector<std::byte> bytes;

private:
  template <class T>
  void put_one(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bytes.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
};

} // namespace detail

/// Parses an .npz file in memory; `name` stands in the messages. `limit` bounds the sum of the unpacked sizes.
/// @throws file_error naming file, member and fault
inline npz parse_npz(std::span<const std::byte> bytes, std::string_view name,
                     std::uint64_t limit = default_size_limit) {
  detail::zip_reader archive(bytes, name);
  npz result;
  result.source = std::string(name);
  std::set<std::string_view> keys; // so that many members take no quadratic time
  for (const detail::zip_member& member : archive.directory()) {
    const std::string where = std::string(name) + "' member '" + detail::printable(member.name);
    if (!member.name.ends_with(".npy")) detail::file_fault(where, "is not an array (its name does not end in .npy)");
    const std::string_view key = member.name.substr(0, member.name.size() - 4);
    if (!keys.insert(key).second) detail::file_fault(where, "is there twice");
    const auto unpacked = archive.read(member, limit);
    limit -= unpacked.size();
    result.add(std::string(key), parse_npy(unpacked, where));
  }
  return result;
}

/// The bytes of an .npz file, every member deflated; equal arrays in equal order give equal bytes (one zlib version).
/// @throws argument_error for a name that is empty, too long or there twice, or an archive of 4 GiB and more
inline std::vector<std::byte> encode_npz(const npz& all) {
  namespace zip = detail::zip;
  detail::byte_writer out, directory;
  if (all.arrays.size() >= zip::max_members)
    throw argument_error("advx: npz: 65535 arrays and more do not fit one file; write several");
  std::set<std::string_view> keys;
  for (const auto& [key, value] : all.arrays) {
    if (key.empty() || key.size() > 1000 || !keys.insert(key).second)
      throw argument_error("advx: npz: array name '" + detail::printable(key) +
                           "' is empty, over 1000 bytes, or there twice; name each array once");
    const std::string name = key + ".npy";
    const auto bytes = encode_npy(value);
    constexpr std::size_t room = std::size_t{16} << 20; // for headers, and for what deflate adds at worst
    if (bytes.size() + out.bytes.size() >= zip::in_extra - room)
      throw argument_error("advx: npz: array '" + detail::printable(key) +
                           "' makes the file 4 GiB or larger; write it as .npy");
    const auto packed = detail::deflate_raw(bytes);
    const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return c >= 0; });
    const auto offset = static_cast<std::uint32_t>(out.bytes.size());
    const auto describe = [&](detail::byte_writer& to) { // the part that both headers share
      to.put(std::uint16_t{20}, std::uint16_t(ascii ? 0 : 1 << 11), zip::deflated, std::uint16_t{0}, zip::date,
             detail::crc32_of(bytes), static_cast<std::uint32_t>(packed.size()),
             static_cast<std::uint32_t>(bytes.size()), static_cast<std::uint16_t>(name.size()), std::uint16_t{0});
    };
    out.put(zip::local);
    describe(out);
    out.put(std::string_view(name));
    out.put(packed);
    directory.put(zip::central, std::uint16_t{20});
    describe(directory);
    directory.put(std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}, std::uint32_t{0}, offset);
    directory.put(std::string_view(name));
  }
  const std::size_t start = out.bytes.size();
  if (start + directory.bytes.size() >= zip::in_extra)
    throw argument_error("advx: npz: the arrays make a file of 4 GiB or more; write them as .npy");
  out.put(directory.bytes);
  const auto count = static_cast<std::uint16_t>(all.arrays.size());
  out.put(zip::end, std::uint32_t{0}, count, count, static_cast<std::uint32_t>(directory.bytes.size()),
          static_cast<std::uint32_t>(start), std::uint16_t{0});
  return std::move(out.bytes);
}

/// Reads an .npz file. `limit` bounds the file, and the sum of what its members unpack to. @throws file_error
inline npz read_npz(const std::string& path, std::uint64_t limit = default_size_limit) {
  return parse_npz(read_file(path, limit), path, limit);
}

/// Writes an .npz file, whole or not at all. @throws file_error, argument_error
inline void write_npz(const std::string& path, const npz& all) { write_file_atomically(path, encode_npz(all)); }

} // namespace advx::data
