#include <advx/data/npz.hpp>

#include <catch2/catch.hpp>

#include <ctime>

#include "data/support.hpp"

using namespace advx;
using support::bytes;
using support::message_of;

namespace {

const std::string fixtures = ADVX_FIXTURES;
const data::array images = data::make_array<std::uint8_t>({2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
const data::array labels = data::make_array<std::int64_t>({2}, {3, 4});

std::string fault_of(const bytes& file, std::uint64_t limit = data::default_size_limit) {
  return message_of<file_error>([&] { data::parse_npz(file, "x.npz", limit); });
}

void put32(bytes& file, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) file[at + i] = static_cast<std::byte>(value >> (8 * i));
}

/// Position of the first directory entry.
std::size_t directory_of(const bytes& file) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < 4; ++i) at |= std::to_integer<std::size_t>(file[file.size() - 6 + i]) << (8 * i);
  return at;
}

} // namespace

TEST_CASE("Archives that NumPy wrote are read, stored and deflated") {
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    INFO(name);
    const data::npz file = data::read_npz(fixtures + name);
    CHECK(file.arrays.size() == 2);
    CHECK(file.arrays[0].first == "images");
    CHECK(file.at("images") == images);
    CHECK(file.at("labels") == labels);
  }
}

TEST_CASE("A zip64 archive is read") {
  CHECK(data::read_npz(fixtures + "zip64.npz").at("a") == data::make_array<std::uint8_t>({2}, {7, 8}));
}

TEST_CASE("npz files go round through the disk, in order, in equal bytes") {
  const support::scratch_folder folder;
  const data::npz all{{"second", labels},
                      {"first/weights", images},
                      {"\xc3\xa9t\xc3\xa9", data::make_array<float>({0}, std::vector<float>{})},
                      {"noise", data::make_array<double>({3}, {0.1, 1e300, -0.0})}};
  data::write_npz(folder / "a.npz", all);
  const data::npz back = data::read_npz(folder / "a.npz");
  CHECK(back.arrays == all.arrays);
  data::write_npz(folder / "b.npz", back);
  CHECK(data::read_file(folder / "a.npz") == data::read_file(folder / "b.npz"));
  CHECK(data::parse_npz(data::encode_npz({}), "empty").arrays.empty());
}

TEST_CASE("The committed sample is the first thousand digits of the MNIST test set") {
  const data::npz sample = data::read_npz(ADVX_SAMPLE);
  CHECK(sample.at("images").shape == std::vector<index_t>{1000, 28, 28});
  const auto digits = sample.at("labels").as<std::int64_t>();
  REQUIRE(digits.size() == 1000);
  CHECK(std::vector<std::int64_t>(digits.begin(), digits.begin() + 10) ==
        std::vector<std::int64_t>{7, 2, 1, 0, 4, 1, 4, 9, 5, 9});
  std::vector<int> counts(10);
  for (const auto digit : digits) ++counts.at(static_cast<std::size_t>(digit));
  CHECK(counts == std::vector<int>{85, 126, 116, 107, 110, 87, 87, 99, 89, 94});
}

TEST_CASE("A missing array is named with those that are there") {
  const data::npz file = data::read_npz(fixtures + "stored.npz");
  CHECK(file.find("weights") == nullptr);
  CHECK_THAT(message_of<file_error>([&] { file.at("weights"); }),
             Catch::Contains("stored.npz") && Catch::Contains("'weights'") && Catch::Contains("'labels'"));
}

TEST_CASE("Names that an archive cannot hold are not written") {
  CHECK_THROWS_AS(data::encode_npz({{"a", labels}, {"a", images}}), argument_error);
  CHECK_THROWS_AS(data::encode_npz({{"", labels}}), argument_error);
  CHECK_THROWS_AS(data::encode_npz({{std::string(2000, 'a'), labels}}), argument_error);
}

