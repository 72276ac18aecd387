// Every reader against damaged files: cut at every byte, bits flipped at random, bytes replaced. A reader either throws
// file_error or succeeds; the sanitizers watch for the rest. What a damaged file may allocate is bounded by its size.
#include <advx/data/idx.hpp>
#include <advx/data/npy.hpp>
#include <advx/data/npz.hpp>

#include <catch2/catch.hpp>

#include <functional>
#include <random>

#include "data/support.hpp"

using namespace advx;
using support::bytes;

namespace {

struct outcome {
  int refused = 0, read = 0;
};

/// Reads from an exactly sized copy, so that a read past the end is seen.
template <class Parse>
void attempt(const bytes& file, const Parse& parse, outcome& count) {
  const bytes exact(file.begin(), file.end());
  try {
    parse(exact);
    ++count.read;
  } catch (const file_error& error) {
    ++count.refused;
    if (!std::string_view(error.what()).starts_with("advx: 'f'")) FAIL(error.what());
  }
}

template <class Parse>
void torment(const bytes& good, const Parse& parse, int rounds) {
  outcome whole, cut, changed;
  attempt(good, parse, whole);
  CHECK(whole.read == 1);

  for (std::size_t size = 0; size < good.size(); ++size)
    attempt(bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)), parse, cut);
  CHECK(cut.read == 0); // no part of a file passes for the whole

  bytes longer = good;
  longer.push_back(std::byte{0});
  outcome extended;
  attempt(longer, parse, extended);
  CHECK(extended.read == 0);

  std::mt19937 random(1);
  for (int round = 0; round < rounds; ++round) {
    bytes file = good;
    const unsigned faults = 1 + random() % 4;
    for (unsigned i = 0; i < faults; ++i) {
      std::byte& b = file[random() % file.size()];
      if (random() % 2 == 0)
        b ^= static_cast<std::byte>(1u << random() % 8);
      else
        b = static_cast<std::byte>(random() % 3 == 0 ? 0xff : random() % 256);
    }
    attempt(file, parse, changed);
  }
  CHECK(changed.refused + changed.read == rounds);
  CHECK(changed.refused > rounds / 4);
}

const auto npy = [](std::span<const std::byte> b) { data::parse_npy(b, "f"); };
const auto npz = [](std::span<const std::byte> b) { data::parse_npz(b, "f"); };
const auto idx = [](std::span<const std::byte> b) { data::parse_idx(b, "f"); };

bytes fixture(const char* name) { return data::read_file(std::string(ADVX_FIXTURES) + name); }

} // namespace

TEST_CASE("Damaged npy files never crash a reader") {
  for (const char* name : {"float32_2x3.npy", "float64_scalar.npy", "int64_3.npy", "uint8_version3.npy"}) {
    INFO(name);
    torment(fixture(name), npy, 4000);
  }
}

TEST_CASE("Damaged npz files never crash a reader") {
  for (const char* name : {"stored.npz", "deflated.npz", "zip64.npz"}) {
    INFO(name);
    torment(fixture(name), npz, 4000);
  }
  torment(data::encode_npz(
              {{"w", data::make_array<float>({2, 2}, {1, 2, 3, 4})}, {"b", data::make_array<std::int64_t>({1}, {-1})}}),
          npz, 4000);
}

TEST_CASE("Damaged IDX files never crash a reader") {
  torment(fixture("images.idx3"), idx, 4000);
  torment(fixture("images.idx3.gz"), idx, 4000);
}
