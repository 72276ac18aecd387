#include <advx/data/idx.hpp>

#include <catch2/catch.hpp>

#include "data/gzipped.hpp"

using namespace advx;
using support::bytes;
using support::gzipped;
using support::message_of;
using support::plain;

namespace {

std::string fault_of(const bytes& file, std::uint64_t limit = data::default_size_limit) {
  return message_of<file_error>([&] { data::parse_idx(file, "x-ubyte", limit); });
}

const bytes two_images = plain({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 255});
const data::array their_array = data::make_array<std::uint8_t>({2, 1, 2}, {10, 20, 30, 255});

} // namespace

TEST_CASE("IDX files are read, plain and gzipped") {
  CHECK(data::parse_idx(two_images, "x") == their_array);
  CHECK(data::parse_idx(gzipped(two_images), "x") == their_array);
}

TEST_CASE("IDX images and labels are told apart on the disk") {
  const support::scratch_folder folder;
  data::write_file_atomically(folder / "images.gz", gzipped(two_images));
  data::write_file_atomically(folder / "labels", plain({0, 0, 8, 1, 0, 0, 0, 2, 7, 9}));
  CHECK(data::read_idx_images(folder / "images.gz") == their_array);
  CHECK(data::read_idx_labels(folder / "labels") == data::make_array<std::uint8_t>({2}, {7, 9}));
  CHECK_THAT(message_of<file_error>([&] { data::read_idx_images(folder / "labels"); }),
             Catch::Contains("labels") && Catch::Contains("not images [n, height, width]"));
  CHECK_THAT(message_of<file_error>([&] { data::read_idx_labels(folder / "images.gz"); }),
             Catch::Contains("images.gz") && Catch::Contains("not labels [n]"));
}

TEST_CASE("Damaged IDX files are errors that name the fault") {
  bytes file = two_images;
  file.pop_back();
  CHECK_THAT(fault_of(file), Catch::StartsWith("advx: 'x-ubyte': truncated: the values"));
  file = two_images;
  file.push_back(std::byte{0});
  CHECK_THAT(fault_of(file), Catch::Contains("1 bytes too many"));
  file = two_images;
  file[0] = std::byte{1};
  CHECK_THAT(fault_of(file), Catch::Contains("wrong magic"));
  file = two_images;
  file[2] = std::byte{0x0d};
  CHECK_THAT(fault_of(file), Catch::Contains("element type 13"));
  CHECK_THAT(fault_of(plain({0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})),
             Catch::Contains("overflows"));
  CHECK_THAT(fault_of(plain({0, 0, 8, 1, 255, 255, 255, 255})), Catch::Contains("truncated"));
  CHECK_THAT(fault_of({}), Catch::Contains("truncated"));
}

TEST_CASE("Damaged gzip streams are errors that name the fault") {
  const bytes good = gzipped(two_images);
  REQUIRE(fault_of(good).empty());
  bytes file = good;
  file[good.size() - 8] ^= std::byte{1}; // checksum
  CHECK_THAT(fault_of(file), Catch::Contains("gzip stream") && Catch::Contains("incorrect data check"));
  file = good;
  file[good.size() - 4] = std::byte{21}; // size
  CHECK_THAT(fault_of(file), Catch::Contains("does not unpack to the 21 bytes"));
  file = good;
  file[good.size() - 4] = std::byte{19};
  CHECK_THAT(fault_of(file), Catch::Contains("more than the 19 bytes"));
  file.resize(12);
  CHECK_THAT(fault_of(file), Catch::Contains("truncated"));
  bytes twice = good; // a second member is not read over
  twice.insert(twice.end(), good.begin(), good.end());
  CHECK_THAT(fault_of(twice), Catch::Contains("after the end of its stream"));
  CHECK_THAT(fault_of(gzipped(good)), Catch::Contains("wrong magic")); // gzip within gzip is not followed
}

TEST_CASE("A gzip bomb is refused before it is unpacked") {
  bytes zeros = plain({0, 0, 8, 1, 0, 16, 0, 0});
  zeros.resize(zeros.size() + (1 << 20));
  const bytes bomb = gzipped(zeros);
  CHECK(bomb.size() < 2000);
  CHECK(fault_of(bomb).empty());
  CHECK_THAT(fault_of(bomb, 1 << 20), Catch::Contains("over the limit of 1048576"));
  bytes liar = gzipped(two_images); // claims 4 GiB less a little
  for (std::size_t i = 1; i <= 4; ++i) liar[liar.size() - i] = std::byte{0xf0};
  CHECK_THAT(fault_of(liar), Catch::Contains("which no such stream holds"));
}
