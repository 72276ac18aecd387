// The CUDA backend's primitives against the reference team's.
#include "cuda/primitives.hpp"

#include <advx/backend/reference/team.hpp>
#include <advx/core/error.hpp>
#include <advx/kernel/dense.hpp>
#include <advx/kernel/order.hpp>
#include <advx/kernel/philox.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "backend/programs.hpp"
#include "backend/support.hpp"
#include "cuda/support.hpp"

using advx::index_t;
using backend_tests::same_bits;
using backend_tests::uneven;

TEST_CASE("where there is no CUDA device, one sentence says so and what to use instead") {
  const std::string reason = cuda_tests::missing_device();
  if (reason.empty()) {
    std::puts("advx: skipped: there is a CUDA device");
    return;
  }
  CHECK_THAT(reason, Catch::Matchers::StartsWith("advx: no CUDA device: cudaGetDeviceCount: "));
  CHECK_THAT(reason, Catch::Matchers::EndsWith("; use backend::thrust<system::omp> or backend::xtensor"));
}

TEMPLATE_TEST_CASE("device: exact answers are the reference's", "", float, double) {
  if (cuda_tests::skipped()) return;
  using T = TestType;
  const advx::backend::reference_team plain;
  for (const index_t columns : {1, 31, 32, 33, 127, 128, 129, 784, 3072}) {
    constexpr index_t rows = 37;
    std::vector<T> values; // whole numbers: every order of addition gives the same sum; many ties
    for (const T v : uneven<T>(rows * columns, 5)) values.push_back(std::round(std::fmod(v, T(50))));
    const auto got = cuda_tests::reduce_rows(values, rows, columns);
    for (index_t r = 0; r < rows; ++r) {
      CAPTURE(columns, r);
      const auto get = [row = values.data() + r * columns](index_t j) { return row[j]; };
      const auto& mine = got[std::size_t(r)];
      CHECK(mine.sum == plain.sum<T>(columns, get));
      CHECK(mine.max == plain.max<T>(columns, get));
      CHECK(mine.argmax == plain.argmax<T>(columns, get));
      CHECK(mine.count == plain.count(columns, [=](index_t j) { return get(j) > T(0); }));
    }
  }
}

TEMPLATE_TEST_CASE("device: sums are added in the documented order", "", float, double) {
  if (cuda_tests::skipped()) return;
  using T = TestType;
  const index_t size = cuda_tests::block_size(), group = cuda_tests::block_group();
  for (const index_t columns : {5, 784, 3079}) {
    const auto values = uneven<T>(3 * columns, 6);
    const auto got = cuda_tests::reduce_rows(values, 3, columns);
    for (index_t r = 0; r < 3; ++r) {
      std::vector<T> own(static_cast<std::size_t>(size), T(0));
      for (index_t j = 0; j < columns; ++j) own[std::size_t(j % size)] += values[std::size_t(r * columns + j)];
      T total = T(0);
      for (index_t g = 0; g < size; g += group) {
        for (index_t width = group / 2; width > 0; width /= 2)
          for (index_t l = 0; l < width; ++l) own[std::size_t(g + l)] += own[std::size_t(g + l + width)];
        total = g == 0 ? own[0] : total + own[std::size_t(g)];
      }
      CHECK(same_bits(got[std::size_t(r)].sum, total));
    }
  }
}

TEST_CASE("device: random bits are the host's") {
  if (cuda_tests::skipped()) return;
  const auto got = cuda_tests::random_bits(0x123456789abcdefULL, 9, 300);
  for (index_t r = 0; r < 9; ++r)
    for (index_t j = 0; j < 300; ++j)
      CHECK(got[std::size_t(r * 300 + j)] ==
            advx::kernel::random_stream{0x123456789abcdefULL, std::uint32_t(r), 3}.bits(j));
}

