/// @file
/// NumPy's .npy format, versions 1.0 to 3.0 read, 1.0 written: float32, float64, uint8, int64; little-endian; C order.
#pragma once

#include <advx/data/array.hpp>
#include <advx/data/files.hpp>

#include <string>
#include <string_view>

namespace advx::data {

namespace detail {

inline constexpr std::string_view npy_magic = "\x93NUMPY";
inline constexpr std::size_t npy_max_rank = 32; // NumPy's own limit

/// descr of a type in an .npy header.
constexpr std::string_view npy_descr(dtype type) {
  switch (type) {
  case dtype::float32:
    return "<f4";
  case dtype::float64:
    return "<f8";
  case dtype::uint8:
    return "|u1";
  default:
    return "<i8";
  }
}

/// Parses the header of an .npy file: a Python dict literal with exactly the keys descr, fortran_order and shape.
class npy_header_parser {
public:
  npy_header_parser(std::string_view header, const byte_reader& in) : text(header), file(in) {}

  /// The array's type and shape, no values yet.
  array parse() {
    array result;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr" && !has_descr) {
        result.type = type();
        has_descr = true;
      } else if (key == "fortran_order" && !has_order) {
        order();
        has_order = true;
      } else if (key == "shape" && !has_shape) {
        result.shape = shape();
        has_shape = true;
      } else {
        fault("unexpected or repeated key '" + printable(key) + "'");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (at != text.size()) fault("text after the dictionary");
    if (!has_descr || !has_order || !has_shape) fault("one of descr, fortran_order and shape is missing");
    return result;
  }

private:
  [[noreturn]] void fault(const std::string& what) const {
    file.fault("npy header: " + what + " (position " + std::to_string(at) + " of the header)");
  }
  void skip_blanks() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
  }
  bool accept(char c) {
    skip_blanks();
    if (at >= text.size() || text[at] != c) return false;
    ++at;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fault(std::string("expected '") + c + "'");
  }
  std::string_view quoted() {
    const char mark = accept('\'') ? '\'' : '"';
    if (mark == '"' && !accept('"')) fault("expected a quoted string");
    const auto end = text.find(mark, at);
    if (end == std::string_view::npos) fault("a string has no end");
    const std::string_view result = text.substr(at, end - at);
    at = end + 1;
    return result;
  }
  dtype type() {
    const std::string_view descr = quoted();
    for (const dtype candidate : {dtype::float32, dtype::float64, dtype::uint8, dtype::int64})
      if (descr == npy_descr(candidate) || (candidate == dtype::uint8 && (descr == "<u1" || descr == "u1")))
        return candidate;
    fault("type '" + printable(descr) +
          "' is not read; save as little-endian float32 '<f4', float64 '<f8', uint8 '|u1' or int64 '<i8'");
  }
  void order() {
    skip_blanks();
    if (text.substr(at, 4) == "True") fault("Fortran order is not read; save numpy.ascontiguousarray(a)");
    if (text.substr(at, 5) != "False") fault("fortran_order is neither True nor False");
    at += 5;
  }
  std::vector<index_t> shape() {
    std::vector<index_t> result;
    expect('(');
    while (!accept(')')) {
      result.push_back(extent());
      if (result.size() > npy_max_rank) fault("more than 32 axes");
      if (!accept(',')) {
        if (result.size() == 1) fault("(n) is not a shape, (n,) is");
        expect(')');
        break;
      }
    }
    return result;
  }
  index_t extent() {
    skip_blanks();
    if (at < text.size() && text[at] == '-') fault("negative extent");
    if (at >= text.size() || text[at] < '0' || text[at] > '9') fault("expected an extent of the shape");
    index_t value = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
      if (__builtin_mul_overflow(value, index_t{10}, &value) ||
          __builtin_add_overflow(value, index_t{text[at] - '0'}, &value))
        fault("an extent of the shape is too large");
    return value;
  }

  std::string_view text;
  const byte_reader& file;
  std::size_t at = 0;
};

} // namespace detail

/// Parses an .npy file in memory; `name` stands in the messages. Allocates no more than `bytes` holds.
/// @throws file_error naming the fault: magic, version, header, type, order, shape, too few or too many bytes
inline array parse_npy(std::span<const std::byte> bytes, std::string_view name) {
  detail::byte_reader in(bytes, name);
  if (in.text(6, "the magic number") != detail::npy_magic) in.fault("is not an .npy file (wrong magic number)");
  const unsigned major = in.little_endian<std::uint8_t>("the version");
  const unsigned minor = in.little_endian<std::uint8_t>("the version");
  if (major < 1 || major > 3 || minor != 0)
    in.fault("npy version " + std::to_string(major) + "." + std::to_string(minor) + "; 1.0, 2.0 and 3.0 are read");
  const std::uint64_t length = major == 1 ? in.little_endian<std::uint16_t>("the header length")
                                          : in.little_endian<std::uint32_t>("the header length");
  array result = detail::npy_header_parser(in.text(length, "the header"), in).parse();
  const auto size = byte_count(result.shape, result.type);
  if (!size) in.fault("the product of the shape " + to_string(result.shape) + " overflows");
  const auto values = in.take(*size, "the values");
  in.expect_end();
  result.bytes.assign(values.begin(), values.end());
  return result;
}

/// The bytes of an .npy file, version 1.0; equal arrays give equal bytes.
/// @throws argument_error if shape and bytes disagree, or for more than 32 axes
inline std::vector<std::byte> encode_npy(const array& a) {
  if (byte_count(a.shape, a.type) != a.bytes.size() || a.shape.size() > detail::npy_max_rank)
    throw argument_error("advx: array of shape " + to_string(a.shape) + " and type " + name_of(a.type) + " holds " +
                         std::to_string(a.bytes.size()) + " bytes; make arrays with make_array, of at most 32 axes");
  std::string header = "{'descr': '" + std::string(detail::npy_descr(a.type)) +
                       "', 'fortran_order': False, 'shape': " + to_string(a.shape) + ", }";
  constexpr std::size_t prefix = 10;                      // magic, version, header length
  header.append(63 - (prefix + header.size()) % 64, ' '); // the values start at a multiple of 64
  header += '\n';
  std::string start(detail::npy_magic);
  start += {'\x01', '\x00', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  start += header;
  const auto start_bytes = std::as_bytes(std::span(start));
  std::vector<std::byte> result;
  result.reserve(start.size() + a.bytes.size());
  result.insert(result.end(), start_bytes.begin(), start_bytes.end());
  result.insert(result.end(), a.bytes.begin(), a.bytes.end());
  return result;
}

/// Reads an .npy file of at most `limit` bytes. @throws file_error
inline array read_npy(const std::string& path, std::uint64_t limit = default_size_limit) {
  return parse_npy(read_file(path, limit), path);
}

/// Writes an .npy file, whole or not at all. @throws file_error, argument_error
inline void write_npy(const std::string& path, const array& a) { write_file_atomically(path, encode_npy(a)); }

} // namespace advx::data
