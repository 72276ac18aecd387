// The transcriptions themselves: first steps worked out by hand, and where they must end on linear models.
#include <catch2/catch.hpp>

#include <random>

#include "linear_exact.hpp"
#include "models.hpp"
#include "paper_attacks.hpp"

namespace {

using oracle::box;
using oracle::goal;
using oracle::lp;
using oracle::vec;

/// z = (x0, 2·x1), attacked at (0.6, 0.2): z = (0.6, 0.4), class 0; leaving it needs a gain of 0.2.
const oracle::linear_model<double> two_pixels({{1, 0}, {0, 2}}, {0, 0});
const vec start{0.6, 0.2};
const box unit(2, 0, 1);

void check_near(const vec& found, const vec& expected, double tolerance = 1e-12) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]).margin(tolerance));
}

double uniform(std::mt19937_64& rng) { return static_cast<double>(rng() >> 11) * 0x1p-53; }

/// Attack cases on `pixels` pixels: a hashed linear model, an image, its class.
struct linear_case {
  oracle::linear_model<double> m;
  oracle::linear_map map;
  vec x0;
  std::size_t label;
  linear_case(std::size_t classes, std::size_t pixels, std::uint32_t seed)
      : m(classes, pixels, seed),
        map{m.layer.rows, m.layer.bias},
        x0(oracle::hashed_image<double>(pixels, seed)),
        label(static_cast<std::size_t>(m.label(x0))) {}
};

} // namespace

TEST_CASE("margin hinge and cross-entropy with their slopes", "[oracle]") {
  const vec z{1, 3, 2.5};
  CHECK(oracle::margin(z, {1, true}) == 0.5);
  CHECK(oracle::margin(z, {1, false}) == -0.5);
  CHECK(oracle::margin(z, {0, true}) == -2);
  CHECK(oracle::margin(z, {0, false}) == 2);
  CHECK(oracle::margin_slope(z, {0, true}) == vec{1, -1, 0});
  CHECK(oracle::margin_slope(z, {1, false}) == vec{0, -1, 1});
  CHECK(oracle::best_other({2, 2, 2}, 0) == 1);
  CHECK(oracle::cross_entropy({0, 0}, 0) == Approx(std::log(2.0)));
  CHECK(oracle::cross_entropy({1000, 0}, 1) == Approx(1000));

  const oracle::smooth_mlp<double> mlp(4, 7, 5);
  const auto m = oracle::model_of(mlp);
  const vec x = oracle::hashed_image<double>(7, 3);
  for (std::size_t label = 0; label < 4; ++label)
    for (bool targeted : {false, true}) {
      const goal g{label, targeted};
      const vec slope = oracle::hinge_gradient(m, x, m.scores(x), g, 0.7, 10);
      const vec rise = m.vjp(x, oracle::cross_entropy_slope(m.scores(x), label));
      for (std::size_t i = 0; i < 7; ++i) {
        constexpr double h = 1e-6;
        vec up = x, down = x;
        up[i] += h;
        down[i] -= h;
        const vec a = m.scores(up), b = m.scores(down);
        CHECK(slope[i] == Approx((oracle::hinge(a, g, 0.7, 10) - oracle::hinge(b, g, 0.7, 10)) / (2 * h)).margin(1e-7));
        CHECK(rise[i] ==
              Approx((oracle::cross_entropy(a, label) - oracle::cross_entropy(b, label)) / (2 * h)).margin(1e-7));
      }
      CHECK(oracle::hinge_gradient(m, x, m.scores(x), g, 0.7, -10) == vec(7, 0.0)); // past the confidence
    }
}

