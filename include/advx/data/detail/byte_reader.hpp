/// @file
/// A bounds-checked cursor over bytes that somebody else made: every read is checked, every fault names the file.
#pragma once

#include <advx/core/error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace advx::data::detail {

/// Throws file_error: "advx: 'name': fault".
[[noreturn]] inline void file_fault(std::string_view name, const std::string& fault) {
  throw file_error("advx: '" + std::string(name) + "': " + fault);
}

/// Text out of a file, fit for a message: at most 80 characters, what is not printable ASCII replaced by '?'.
inline std::string printable(std::string_view text) {
  std::string result(text.substr(0, 80));
  for (char& c : result)
    if (c < ' ' || c > '~') c = '?';
  return text.size() > 80 ? result + "..." : result;
}

class byte_reader {
public:
  byte_reader(std::span<const std::byte> bytes, std::string_view name) : all(bytes), file(name) {}

  std::size_t position() const noexcept { return at; }
  std::size_t remaining() const noexcept { return all.size() - at; }

  /// Moves to an absolute position. `what` is named if it lies outside.
  void seek(std::uint64_t position, const char* what) {
    if (position > all.size())
      fault(std::string(what) + " at byte " + std::to_string(position) + " lies outside the file of " +
            std::to_string(all.size()) + " bytes; it is truncated or damaged");
    at = static_cast<std::size_t>(position);
  }

  /// The next `count` bytes.
  std::span<const std::byte> take(std::uint64_t count, const char* what) {
    if (count > remaining())
      fault(std::string("truncated: ") + what + " needs " + std::to_string(count) + " bytes from byte " +
            std::to_string(at) + " on, " + std::to_string(remaining()) + " are left");
    const auto result = all.subspan(at, static_cast<std::size_t>(count));
    at += result.size();
    return result;
  }
  std::string_view text(std::uint64_t count, const char* what) {
    const auto bytes = take(count, what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  template <std::unsigned_integral T>
  T little_endian(const char* what) {
    const auto bytes = take(sizeof(T), what);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    return static_cast<T>(value);
  }
  template <std::unsigned_integral T>
  T big_endian(const char* what) {
    const auto bytes = take(sizeof(T), what);
    std::uint64_t value = 0;
    for (const std::byte b : bytes) value = value << 8 | std::to_integer<std::uint64_t>(b);
    return static_cast<T>(value);
  }

  /// Nothing may follow.
  void expect_end() const {
    if (remaining() != 0)
      fault(std::to_string(remaining()) + " bytes too many after byte " + std::to_string(at) +
            "; the file is damaged or of another format");
  }

  [[noreturn]] void fault(const std::string& message) const { file_fault(file, message); }

private:
  std::span<const std::byte> all;
  std::string_view file;
  std::size_t at = 0;
};

} // namespace advx::data::detail
