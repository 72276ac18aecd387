/// @file
/// An 8-bit picture in memory, grey or RGB: what is drawn into and written as PNG.
#pragma once

#include <advx/core/types.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace advx::data {

/// height × width pixels of `channels` interleaved bytes (1: grey, 3: RGB), row-major from the top left.
struct raster {
  raster() = default;
  raster(index_t width_, index_t height_, index_t channels_, std::uint8_t fill = 255)
      : width(width_),
        height(height_),
        channels(channels_),
        pixels(static_cast<std::size_t>(width_ * height_ * channels_), fill) {}

  std::uint8_t* at(index_t x, index_t y) { return pixels.data() + (y * width + x) * channels; }
  const std::uint8_t* at(index_t x, index_t y) const { return pixels.data() + (y * width + x) * channels; }

  index_t width = 0, height = 0, channels = 1;
  std::vector<std::uint8_t> pixels;
};

} // namespace advx::data
