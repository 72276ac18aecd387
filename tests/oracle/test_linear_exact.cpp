// The exact solutions, proved optimal: KKT conditions, dual bounds, another algorithm, and points that try to be
// better.
#include <catch2/catch.hpp>

#include <random>

#include "linear_exact.hpp"
#include "models.hpp"

namespace {

using oracle::box;
using oracle::lp;
using oracle::vec;

constexpr lp every_norm[] = {lp::one, lp::two, lp::infinity};

double uniform(std::mt19937_64& rng) { return static_cast<double>(rng() >> 11) * 0x1p-53; }

oracle::linear_map map_of(std::size_t classes, std::size_t pixels, std::uint32_t seed) {
  const oracle::linear_model<double> m(classes, pixels, seed);
  return {m.layer.rows, m.layer.bias};
}

vec scores(const oracle::linear_map& f, const vec& x) {
  vec z;
  for (std::size_t j = 0; j < f.rows.size(); ++j) z.push_back(oracle::dot(f.rows[j], x) + f.bias[j]);
  return z;
}

std::size_t label_of(const oracle::linear_map& f, const vec& x) {
  const vec z = scores(f, x);
  return static_cast<std::size_t>(std::max_element(z.begin(), z.end()) - z.begin());
}

double targeted_margin(const oracle::linear_map& f, std::size_t t, const vec& x) {
  const vec z = scores(f, x);
  double least = 1e300;
  for (std::size_t j = 0; j < z.size(); ++j)
    if (j != t) least = std::min(least, z[t] - z[j]);
  return least;
}

double untargeted_margin(const oracle::linear_map& f, std::size_t y, const vec& x) {
  const vec z = scores(f, x);
  double most = -1e300;
  for (std::size_t j = 0; j < z.size(); ++j)
    if (j != y) most = std::max(most, z[j] - z[y]);
  return most;
}

/// Random points of the box: all over it, along the way from x0 to `near`, and closely around `near`.
vec rival(std::mt19937_64& rng, const vec& x0, const vec& near, const box& bounds) {
  vec x(x0.size());
  const int kind = static_cast<int>(rng() % 3);
  const double width = std::pow(10.0, -4 * uniform(rng)), along = uniform(rng);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double noise = width * (2 * uniform(rng) - 1);
    if (kind == 0) x[i] = bounds.lower[i] + (bounds.upper[i] - bounds.lower[i]) * uniform(rng);
    if (kind == 1) x[i] = x0[i] + along * (near[i] - x0[i]) + noise;
    if (kind == 2) x[i] = near[i] + noise;
    x[i] = bounds.clip(x[i], i);
  }
  return x;
}

/// No rival that satisfies `reached` is nearer; some do satisfy it, so that the check means something.
template <class Reached>
void check_no_rival(lp p, const oracle::nearest_point& found, const vec& x0, const box& bounds, Reached reached) {
  std::mt19937_64 rng(7);
  int feasible = 0, better = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    const vec x = rival(rng, x0, found.x, bounds);
    if (!reached(x)) continue;
    ++feasible;
    if (oracle::norm(p, oracle::minus(x, x0)) < found.distance - 1e-9) ++better;
  }
  CHECK(feasible > 50);
  CHECK(better == 0);
}

/// The Lagrangian's lower bound on ‖δ‖₁ subject to h ≥ κ in the box, for the best multiplier 1/|w_i|.
double l1_lower_bound(const oracle::half_space& h, double kappa, const vec& x0, const box& bounds) {
  const vec corner = oracle::deepest_corner(h, x0, bounds);
  double best = 0;
  for (double w : h.normal) {
    if (w == 0) continue;
    const double lambda = 1 / std::abs(w);
    double bound = lambda * (kappa - h.value(x0));
    for (std::size_t i = 0; i < x0.size(); ++i)
      bound += std::min(0.0, (1 - lambda * std::abs(h.normal[i])) * std::abs(corner[i] - x0[i]));
    best = std::max(best, bound);
  }
  return best;
}

