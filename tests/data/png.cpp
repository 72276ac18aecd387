#include <advx/data/images.hpp>
#include <advx/data/npy.hpp>
#include <advx/data/png.hpp>

#include <catch2/catch.hpp>

#include "data/support.hpp"

using namespace advx;

namespace {

/// What libpng reads out of a PNG file.
data::raster decoded(const std::vector<std::byte>& file, bool grey) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_memory(&image, file.data(), file.size()) != 0);
  CHECK(image.format == static_cast<png_uint_32>(grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB));
  data::raster result(static_cast<index_t>(image.width), static_cast<index_t>(image.height), grey ? 1 : 3);
  REQUIRE(png_image_finish_read(&image, nullptr, result.pixels.data(), 0, nullptr) != 0);
  return result;
}

} // namespace

TEST_CASE("A PNG decodes to the pixels it was made of") {
  for (const index_t channels : {1, 3}) {
    data::raster picture(7, 5, channels);
    for (std::size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = static_cast<std::uint8_t>(37 * i);
    const auto file = data::encode_png(picture);
    const data::raster back = decoded(file, channels == 1);
    CHECK(back.width == 7);
    CHECK(back.height == 5);
    CHECK(back.pixels == picture.pixels);
    CHECK(data::encode_png(picture) == file);
  }
}

TEST_CASE("A PNG is written whole, and only of a sound picture") {
  const support::scratch_folder folder;
  data::write_png(folder / "a.png", data::raster(2, 2, 1));
  CHECK(data::read_file(folder / "a.png") == data::encode_png(data::raster(2, 2, 1)));
  CHECK_THROWS_AS(data::write_png(folder / "no/a.png", data::raster(2, 2, 1)), file_error);
  CHECK_THROWS_AS(data::encode_png(data::raster(2, 2, 2)), argument_error);
  CHECK_THROWS_AS(data::encode_png(data::raster(0, 2, 1)), argument_error);
  data::raster short_of_pixels(2, 2, 1);
  short_of_pixels.pixels.pop_back();
  CHECK_THROWS_AS(data::encode_png(short_of_pixels), argument_error);
  CHECK(folder.names() == std::vector<std::string>{"a.png"});
}

TEST_CASE("Images of the 8-bit grid are read back exactly from PNG and NumPy files") {
  const support::scratch_folder folder;
  batch<float> images(1, 256); // every level
  for (int k = 0; k < 256; ++k) images.row(0)[k] = static_cast<float>(k) / 255.0f;
  const data::array bytes = data::from_unit_interval(images, {16, 16});
  CHECK(bytes.shape == std::vector<index_t>{1, 16, 16});
  CHECK(data::to_unit_interval(bytes) == images);

  data::raster picture(16, 16, 1);
  const auto pixels = bytes.as<std::uint8_t>();
  picture.pixels.assign(pixels.begin(), pixels.end());
  data::write_png(folder / "a.png", picture);
  const data::raster read = decoded(data::read_file(folder / "a.png"), true);
  CHECK(data::to_unit_interval(data::make_array<std::uint8_t>({1, 256}, read.pixels)) == images);

  data::write_npy(folder / "a.npy", bytes);
  CHECK(data::to_unit_interval(data::read_npy(folder / "a.npy")) == images);

  images.row(0)[3] = 1.01f;
  CHECK_THROWS_AS(data::from_unit_interval(images), argument_error);
  images.row(0)[3] = 1;
  CHECK_THROWS_AS(data::from_unit_interval(images, {16, 17}), argument_error);
  CHECK(data::from_unit_interval(batch<float>(0, 4)).size() == 0);
}
