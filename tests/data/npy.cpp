#include <advx/data/npy.hpp>

#include <catch2/catch.hpp>

#include "data/support.hpp"

using namespace advx;
using support::bytes;
using support::bytes_of;
using support::message_of;

namespace {

const std::string fixtures = ADVX_FIXTURES;

/// An .npy file, version 1.0, of this header text and these many bytes of values.
bytes file_of(const std::string& header, std::size_t values) {
  std::string text = "\x93NUMPY\x01";
  text += {'\0', static_cast<char>(header.size()), '\0'};
  bytes result = bytes_of(text + header);
  result.resize(result.size() + values);
  return result;
}

std::string fault_of(const bytes& file) {
  return message_of<file_error>([&] { data::parse_npy(file, "the file"); });
}

} // namespace

TEST_CASE("Arrays that NumPy wrote are read") {
  CHECK(data::read_npy(fixtures + "float32_2x3.npy") ==
        data::make_array<float>({2, 3}, {0, 0.25f, 0.5f, 0.75f, 1, 1.25f}));
  CHECK(data::read_npy(fixtures + "float64_scalar.npy") == data::make_array<double>({}, {-2.5}));
  CHECK(data::read_npy(fixtures + "int64_3.npy") ==
        data::make_array<std::int64_t>({3}, {-1, 0, std::int64_t{1} << 40}));
  CHECK(data::read_npy(fixtures + "uint8_0x4.npy") ==
        data::make_array<std::uint8_t>({0, 4}, std::vector<std::uint8_t>{}));
  for (const char* version : {"2", "3"})
    CHECK(data::read_npy(fixtures + "uint8_version" + version + ".npy") ==
          data::make_array<std::uint8_t>({5}, {0, 1, 2, 3, 4}));
}

TEST_CASE("What is written is NumPy's own file, byte for byte") {
  for (const char* name : {"float32_2x3.npy", "float64_scalar.npy", "int64_3.npy", "uint8_0x4.npy"}) {
    INFO(name);
    const bytes original = data::read_file(fixtures + name);
    CHECK(data::encode_npy(data::parse_npy(original, name)) == original);
  }
}

TEST_CASE("npy files go round through the disk") {
  const support::scratch_folder folder;
  const data::array a = data::make_array<double>({3, 1, 2}, {1, 2, 3, 4, 5, 1e-300});
  data::write_npy(folder / "a.npy", a);
  CHECK(data::read_npy(folder / "a.npy") == a);
  CHECK(folder.names() == std::vector<std::string>{"a.npy"});
}

TEST_CASE("npy headers of other writers are understood") {
  CHECK(data::parse_npy(file_of("{\"shape\":(2,),'descr':'<u1','fortran_order':False}", 2), "x").shape ==
        std::vector<index_t>{2});
  CHECK(data::parse_npy(file_of("{'shape': (1, 2,), 'fortran_order': False, 'descr': '<f4',}\n", 8), "x").shape ==
        std::vector<index_t>{1, 2});
}

TEST_CASE("What this library does not read in npy is named, with the remedy") {
  const auto fault = [](const char* name) { return message_of<file_error>([&] { data::read_npy(fixtures + name); }); };
  CHECK_THAT(fault("fortran.npy"), Catch::Contains("fortran.npy") && Catch::Contains("ascontiguousarray"));
  CHECK_THAT(fault("big_endian.npy"), Catch::Contains("'>f4'") && Catch::Contains("little-endian"));
  CHECK_THAT(fault("int32.npy"), Catch::Contains("'<i4'"));
  CHECK_THAT(fault("missing.npy"), Catch::Contains("missing.npy") && Catch::Contains("No such file"));
}

TEST_CASE("Damaged npy files are errors that name the fault") {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  REQUIRE(fault_of(file_of(good, 8)).empty());
  CHECK_THAT(fault_of(file_of(good, 7)), Catch::StartsWith("advx: 'the file': truncated: the values"));
  CHECK_THAT(fault_of(file_of(good, 9)), Catch::Contains("1 bytes too many"));
  CHECK_THAT(fault_of(bytes_of("PNG")), Catch::Contains("truncated"));
  CHECK_THAT(fault_of(bytes_of("a text file, not an array")), Catch::Contains("wrong magic"));
  CHECK_THAT(fault_of({}), Catch::Contains("truncated"));

  bytes other_version = file_of(good, 8);
  other_version[6] = std::byte{4};
  CHECK_THAT(fault_of(other_version), Catch::Contains("version 4.0"));
  bytes long_header = file_of(good, 8);
  long_header[9] = std::byte{0x7f};
  CHECK_THAT(fault_of(long_header), Catch::Contains("truncated: the header"));

  const auto shape = [&](const std::string& s, const std::string& type = "<f4") {
    return fault_of(file_of("{'descr': '" + type + "', 'fortran_order': False, 'shape': " + s + "}", 8));
  };
  CHECK(shape("(1, 2)").empty());
  CHECK_THAT(shape("(-2,)"), Catch::Contains("negative"));
  CHECK_THAT(shape("(99999999999999999999,)"), Catch::Contains("too large"));
  CHECK_THAT(shape("(4294967296, 4294967296)"), Catch::Contains("overflows"));
  CHECK_THAT(shape("(4000000000,)"), Catch::Contains("truncated"));
  CHECK_THAT(shape("(2)"), Catch::Contains("(n,)"));
  CHECK_THAT(shape("(2,"), Catch::Contains("npy header"));
  CHECK_THAT(shape("(1.5,)"), Catch::Contains("npy header"));
  CHECK_THAT(shape("(2,), 'shape': (2,)"), Catch::Contains("repeated key 'shape'"));
  CHECK_THAT(shape("(2,), 'extra': (2,)"), Catch::Contains("unexpected"));
  CHECK_THAT(shape("(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2)"),
             Catch::Contains("more than 32"));
  CHECK_THAT(shape("(2,)", "|O"), Catch::Contains("'|O' is not read"));
  CHECK_THAT(fault_of(file_of("{'descr': '<f4', 'shape': (2,), }", 8)), Catch::Contains("missing"));
  CHECK_THAT(fault_of(file_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", 8)),
             Catch::Contains("quoted"));
  CHECK_THAT(fault_of(file_of("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", 8)), Catch::Contains("neither"));
  CHECK_THAT(fault_of(file_of(good + "junk", 8)), Catch::Contains("after the dictionary"));
  CHECK_THAT(fault_of(file_of("{'descr: 1", 8)), Catch::Contains("has no end"));
}

TEST_CASE("An array that contradicts itself is not written") {
  data::array wrong = data::make_array<float>({2}, {1, 2});
  wrong.shape = {3};
  CHECK_THROWS_AS(data::encode_npy(wrong), argument_error);
  CHECK_THROWS_AS(data::encode_npy(data::make_array<float>(std::vector<index_t>(33, 1), {1})), argument_error);
}
