// The team of a CUDA block, run by host threads that meet as a block's threads do: what it answers, in which order it
// adds, and that one call's writes are seen by the next.
#include <advx/backend/reference/team.hpp>
#include <advx/kernel/select.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "backend/programs.hpp"
#include "backend/support.hpp"
#include "backend/thread_block.hpp"

using advx::index_t;
using backend_tests::run_block;
using backend_tests::same_bits;
using backend_tests::thread_block;
using backend_tests::uneven;

namespace {

/// The documented order: threads take every size-th column; then pairwise within groups, then group after group.
template <class Block, class T, class F>
T sum_in_order(index_t n, F f) {
  std::vector<T> own(static_cast<std::size_t>(Block::size), T(0));
  for (index_t j = 0; j < n; ++j) own[std::size_t(j % Block::size)] += f(j);
  T total = T(0);
  for (index_t g = 0; g < Block::size; g += Block::group) {
    for (index_t width = Block::group / 2; width > 0; width /= 2)
      for (index_t l = 0; l < width; ++l) own[std::size_t(g + l)] += own[std::size_t(g + l + width)];
    total = g == 0 ? own[0] : total + own[std::size_t(g)];
  }
  return total;
}

template <class T>
struct answers {
  T sum, max;
  double wide;
  index_t argmax, count;
};

using two_groups = thread_block<8, 4>;
using one_group = thread_block<4, 4>;
using four_groups = thread_block<16, 4>;

static_assert(advx::row_team<advx::backend::block_team<two_groups>>);

} // namespace

TEMPLATE_PRODUCT_TEST_CASE("a block's threads all have the reference's answers, and sums in one order", "", std::tuple,
                           ((two_groups, float), (two_groups, double), (one_group, float), (four_groups, float))) {
  using Block = std::tuple_element_t<0, TestType>;
  using T = std::tuple_element_t<1, TestType>;
  const advx::backend::reference_team plain;
  for (const index_t n : {0, 1, 3, 4, 5, 8, 31, 32, 33, 200}) {
    CAPTURE(n);
    const auto v = uneven<T>(n, 4);
    const auto get = [p = v.data()](index_t j) { return p[j]; };
    const auto few = [p = v.data()](index_t j) { return std::floor(p[j]); }; // many ties
    const auto positive = [p = v.data()](index_t j) { return p[j] > T(0); };
    std::vector<answers<T>> got(static_cast<std::size_t>(Block::size));
    run_block<Block>([&](const auto& team, index_t rank) {
      auto& mine = got[std::size_t(rank)];
      mine.sum = team.template sum<T>(n, get);
      mine.max = team.template max<T>(n, get);
      mine.argmax = team.template argmax<T>(n, few);
      mine.count = team.count(n, positive);
      mine.wide = team.template sum<double>(n, get);
    });
    for (const auto& mine : got) {
      CHECK(same_bits(mine.sum, sum_in_order<Block, T>(n, get)));
      CHECK(same_bits(mine.wide, sum_in_order<Block, double>(n, get)));
      CHECK(mine.max == plain.max<T>(n, get));
      CHECK(mine.argmax == plain.argmax<T>(n, few));
      CHECK(mine.count == plain.count(n, positive));
    }
  }
}

TEST_CASE("a block finds the first greatest of ties, of lowest values, and passes over NaN as a loop does") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  constexpr float lowest = std::numeric_limits<float>::lowest();
  const std::vector<std::vector<float>> rows = {{1, 3, 3, 2, 3},
                                                {lowest, lowest, lowest},
                                                {-infinity, -infinity},
                                                {nan, 5, 7},
                                                {1, nan, 3, nan, 3},
                                                {nan, nan, nan},
                                                {1, 2, 3, 4, 5, 6, 7, 8, 9, 9},
                                                {infinity, nan},
                                                {nan, infinity},
                                                {-infinity, nan, nan},
                                                {0.0F, -0.0F, 0.0F}};
  const advx::backend::reference_team plain;
  for (const auto& row : rows) {
    const auto n = index_t(row.size());
    CAPTURE(row);
    const auto get = [p = row.data()](index_t j) { return p[j]; };
    std::vector<index_t> got(8, -2);
    std::vector<float> greatest(8);
    run_block<two_groups>([&](const auto& team, index_t rank) {
      got[std::size_t(rank)] = team.template argmax<float>(n, get);
      greatest[std::size_t(rank)] = team.template max<float>(n, get);
    });
    CHECK(got == std::vector<index_t>(8, plain.argmax<float>(n, get)));
    CHECK(greatest == std::vector<float>(8, plain.max<float>(n, get)));
  }
}