TEST_CASE("the search for c", "[oracle]") {
  // Success from c = 0.5 on.
  const auto visited = [](double initial, int steps, double threshold) {
    oracle::constant_search search(initial, steps);
    vec all;
    for (int s = 0; s < steps; ++s) {
      const double c = search.constant(s);
      all.push_back(c);
      search.tell(c, c >= threshold);
    }
    return all;
  };
  check_near(visited(0.01, 9, 0.5), {0.01, 0.1, 1, 0.55, 0.325, 0.4375, 0.49375, 0.521875, 0.5078125});
  // Ten steps: the last at the upper bound, the least c that succeeded.
  check_near(visited(0.01, 10, 0.5), {0.01, 0.1, 1, 0.55, 0.325, 0.4375, 0.49375, 0.521875, 0.5078125, 0.5078125});
  check_near(visited(1, 5, 0), {1, 0.5, 0.25, 0.125, 0.0625});
  check_near(visited(1e-3, 4, 1e300), {1e-3, 1e-2, 1e-1, 1});
  CHECK(visited(1e-3, 10, 1e300).back() == 1e10);
}

TEST_CASE("abort early looks at every tenth of the steps", "[oracle]") {
  oracle::abort_early stall(20); // every 2 steps
  CHECK_FALSE(stall.stop(0, 10));
  CHECK_FALSE(stall.stop(1, 11)); // not a check
  CHECK_FALSE(stall.stop(2, 9.9));
  CHECK_FALSE(stall.stop(4, 9.9 * 0.9998));
  CHECK(stall.stop(6, 9.9 * 0.9998 * 0.99995));
  oracle::abort_early short_run(5); // every step
  CHECK_FALSE(short_run.stop(0, 1));
  CHECK(short_run.stop(1, 1));
}

TEST_CASE("Carlini-Wagner - the first points by hand", "[oracle]") {
  // Worked out to 30 digits from the formulas: κ = 0, c = 0.5, step 0.1.
  const auto run =
      oracle::carlini_wagner_l2(oracle::model_of(two_pixels), {0, false}, start, unit,
                                {.learning_rate = 0.1, .initial_constant = 0.5, .search_steps = 3, .iterations = 5});
  REQUIRE(run.searches.size() == 3);
  const auto& first = run.searches[0];
  REQUIRE(first.images.size() == 5);
  check_near(first.images[0], {0.5999999, 0.2000003});
  check_near(first.images[1], {0.55118622945606329, 0.2339226762043415});
  check_near(first.images[2], {0.50182383719479486, 0.27168024940258451});
  check_near(first.images[3], {0.47491799765290433, 0.29983336992442369});
  check_near(first.images[4], {0.46472348967534774, 0.31920645478803387});
  check_near(first.objectives,
             {0.0999996500001, 0.045203970679270847, 0.014776617097570862, 0.025612209061625671, 0.032509913108747315});
  CHECK(first.margins[1] < 0);
  CHECK(first.margins[2] > 0);
  CHECK(first.success);
  // c halves after a success, and everything starts again.
  CHECK(run.searches[1].constant == 0.25);
  CHECK(run.searches[1].images[0] == first.images[0]);
  // The best of all: the nearest adversarial point of the three searches.
  double nearest = 1e300;
  for (const auto& search : run.searches)
    for (std::size_t k = 0; k < search.images.size(); ++k)
      if (search.margins[k] >= 0)
        nearest = std::min(nearest, oracle::norm(lp::two, oracle::minus(search.images[k], start)));
  REQUIRE(run.best);
  CHECK(run.best->size == nearest);
  CHECK(nearest < std::sqrt(0.014776617097570862));
}

TEST_CASE("Carlini-Wagner - abort and failure", "[oracle]") {
  const auto m = oracle::model_of(two_pixels);
  const auto run = oracle::carlini_wagner_l2(
      m, {0, false}, start, unit,
      {.learning_rate = 0.1, .initial_constant = 0.5, .search_steps = 1, .iterations = 50, .abort = true});
  // Checked at 0, 5, 10, ...: it stops at the first check that did not improve.
  const auto& objectives = run.searches[0].objectives;
  const std::size_t last = objectives.size() - 1;
  REQUIRE((last % 5 == 0 && last >= 5 && last < 49));
  CHECK(objectives[last] > 0.9999 * objectives[last - 5]);
  for (std::size_t k = 5; k < last; k += 5) CHECK(objectives[k] <= 0.9999 * objectives[k - 5]);

  const auto hopeless =
      oracle::carlini_wagner_l2(m, {0, false}, start, unit, {.confidence = 100, .search_steps = 3, .iterations = 10});
  CHECK_FALSE(hopeless.best);
  CHECK(hopeless.searches[2].constant == Approx(0.1));
  CHECK_FALSE(hopeless.searches[2].success);
}

