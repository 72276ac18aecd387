// Optimizers that take one gradient a step, step by step against the papers' formulas, one coordinate at a time.
#include <advx/backend/reference/team.hpp>
#include <advx/optimizer/adagrad.hpp>
#include <advx/optimizer/adam.hpp>
#include <advx/optimizer/rmsprop.hpp>
#include <advx/optimizer/sgd.hpp>
#include <advx/testing/check_optimizer.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace {

namespace optimizer = advx::optimizer;
using advx::index_t;
using vec = std::vector<double>;

constexpr std::size_t size = 7;

/// A gradient that changes sign along the way, one of a coordinate that never moves, and sizes from 1e-6 to 1e3.
double slope(std::size_t j, double x) {
  return j == 0 ? 0 : std::pow(10, 1.5 * double(j) - 6) * (std::sin(3 * x + double(j)) + 0.3 * x);
}

struct objective {
  static constexpr bool unconstrained = true;
  const double* point;
  double gradient(index_t j) const { return slope(std::size_t(j), point[j]); }
  template <class Team, class Get>
  auto project(const Team&, Get) const {
    return [](index_t, double v) { return v; };
  }
};

const vec start{0.25, -1, 0.5, 2, -0.125, 1.5, -3};

/// The iterates of an optimizer, whose memory is full of what must not matter.
template <class Optimizer>
std::vector<vec> iterates(const Optimizer& o) {
  const advx::backend::reference_team team{};
  vec memory((1 + std::size_t(Optimizer::vectors)) * size, -5.0);
  std::copy(start.begin(), start.end(), memory.begin());
  typename Optimizer::template row<double> row{};
  optimizer::place<double> p{memory.data(), memory.data() + size, index_t(size), 0};
  o.start(team, row, p);
  std::vector<vec> all;
  for (; o.asks_for(row, p.step).total() > 0; ++p.step) {
    REQUIRE(o.asks_for(row, p.step).gradients == 1);
    REQUIRE(o.point(p, 0) == p.iterate);
    o.tell(team, row, p, objective{p.iterate});
    all.emplace_back(p.iterate, p.iterate + size);
  }
  REQUIRE(all.size() == std::size_t(o.steps));
  return all;
}

/// Makes the same steps by `next(j, gradients so far)`, how far coordinate j goes down; the last gradient is the
/// newest.
template <class Optimizer, class Next>
void compare(const Optimizer& o, Next next) {
  const std::vector<vec> got = iterates(o);
  for (std::size_t j = 0; j < size; ++j) {
    vec gradients;
    double x = start[j];
    for (std::size_t k = 0; k < got.size(); ++k) {
      INFO("coordinate " << j << ", step " << k);
      gradients.push_back(slope(j, x));
      const double down = next(gradients);
      if (j == 0) CHECK(down == 0);
      x -= down;
      REQUIRE(got[k][j] == Approx(x).epsilon(1e-12).margin(1e-12));
    }
    if (j > 0) CHECK(x != start[j]);
  }
}

} // namespace

TEST_CASE("sgd steps by the gradient") {
  compare(optimizer::sgd{.step = 0.02, .steps = 40}, [](const vec& g) { return 0.02 * g.back(); });
}

TEST_CASE("adagrad divides by the root of all squares so far") {
  for (const double initial : {0.0, 0.1})
    compare(optimizer::adagrad{.step = 0.3, .steps = 40, .initial = initial, .epsilon = 1e-4}, [=](const vec& g) {
      double squares = initial;
      for (const double v : g) squares += v * v;
      return 0.3 * g.back() / (std::sqrt(squares) + 1e-4);
    });
}

TEST_CASE("rmsprop divides by the root of the mean of squares") {
  for (const double decay : {0.9, 0.5})
    for (const double initial : {0.0, 1.0})
      compare(optimizer::rmsprop{.step = 0.05, .steps = 40, .decay = decay, .initial = initial, .epsilon = 1e-4},
              [=](const vec& g) {
                // The mean as a sum: Σ (1 − ρ)·ρ^(age)·g² + ρ^steps·initial.
                double mean = initial * std::pow(decay, double(g.size()));
                for (std::size_t k = 0; k < g.size(); ++k)
                  mean += (1 - decay) * std::pow(decay, double(g.size() - 1 - k)) * g[k] * g[k];
                return 0.05 * g.back() / (std::sqrt(mean) + 1e-4);
              });
}

// The same harness on the optimizer that attacks have been compared with: it can tell a wrong formula.
TEST_CASE("adam divides the mean by the root of the mean of squares, both corrected") {
  const optimizer::adam o{.step = 0.05, .steps = 40};
  compare(o, [&](const vec& g) {
    double first = 0, second = 0;
    for (std::size_t k = 0; k < g.size(); ++k) {
      const double age = double(g.size() - 1 - k);
      first += (1 - o.beta1) * std::pow(o.beta1, age) * g[k];
      second += (1 - o.beta2) * std::pow(o.beta2, age) * g[k] * g[k];
    }
    const double steps = double(g.size());
    return o.step * (first / (1 - std::pow(o.beta1, steps))) /
           (std::sqrt(second / (1 - std::pow(o.beta2, steps))) + o.epsilon);
  });
}

TEST_CASE("optimizers of one gradient a step keep the contract and descend") {
  using advx::testing::check_optimizer;
  for (const auto& report : {check_optimizer(optimizer::sgd{.step = 0.1, .steps = 200}),
                             check_optimizer(optimizer::adagrad{.step = 0.2, .steps = 200}),
                             check_optimizer(optimizer::rmsprop{.step = 0.005, .steps = 300})}) {
    INFO(report.fault);
    REQUIRE(report);
    REQUIRE(report.checks > 100);
  }
  CHECK_FALSE(check_optimizer(optimizer::sgd{.step = 1e-4, .steps = 200}).passed()); // too short to arrive
}

TEST_CASE("optimizers of one gradient a step refuse what cannot step") {
  using optimizer::adagrad;
  using optimizer::rmsprop;
  using optimizer::sgd;
  CHECK_NOTHROW(sgd{}.check());
  CHECK_NOTHROW(adagrad{}.check());
  CHECK_NOTHROW(rmsprop{}.check());
  CHECK_THROWS_WITH(sgd{.step = 0}.check(), "advx: optimizer::sgd: 'step' must satisfy step > 0, got 0");
  CHECK_THROWS_WITH(sgd{.steps = 0}.check(), "advx: optimizer::sgd: 'steps' must satisfy steps >= 1, got 0");
  CHECK_THROWS_WITH(adagrad{.step = -1}.check(), "advx: optimizer::adagrad: 'step' must satisfy step > 0, got -1");
  CHECK_THROWS_WITH(adagrad{.initial = -1}.check(),
                    "advx: optimizer::adagrad: 'initial' must satisfy initial >= 0, got -1");
  CHECK_THROWS_WITH(adagrad{.epsilon = 0}.check(),
                    "advx: optimizer::adagrad: 'epsilon' must satisfy epsilon > 0, got 0");
  CHECK_THROWS_WITH(rmsprop{.decay = 1}.check(),
                    "advx: optimizer::rmsprop: 'decay' must satisfy decay >= 0 && decay < 1, got 1");
  CHECK_THROWS_WITH(rmsprop{.initial = -1}.check(),
                    "advx: optimizer::rmsprop: 'initial' must satisfy initial >= 0, got -1");
  CHECK_THROWS_WITH(rmsprop{.epsilon = -1}.check(),
                    "advx: optimizer::rmsprop: 'epsilon' must satisfy epsilon > 0, got -1");
}