/// KKT of min ½‖δ‖² in the box with h ≥ κ active: δ_i = μ w_i where x_i is free, |δ_i| ≤ μ|w_i| and the same sign at a
/// bound. Returns how many pixels are at a bound by force.
int check_l2_kkt(const oracle::half_space& h, double kappa, const vec& x, const vec& x0, const box& bounds) {
  CHECK(h.value(x) == Approx(kappa).margin(1e-12));
  double mu = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (x[i] > bounds.lower[i] && x[i] < bounds.upper[i] && h.normal[i] != 0)
      mu = std::max(mu, (x[i] - x0[i]) / h.normal[i]);
  int at_bound = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double free_move = mu * h.normal[i], move = x[i] - x0[i];
    if (x[i] > bounds.lower[i] && x[i] < bounds.upper[i])
      CHECK(move == Approx(free_move).margin(1e-10));
    else {
      const bool towards_bound = x[i] == bounds.upper[i] ? free_move >= move - 1e-10 : free_move <= move + 1e-10;
      CHECK(towards_bound);
      ++at_bound;
    }
  }
  return at_bound;
}

/// Dykstra's projection of x0 onto half-spaces ∩ box: slow, and nothing in common with the dual ascent.
vec dykstra(const std::vector<oracle::half_space>& all, double kappa, const vec& x0, const box& bounds) {
  const std::size_t n = x0.size(), sets = all.size() + 1;
  std::vector<vec> correction(sets, vec(n, 0.0));
  vec x = x0;
  for (int sweep = 0; sweep < 20000; ++sweep)
    for (std::size_t s = 0; s < sets; ++s) {
      vec y(n);
      for (std::size_t i = 0; i < n; ++i) y[i] = x[i] + correction[s][i];
      x = y;
      if (s + 1 == sets) {
        for (std::size_t i = 0; i < n; ++i) x[i] = bounds.clip(y[i], i);
      } else {
        const vec& w = all[s].normal;
        const double missing = std::max(0.0, kappa - all[s].value(y)) / oracle::dot(w, w);
        for (std::size_t i = 0; i < n; ++i) x[i] = y[i] + missing * w[i];
      }
      for (std::size_t i = 0; i < n; ++i) correction[s][i] = y[i] - x[i];
    }
  return x;
}

std::vector<oracle::half_space> half_spaces(const oracle::linear_map& f, std::size_t target) {
  std::vector<oracle::half_space> all;
  for (std::size_t j = 0; j < f.rows.size(); ++j)
    if (j != target) all.push_back(oracle::beats(f, target, j));
  return all;
}

} // namespace

TEST_CASE("one half-space with a bound in the way by hand", "[oracle]") {
  // x0 = (0.9, 0), w = (1, 1), wanted: a gain of 0.5; pixel 0 can give only 0.1.
  const oracle::half_space h{{1, 1}, -0.9};
  const vec x0{0.9, 0};
  const box unit(2, 0, 1);
  const auto two = oracle::nearest_in_half_space(lp::two, h, 0.5, x0, unit);
  CHECK(two.x[0] == 1);
  CHECK(two.x[1] == Approx(0.4).epsilon(1e-14));
  CHECK(two.distance == Approx(std::sqrt(0.17)).epsilon(1e-14));
  CHECK(oracle::nearest_in_half_space(lp::one, h, 0.5, x0, unit).distance == Approx(0.5).epsilon(1e-14));
  CHECK(oracle::nearest_in_half_space(lp::infinity, h, 0.5, x0, unit).distance == Approx(0.4).epsilon(1e-14));
  // Without the bound: (0.25, 0.25).
  const auto open = oracle::nearest_in_half_space(lp::two, h, 0.5, x0, box(2, -5, 5));
  CHECK(open.distance == Approx(0.25 * std::sqrt(2.0)).epsilon(1e-14));
  CHECK(oracle::nearest_in_half_space(lp::infinity, h, 0.5, x0, box(2, -5, 5)).distance == Approx(0.25).epsilon(1e-14));
  // L1 spends the heaviest pixel first, to its bound.
  const auto one = oracle::nearest_in_half_space(lp::one, {{-2, 1}, 0}, 0.5, {0.1, 0}, unit);
  CHECK(one.x[0] == 0);
  CHECK(one.x[1] == Approx(0.5).epsilon(1e-14));
}