TEST_CASE("Elastic net - the first points by hand", "[oracle]") {
  const auto m = oracle::model_of(two_pixels);
  // c = 1, α0 = 0.1, β = 0.01, K = 4; ∇hinge = (1, −2).
  oracle::elastic_net_parameters p{
      .learning_rate = 0.1, .beta = 0.01, .initial_constant = 1, .search_steps = 1, .iterations = 4};
  const double a1 = 0.1 * std::sqrt(0.75), a2 = 0.1 * std::sqrt(0.5);

  SECTION("FISTA, threshold β") {
    const auto r = oracle::elastic_net(m, {0, false}, start, unit, p).searches[0];
    CHECK(r.gradient_points[0] == start);
    // z = (0.6 − 0.1, 0.2 + 0.2), shrunk by 0.01 towards x0
    check_near(r.images[0], {0.51, 0.39});
    CHECK(r.margins[0] == Approx(0.27));
    CHECK(r.objectives[0] == Approx(0.09 * 0.09 + 0.19 * 0.19 + 0.01 * 0.28));
    // momentum 0/3, so y = x; the hinge is inactive there: ∇g = 2(y − x0) = (−0.18, 0.38)
    check_near(r.gradient_points[1], {0.51, 0.39});
    const vec x2{0.51 + a1 * 0.18 + 0.01, 0.39 - a1 * 0.38 - 0.01};
    check_near(r.images[1], x2);
    // momentum 1/4
    const vec y2{x2[0] + (x2[0] - 0.51) / 4, x2[1] + (x2[1] - 0.39) / 4};
    check_near(r.gradient_points[2], y2);
    check_near(r.images[2], {y2[0] - a2 * 2 * (y2[0] - 0.6) + 0.01, y2[1] - a2 * 2 * (y2[1] - 0.2) - 0.01});
  }
  SECTION("ISTA") {
    p.accelerated = false;
    const auto r = oracle::elastic_net(m, {0, false}, start, unit, p).searches[0];
    CHECK(r.gradient_points[2] == r.images[1]);
    CHECK(r.gradient_points[3] == r.images[2]);
  }
  SECTION("threshold α_k·β") {
    p.threshold = oracle::shrink::by_step_times_beta;
    const auto r = oracle::elastic_net(m, {0, false}, start, unit, p).searches[0];
    check_near(r.images[0], {0.501, 0.399});
    check_near(r.images[1], {0.501 + a1 * 0.198 + a1 * 0.01, 0.399 - a1 * 0.398 - a1 * 0.01});
  }
  SECTION("the box and the dead zone") {
    p.learning_rate = 1; // z = (−0.4, 2.2)
    CHECK(oracle::elastic_net(m, {0, false}, start, unit, p).searches[0].images[0] == vec{0, 1});
    p.learning_rate = 0.009; // |z − x0| = (0.009, 0.018)
    check_near(oracle::elastic_net(m, {0, false}, start, unit, p).searches[0].images[0], {0.6, 0.208});
  }
}

