/// @file
/// The two calls of zlib that the file formats need: unpack to a size known in advance, pack.
#pragma once

#include <advx/data/detail/byte_reader.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace advx::data::detail {

/// How a deflate stream is wrapped: zlib's windowBits.
enum class wrapping : int { none = -MAX_WBITS, gzip = MAX_WBITS + 16 };

/// zlib counts in unsigned int: the most of `size` that fits one call.
inline uInt zlib_chunk(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

/// Unpacks a stream that must give exactly `size` bytes and be used up. `size` is checked against `limit` and against
/// what `packed` could ever give (deflate expands at most 1032 times) before it is allocated.
inline std::vector<std::byte> inflate_exactly(std::span<const std::byte> packed, std::uint64_t size, wrapping kind,
                                              std::uint64_t limit, std::string_view name, const std::string& what) {
  if (size > limit)
    file_fault(name, what + " unpacks to " + std::to_string(size) + " bytes, over the limit of " +
                         std::to_string(limit) + "; pass a larger limit if it is meant to be so large");
  if (size / 1032 > packed.size())
    file_fault(name, what + " claims " + std::to_string(size) + " bytes in a deflate stream of " +
                         std::to_string(packed.size()) + ", which no such stream holds; the file is damaged");
  z_stream stream{};
  if (inflateInit2(&stream, static_cast<int>(kind)) != Z_OK) file_fault(name, "zlib cannot start: out of memory");
  struct closer {
    z_stream& stream;
    ~closer() { inflateEnd(&stream); }
  } const close_in_the_end{stream};

  // One byte of slack: zlib needs room to see that a stream of exactly `size` bytes ends.
  std::vector<std::byte> result(static_cast<std::size_t>(size) + 1);
  std::size_t used = 0, made = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const uInt in = zlib_chunk(packed.size() - used), out = zlib_chunk(result.size() - made);
    // zlib does not write to its input; its interface only says so where ZLIB_CONST is defined.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data() + used));
    stream.avail_in = in;
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + made);
    stream.avail_out = out;
    status = inflate(&stream, Z_NO_FLUSH);
    used += in - stream.avail_in;
    made += out - stream.avail_out;
  }
  if (status != Z_STREAM_END || made != size)
    file_fault(name, what + (made > size ? " unpacks to more than the " : " does not unpack to the ") +
                         std::to_string(size) + " bytes it claims" +
                         (stream.msg != nullptr ? std::string(" (") + stream.msg + ")" : std::string()) +
                         "; the file is truncated or damaged");
  if (used != packed.size())
    file_fault(name, what + " has " + std::to_string(packed.size() - used) + " bytes after the end of its stream");
  result.resize(static_cast<std::size_t>(size));
  return result;
}

/// The raw deflate stream of `bytes`, fewer than 4 GiB, at the best compression.
inline std::vector<std::byte> deflate_raw(std::span<const std::byte> bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, static_cast<int>(wrapping::none), 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw file_error("advx: zlib cannot start: out of memory");
  struct closer {
    z_stream& stream;
    ~closer() { deflateEnd(&stream); }
  } const close_in_the_end{stream};
  std::vector<std::byte> result(deflateBound(&stream, static_cast<uLong>(bytes.size())));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = zlib_chunk(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = zlib_chunk(result.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw file_error("advx: zlib cannot pack the data");
  result.resize(stream.total_out);
  return result;
}

inline std::uint32_t crc32_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

} // namespace advx::data::detail