TEST_CASE("degenerate half-spaces", "[oracle]") {
  const box unit(2, 0, 1);
  for (lp p : every_norm) {
    const auto already = oracle::nearest_in_half_space(p, {{1, 1}, 0}, 0.5, {0.5, 0.5}, unit);
    CHECK((already.feasible && already.distance == 0 && already.x == vec{0.5, 0.5}));
    CHECK_FALSE(oracle::nearest_in_half_space(p, {{1, 1}, 0}, 2.5, {0.5, 0.5}, unit).feasible);
    CHECK_FALSE(oracle::nearest_in_half_space(p, {{0, 0}, 0}, 0.5, {0.5, 0.5}, unit).feasible);
    const auto corner = oracle::nearest_in_half_space(p, {{1, -1}, 0}, 1, {0.5, 0.5}, unit);
    CHECK((corner.feasible && oracle::norm(lp::infinity, oracle::minus(corner.x, {1, 0})) < 1e-15));
    const auto idle = oracle::nearest_in_half_space(p, {{0, 1}, 0}, 0.75, {0.5, 0.5}, unit);
    CHECK((idle.x[0] == 0.5 && idle.x[1] == Approx(0.75).epsilon(1e-14)));
  }
}

TEST_CASE("nearest in one half-space is optimal", "[oracle]") {
  int at_bound = 0;
  for (std::uint32_t seed = 1; seed <= 15; ++seed) {
    const auto f = map_of(2, 6, seed);
    const vec x0 = oracle::hashed_image<double>(6, seed);
    const box bounds(6, 0, 1);
    const std::size_t y = label_of(f, x0);
    const auto h = oracle::beats(f, 1 - y, y);
    const double deepest = h.value(oracle::deepest_corner(h, x0, bounds)), kappa = h.value(x0) / 4 + deepest * 3 / 4;
    for (lp p : every_norm) {
      const auto found = oracle::nearest_in_half_space(p, h, kappa, x0, bounds);
      REQUIRE(found.feasible);
      REQUIRE(bounds.contains(found.x));
      REQUIRE(h.value(found.x) >= kappa - 1e-13);
      check_no_rival(p, found, x0, bounds, [&](const vec& x) { return h.value(x) >= kappa; });
      if (p == lp::one) CHECK(found.distance == Approx(l1_lower_bound(h, kappa, x0, bounds)).epsilon(1e-11));
      if (p == lp::two) at_bound += check_l2_kkt(h, kappa, found.x, x0, bounds);
      if (p == lp::infinity) { // the deepest point of a slightly smaller cube in the box falls short
        vec smaller = x0;
        for (std::size_t i = 0; i < 6; ++i)
          smaller[i] = bounds.clip(x0[i] + std::copysign(found.distance * (1 - 1e-9), h.normal[i]), i);
        CHECK(h.value(smaller) < kappa);
      }
    }
  }
  CHECK(at_bound > 15); // the box was active
}

TEST_CASE("a fine grid finds nothing nearer and comes close", "[oracle]") {
  constexpr int n = 400;
  const box bounds(2, 0, 1);
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const auto f = map_of(3, 2, seed);
    const vec x0 = oracle::hashed_image<double>(2, seed);
    for (std::size_t c = 0; c < 3; ++c)
      for (lp p : every_norm) {
        double leave = 1e300, reach = 1e300;
        for (int a = 0; a <= n; ++a)
          for (int b = 0; b <= n; ++b) {
            const vec x{static_cast<double>(a) / n, static_cast<double>(b) / n};
            const double d = oracle::norm(p, oracle::minus(x, x0));
            if (untargeted_margin(f, c, x) >= 0.05) leave = std::min(leave, d);
            if (targeted_margin(f, c, x) >= 0.05) reach = std::min(reach, d);
          }
        const auto left = oracle::nearest_untargeted(p, f, c, 0.05, x0, bounds);
        const auto reached = oracle::nearest_targeted(p, f, c, 0.05, x0, bounds);
        for (auto [grid, exact] : {std::pair{leave, left}, std::pair{reach, reached}}) {
          if (!exact.feasible) {
            CHECK(grid == 1e300);
            continue;
          }
          CHECK(grid >= exact.distance - 1e-12);
          if (grid < 1e300) CHECK(grid <= exact.distance + 0.05);
        }
      }
  }
}