TEST_CASE("Elastic net - both rules keep the least of the successes", "[oracle]") {
  const linear_case t(3, 9, 5);
  const auto run = oracle::elastic_net(
      oracle::model_of(t.m), {t.label, false}, t.x0, box(9, 0, 1),
      {.learning_rate = 0.1, .beta = 0.05, .initial_constant = 0.1, .search_steps = 5, .iterations = 50});
  REQUIRE((run.best_en && run.best_l1));
  double en = 1e300, l1 = 1e300;
  for (const auto& s : run.searches) {
    bool any = false;
    for (std::size_t k = 0; k < s.images.size(); ++k) {
      if (s.margins[k] < 0) continue;
      any = true;
      const vec d = oracle::minus(s.images[k], t.x0);
      l1 = std::min(l1, oracle::norm(lp::one, d));
      en = std::min(en, oracle::dot(d, d) + 0.05 * oracle::norm(lp::one, d));
    }
    CHECK(any == s.success);
  }
  CHECK(run.best_en->size == Approx(en).epsilon(1e-14));
  CHECK(run.best_l1->size == Approx(l1).epsilon(1e-14));
  CHECK(oracle::norm(lp::one, oracle::minus(run.best_en->image, t.x0)) >= l1);
}

TEST_CASE("the shrinkage is the proximal map of eq. 20", "[oracle]") {
  for (double original : {0.0, 0.3, 1.0})
    for (double beta : {0.0, 0.1, 0.4})
      for (double z : {-0.7, 0.0, 0.25, 0.3, 0.35, 0.9, 1.6}) {
        const double found = oracle::shrinkage(z, original, beta, 0, 1);
        const auto objective = [&](double x) { return (x - z) * (x - z) / 2 + beta * std::abs(x - original); };
        double least = 1e300;
        for (int i = 0; i <= 10000; ++i) least = std::min(least, objective(i / 10000.0));
        CHECK((found >= 0 && found <= 1));
        CHECK(objective(found) <= least + 1e-12);
      }
}

TEST_CASE("fast gradient steps by hand", "[oracle]") {
  // ∇J = (−p, 2p) with p = softmax(z)_1: directions (−1/3, 2/3), (−1, 2)/√5, (−1, 1).
  const auto m = oracle::model_of(two_pixels);
  const goal leave{0, false};
  const double root = std::sqrt(5.0);
  check_near(oracle::fgm(m, leave, start, unit, lp::one, 0.3), {0.5, 0.4});
  check_near(oracle::fgm(m, leave, start, unit, lp::two, 0.1), {0.6 - 0.1 / root, 0.2 + 0.2 / root});
  check_near(oracle::fgm(m, leave, start, unit, lp::infinity, 0.1), {0.5, 0.3});
  check_near(oracle::fgm(m, leave, start, unit, lp::infinity, 0.7), {0, 0.9});
  // With two classes, towards 1 is away from 0.
  check_near(oracle::fgm(m, {1, true}, start, unit, lp::two, 0.1), {0.6 - 0.1 / root, 0.2 + 0.2 / root});
  check_near(oracle::fgm(m, {0, true}, start, unit, lp::infinity, 0.1), {0.7, 0.1});

  // The direction is constant on this model: four steps of ε/4 are one of ε; larger steps end on the ball.
  for (lp p : {lp::one, lp::two, lp::infinity}) {
    const auto run = oracle::i_fgm(m, leave, start, unit, {.norm = p, .epsilon = 0.15, .steps = 4});
    REQUIRE(run.images.size() == 5);
    CHECK(run.images[0] == start);
    check_near(run.images[4], oracle::fgm(m, leave, start, unit, p, 0.15));
    check_near(run.images[1], oracle::fgm(m, leave, start, unit, p, 0.15 / 4));
    CHECK(run.losses[4] > run.losses[0]);
    const auto large = oracle::i_fgm(m, leave, start, unit, {.norm = p, .epsilon = 0.15, .steps = 3, .step = 0.2});
    CHECK(oracle::norm(p, oracle::minus(large.images[3], start)) == Approx(0.15));
  }
  // L1, ε = 0.15, step 0.2: z = δ (−1/15, 2/15), ‖·‖₁ = 0.2, soft by λ = 0.025: δ = (−1/24, 13/120).
  const auto one = oracle::i_fgm(m, leave, start, unit, {.norm = lp::one, .epsilon = 0.15, .steps = 1, .step = 0.2});
  check_near(one.images[1], {0.6 - 1.0 / 24, 0.2 + 13.0 / 120});
}