TEMPLATE_TEST_CASE("device: a program of everything stays within rounding of the host's", "", float, double) {
  if (cuda_tests::skipped()) return;
  using T = TestType;
  constexpr index_t rows = 50, columns = 784;
  auto values = uneven<T>(rows * columns, 11), want = values;
  std::vector<T> sums(rows, T(0)), want_sums = sums;
  std::vector<index_t> marks(rows, 0), want_marks = marks;
  cuda_tests::run_mixed(values, sums, marks, columns);
  for (index_t r = 0; r < rows; ++r)
    backend_tests::mixed_program<T>{want.data(), want_sums.data(), want_marks.data(),
                                    columns}(advx::backend::reference_team{}, r);
  const double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-13;
  for (index_t r = 0; r < rows; ++r) {
    double size = 0; // a sum's error is relative to what was added
    for (index_t j = 0; j < columns; ++j) size += 1.5;
    CHECK(std::abs(double(sums[std::size_t(r)] - want_sums[std::size_t(r)])) <= tolerance * size);
    CHECK(marks[std::size_t(r)] % 1000 == 1);
    CHECK(std::abs(double(marks[std::size_t(r)] - want_marks[std::size_t(r)])) <= 1000); // one value on the border
    double worst = 0;
    for (index_t j = 0; j < columns; ++j) {
      const auto k = std::size_t(r * columns + j);
      worst = std::max(worst, std::abs(double(values[k] - want[k])));
    }
    CHECK(worst <= tolerance * size);
  }
}

TEST_CASE("device: sorting and prefix sums leave the host's bits, systems their solutions") {
  if (cuda_tests::skipped()) return;
  const advx::backend::reference_team team;
  for (const index_t columns : {1, 5, 128, 784}) {
    constexpr index_t equations = 12;
    cuda_tests::networks n;
    for (index_t e = 0; e < equations * equations; ++e)
      n.matrix.push_back(e % (equations + 1) == 0 ? 0.0 : oracle::hashed_weight<double>(31, 0, std::size_t(e)));
    n.side.assign(equations, 1.0);
    n.values = uneven<float>(columns, 23);
    for (std::size_t j = 0; j < n.values.size(); j += 3) n.values[j] = 0.5F; // ties
    auto matrix = n.matrix, side = n.side;
    auto values = n.values;
    std::vector<index_t> order(n.values.size());
    advx::kernel::sort_columns(team, columns, order.data(), [v = values.data()](index_t j) { return v[j]; });
    advx::kernel::prefix_sum(team, columns, values.data());
    REQUIRE(advx::kernel::solve(team, equations, matrix.data(), side.data()));
    cuda_tests::run_networks(n);
    CHECK(n.order == order);
    CHECK(n.values == values);
    CHECK(n.solved);
    for (std::size_t i = 0; i < side.size(); ++i)
      CHECK(std::abs(n.side[i] - side[i]) <= 1e-9 * (1 + std::abs(side[i])));
  }
}

TEST_CASE("device: chosen rows are gathered and scattered back, and marked ones are left alone") {
  if (cuda_tests::skipped()) return;
  constexpr index_t columns = 130;
  const auto values = uneven<float>(5 * columns, 17);
  const auto got = cuda_tests::there_and_back(values, {4, -1, 0}, columns);
  for (index_t r = 0; r < 5; ++r)
    for (index_t j = 0; j < columns; ++j) {
      const auto k = std::size_t(r * columns + j);
      CHECK(got[k] == (r == 4 || r == 0 ? values[k] : 0.0F));
    }
}

TEST_CASE("device: each of a million rows is visited once") {
  if (cuda_tests::skipped()) return;
  const auto got = cuda_tests::visits(1000003);
  CHECK(std::all_of(got.begin(), got.end(), [](std::int32_t v) { return v == 1; }));
  CHECK(cuda_tests::visits(0).empty());
}

TEST_CASE("device: buffers are zeroed, hold their values, and outlive their backend") {
  if (cuda_tests::skipped()) return;
  for (const index_t n : {0, 1, 1000, 1000000}) CHECK(cuda_tests::buffers_hold(n));
}

TEST_CASE("device: memory that does not suffice is an error with its numbers, and nothing is lost") {
  if (cuda_tests::skipped()) return;
  bool works_on = false;
  const std::string said = cuda_tests::too_large(index_t{1} << 46, works_on);
  CHECK_THAT(said, Catch::Matchers::StartsWith("advx: cudaMallocFromPoolAsync(64 TiB): out of memory; "));
  CHECK_THAT(said, Catch::Matchers::EndsWith("are free: lower options.batch"));
  CHECK(works_on);
}

TEST_CASE("device: a failing call is an error that names it") {
  if (cuda_tests::skipped()) return;
  CHECK_THAT(cuda_tests::copy_from_nowhere(), Catch::Matchers::StartsWith("advx: cudaMemcpyAsync(device to host): "));
}

TEST_CASE("device: Thrust's algorithms run in the backend's stream and memory") {
  if (cuda_tests::skipped()) return;
  auto values = uneven<float>(100003, 8);
  const auto got = cuda_tests::sorted(values);
  std::sort(values.begin(), values.end());
  CHECK(got == values);
}
