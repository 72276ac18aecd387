// The elastic net by change of variable: the thesis' steps with each optimizer.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>

#include "attack/recorded.hpp"

namespace {

using attack_test::gap;
using attack_test::image_count;
using attack_test::index_t;
using attack_test::pixels;
using attack_test::recorded;
using attack_test::single;
using attack_test::tolerance;
using oracle::vec;

constexpr double beta = 0.05;

/// How far an optimizer goes down, told all gradients of the coordinate so far.
using rule = std::function<double(const vec& gradients)>;

struct run {
  double constant = 0;
  bool success = false;
  std::vector<vec> images;
};

/// Minimise c·max(0, −margin) + ‖δ‖₂² + β‖δ‖₁ over w, x = (1 + tanh w)/2, for each c of the binary search; the L1
/// part's subgradient is β·sign δ.
std::vector<run> transcribed(const oracle::model& m, oracle::goal g, const vec& x0, double constant, int searches,
                             int steps, const rule& down) {
  oracle::constant_search search(constant, searches);
  std::vector<run> runs;
  for (int s = 0; s < searches; ++s) {
    run r;
    r.constant = search.constant(s);
    vec w(x0.size()), x(x0.size());
    for (std::size_t j = 0; j < w.size(); ++j) w[j] = std::atanh((2 * x0[j] - 1) * 0.999999);
    std::vector<vec> gradients(x0.size());
    for (int k = 0; k < steps; ++k) {
      for (std::size_t j = 0; j < w.size(); ++j) x[j] = (1 + std::tanh(w[j])) / 2;
      r.images.push_back(x);
      const vec z = m.scores(x);
      r.success = r.success || oracle::margin(z, g) >= 0;
      const vec loss = oracle::hinge_gradient(m, x, z, g, r.constant, 0);
      for (std::size_t j = 0; j < w.size(); ++j) {
        const double d = x[j] - x0[j], sign = d > 0 ? 1 : d < 0 ? -1 : 0;
        gradients[j].push_back((loss[j] + 2 * d + beta * sign) * (1 - std::tanh(w[j]) * std::tanh(w[j])) / 2);
        w[j] -= down(gradients[j]);
      }
    }
    search.tell(r.constant, r.success);
    runs.push_back(r);
  }
  return runs;
}

template <class Optimizer>
void compare(double step, const rule& down) {
  const single s;
  const auto m = oracle::model_of(s.mlp);
  std::size_t succeeded = 0, failed_runs = 0;
  for (const bool targeted : {false, true})
    for (index_t i = 0; i < image_count; ++i) {
      INFO(Optimizer::name << ", image " << i << (targeted ? ", targeted" : ", untargeted"));
      const advx::attack::elastic_net_change_of_variable<Optimizer> a{
          .beta = beta, .search_steps = 4, .steps = 25, .step = step, .constant = 0.2, .abort_early = false};
      const recorded ours = s.attack(a, i, targeted);
      const auto paper =
          transcribed(m, s.paper_goal(i, targeted), s.original(i), a.constant, a.search_steps, a.steps, down);
      REQUIRE(ours.points.size() == 1 + std::size_t(a.search_steps * a.steps));
      std::size_t at = 1;
      bool any = false;
      for (const run& r : paper) {
        for (const vec& x : r.images) REQUIRE(gap(ours.points[at++], x) <= tolerance);
        any = any || r.success;
        failed_runs += !r.success;
      }
      CHECK((ours.result.success[0] != 0) == any);
      succeeded += any;
      if (!any) continue;
      // Both decision rules of one run.
      CHECK(ours.result.ranking == std::string("elastic_net"));
      const auto& by_l1 = ours.result.other_rankings.at(0);
      CHECK(by_l1.l1[0] <= ours.result.l1[0]);
      const auto en = [&](const auto& found) { return found.l2[0] * found.l2[0] + beta * found.l1[0]; };
      CHECK(en(ours.result) <= en(by_l1) * (1 + 1e-12));
    }
  CHECK(succeeded > 3);
  CHECK(failed_runs > 3);
}

} // namespace

TEST_CASE("the elastic net by change of variable descends its subgradient with each optimizer", "[attack][oracle]") {
  using namespace advx::optimizer;
  compare<sgd>(0.5, [](const vec& g) { return 0.5 * g.back(); });
  compare<adagrad>(0.2, [](const vec& g) {
    double squares = 0;
    for (const double v : g) squares += v * v;
    return 0.2 * g.back() / (std::sqrt(squares) + 1e-8);
  });
  compare<rmsprop>(0.05, [](const vec& g) {
    double mean = 0;
    for (const double v : g) mean = 0.9 * mean + 0.1 * v * v;
    return 0.05 * g.back() / (std::sqrt(mean) + 1e-8);
  });
  compare<adam>(0.05, [](const vec& g) {
    double first = 0, second = 0, steps = 0;
    for (const double v : g) {
      first = 0.9 * first + 0.1 * v;
      second = 0.999 * second + 0.001 * v * v;
      ++steps;
    }
    return 0.05 * first / (1 - std::pow(0.9, steps)) / (std::sqrt(second / (1 - std::pow(0.999, steps))) + 1e-8);
  });
}