TEST_CASE("a zero gradient gives no step", "[oracle]") {
  const oracle::linear_model<double> flat({{0, 0}, {0, 0}}, {1, 0});
  for (lp p : {lp::one, lp::two, lp::infinity})
    CHECK(oracle::fgm(oracle::model_of(flat), {0, false}, start, unit, p, 0.5) == start);
}

TEST_CASE("the projection is the nearest point of ball and box", "[oracle]") {
  std::mt19937_64 rng(11);
  for (lp p : {lp::one, lp::two, lp::infinity}) {
    int clipped = 0, moved = 0, nearer = 0;
    for (std::uint32_t seed = 1; seed <= 60; ++seed) {
      const std::size_t n = 5;
      const vec x0 = oracle::hashed_image<double>(n, seed);
      const box bounds(n, 0, 1);
      const double epsilon = 0.05 + 0.5 * uniform(rng);
      vec z(n);
      for (std::size_t i = 0; i < n; ++i) z[i] = x0[i] + 2 * uniform(rng) - 1;
      const vec x = oracle::project(p, z, x0, epsilon, bounds);
      REQUIRE(bounds.contains(x));
      REQUIRE(oracle::norm(p, oracle::minus(x, x0)) <= epsilon * (1 + 1e-12));
      moved += x != z;
      for (std::size_t i = 0; i < n; ++i) clipped += (x[i] == 0 || x[i] == 1) && x[i] != x0[i];
      // x is the projection exactly if (z − x)·(y − x) ≤ 0 for every feasible y.
      for (int trial = 0; trial < 200; ++trial) {
        vec y(n);
        for (std::size_t i = 0; i < n; ++i) y[i] = bounds.clip(x0[i] + epsilon * (2 * uniform(rng) - 1), i);
        const double size = oracle::norm(p, oracle::minus(y, x0));
        const double scale = size > epsilon ? epsilon / size : 1;
        for (std::size_t i = 0; i < n; ++i) y[i] = x0[i] + scale * (y[i] - x0[i]);
        nearer += oracle::dot(oracle::minus(z, x), oracle::minus(y, x)) > 1e-12;
      }
      // Also against the ball's own corners, where L1 solutions sit.
      for (std::size_t i = 0; p == lp::one && i < n; ++i)
        for (double sign : {-1.0, 1.0}) {
          vec y = x0;
          y[i] = bounds.clip(x0[i] + sign * epsilon, i);
          nearer += oracle::dot(oracle::minus(z, x), oracle::minus(y, x)) > 1e-12;
        }
      // Up to rounding: x0 + (x - x0) need not be x.
      const vec again = oracle::project(p, x, x0, epsilon * (1 + 1e-9), bounds);
      CHECK(oracle::norm(lp::infinity, oracle::minus(again, x)) <= 1e-12);
    }
    CHECK(nearer == 0);
    CHECK(moved == 60);
    CHECK(clipped > 5);
  }
}

TEST_CASE("PGD stays in the ball and the box and starts where it is told", "[oracle]") {
  const oracle::smooth_mlp<double> mlp(4, 7, 5);
  const auto m = oracle::model_of(mlp);
  const vec x0 = oracle::hashed_image<double>(7, 2);
  const goal g{static_cast<std::size_t>(mlp.label(x0)), false};
  const box bounds(7, 0, 1);
  for (lp p : {lp::one, lp::two, lp::infinity}) {
    vec away(7);
    for (std::size_t i = 0; i < 7; ++i) away[i] = x0[i] + (i % 2 == 0 ? 0.3 : -0.3);
    const vec begin = oracle::project(p, away, x0, 0.4, bounds);
    const auto run = oracle::pgd(m, g, x0, begin, bounds, {.norm = p, .epsilon = 0.4, .steps = 12, .step = 0.1});
    REQUIRE(run.images.size() == 13);
    CHECK(run.images[0] == begin);
    for (const vec& x : run.images) {
      CHECK(bounds.contains(x));
      CHECK(oracle::norm(p, oracle::minus(x, x0)) <= 0.4 * (1 + 1e-12));
    }
    CHECK(run.losses.back() > run.losses.front());
    const auto targeted = oracle::pgd(m, {(g.label + 1) % 4, true}, x0, x0, bounds, {.norm = p, .epsilon = 0.4});
    CHECK(targeted.losses.back() < targeted.losses.front());
  }
}

