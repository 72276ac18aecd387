#include <advx/data/cifar.hpp>

#include <catch2/catch.hpp>

#include "data/gzipped.hpp"

using namespace advx;
using support::bytes;
using support::gzipped;
using support::message_of;

namespace {

/// One record: the label, and pixel values that count on from `first`.
bytes record(int label, int first) {
  bytes result{static_cast<std::byte>(label)};
  for (int i = 0; i < 3072; ++i) result.push_back(static_cast<std::byte>((first + i) % 251));
  return result;
}
bytes joined(bytes a, const bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
std::string fault_of(const bytes& file, std::uint64_t limit = data::default_size_limit) {
  return message_of<file_error>([&] { data::parse_cifar10(file, "x.bin", limit); });
}

const bytes two = joined(record(3, 0), record(9, 100));

} // namespace

TEST_CASE("CIFAR-10 records become planes and labels") {
  const data::cifar read = data::parse_cifar10(two, "x.bin");
  CHECK(read.labels == data::make_array<std::uint8_t>({2}, {3, 9}));
  CHECK(read.images.shape == std::vector<index_t>{2, 3, 32, 32});
  const auto pixels = read.images.as<std::uint8_t>();
  REQUIRE(pixels.size() == 2 * 3072);
  CHECK(pixels[0] == 0);
  CHECK(pixels[1024] == 1024 % 251);          // the first green pixel
  CHECK(pixels[2048 + 32 + 5] == 2085 % 251); // blue, row 1, column 5
  CHECK(pixels[3072] == 100);                 // the second image
  CHECK(pixels[2 * 3072 - 1] == 3171 % 251);  // its last value
  const data::cifar packed = data::parse_cifar10(gzipped(two), "x.bin.gz");
  CHECK(packed.images == read.images);
  CHECK(packed.labels == read.labels);
}

TEST_CASE("CIFAR-10 files are read one after the other") {
  const support::scratch_folder folder;
  data::write_file_atomically(folder / "a.bin", two);
  data::write_file_atomically(folder / "b.bin.gz", gzipped(record(0, 7)));
  const std::vector<std::string> names{folder / "a.bin", folder / "b.bin.gz"};
  const data::cifar read = data::read_cifar10(names);
  CHECK(read.labels == data::make_array<std::uint8_t>({3}, {3, 9, 0}));
  CHECK(read.images.shape == std::vector<index_t>{3, 3, 32, 32});
  CHECK(read.images.as<std::uint8_t>()[2 * 3072] == 7);
  CHECK_THAT(message_of<file_error>([&] { data::read_cifar10(folder / "none.bin"); }), Catch::Contains("none.bin"));
  CHECK_THAT(message_of<file_error>([] { data::read_cifar10(std::span<const std::string>{}); }),
             Catch::Contains("at least one"));
}

TEST_CASE("Damaged CIFAR-10 files are errors that name the file and the fault") {
  REQUIRE(fault_of(two).empty());
  bytes file = two;
  file.pop_back();
  CHECK_THAT(fault_of(file), Catch::StartsWith("advx: 'x.bin': has 6145 bytes") && Catch::Contains("3073"));
  file = joined(two, {std::byte{0}});
  CHECK_THAT(fault_of(file), Catch::Contains("has 6147 bytes"));
  CHECK_THAT(fault_of({}), Catch::Contains("has 0 bytes"));
  CHECK_THAT(fault_of(gzipped({})), Catch::Contains("has 0 bytes"));
  CHECK_THAT(fault_of(joined(two, record(10, 0))), Catch::Contains("the label of image 2 is 10"));
  file = gzipped(two);
  file[file.size() - 8] ^= std::byte{1};
  CHECK_THAT(fault_of(file), Catch::Contains("gzip stream"));
  CHECK_THAT(fault_of(gzipped(two), 6145), Catch::Contains("over the limit of 6145"));
}
