/// @file
/// From stored bytes to what attacks take: images in [0, 1] and labels.
#pragma once

#include <advx/core/batch.hpp>
#include <advx/data/array.hpp>

#include <string>
#include <utility>
#include <vector>

namespace advx::data {

/// Images of bytes as floats in [0, 1], value / 255; one image a row, the first axis counts images.
/// @throws argument_error if the array is not of uint8 or has no axis
inline batch<float> to_unit_interval(const array& images) {
  const auto pixels = images.as<std::uint8_t>();
  if (images.shape.empty())
    throw argument_error("advx: to_unit_interval: an array without axes holds no images; its first axis counts them");
  const index_t rows = images.shape[0];
  batch<float> result(rows, rows == 0 ? 0 : images.size() / rows);
  for (std::size_t i = 0; i < pixels.size(); ++i) result.values[i] = static_cast<float>(pixels[i]) / 255.0f;
  return result;
}

/// Images in [0, 1] as bytes, the nearest level of each value, which `to_unit_interval` reads again. Images of the
/// 8-bit grid (attack::on_lattice) come back exactly; others lose what rounding takes.
/// @param shape of one image, as {28, 28} or {3, 32, 32}; empty: one axis
/// @throws argument_error if a value is outside [0, 1] or the shape has another number of values
inline array from_unit_interval(const batch<float>& images, std::vector<index_t> shape = {}) {
  std::vector<std::uint8_t> pixels(images.values.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const float v = images.values[i];
    if (!(v >= 0 && v <= 1))
      throw argument_error("advx: from_unit_interval: image " +
                           std::to_string(static_cast<index_t>(i) / images.cols()) + " has the value " +
                           std::to_string(v) + "; scale the images to [0, 1]");
    pixels[i] = static_cast<std::uint8_t>(v * 255.0f + 0.5f);
  }
  if (shape.empty()) shape.push_back(images.cols());
  shape.insert(shape.begin(), images.rows());
  return make_array(std::move(shape), pixels);
}

/// The labels of a one-axis array of uint8 or int64.
/// @throws argument_error for another shape or type, or a label that is negative or beyond label_t
inline std::vector<label_t> labels(const array& stored) {
  if (stored.shape.size() != 1 || (stored.type != dtype::uint8 && stored.type != dtype::int64))
    throw argument_error("advx: labels: an array of " + std::string(name_of(stored.type)) + " " +
                         to_string(stored.shape) + " is given; labels are one axis of uint8 or int64");
  auto result = stored.to<label_t>();
  for (std::size_t i = 0; i < result.size(); ++i)
    if (result[i] < 0)
      throw argument_error("advx: labels: label " + std::to_string(result[i]) + " at position " + std::to_string(i) +
                           " is negative; classes count from 0");
  return result;
}

} // namespace advx::data
