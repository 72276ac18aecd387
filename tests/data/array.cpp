#include <advx/data/array.hpp>
#include <advx/data/images.hpp>

#include <catch2/catch.hpp>

#include <limits>

#include "data/support.hpp"

using namespace advx;
using support::message_of;

TEST_CASE("An array gives its values in its own type and converted") {
  const data::array a = data::make_array<double>({2, 2}, {0.0, 1.0, 255.0, -3.0});
  CHECK(a.size() == 4);
  CHECK(a.as<double>()[2] == 255.0);
  CHECK(a.to<float>() == std::vector<float>{0, 1, 255, -3});
  CHECK(a.to<int>() == std::vector<int>{0, 1, 255, -3});
  CHECK_THROWS_AS(a.as<float>(), argument_error);
  CHECK_THAT(message_of<argument_error>([&] { a.as<float>(); }), Catch::Contains("float64, not float32"));
}

TEST_CASE("A conversion to an integer is exact or an error") {
  CHECK_THROWS_AS(data::make_array<double>({1}, {0.5}).to<int>(), argument_error);
  CHECK_THROWS_AS(data::make_array<double>({1}, {-1.0}).to<std::uint8_t>(), argument_error);
  CHECK_THROWS_AS(data::make_array<double>({1}, {256.0}).to<std::uint8_t>(), argument_error);
  CHECK_THROWS_AS(data::make_array<double>({1}, {std::numeric_limits<double>::quiet_NaN()}).to<int>(), argument_error);
  CHECK_THROWS_AS(data::make_array<double>({1}, {0x1p63}).to<std::int64_t>(), argument_error);
  CHECK(data::make_array<double>({1}, {-0x1p63}).to<std::int64_t>()[0] == std::numeric_limits<std::int64_t>::min());
  CHECK_THROWS_AS(data::make_array<float>({1}, {std::numeric_limits<float>::infinity()}).to<int>(), argument_error);
  CHECK_THAT(message_of<argument_error>([] {
               data::make_array<std::int64_t>({2}, {1, 300}).to<std::uint8_t>();
             }),
             Catch::Contains("300 at position 1"));
}

TEST_CASE("An array's shape must describe its values") {
  CHECK_THROWS_AS(data::make_array<float>({2, 2}, {1, 2, 3}), argument_error);
  CHECK_THROWS_AS(data::make_array<float>({-1}, std::vector<float>{}), argument_error);
  CHECK(data::make_array<float>({}, {1}).size() == 1);
  const index_t huge[] = {index_t{1} << 40, index_t{1} << 40};
  CHECK_FALSE(data::byte_count(huge, data::dtype::uint8));
  const index_t hidden[] = {0, index_t{1} << 40, index_t{1} << 40};
  CHECK_FALSE(data::byte_count(hidden, data::dtype::uint8)); // a zero does not excuse an overflow
  const index_t full[] = {std::numeric_limits<index_t>::max()};
  CHECK(data::byte_count(full, data::dtype::uint8) == std::size_t(full[0]));
  CHECK_FALSE(data::byte_count(full, data::dtype::int64));
}

TEST_CASE("The first rows of an array") {
  const data::array a = data::make_array<std::uint8_t>({3, 2}, {1, 2, 3, 4, 5, 6});
  CHECK(data::first_rows(a, 2) == data::make_array<std::uint8_t>({2, 2}, {1, 2, 3, 4}));
  CHECK(data::first_rows(a, 0).shape == std::vector<index_t>{0, 2});
  CHECK_THROWS_AS(data::first_rows(a, 4), argument_error);
  CHECK_THROWS_AS(data::first_rows(a, -1), argument_error);
}

TEST_CASE("Bytes become images in the unit interval, one a row") {
  const batch<float> images = data::to_unit_interval(data::make_array<std::uint8_t>({2, 1, 2}, {0, 51, 102, 255}));
  CHECK(images.rows() == 2);
  CHECK(images.cols() == 2);
  CHECK(images.values == std::vector<float>{0.0f, 51.0f / 255.0f, 102.0f / 255.0f, 1.0f});
  CHECK(data::to_unit_interval(data::make_array<std::uint8_t>({0, 4}, std::vector<std::uint8_t>{})).rows() == 0);
  CHECK_THROWS_AS(data::to_unit_interval(data::make_array<float>({1, 1}, {0.5f})), argument_error);
}

TEST_CASE("Labels are read from bytes and integers") {
  CHECK(data::labels(data::make_array<std::uint8_t>({3}, {0, 9, 255})) == std::vector<label_t>{0, 9, 255});
  CHECK(data::labels(data::make_array<std::int64_t>({2}, {7, 1000})) == std::vector<label_t>{7, 1000});
  CHECK_THROWS_AS(data::labels(data::make_array<std::int64_t>({1}, {-1})), argument_error);
  CHECK_THROWS_AS(data::labels(data::make_array<std::int64_t>({1}, {std::int64_t{1} << 31})), argument_error);
  CHECK_THROWS_AS(data::labels(data::make_array<std::int64_t>({1, 1}, {1})), argument_error);
  CHECK_THROWS_AS(data::labels(data::make_array<float>({1}, {1})), argument_error);
}