TEST_CASE("Damaged archives are errors that name file, member and fault") {
  const bytes good = data::encode_npz({{"images", images}, {"labels", labels}});
  REQUIRE(fault_of(good).empty());
  const std::size_t directory = directory_of(good);
  const auto changed = [&](std::size_t at, std::uint32_t value) {
    bytes file = good;
    put32(file, at, value);
    return fault_of(file);
  };
  CHECK_THAT(fault_of({}), Catch::Contains("no end record"));
  CHECK_THAT(changed(good.size() - 22, 0), Catch::Contains("no end record"));
  CHECK_THAT(changed(good.size() - 10, 1), Catch::Contains("does not end where"));
  CHECK_THAT(changed(good.size() - 6, 5), Catch::Contains("does not end where"));
  CHECK_THAT(changed(directory, 0), Catch::Contains("no directory entry"));
  CHECK_THAT(changed(0, 0), Catch::Contains("no member header"));
  CHECK_THAT(changed(directory + 16, 1), Catch::Contains("'x.npz': member 'images.npy' has the wrong checksum"));
  CHECK_THAT(changed(directory + 20, 9), Catch::Contains("images.npy") && Catch::Contains("damaged"));
  CHECK_THAT(changed(directory + 24, 100), Catch::Contains("more than the 100 bytes"));
  CHECK_THAT(changed(directory + 24, 200), Catch::Contains("does not unpack to the 200 bytes"));
  CHECK_THAT(changed(directory + 24, 0xfffffff0),
             Catch::Contains("over the limit") || Catch::Contains("no such stream"));
  CHECK_THAT(changed(directory + 42, 7), Catch::Contains("no member header"));
  CHECK_THAT(changed(directory + 8, 0x00080001), Catch::Contains("encrypted"));
  CHECK_THAT(changed(directory + 46, 0x41414141), Catch::Contains("described differently"));

  bytes longer = good;
  longer.push_back(std::byte{0});
  CHECK_THAT(fault_of(longer), Catch::Contains("no end record at the end"));

  bytes foreign = good; // "labels.npy" becomes "labels.txt" in both places
  for (const char* place : {"first", "second"}) {
    INFO(place);
    const bytes from = support::bytes_of("labels.npy"), to = support::bytes_of("labels.txt");
    const auto at = std::search(foreign.begin(), foreign.end(), from.begin(), from.end());
    REQUIRE(at != foreign.end());
    std::copy(to.begin(), to.end(), at);
  }
  CHECK_THAT(fault_of(foreign), Catch::Contains("'x.npz' member 'labels.txt' is not an array") ||
                                    Catch::Contains("member 'labels.txt': is not an array"));
}

TEST_CASE("A member's array is checked as an npy file of its own") {
  const bytes good = data::read_file(fixtures + "stored.npz");
  bytes file = good; // the version byte of the first member, its checksum repaired
  const bytes magic = support::bytes_of("\x93NUMPY");
  const auto at = std::search(file.begin(), file.end(), magic.begin(), magic.end());
  REQUIRE(at != file.end());
  *(at + 6) = std::byte{9};
  CHECK_THAT(fault_of(file), Catch::Contains("checksum"));
  const auto member = std::span(file).subspan(std::size_t(at - file.begin()), 136);
  put32(file, directory_of(file) + 16, data::detail::crc32_of(member));
  CHECK_THAT(fault_of(file), Catch::Contains("images.npy': npy version 9.0"));
}

TEST_CASE("An archive that unpacks beyond the limit is refused before it is unpacked") {
  const data::array zeros{data::dtype::uint8, {1 << 20}, bytes(1 << 20)};
  const bytes bomb = data::encode_npz({{"a", zeros}, {"b", zeros}});
  CHECK(bomb.size() < 5000);
  CHECK_THAT(fault_of(bomb, 1 << 20), Catch::Contains("a.npy") && Catch::Contains("over the limit of 1048576"));
  CHECK_THAT(fault_of(bomb, 3 << 19), Catch::Contains("b.npy") && Catch::Contains("over the limit")); // the sum counts
  CHECK(fault_of(bomb, 3 << 20).empty());
}

TEST_CASE("Many small members are read in a time that grows with their number, not with its square") {
  data::npz all;
  for (int i = 0; i < 60000; ++i) all.add("layer_" + std::to_string(i), data::array{data::dtype::uint8, {0}, {}});
  const bytes file = data::encode_npz(all);
  const std::clock_t start = std::clock();
  CHECK(data::parse_npz(file, "many.npz").arrays.size() == 60000);
  CHECK(double(std::clock() - start) / CLOCKS_PER_SEC < 3); // 0.1 s; by comparing each name with each: 10 s and more
}
