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
