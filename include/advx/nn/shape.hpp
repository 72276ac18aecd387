/// @file
/// The shape of one image, or of what a layer makes of it.
#pragma once

#include <advx/core/types.hpp>

#include <string>

namespace advx::nn {

/// channels × height × width values. A flat vector has height = width = 1.
struct shape {
  index_t channels = 1;
  index_t height = 1;
  index_t width = 1;

  constexpr index_t pixels() const noexcept { return height * width; }
  constexpr index_t size() const noexcept { return channels * pixels(); }
  constexpr bool flat() const noexcept { return height == 1 && width == 1; }
  friend constexpr bool operator==(const shape&, const shape&) = default;
};

/// "32 x 26 x 26"
inline std::string to_string(const shape& s) {
  return std::to_string(s.channels) + " x " + std::to_string(s.height) + " x " + std::to_string(s.width);
}

namespace detail {

/// Inside a session images are stored with the channels last, so that every loop over channels is contiguous.
template <class T>
void to_channels_last(const shape& s, const T* from, T* to) noexcept {
  for (index_t c = 0; c < s.channels; ++c)
    for (index_t p = 0; p < s.pixels(); ++p) to[p * s.channels + c] = from[c * s.pixels() + p];
}

template <class T>
void to_channels_first(const shape& s, const T* from, T* to) noexcept {
  for (index_t c = 0; c < s.channels; ++c)
    for (index_t p = 0; p < s.pixels(); ++p) to[c * s.pixels() + p] = from[p * s.channels + c];
}

} // namespace detail

} // namespace advx::nn
