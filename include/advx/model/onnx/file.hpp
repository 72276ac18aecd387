/// @file
/// The only header that knows protobuf's classes of ONNX. It reads a file into them, within limits.
#pragma once

#include <advx/core/error.hpp>

#include <onnx/onnx_pb.h> // with ONNX_ML and ONNX_NAMESPACE=onnx, as the target advx::onnx says

#include <cstdio>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace advx::model::onnx {

namespace proto = ::onnx;

/// The bytes of a file. @throws file_error
inline std::vector<char> read_bytes(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rb"), [](std::FILE* f) { return f == nullptr ? 0 : std::fclose(f); });
  if (!file) throw file_error("advx: " + path + ": cannot be opened; is it there, and readable?");
  std::vector<char> bytes;
  for (std::size_t block = std::size_t{1} << 16;; block *= 2) {
    const std::size_t before = bytes.size();
    bytes.resize(before + block);
    const std::size_t got = std::fread(bytes.data() + before, 1, block, file.get());
    bytes.resize(before + got);
    if (std::ferror(file.get()) != 0) throw file_error("advx: " + path + ": cannot be read; is it a file?");
    if (got < block) return bytes;
  }
}

/// Parses a message: a ModelProto, a TensorProto. @throws file_error naming `name`
template <class Message>
Message parse(std::span<const char> bytes, const std::string& name) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw file_error("advx: " + name + ": has " + std::to_string(bytes.size()) +
                     " bytes; an ONNX file of 2 GiB or more cannot be read");
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    throw file_error("advx: " + name + ": is no ONNX file, or is cut short; export the model again");
  return message;
}

} // namespace advx::model::onnx
