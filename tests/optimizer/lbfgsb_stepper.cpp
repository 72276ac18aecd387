// L-BFGS-B as a machine that is told values against L-BFGS-B that calls the objective.
#include <advx/backend/reference/team.hpp>
#include <advx/backend/reference/vector_team.hpp>
#include <advx/optimizer/lbfgsb_scalar.hpp>
#include <advx/optimizer/lbfgsb_stepper.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <cstdio>
#include <type_traits>

#include "problems.hpp"
#include "random_problems.hpp"

namespace {

using namespace advx::optimizer;
using namespace lbfgsb_suite;

static_assert(std::is_trivially_copyable_v<lbfgsb_stepper::row>);

template <class T>
using points = std::vector<std::vector<T>>;

template <class T>
struct box_of {
  const T *low, *high;
  T lower(index_t j) const { return low[j]; }
  T upper(index_t j) const { return high[j]; }
};

lbfgsb_parameters parameters_of(const problem& p) {
  lbfgsb_parameters out;
  out.memory = p.memory;
  out.steps = 15000;
  out.value_tolerance = p.value_tolerance;
  out.gradient_tolerance = p.gradient_tolerance;
  return out;
}

/// Calls `objective(x, g)` and `parameters` are the stepper's; a row with memory of its own, full of what must not
/// matter.
template <class T, class Objective>
struct row_of {
  Objective objective;
  lbfgsb_stepper stepper;
  std::vector<T> x, lower, upper, g, vectors;
  std::vector<double> numbers;
  lbfgsb_stepper::row row{};

  row_of(const problem& p, const Objective& f, const lbfgsb_parameters& parameters)
      : objective(f),
        stepper{parameters},
        x(p.start.begin(), p.start.end()),
        lower(p.lower.begin(), p.lower.end()),
        upper(p.upper.begin(), p.upper.end()),
        g(x.size()),
        vectors(std::size_t(stepper.vectors() * p.n), std::numeric_limits<T>::quiet_NaN()),
        numbers(std::size_t(stepper.numbers()), std::numeric_limits<double>::quiet_NaN()) {}

  lbfgsb_place<T> place() { return {x.data(), vectors.data(), numbers.data(), index_t(x.size())}; }
  box_of<T> box() const { return {lower.data(), upper.data()}; }
  bool running() const { return row.status == lbfgsb_status::running; }

  template <class Team>
  void start(const Team& team) {
    stepper.start(team, row, place(), box());
  }
  template <class Team>
  void tick(const Team& team) {
    const double f = objective(static_cast<const T*>(x.data()), g.data());
    stepper.tell(team, row, place(), box(), f, [g = g.data()](index_t j) { return g[j]; });
  }
};

/// Runs both programs from p's start in p's box: every point lies in the box, and is the same to the bit in both; the
/// end is no higher than the start, and is what both say. How they end.
template <class T, class Team, class Objective>
lbfgsb_status compare(const problem& p, const Objective& objective, const lbfgsb_parameters& parameters) {
  INFO(p.name);
  const Team team{};
  row_of<T, Objective> row(p, objective, parameters);
  points<T> scalar, told;
  std::vector<double> values;
  std::vector<T> x = row.x;
  const lbfgsb_result expected = lbfgsb_minimise(
      team, parameters,
      [&](const T* at, T* g) {
        scalar.emplace_back(at, at + p.n);
        values.push_back(objective(at, g));
        return values.back();
      },
      x.data(), row.lower.data(), row.upper.data(), p.n);
  CHECK(expected.status != lbfgsb_status::running);
  CHECK(expected.evaluations == int(scalar.size()));
  if (expected.status != lbfgsb_status::non_finite) CHECK(expected.value <= values.front());
  // The end is one of the points, with its value.
  bool among = false;
  for (std::size_t i = 0; i < scalar.size() && !among; ++i)
    among = scalar[i] == x && (values[i] == expected.value || expected.status == lbfgsb_status::non_finite);
  CHECK(among);
  bool inside = true;
  for (const std::vector<T>& point : scalar)
    for (std::size_t j = 0; j < x.size(); ++j) inside = inside && row.lower[j] <= point[j] && point[j] <= row.upper[j];
  CHECK(inside);

  for (row.start(team); row.running();) {
    told.push_back(row.x);
    REQUIRE(told.size() <= scalar.size() + 100);
    row.tick(team);
  }
  CHECK(told == scalar);
  CHECK(row.x == x);
  CHECK(row.row.status == expected.status);
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  CHECK(same(row.row.value, expected.value));
  CHECK(row.row.projected_gradient == expected.projected_gradient);
  CHECK(row.row.steps == expected.steps);
  CHECK(row.row.evaluations == expected.evaluations);
  return expected.status;
}

template <class T, class Team>
void compare(const problem& p, const lbfgsb_parameters& parameters) {
  compare<T, Team>(
      p, [&p](const T* x, T* g) { return evaluate(p, x, g); }, parameters);
}

} // namespace

TEMPLATE_TEST_CASE("told values, L-BFGS-B makes the steps that it makes when it calls the objective", "", double,
                   float) {
  for (const problem& p : problems()) {
    lbfgsb_parameters parameters = parameters_of(p);
    if (std::is_same_v<TestType, float>) parameters.value_tolerance = 0;
    compare<TestType, advx::backend::reference_team>(p, parameters);
    compare<TestType, advx::backend::vector_team>(p, parameters);
    parameters.memory = 1;
    compare<TestType, advx::backend::reference_team>(p, parameters);
    parameters.memory = 30;
    parameters.trials = 3;
    compare<TestType, advx::backend::reference_team>(p, parameters);
    parameters.evaluations = 13;
    compare<TestType, advx::backend::reference_team>(p, parameters);
    parameters.steps = 4;
    compare<TestType, advx::backend::reference_team>(p, parameters);
  }
}

TEMPLATE_TEST_CASE("L-BFGS-B in random boxes, on functions that are hilly or at fault, stays in the box and ends", "",
                   double, float) {
  lottery draw{1};
  int ends[8] = {};
  for (int round = 0; round < 1500; ++round) {
    CAPTURE(round);
    const auto [p, f] = random_problem(draw, waves::fault(round % 3 == 0 ? int(draw() * int(waves::fault::kinds)) : 0),
                                       draw() < 0.3 ? 0 : 3 * draw());
    lbfgsb_parameters parameters;
    parameters.memory = 1 + int(draw() * 8);
    parameters.steps = 400;
    parameters.evaluations = 2000;
    parameters.value_tolerance = draw() < 0.5 ? 0 : 100;
    const lbfgsb_status end = compare<TestType, advx::backend::reference_team>(p, f, parameters);
    ++ends[int(end)];
    if (f.wrong == waves::fault::none && sizeof(TestType) == 8) {
      CHECK(end != lbfgsb_status::line_search);
      CHECK(end != lbfgsb_status::non_finite);
      CHECK(end != lbfgsb_status::evaluations);
    }
  }
  std::printf("ends: small gradient %d, small decrease %d, steps %d, evaluations %d, line search %d, not finite %d\n",
              ends[1], ends[2], ends[3], ends[4], ends[5], ends[6]);
  for (const lbfgsb_status end : {lbfgsb_status::small_gradient, lbfgsb_status::small_decrease,
                                  lbfgsb_status::line_search, lbfgsb_status::non_finite})
    CHECK(ends[int(end)] > 0);
}
