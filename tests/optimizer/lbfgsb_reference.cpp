// The authors' program itself, where it is installed: it still makes the committed figures, and the first points that
// both programs try are the same.
#include <advx/backend/reference/team.hpp>
#include <advx/optimizer/lbfgsb_scalar.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>

#include "random_problems.hpp"
#include "reference.hpp"
#include "reference_figures.hpp"

using namespace lbfgsb_suite;

TEST_CASE("the authors' L-BFGS-B makes the committed figures") {
  const std::vector<problem> all = problems();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const problem& p = all[i];
    const figures& expected = reference_figures[i];
    INFO(p.name);
    const reference_run r = run_reference(p, p.value_tolerance, p.gradient_tolerance);
    CHECK(r.value == Approx(expected.value).epsilon(1e-6).margin(1e-8));
    // Another processor's BLAS rounds otherwise, and long runs amplify that.
    CHECK(std::abs(r.evaluations - expected.evaluations) <= 1 + expected.evaluations / 10);
    CHECK(run_reference(p, 0, 1e-11).value == Approx(expected.best).epsilon(1e-9).margin(1e-12));
  }
}

// Why a test of single precision (lbfgsb.cpp) lets Wood's function end at its saddle.
TEST_CASE("the authors' L-BFGS-B ends at the saddle of Wood's function where f is in single precision") {
  const std::vector<problem> all = problems();
  const auto wood = std::find_if(all.begin(), all.end(), [](const problem& p) { return p.name == "wood free"; });
  REQUIRE(wood != all.end());
  for (const bool value_in_double : {false, true}) {
    const auto f = [&](const double* x, double* g) {
      const std::vector<float> at(x, x + wood->n);
      std::vector<float> slope(at.size());
      const double in_float = evaluate(*wood, at.data(), slope.data());
      const double value = value_in_double ? in_double_but_for_the_gradient(*wood)(at.data(), slope.data()) : in_float;
      std::copy(slope.begin(), slope.end(), g);
      return value;
    };
    const double end = run_reference(*wood, f, 0, wood->gradient_tolerance).value;
    if (value_in_double)
      CHECK(end <= 1e-3);
    else
      CHECK(std::abs(end - saddle_of_wood) <= 2e-6);
  }
}

TEST_CASE("L-BFGS-B tries the points that the authors' program tries") {
  using points = std::vector<std::vector<double>>;
  for (const problem& p : problems()) {
    INFO(p.name);
    const auto size = std::size_t(p.n);
    points theirs, mine;
    run_reference(
        p,
        [&](const double* at, double* g) {
          theirs.emplace_back(at, at + size);
          return evaluate(p, at, g);
        },
        p.value_tolerance, p.gradient_tolerance);
    advx::optimizer::lbfgsb_parameters parameters;
    parameters.memory = p.memory;
    parameters.steps = 15000;
    parameters.value_tolerance = p.value_tolerance;
    parameters.gradient_tolerance = p.gradient_tolerance;
    std::vector<double> x = p.start;
    advx::optimizer::lbfgsb_minimise(
        advx::backend::reference_team{}, parameters,
        [&](const double* at, double* g) {
          mine.emplace_back(at, at + size);
          return evaluate(p, at, g);
        },
        x.data(), p.lower.data(), p.upper.data(), p.n);
    const std::size_t compared = std::min(std::min(theirs.size(), mine.size()), std::size_t(12));
    REQUIRE(compared >= std::min(theirs.size(), std::size_t(12)));
    double worst = 0;
    for (std::size_t i = 0; i < compared; ++i)
      for (std::size_t j = 0; j < size; ++j)
        worst = std::max(worst, std::abs(theirs[i][j] - mine[i][j]) / std::max(1.0, std::abs(theirs[i][j])));
    CHECK(worst <= 1e-7); // roundings, amplified from step to step
  }
}

TEST_CASE("on random problems L-BFGS-B needs as many evaluations as the authors' program, and ends as low") {
  lottery draw{7};
  int mine = 0, theirs = 0, lower = 0, higher = 0;
  for (int round = 0; round < 1000; ++round) {
    CAPTURE(round);
    // On hills a rounding may lead to another valley; half of the problems have none.
    const bool hilly = round % 2 == 0;
    const auto [p, f] = random_problem(draw, waves::fault::none, hilly ? 3 * draw() : 0);
    const double value_tolerance = 10, gradient_tolerance = 1e-5;
    const reference_run r = run_reference(p, f, value_tolerance, gradient_tolerance);
    advx::optimizer::lbfgsb_parameters parameters;
    parameters.steps = 15000;
    parameters.value_tolerance = value_tolerance;
    parameters.gradient_tolerance = gradient_tolerance;
    std::vector<double> x = p.start;
    const auto s = advx::optimizer::lbfgsb_minimise(advx::backend::reference_team{}, parameters, f, x.data(),
                                                    p.lower.data(), p.upper.data(), p.n);
    mine += s.evaluations;
    theirs += r.evaluations;
    if (!hilly) CHECK(std::abs(s.value - r.value) <= 1e-6 * std::max(1.0, std::abs(r.value)));
    lower += s.value < r.value - 1e-6 ? 1 : 0;
    higher += s.value > r.value + 1e-6 ? 1 : 0;
  }
  std::printf("random problems: %d evaluations, the authors' program %d; lower %d, higher %d\n", mine, theirs, lower,
              higher);
  CHECK(mine <= 1.1 * theirs);
  CHECK(higher <= 20);
}
