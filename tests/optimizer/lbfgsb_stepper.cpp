// L-BFGS-B as a machine that is told values against L-BFGS-B that calls the objective.
#include <advx/backend/reference/team.hpp>
#include <advx/backend/reference/vector_team.hpp>
#include <advx/optimizer/lbfgsb_scalar.hpp>
#include <advx/optimizer/lbfgsb_stepper.hpp>

#include <catch2/catch.hpp>

#include <type_traits>

#include "problems.hpp"

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

/// A row with memory of its own, full of what must not matter.
template <class T>
struct row_of {
  const problem& p;
  lbfgsb_stepper stepper;
  std::vector<T> x, vectors, lower, upper, g;
  std::vector<double> small;
  lbfgsb_stepper::row row{};

  row_of(const problem& q, const lbfgsb_parameters& parameters)
      : p(q),
        stepper{parameters},
        x(q.start.begin(), q.start.end()),
        vectors(std::size_t(stepper.vectors() * q.n), std::numeric_limits<T>::quiet_NaN()),
        lower(q.lower.begin(), q.lower.end()),
        upper(q.upper.begin(), q.upper.end()),
        g(x.size()),
        small(std::size_t(stepper.numbers()), std::numeric_limits<double>::quiet_NaN()) {}

  lbfgsb_place<T> place() { return {x.data(), vectors.data(), small.data(), p.n}; }
  box_of<T> box() const { return {lower.data(), upper.data()}; }
  bool running() const { return row.status == lbfgsb_status::running; }

  template <class Team>
  void start(const Team& team) {
    stepper.start(team, row, place(), box());
  }
  template <class Team>
  void tick(const Team& team) {
    const double f = evaluate(p, x.data(), g.data());
    stepper.tell(team, row, place(), box(), f, [g = g.data()](index_t j) { return g[j]; });
  }
};

template <class T, class Team>
lbfgsb_result run_scalar(const Team& team, const problem& p, const lbfgsb_parameters& parameters, points<T>& seen,
                         std::vector<T>& x) {
  x.assign(p.start.begin(), p.start.end());
  const std::vector<T> lower(p.lower.begin(), p.lower.end()), upper(p.upper.begin(), p.upper.end());
  return lbfgsb_minimise(
      team, parameters,
      [&](const T* at, T* g) {
        seen.emplace_back(at, at + p.n);
        return evaluate(p, at, g);
      },
      x.data(), lower.data(), upper.data(), p.n);
}

/// Both programs on one problem: how many points are the same to the bit, and the greatest relative difference in the
/// first ten.
template <class T, class Team>
void compare(const problem& p, const lbfgsb_parameters& parameters) {
  INFO(p.name);
  const Team team{};
  points<T> scalar, told;
  std::vector<T> x;
  const lbfgsb_result expected = run_scalar(team, p, parameters, scalar, x);
  row_of<T> row(p, parameters);
  for (row.start(team); row.running();) {
    told.push_back(row.x);
    REQUIRE(told.size() <= scalar.size() + 100);
    row.tick(team);
  }
  std::size_t same = 0;
  while (same < scalar.size() && same < told.size() && scalar[same] == told[same]) ++same;
#ifdef __FMA__ // which products are fused is the compiler's choice, in each program its own
  double worst = 0;
  for (std::size_t i = 0; i < 10 && i < scalar.size() && i < told.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j)
      worst =
          std::max(worst, double(std::abs(scalar[i][j] - told[i][j])) / std::max(1.0, double(std::abs(scalar[i][j]))));
  CHECK(worst <= (sizeof(T) == 8 ? 1e-10 : 1e-3));
#else
  CHECK(same == scalar.size());
  CHECK(told.size() == scalar.size());
  CHECK(row.x == x);
  CHECK(row.row.status == expected.status);
  CHECK(row.row.value == expected.value);
  CHECK(row.row.projected_gradient == expected.projected_gradient);
  CHECK(row.row.steps == expected.steps);
  CHECK(row.row.evaluations == expected.evaluations);
#endif
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
