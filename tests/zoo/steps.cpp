// Every point that ZOO asks the model about is the paper's own: Chen et al. 2017, Algorithms 2 and 3, once more as
// scalar loops over whole objectives. In double, without a tie, on the reference backend.
#include <advx/attack/zoo_presets.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <set>

#include "attack/recorded.hpp"

namespace {

using advx::index_t;
using advx::optimizer::coordinate_solver;
using attack_test::gap;
using attack_test::image_count;
using attack_test::pixels;
using attack_test::recorded;
using attack_test::single;
using oracle::vec;

constexpr int coordinates = 5;
constexpr int points = 2 * coordinates + 1;
constexpr double tolerance = 2e-6;

struct paper_settings {
  coordinate_solver solver;
  bool tanh, reset;
  double step, constant;
  /// A gradient is a difference of objectives, rounded at 1e-16 on either side, over h, and a curvature over h²; Adam
  /// divides by 1e-8 what is left of the rounding where the gradient is zero.
  double h = 1e-4;
};

/// The papers' attack on one image at one constant: it is handed the coordinates of each step.
struct paper_run {
  const single& s;
  vec x0;
  oracle::goal goal;
  paper_settings how;
  vec z = {}, mean = vec(pixels, 0), square = vec(pixels, 0);
  std::vector<int> epoch = std::vector<int>(pixels, 0);
  bool refining = false, succeeded = false;

  void begin() {
    z = x0;
    if (how.tanh)
      for (double& v : z) v = std::atanh((2 * v - 1) * 0.999999);
  }
  vec decoded(const vec& w) const {
    vec x = w;
    if (how.tanh)
      for (double& v : x) v = 0.5 + 0.5 * std::tanh(v);
    return x;
  }
  double hinge(const vec& w) const {
    const vec scores = s.mlp.scores(decoded(w));
    double other = -HUGE_VAL;
    for (std::size_t c = 0; c < scores.size(); ++c)
      if (c != goal.label) other = std::max(other, scores[c]);
    const double own = scores[goal.label];
    return std::max(0.0, goal.targeted ? other - own : own - other);
  }
  double objective(const vec& w) const {
    const vec x = decoded(w);
    double sum = how.constant * hinge(w);
    for (std::size_t j = 0; j < pixels; ++j) sum += (x[j] - x0[j]) * (x[j] - x0[j]);
    return sum;
  }
  void step(const std::vector<std::size_t>& chosen) {
    const double now = objective(z);
    vec next = z;
    for (const std::size_t k : chosen) {
      vec up = z, down = z;
      up[k] += how.h;
      down[k] -= how.h;
      const double plus = objective(up), minus = objective(down);
      const double g = (plus - minus) / (2 * how.h), curvature = (plus - 2 * now + minus) / (how.h * how.h);
      const double divisor = curvature < 0 ? 1 : std::max(curvature, 0.1);
      const double newton = -how.step * g / divisor;
      ++epoch[k];
      mean[k] = 0.9 * mean[k] + 0.1 * g;
      square[k] = 0.999 * square[k] + 0.001 * g * g;
      const double corrected = std::sqrt(1 - std::pow(0.999, epoch[k])) / (1 - std::pow(0.9, epoch[k]));
      const double adam = -how.step * corrected * mean[k] / (std::sqrt(square[k]) + 1e-8);
      const bool by_newton =
          how.solver == coordinate_solver::newton || (how.solver == coordinate_solver::mixed && curvature >= 0);
      next[k] += by_newton ? newton : adam;
      if (!how.tanh) next[k] = std::clamp(next[k], 0.0, 1.0);
    }
    if (!refining && hinge(z) == 0) {
      refining = true;
      if (how.reset) {
        mean = square = vec(pixels, 0);
        epoch.assign(pixels, 0);
      }
    }
    z = next;
  }
};

struct seen {
  std::size_t steps = 0, refined = 0, succeeded = 0;
};

template <class Space>
seen compare(paper_settings how) {
  const single s;
  seen all;
  for (const bool targeted : {false, true})
    for (index_t i = 0; i < image_count; ++i) {
      INFO("image " << i << (targeted ? ", targeted" : ", untargeted"));
      advx::attack::zoo<coordinate_solver::adam, Space> preset{.search_steps = 3,
                                                               .steps = 30,
                                                               .step = how.step,
                                                               .constant = how.constant,
                                                               .coordinates = coordinates,
                                                               .difference = how.h,
                                                               .reset = how.reset,
                                                               .abort_early = false};
      auto recipe = preset.recipe();
      recipe.optimizer.solver = how.solver;
      const recorded ours = s.attack(recipe, i, targeted, 7);
      REQUIRE(ours.points.size() == std::size_t(1 + 3 * 30 * points));
      REQUIRE(gap(ours.points[0], s.original(i)) == 0);
      advx::search::binary search{.constant = how.constant, .steps = 3};
      auto constants = search.start();
      std::size_t at = 1;
      for (int run = 0; run < 3; ++run) {
        paper_settings here = how;
        here.constant = constants.constant;
        paper_run paper{s, s.original(i), s.paper_goal(i, targeted), here};
        paper.begin();
        for (int step = 0; step < 30; ++step, at += points) {
          const vec& base = ours.points[at + points - 1];
          REQUIRE(gap(base, paper.decoded(paper.z)) <= tolerance);
          std::vector<std::size_t> chosen;
          for (std::size_t c = 0; c < coordinates; ++c) {
            const vec &up = ours.points[at + 2 * c], &down = ours.points[at + 2 * c + 1];
            std::size_t k = 0;
            for (std::size_t j = 0; j < pixels; ++j)
              if (up[j] != base[j]) {
                chosen.push_back(j);
                k = j;
              }
            REQUIRE(chosen.size() == c + 1); // one coordinate in each pair, and the same one
            vec plus = paper.z, minus = paper.z;
            plus[k] += how.h;
            minus[k] -= how.h;
            REQUIRE(gap(up, paper.decoded(plus)) <= tolerance);
            REQUIRE(gap(down, paper.decoded(minus)) <= tolerance);
          }
          REQUIRE(std::set<std::size_t>(chosen.begin(), chosen.end()).size() == coordinates);
          paper.succeeded = paper.succeeded || paper.hinge(paper.z) == 0;
          paper.step(chosen);
          ++all.steps;
        }
        all.refined += paper.refining;
        all.succeeded += paper.succeeded;
        search.next(constants, paper.succeeded);
      }
    }
  return all;
}

} // namespace

