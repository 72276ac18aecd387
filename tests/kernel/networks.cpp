// Sorting, prefix sums and small systems, on every kind of team: against the standard library's and against residuals.
#include <advx/backend/reference/team.hpp>
#include <advx/backend/reference/vector_team.hpp>
#include <advx/kernel/dense.hpp>
#include <advx/kernel/order.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "backend/support.hpp"
#include "backend/thread_block.hpp"

using advx::index_t;
using backend_tests::uneven;

namespace {

/// Calls f(team) as each kind of team calls a row program.
template <class Team>
struct caller {
  template <class F>
  static void call(const F& f) {
    f(Team{});
  }
};
template <class Block>
struct caller<advx::backend::block_team<Block>> {
  template <class F>
  static void call(const F& f) {
    backend_tests::run_block<Block>([&](const auto& team, index_t) { f(team); });
  }
};

using block = advx::backend::block_team<backend_tests::thread_block<4, 2>>;

} // namespace

TEMPLATE_TEST_CASE("columns are sorted as a stable sort does", "", advx::backend::reference_team,
                   advx::backend::vector_team, block) {
  for (const index_t n : {0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 65, 100})
    for (const int kinds : {1, 3, 1000}) {
      CAPTURE(n, kinds);
      std::vector<double> key;
      for (const double v : uneven<double>(n, 21)) key.push_back(std::floor(std::fmod(v, kinds)));
      std::vector<index_t> want(key.size()), got(key.size(), -1);
      std::iota(want.begin(), want.end(), index_t{0});
      std::stable_sort(want.begin(), want.end(),
                       [&](index_t a, index_t b) { return key[std::size_t(a)] > key[std::size_t(b)]; });
      caller<TestType>::call([&](const auto& team) {
        advx::kernel::sort_columns(team, n, got.data(), [k = key.data()](index_t j) { return k[j]; });
      });
      CHECK(got == want);
    }
}

TEST_CASE("the sorting network sorts every row of zeros and ones up to 12 columns, hence every row") {
  // A network that sorts all of those sorts everything (Knuth 5.3.4, theorem Z).
  const advx::backend::vector_team team;
  bool all = true;
  for (index_t n = 1; n <= 12; ++n)
    for (unsigned pattern = 0; pattern < 1U << n; ++pattern) {
      std::vector<int> row;
      for (index_t j = 0; j < n; ++j) row.push_back(int(pattern >> j & 1U));
      advx::kernel::sort(team, n, row.data(), [](int a, int b) { return a < b; });
      all = all && std::is_sorted(row.begin(), row.end());
    }
  CHECK(all);
}

TEMPLATE_TEST_CASE("prefix sums are right, and have the same bits on every team", "", advx::backend::reference_team,
                   advx::backend::vector_team, block) {
  for (const index_t n : {0, 1, 2, 3, 4, 5, 63, 64, 65, 200}) {
    CAPTURE(n);
    const auto values = uneven<float>(n, 22);
    std::vector<float> got = values, other = values;
    caller<TestType>::call([&](const auto& team) { advx::kernel::prefix_sum(team, n, got.data()); });
    advx::kernel::prefix_sum(advx::backend::reference_team{}, n, other.data());
    CHECK((n == 0 || std::memcmp(got.data(), other.data(), got.size() * sizeof(float)) == 0));
    double sum = 0, magnitudes = 0;
    for (std::size_t j = 0; j < got.size(); ++j) {
      sum += double(values[j]);
      magnitudes += std::abs(double(values[j]));
      CHECK(std::abs(double(got[j]) - sum) <= 1e-6 * magnitudes);
    }
  }
}

TEMPLATE_TEST_CASE("systems are solved, with a zero on the diagonal too, and singular ones are refused", "",
                   advx::backend::reference_team, advx::backend::vector_team, block) {
  for (const index_t m : {1, 2, 3, 8, 30}) {
    CAPTURE(m);
    std::vector<double> a, x;
    for (index_t e = 0; e < m * m; ++e)
      a.push_back(e % (m + 1) == 0 && m > 1 ? 0.0 : oracle::hashed_weight<double>(31, 0, std::size_t(e)));
    if (m == 1) a[0] = -0.25;
    for (index_t i = 0; i < m; ++i) x.push_back(oracle::hashed_weight<double>(31, 1, std::size_t(i)));
    std::vector<double> b(std::size_t(m), 0.0);
    for (index_t i = 0; i < m; ++i)
      for (index_t j = 0; j < m; ++j) b[std::size_t(i)] += a[std::size_t(i * m + j)] * x[std::size_t(j)];
    auto work = a, got = b;
    std::vector<int> solved(4, 0);
    caller<TestType>::call([&](const auto& team) {
      const bool good = advx::kernel::solve(team, m, work.data(), got.data());
      team.each(4, [&](index_t i) { solved[std::size_t(i)] = good ? 1 : 0; });
    });
    CHECK(solved == std::vector<int>(4, 1));
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::abs(got[i] - x[i]) <= 1e-9);

    // Two equal rows, or a number that is none.
    for (const double fault :
         {0.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      work.assign(std::size_t(m * m), fault == 0.0 ? 1.0 : fault);
      if (m == 1) work[0] = fault;
      got = b;
      std::vector<int> refused(4, 0);
      caller<TestType>::call([&](const auto& team) {
        const bool good = advx::kernel::solve(team, m, work.data(), got.data());
        team.each(4, [&](index_t i) { refused[std::size_t(i)] = good ? 0 : 1; });
      });
      CHECK(refused == std::vector<int>(4, 1));
    }
  }
}