TEST_CASE("Carlini-Wagner comes to the exact minimal L2 on linear models", "[oracle]") {
  const box bounds(9, 0, 1);
  const oracle::carlini_wagner_parameters p{.learning_rate = 0.02, .initial_constant = 0.1, .iterations = 2000};
  int reached = 0;
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const linear_case t(3, 9, seed);
    const auto m = oracle::model_of(t.m);
    double nearest_reached = 1e300;
    for (std::size_t target = 0; target < 3; ++target) {
      if (target == t.label) continue;
      const auto exact = oracle::nearest_targeted(lp::two, t.map, target, 0, t.x0, bounds);
      const auto run = oracle::carlini_wagner_l2(m, {target, true}, t.x0, bounds, p);
      REQUIRE(run.best.has_value() == exact.feasible);
      if (!exact.feasible) continue;
      ++reached;
      CHECK(run.best->size >= exact.distance * (1 - 1e-9));
      CHECK(run.best->size <= exact.distance * 1.01);
      nearest_reached = std::min(nearest_reached, run.best->size);
    }
    // Untargeted, each step pushes the best other class, which need not be the nearest one: with three classes the
    // attack may end at the wrong one of them. All targets together find the nearest.
    const auto left = oracle::carlini_wagner_l2(m, {t.label, false}, t.x0, bounds, p);
    const auto exact = oracle::nearest_untargeted(lp::two, t.map, t.label, 0, t.x0, bounds);
    REQUIRE((left.best && exact.feasible));
    CHECK(left.best->size >= exact.distance * (1 - 1e-9));
    CHECK(nearest_reached <= exact.distance * 1.01);
  }
  CHECK(reached >= 10);
  for (std::uint32_t seed = 1; seed <= 6; ++seed) { // two classes: one half-space, no wrong turn
    const linear_case t(2, 9, seed);
    const auto exact = oracle::nearest_untargeted(lp::two, t.map, t.label, 0, t.x0, bounds);
    const auto left = oracle::carlini_wagner_l2(oracle::model_of(t.m), {t.label, false}, t.x0, bounds, p);
    REQUIRE(left.best.has_value() == exact.feasible);
    if (!exact.feasible) continue;
    CHECK(left.best->size >= exact.distance * (1 - 1e-9));
    CHECK(left.best->size <= exact.distance * 1.01);
  }
}

TEST_CASE("ISTA with the scaled threshold comes to the exact elastic-net minimum", "[oracle]") {
  const box bounds(9, 0, 1);
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const linear_case t(2, 9, seed);
    for (bool accelerated : {false, true})
      for (double c : {0.2, 2.0}) {
        const double beta = 0.1;
        const auto exact = oracle::least_elastic_net_untargeted(t.map, t.label, 0, c, beta, t.x0, bounds);
        const auto run = oracle::elastic_net(oracle::model_of(t.m), {t.label, false}, t.x0, bounds,
                                             {.learning_rate = 0.02,
                                              .beta = beta,
                                              .initial_constant = c,
                                              .search_steps = 1,
                                              .iterations = 4000,
                                              .accelerated = accelerated,
                                              .threshold = oracle::shrink::by_step_times_beta});
        double least = 1e300;
        for (double objective : run.searches[0].objectives) least = std::min(least, objective);
        CHECK(least >= exact.objective * (1 - 1e-12));
        CHECK(least <= exact.objective * 1.01); // a subgradient of the hinge: the steps must fade
      }
  }
}