TEST_CASE("untargeted - the nearest of the other classes", "[oracle]") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const auto f = map_of(4, 6, seed);
    const vec x0 = oracle::hashed_image<double>(6, seed);
    const box bounds(6, 0, 1);
    const std::size_t y = label_of(f, x0);
    for (lp p : every_norm) {
      const auto found = oracle::nearest_untargeted(p, f, y, 0.1, x0, bounds);
      REQUIRE(found.feasible);
      CHECK(untargeted_margin(f, y, found.x) == Approx(0.1).margin(1e-12));
      check_no_rival(p, found, x0, bounds, [&](const vec& x) { return untargeted_margin(f, y, x) >= 0.1; });
    }
    CHECK(oracle::nearest_untargeted(lp::two, f, (y + 1) % 4, 0, x0, bounds).distance == 0);
  }
  // A constant score is never overtaken.
  const oracle::linear_map flat{{{0, 0}, {0, 0}, {0, 0}}, {1, 0, 0}};
  CHECK_FALSE(oracle::nearest_untargeted(lp::two, flat, 0, 0, {0.5, 0.5}, box(2, 0, 1)).feasible);
}

TEST_CASE("the simplex by hand", "[oracle]") {
  // min v0 + 2 v1 subject to v0 + v1 ≥ 2, v1 ≥ 0.5, v0 ≤ 1  ->  (1, 1)
  const auto v = oracle::covering_program({{1, 1}, {0, 1}, {-1, 0}}, {2, 0.5, -1}, {1, 2});
  REQUIRE(v);
  CHECK((*v)[0] == Approx(1));
  CHECK((*v)[1] == Approx(1));
  CHECK_FALSE(oracle::covering_program({{1}, {-1}}, {2, -1}, {1})); // v ≥ 2 and v ≤ 1
}

TEST_CASE("the simplex agrees with the closed form where there is one half-space", "[oracle]") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const auto f = map_of(2, 8, seed);
    const vec x0 = oracle::hashed_image<double>(8, seed);
    const box bounds(8, 0, 1);
    const auto h = oracle::beats(f, 0, 1);
    for (lp p : {lp::one, lp::infinity})
      for (double kappa : {0.0, 0.5, 2.0, 5.0}) {
        const auto closed = oracle::nearest_in_half_space(p, h, kappa, x0, bounds);
        const auto program = oracle::nearest_by_program(p, {h}, kappa, x0, bounds);
        REQUIRE(closed.feasible == program.feasible);
        if (closed.feasible) CHECK(program.distance == Approx(closed.distance).epsilon(1e-9).margin(1e-12));
      }
  }
}

TEST_CASE("targeted - the nearest point of several half-spaces", "[oracle]") {
  int found_some = 0, several_active = 0, none = 0;
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    const auto f = map_of(4, 6, seed);
    const vec x0 = oracle::hashed_image<double>(6, seed);
    const box bounds(6, 0, 1);
    const std::size_t t = (label_of(f, x0) + 1) % 4;
    oracle::nearest_point by[3];
    for (lp p : every_norm) {
      const auto found = oracle::nearest_targeted(p, f, t, 0.1, x0, bounds);
      by[static_cast<int>(p)] = found;
      if (!found.feasible) {
        ++none;
        std::mt19937_64 rng(seed);
        for (int trial = 0; trial < 20000; ++trial) {
          vec x(6);
          for (double& value : x) value = uniform(rng);
          REQUIRE(targeted_margin(f, t, x) < 0.1);
        }
        continue;
      }
      ++found_some;
      REQUIRE(bounds.contains(found.x));
      CHECK(targeted_margin(f, t, found.x) == Approx(0.1).margin(1e-9));
      check_no_rival(p, found, x0, bounds, [&](const vec& x) { return targeted_margin(f, t, x) >= 0.1; });
      if (p == lp::two) {
        const vec other = dykstra(half_spaces(f, t), 0.1, x0, bounds);
        CHECK(oracle::norm(lp::two, oracle::minus(other, found.x)) < 1e-8);
        int active = 0;
        for (const auto& h : half_spaces(f, t)) active += h.value(found.x) < 0.1 + 1e-8;
        several_active += active > 1;
      }
    }
    if (by[0].feasible)
      for (lp p : every_norm)
        for (const auto& other : by)
          CHECK(by[static_cast<int>(p)].distance <= oracle::norm(p, oracle::minus(other.x, x0)) + 1e-9);
  }
  CHECK(found_some >= 12);
  CHECK(several_active >= 1);
  CHECK(none < 18);
}

