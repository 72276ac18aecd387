/// @file
/// PNG files out of 8-bit pictures. Needs libpng.
#pragma once

#include <advx/data/files.hpp>
#include <advx/data/raster.hpp>

#include <png.h>

#include <string>

namespace advx::data {

/// The bytes of a PNG file; equal pictures give equal bytes (one libpng and zlib version).
/// @throws argument_error unless the picture has 1 or 3 channels, 1 to 1,000,000 pixels a side and pixels for its size
inline std::vector<std::byte> encode_png(const raster& picture) {
  constexpr index_t longest = 1'000'000;
  const index_t w = picture.width, h = picture.height, c = picture.channels;
  if ((c != 1 && c != 3) || w < 1 || h < 1 || w > longest || h > longest ||
      picture.pixels.size() != static_cast<std::size_t>(w * h * c))
    throw argument_error("advx: png: a picture of " + std::to_string(w) + " x " + std::to_string(h) + " pixels, " +
                         std::to_string(c) + " channels and " + std::to_string(picture.pixels.size()) +
                         " bytes; sides are 1 to 1000000, channels 1 or 3, bytes their product");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(w);
  image.height = static_cast<png_uint_32>(h);
  image.format = c == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  const auto fail = [&] { throw file_error(std::string("advx: png: libpng cannot encode: ") + image.message); };
  png_alloc_size_t size = 0;
  if (png_image_write_get_memory_size(image, size, 0, picture.pixels.data(), 0, nullptr) == 0) fail();
  std::vector<std::byte> bytes(size);
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, picture.pixels.data(), 0, nullptr) == 0) fail();
  bytes.resize(size);
  return bytes;
}

/// Writes a PNG file, whole or not at all. @throws file_error, argument_error
inline void write_png(const std::string& path, const raster& picture) {
  write_file_atomically(path, encode_png(picture));
}

} // namespace advx::data