TEST_CASE("ZOO-Adam makes the paper's steps") {
  const bool reset = GENERATE(true, false);
  const seen in_pixels = compare<advx::space::pixels>({coordinate_solver::adam, false, reset, 0.02, 0.3, 1e-3});
  CHECK(in_pixels.steps == 2 * image_count * 90);
  CHECK(in_pixels.refined > 5);
  CHECK(in_pixels.succeeded < 2 * image_count * 3);
  const seen in_tanh = compare<advx::space::tanh>({coordinate_solver::adam, true, reset, 0.05, 0.3, 1e-3});
  CHECK(in_tanh.refined > 5);
}
TEST_CASE("ZOO-Newton makes the paper's steps") {
  CHECK(compare<advx::space::pixels>({coordinate_solver::newton, false, true, 0.3, 0.3, 1e-3}).refined > 5);
  CHECK(compare<advx::space::tanh>({coordinate_solver::newton, true, true, 0.3, 0.3, 1e-3}).refined > 5);
}
TEST_CASE("ZOO's mixed solver takes Newton's steps where the curvature allows and else Adam's") {
  CHECK(compare<advx::space::pixels>({coordinate_solver::mixed, false, true, 0.1, 0.3, 1e-3}).refined > 5);
  CHECK(compare<advx::space::tanh>({coordinate_solver::mixed, true, true, 0.1, 0.3, 1e-3}).refined > 5);
}