TEST_CASE("least elastic-net objective satisfies the KKT conditions", "[oracle]") {
  int kink = 0, pushing = 0, at_bound = 0, unmoved = 0;
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    const auto f = map_of(2, 8, seed);
    const vec x0 = oracle::hashed_image<double>(8, seed);
    const box bounds(8, 0, 1);
    const std::size_t y = label_of(f, x0);
    const auto h = oracle::beats(f, 1 - y, y);
    for (double c : {0.01, 0.3, 1.0, 20.0})
      for (double beta : {0.0, 0.01, 0.2})
        for (double kappa : {0.0, 0.5}) {
          const auto found = oracle::least_elastic_net(h, kappa, c, beta, x0, bounds);
          const double theta = found.multiplier, short_of = kappa - h.value(found.x);
          REQUIRE(bounds.contains(found.x));
          REQUIRE((theta >= 0 && theta <= 1));
          // The hinge's slope: 1 below κ, anything at κ, 0 above.
          if (short_of > 1e-10) {
            CHECK(theta == 1);
            ++pushing;
          } else if (short_of < -1e-10) {
            CHECK(theta == 0);
          } else {
            ++kink;
          }
          // 0 ∈ 2δ_i + β∂|δ_i| − θ c w_i + (normal cone of the box)
          for (std::size_t i = 0; i < 8; ++i) {
            const double delta = found.x[i] - x0[i], smooth = 2 * delta - theta * c * h.normal[i];
            double low = smooth - beta, high = smooth + beta; // subgradients, where δ_i = 0
            if (delta > 0) low = smooth + beta;
            if (delta < 0) high = smooth - beta;
            if (found.x[i] == bounds.upper[i]) high = 1e300, at_bound += delta > 0;
            if (found.x[i] == bounds.lower[i]) low = -1e300, at_bound += delta < 0;
            unmoved += delta == 0;
            CHECK((low <= 1e-10 && high >= -1e-10));
          }
        }
  }
  CHECK((kink > 20 && pushing > 20 && at_bound > 20 && unmoved > 20));
}

TEST_CASE("no point has a lower elastic-net objective", "[oracle]") {
  std::mt19937_64 rng(3);
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const auto f = map_of(3, 4, seed);
    const vec x0 = oracle::hashed_image<double>(4, seed);
    const box bounds(4, 0, 1);
    const std::size_t y = label_of(f, x0);
    for (double c : {0.2, 2.0}) {
      const double beta = 0.05, kappa = 0.1;
      const auto objective = [&](const vec& x) {
        const vec d = oracle::minus(x, x0);
        return c * std::max(0.0, kappa - untargeted_margin(f, y, x)) + oracle::dot(d, d) +
               beta * oracle::norm(lp::one, d);
      };
      const auto found = oracle::least_elastic_net_untargeted(f, y, kappa, c, beta, x0, bounds);
      CHECK(found.objective == Approx(objective(found.x)).epsilon(1e-12));
      int better = 0;
      for (int trial = 0; trial < 5000; ++trial)
        better += objective(rival(rng, x0, found.x, bounds)) < found.objective - 1e-12;
      CHECK(better == 0);
    }
  }
}

TEST_CASE("elastic net at its limits", "[oracle]") {
  const auto f = map_of(2, 8, 4);
  const vec x0 = oracle::hashed_image<double>(8, 4);
  const box bounds(8, 0, 1);
  const std::size_t y = label_of(f, x0);
  const auto h = oracle::beats(f, 1 - y, y);
  // c = 0: nothing moves. β = 0 and a large c: the nearest point in L2. β large: the nearest in L1.
  CHECK(oracle::least_elastic_net(h, 0, 0, 0.1, x0, bounds).x == x0);
  const auto two = oracle::nearest_in_half_space(lp::two, h, 0, x0, bounds);
  const auto ridge = oracle::least_elastic_net(h, 0, 1e4, 0, x0, bounds);
  CHECK(std::sqrt(ridge.objective) == Approx(two.distance).epsilon(1e-9));
  const auto one = oracle::nearest_in_half_space(lp::one, h, 0, x0, bounds);
  const auto lasso = oracle::least_elastic_net(h, 0, 1e9, 1e6, x0, bounds);
  CHECK(oracle::norm(lp::one, oracle::minus(lasso.x, x0)) == Approx(one.distance).epsilon(1e-5));
  CHECK(oracle::least_elastic_net(h, 0, 1, 1e6, x0, bounds).x == x0);
}
