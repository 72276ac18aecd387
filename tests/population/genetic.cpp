// GenAttack against a plain transcription, point by point.
#include <advx/attack/population_presets.hpp>

#include <catch2/catch.hpp>

#include <cmath>

#include "attack/recorded.hpp"

using advx::index_t;
using advx::attack::gen_attack;
using attack_test::gap;
using attack_test::pixels;
using attack_test::recorded;
using attack_test::single;
using oracle::vec;

namespace {

struct transcription {
  gen_attack settings;
  const oracle::smooth_mlp<double>& model;
  vec original;
  advx::row_goal goal;
  std::uint64_t seed;

  std::vector<vec> points{}, members{}; ///< members are perturbations
  std::vector<double> fitness{};        ///< to be raised
  bool met = false;

  index_t at(std::size_t person, std::size_t gene) const { return index_t(person * (pixels + 1) + gene); }
  advx::kernel::random_stream random(int generation) const { return {seed, 0, std::uint32_t(generation)}; }

  double judge(const vec& delta) {
    const double r = settings.epsilon - 2.220446049250313e-16 * (1 + settings.epsilon); // inwards by a rounding
    vec x = original;
    for (std::size_t j = 0; j < pixels; ++j) x[j] = std::clamp(x[j] + std::clamp(delta[j], -r, r), 0.0, 1.0);
    points.push_back(x);
    const vec z = model.scores(x);
    const auto own = std::size_t(goal.targeted() ? goal.target : goal.label);
    double others = 0, most = -1e9;
    for (std::size_t k = 0; k < z.size(); ++k) {
      if (k == own) continue;
      others += std::exp(z[k]);
      most = std::max(most, z[k]);
    }
    met = met || (goal.targeted() ? z[own] > most : most > z[own]);
    const double odds = z[own] - std::log(others);
    return goal.targeted() ? odds : -odds;
  }
  std::size_t parent(const vec& chances, double u) const {
    double sum = 0;
    for (std::size_t p = 0; p < chances.size(); ++p) {
      sum += chances[p];
      if (u < sum) return p;
    }
    return chances.size() - 1;
  }

  void run() {
    const auto count = std::size_t(settings.population);
    points.push_back(original);
    for (std::size_t p = 0; p < count; ++p) {
      vec delta;
      for (std::size_t g = 0; g < pixels; ++g)
        delta.push_back(settings.epsilon * (2 * random(0).uniform<double>(at(p, g)) - 1));
      members.push_back(delta);
      fitness.push_back(judge(delta));
    }
    double rho = 0.5, alpha = 0.4, best_ever = *std::max_element(fitness.begin(), fitness.end());
    int waited = 0;
    for (int generation = 1; generation <= settings.steps && !met; ++generation) {
      const auto draws = random(generation);
      const auto elite = std::size_t(std::max_element(fitness.begin(), fitness.end()) - fitness.begin());
      vec chances;
      double sum = 0;
      for (const double f : fitness) chances.push_back(std::exp((f - fitness[elite]) / settings.temperature));
      for (const double c : chances) sum += c;
      for (double& c : chances) c /= sum;
      std::vector<vec> next{members[elite]};
      std::vector<double> next_fitness{fitness[elite]};
      for (std::size_t p = 1; p < count; ++p) {
        const std::size_t a = parent(chances, draws.uniform<double>(at(p, pixels), 0));
        const std::size_t b = parent(chances, draws.uniform<double>(at(p, pixels), 1));
        vec child;
        for (std::size_t g = 0; g < pixels; ++g) {
          double d = (draws.uniform<double>(at(p, g), 0) < chances[a] / (chances[a] + chances[b]) ? members[a]
                                                                                                  : members[b])[g];
          if (draws.uniform<double>(at(p, g), 1) < (settings.adapts ? rho : settings.mutation))
            d += settings.epsilon * (settings.adapts ? alpha : settings.range) *
                 (2 * draws.uniform<double>(at(p, g), 2) - 1);
          child.push_back(std::clamp(d, -settings.epsilon, settings.epsilon));
        }
        next.push_back(child);
        next_fitness.push_back(judge(child));
      }
      members = next;
      fitness = next_fitness;
      const double now = *std::max_element(fitness.begin(), fitness.end());
      waited = now > best_ever ? 0 : waited + 1;
      best_ever = std::max(best_ever, now);
      if (waited < settings.patience) continue;
      waited = 0;
      rho = std::max(0.1, rho * 0.9);
      alpha = std::max(0.15, alpha * 0.9);
    }
  }
};

} // namespace

TEST_CASE("gen_attack looks at the paper's points", "[oracle]") {
  const single s;
  const gen_attack plain{.epsilon = 0.1, .population = 6, .steps = 40};
  const gen_attack adapting{
      .epsilon = 0.1, .population = 20, .steps = 40, .temperature = 0.3, .adapts = true, .patience = 2};
  int met = 0, missed = 0;
  for (const gen_attack& a : {plain, adapting})
    for (const bool targeted : {false, true})
      for (index_t i = 0; i < attack_test::image_count; ++i) {
        CAPTURE(a.population, targeted, i);
        const recorded ours = s.attack(a, i, targeted, 3);
        const auto own = std::size_t(i);
        transcription paper{
            a, s.mlp, s.original(i), {s.all.labels[own], targeted ? s.all.targets[own] : advx::no_label}, 3};
        paper.run();
        CHECK((ours.result.success[0] != 0) == paper.met);
        // It asks for up to 16 children at once, and ends with the pass in which one succeeds.
        REQUIRE(ours.points.size() <= paper.points.size());
        if (!paper.met || a.population <= 16) REQUIRE(ours.points.size() == paper.points.size());
        for (std::size_t k = 0; k < ours.points.size(); ++k) {
          CAPTURE(k);
          REQUIRE(gap(ours.points[k], paper.points[k]) <= 1e-9);
        }
        met += paper.met;
        missed += !paper.met;
      }
  CHECK(met >= 3);
  CHECK(missed >= 3);
}

TEST_CASE("what a genetic algorithm refuses") {
  const single s;
  CHECK_NOTHROW(s.attack(gen_attack{.steps = 2}, 0, false));
  CHECK_THROWS_AS(s.attack(gen_attack{.population = 1}, 0, false), advx::argument_error);
  CHECK_THROWS_AS(s.attack(gen_attack{.steps = 0}, 0, false), advx::argument_error);
  CHECK_THROWS_AS(s.attack(gen_attack{.mutation = 1.5}, 0, false), advx::argument_error);
  CHECK_THROWS_AS(s.attack(gen_attack{.range = 0}, 0, false), advx::argument_error);
  CHECK_THROWS_AS(s.attack(gen_attack{.temperature = 0}, 0, false), advx::argument_error);
  CHECK_THROWS_AS(s.attack(gen_attack{.patience = 0}, 0, false), advx::argument_error);
}