TEST_CASE("what one call of a block has written, the next one sees, and calls in a row do not mix") {
  constexpr index_t n = 53;
  std::vector<double> row(n, 0.0), next(n, 0.0);
  std::vector<char> right(8, 0);
  run_block<two_groups>([&](const auto& team, index_t rank) {
    bool good = true;
    for (int round = 1; round <= 50; ++round) {
      // Every thread reads what its neighbour wrote.
      team.each(n, [&](index_t j) { next[std::size_t(j)] = row[std::size_t((j + 1) % n)] + 1.0; });
      team.each(n, [&](index_t j) { row[std::size_t(j)] = next[std::size_t(j)]; });
      const auto get = [&](index_t j) { return row[std::size_t(j)]; };
      good = good && team.template sum<double>(n, get) == double(n * round) &&
             team.template max<double>(n, get) == round &&
             team.count(n, [&](index_t j) { return j < round; }) == std::min<index_t>(n, round) &&
             team.template argmax<double>(n, get) == 0;
    }
    right[std::size_t(rank)] = good ? 1 : 0;
  });
  CHECK(right == std::vector<char>(8, 1));
}

TEST_CASE("selection in a block is selection in a loop") {
  constexpr index_t n = 40;
  std::vector<float> key;
  for (index_t j = 0; j < n; ++j) key.push_back(float((j * 7) % 11));
  const auto get = [p = key.data()](index_t j) { return p[j]; };
  for (const index_t k : {0, 1, 7, 39, 40}) {
    const auto want = advx::kernel::select_top<float>(advx::backend::reference_team{}, n, k, get);
    std::vector<char> same(8, 0);
    run_block<two_groups>([&](const auto& team, index_t rank) {
      const auto got = advx::kernel::select_top<float>(team, n, k, get);
      same[std::size_t(rank)] = got.threshold == want.threshold && got.last == want.last ? 1 : 0;
    });
    CHECK(same == std::vector<char>(8, 1));
  }
}

TEST_CASE("a program of everything leaves in blocks what it leaves in loops, but for the order of sums") {
  constexpr index_t rows = 6, columns = 100;
  const backend_tests::block_backend blocks;
  auto values = uneven<double>(rows * columns, 11), want = values;
  std::vector<double> sums(rows, 0.0), want_sums = sums;
  std::vector<index_t> marks(rows, 0), want_marks = marks;
  blocks.rows(rows, backend_tests::mixed_program<double>{values.data(), sums.data(), marks.data(), columns});
  for (index_t r = 0; r < rows; ++r)
    backend_tests::mixed_program<double>{want.data(), want_sums.data(), want_marks.data(),
                                         columns}(advx::backend::reference_team{}, r);
  CHECK(marks == want_marks);
  for (index_t r = 0; r < rows; ++r)
    CHECK(std::abs(sums[std::size_t(r)] - want_sums[std::size_t(r)]) <= 1e-13 * columns);
  for (std::size_t k = 0; k < values.size(); ++k) CHECK(std::abs(values[k] - want[k]) <= 1e-13 * columns);

  std::vector<std::int32_t> visits(100, 0);
  blocks.rows(100, backend_tests::count_row{visits.data()});
  CHECK(visits == std::vector<std::int32_t>(100, 1));
}
