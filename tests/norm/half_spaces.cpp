// The nearest point of half-space ∩ box against the oracle's, and in L1 against SparseFool's loop.
#include <advx/backend/reference/team.hpp>
#include <advx/norm/l1.hpp>
#include <advx/norm/l2.hpp>
#include <advx/norm/linf.hpp>

#include <catch2/catch.hpp>

#include <random>
#include <vector>

#include "oracle/linear_exact.hpp"

namespace {

using advx::index_t;
using oracle::vec;

struct problem {
  vec x, normal, lower, upper;
  double missing = 0;

  problem(std::mt19937& random, std::size_t n) {
    const auto eighths = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random) / 8.0; };
    double most = 0;
    for (std::size_t j = 0; j < n; ++j) {
      lower.push_back(eighths(-8, 0));
      upper.push_back(eighths(0, 8)); // some coordinates have no room
      x.push_back(std::clamp(eighths(-8, 8), lower[j], upper[j]));
      normal.push_back(eighths(-8, 8)); // ties and zeros
      most += normal[j] * ((normal[j] > 0 ? upper[j] : lower[j]) - x[j]);
    }
    missing = most * std::uniform_int_distribution<int>(-1, 10)(random) / 9.0; // the last one cannot be reached
  }
  advx::norm::half_space<double> seen() const {
    return {x.data(), normal.data(), lower.data(), upper.data(), index_t(x.size()), missing};
  }
  double reached(const vec& to) const { return oracle::dot(normal, oracle::minus(to, x)); }
};

template <class Norm>
vec nearest(const Norm& norm, const problem& p) {
  const advx::backend::reference_team team{};
  const auto to = norm.template nearest_in<double>(team, p.seen());
  vec found;
  for (index_t j = 0; j < index_t(p.x.size()); ++j) found.push_back(to(j));
  return found;
}

template <class Norm>
void compare(const Norm& norm, oracle::lp kind) {
  std::mt19937 random(7);
  int partly = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    const problem p(random, 1 + random() % 12);
    INFO(Norm::name << ", trial " << trial);
    const vec found = nearest(norm, p);
    const oracle::box bounds{p.lower, p.upper};
    for (std::size_t j = 0; j < found.size(); ++j) {
      REQUIRE(p.lower[j] <= found[j]);
      REQUIRE(found[j] <= p.upper[j]);
    }
    const oracle::half_space h{p.normal, -oracle::dot(p.normal, p.x)};
    const vec corner = oracle::deepest_corner(h, p.x, bounds);
    if (p.reached(corner) < p.missing) {
      REQUIRE(p.reached(found) == Approx(p.reached(corner)).margin(1e-9));
      continue;
    }
    const auto exact = oracle::nearest_in_half_space(kind, h, p.missing, p.x, bounds);
    REQUIRE(p.reached(found) >= p.missing - 1e-9);
    REQUIRE(oracle::norm(kind, oracle::minus(found, p.x)) == Approx(exact.distance).margin(1e-9));
    partly += p.missing > 0 && p.reached(corner) > p.missing;
    const advx::backend::reference_team team{};
    const auto seen = p.seen();
    // What the walk takes for a lower bound is one.
    const double steep =
        norm.template dual_length<double>(team, seen.size, [=](index_t j) { return seen.steepness(j); });
    if (p.missing > 0) REQUIRE(p.missing / steep <= exact.distance + 1e-9);
  }
  REQUIRE(partly > 1000);
}

/// Modas et al. 2019, Algorithm 1, for a positive side: one coordinate at a time, the steepest first.
vec linear_solver(const problem& p) {
  vec x = p.x;
  std::vector<bool> spent(x.size(), false);
  while (p.reached(x) < p.missing) {
    std::size_t d = x.size();
    for (std::size_t j = 0; j < x.size(); ++j)
      if (!spent[j] && p.normal[j] != 0 && (d == x.size() || std::abs(p.normal[j]) > std::abs(p.normal[d]))) d = j;
    if (d == x.size()) break;
    x[d] = std::clamp(x[d] + (p.missing - p.reached(x)) / p.normal[d], p.lower[d], p.upper[d]);
    spent[d] = true;
  }
  return x;
}

} // namespace

TEST_CASE("the nearest point of a half-space in the box is the exact one") {
  compare(advx::norm::l1{}, oracle::lp::one);
  compare(advx::norm::l2{}, oracle::lp::two);
  compare(advx::norm::linf{}, oracle::lp::infinity);
}

TEST_CASE("in L1 it is that of SparseFool's loop, coordinate by coordinate") {
  std::mt19937 random(8);
  for (int trial = 0; trial < 4000; ++trial) {
    const problem p(random, 1 + random() % 40);
    INFO("trial " << trial);
    const vec found = nearest(advx::norm::l1{}, p), loop = linear_solver(p);
    for (std::size_t j = 0; j < found.size(); ++j) REQUIRE(found[j] == Approx(loop[j]).margin(1e-9));
  }
}

TEST_CASE("without a box the way is straight") {
  const advx::backend::reference_team team{};
  const vec x{1, 2, 3}, w{3, 0, -4};
  const advx::norm::half_space<double> h{x.data(), w.data(), nullptr, nullptr, 3, 10};
  const auto two = advx::norm::l2{}.nearest_in<double>(team, h);
  CHECK(two(0) == Approx(1 + 1.2));
  CHECK(two(1) == 2);
  CHECK(two(2) == Approx(3 - 1.6));
  const auto one = advx::norm::l1{}.nearest_in<double>(team, h);
  CHECK(one(0) == 1);
  CHECK(one(2) == Approx(0.5));
  const auto most = advx::norm::linf{}.nearest_in<double>(team, h);
  CHECK(most(0) == Approx(1 + 10.0 / 7));
  CHECK(most(1) == 2);
  CHECK(most(2) == Approx(3 - 10.0 / 7));
}
