// The best pair against all pairs.
#include <advx/backend/reference/team.hpp>
#include <advx/kernel/best_pair.hpp>

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdio>
#include <random>
#include <vector>

namespace {

using advx::index_t;
using advx::kernel::column_pair;

struct rows {
  std::vector<double> u, v;
  std::vector<char> allowed;
  double product(index_t p, index_t q) const {
    const double su = u[std::size_t(p)] + u[std::size_t(q)], sv = v[std::size_t(p)] + v[std::size_t(q)];
    return su > 0 && sv > 0 ? su * sv : 0;
  }
  column_pair found() const {
    const advx::backend::reference_team team{};
    const auto n = index_t(u.size());
    std::vector<index_t> columns(std::size_t(advx::kernel::pair_memory(n)));
    std::vector<double> bounds(std::size_t(advx::kernel::pair_bounds(n)));
    return advx::kernel::best_pair<double>(
        team, n, columns.data(), bounds.data(), [this](index_t j) { return u[std::size_t(j)]; },
        [this](index_t j) { return v[std::size_t(j)]; }, [this](index_t j) { return allowed[std::size_t(j)] != 0; });
  }
  column_pair by_all() const {
    column_pair best;
    double most = 0;
    for (index_t p = 0; p < index_t(u.size()); ++p)
      for (index_t q = p + 1; q < index_t(u.size()); ++q)
        if (allowed[std::size_t(p)] && allowed[std::size_t(q)] && product(p, q) > most) {
          most = product(p, q);
          best = {p, q};
        }
    return best;
  }
};

} // namespace

TEST_CASE("the best pair of columns is that of all pairs") {
  std::mt19937 random(5);
  int none = 0;
  for (int trial = 0; trial < 6000; ++trial) {
    const std::size_t n = 1 + random() % 24;
    const int kind = trial % 4; // small integers tie; the third kind forms antichains, the last is continuous
    rows r{std::vector<double>(n), std::vector<double>(n), std::vector<char>(n)};
    for (std::size_t j = 0; j < n; ++j) {
      std::uniform_real_distribution<double> real(-1, 1);
      r.u[j] = kind < 2 ? double(int(random() % 7) - 3 - kind) : real(random);
      r.v[j] = kind < 2 ? double(int(random() % 7) - 3) : kind == 2 ? 0.9 - r.u[j] : real(random);
      r.allowed[j] = random() % 5 != 0;
    }
    INFO("trial " << trial);
    const column_pair a = r.found(), b = r.by_all();
    REQUIRE((a.first < 0) == (b.first < 0));
    none += a.first < 0;
    if (a.first < 0) continue;
    REQUIRE(a.first < a.second);
    REQUIRE(r.allowed[std::size_t(a.first)]);
    REQUIRE(r.allowed[std::size_t(a.second)]);
    REQUIRE(r.product(a.first, a.second) == r.product(b.first, b.second));
    if (kind == 2) continue; // products that differ by rounding alone
    REQUIRE(a.first == b.first);
    REQUIRE(a.second == b.second);
  }
  CHECK(none > 100);
}

TEST_CASE("blocks of pairs leave out none that counts") {
  std::mt19937 random(6);
  for (const std::size_t n : {300u, 700u, 1100u}) {
    for (const bool antichain : {true, false}) {
      rows r{std::vector<double>(n), std::vector<double>(n), std::vector<char>(n, 1)};
      std::uniform_real_distribution<double> real(0, 1);
      for (std::size_t j = 0; j < n; ++j) {
        r.u[j] = real(random);
        r.v[j] = antichain ? 1 - r.u[j] : real(random);
      }
      const column_pair a = r.found(), b = r.by_all();
      CHECK(r.product(a.first, a.second) == r.product(b.first, b.second));
    }
  }
}

TEST_CASE("an image of 224 x 224 x 3 has its best pair in moments") {
  std::mt19937 random(7);
  const std::size_t n = 150528;
  rows r{std::vector<double>(n), std::vector<double>(n), std::vector<char>(n, 1)};
  std::normal_distribution<double> normal;
  for (std::size_t j = 0; j < n; ++j) {
    r.u[j] = normal(random);
    r.v[j] = normal(random);
  }
  const auto before = std::chrono::steady_clock::now();
  const column_pair a = r.found();
  std::printf("  150,528 columns: %.3f s\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count());
  // No single column with any partner among the best by sum does better.
  for (std::size_t j = 0; j < n; ++j) {
    if (index_t(j) != a.first) REQUIRE(r.product(a.first, index_t(j)) <= r.product(a.first, a.second));
    if (index_t(j) != a.second) REQUIRE(r.product(index_t(j), a.second) <= r.product(a.first, a.second));
  }
}
