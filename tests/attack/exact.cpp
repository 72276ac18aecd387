// Attacks against the exact answers on linear models whose box is active.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include <cstdio>

#include "attack/linear_scene.hpp"

namespace {

using attack_test::driven_onto_the_box;
using attack_test::index_t;
using attack_test::linear_scene;
using attack_test::ratios;
using oracle::lp;
using oracle::vec;

constexpr index_t image_count = linear_scene::count;

} // namespace

// c·max(0, −margin) + ‖δ‖² is convex where success is an intersection of half-spaces: two classes, or a target. Leaving
// a class of several is a union of them, and the attack descends towards the nearest by score, which need not be the
// nearest by distance; neither the best case over all targets nor the class that DeepFool reaches, which is the nearest
// by distance, has such local minima. The greatest ratios belong to images
// nearer to the boundary than Adam's first step, whose length no gradient shortens: every c succeeds by that one step.
TEST_CASE("carlini_wagner_l2 finds the nearest image", "[attack][exact]") {
  const advx::attack::carlini_wagner_l2 a{}; // 9 × 1000
  std::size_t active = 0;
  ratios two_classes, to_target, best_target, to_nearest, untargeted;
  const auto against = [&](ratios& r, const oracle::nearest_point& exact, const linear_scene& s, index_t i,
                           bool success, double found) {
    INFO("image " << i);
    CHECK(success == exact.feasible);
    if (!exact.feasible) return;
    active += driven_onto_the_box(exact.x, s.original(i), s.unit);
    CHECK(found >= exact.distance * (1 - 1e-6));
    r.add(found / exact.distance);
  };
  for (const std::uint32_t seed : {3u, 4u})
    for (const std::size_t classes : {2u, 4u}) {
      const linear_scene s(classes, 20, seed);
      const auto away = advx::run(a, s.m, s.all.images, advx::goal::untargeted{s.all.labels});
      const auto goal = advx::goal::all_others(s.all.labels, index_t(classes));
      const auto towards = advx::run(a, s.m, s.all.images, goal);
      const auto walk = advx::run(advx::attack::deepfool_l2{}, s.m, s.all.images, advx::goal::untargeted{s.all.labels});
      const auto nearest = advx::run(a, s.m, s.all.images, advx::goal::targeted{s.all.labels, walk.labels});
      for (index_t i = 0; i < image_count; ++i) {
        const auto k = static_cast<std::size_t>(i);
        const vec x0 = s.original(i);
        const auto leave = oracle::nearest_untargeted(lp::two, s.map, std::size_t(s.all.labels[k]), 0, x0, s.unit);
        against(classes == 2 ? two_classes : untargeted, leave, s, i, away.success[k] != 0, away.l2[k]);
        if (classes == 2) continue;
        against(to_nearest, leave, s, i, nearest.success[k] != 0, nearest.l2[k]);
        double best = std::numeric_limits<double>::infinity();
        for (std::size_t row = k * (classes - 1); row < (k + 1) * (classes - 1); ++row) {
          const auto reach = oracle::nearest_targeted(lp::two, s.map, std::size_t(goal.targets[row]), 0, x0, s.unit);
          against(to_target, reach, s, i, towards.success[row] != 0, towards.l2[row]);
          if (towards.success[row] != 0) best = std::min(best, towards.l2[row]);
        }
        against(best_target, leave, s, i, std::isfinite(best), best);
      }
    }
  two_classes.print("C&W L2 / exact minimal L2, two classes");
  to_target.print("C&W L2 / exact minimal L2, each target of four classes");
  best_target.print("C&W L2 / exact minimal L2, four classes, best target");
  to_nearest.print("C&W L2 / exact minimal L2, four classes, DeepFool's class");
  untargeted.print("C&W L2 / exact minimal L2, four classes, untargeted");
  CHECK(two_classes.mean() <= 1.02);
  CHECK(to_target.mean() <= 1.02);
  CHECK(best_target.mean() <= 1.02);
  CHECK(to_nearest.mean() <= 1.02);
  CHECK(active > 0);
}

// The proximal map of a step α shrinks by αβ. The papers' attack shrinks by β, and so descends
// c·hinge + ‖δ‖₂² + (β/α)‖δ‖₁: its image is sparser than its EN rule asks for, and only `scaled` reaches the minimum of
// the elastic net itself.
TEST_CASE("elastic_net comes near the exact minima", "[attack][exact]") {
  for (const double beta : {1e-3, 1e-2}) {
    const auto fixed = advx::attack::elastic_net{.beta = beta}.recipe(); // 9 × 1000
    auto scaled = fixed;
    scaled.optimizer.threshold = advx::optimizer::threshold::scaled;
    ratios en_fixed, en_scaled, l1_fixed;
    std::size_t active = 0;
    for (const std::uint32_t seed : {3u, 4u}) {
      const linear_scene s(2, 20, seed);
      const auto goal = advx::goal::untargeted{s.all.labels};
      const auto by_paper = advx::run(fixed, s.m, s.all.images, goal);
      const auto proximal = advx::run(scaled, s.m, s.all.images, goal);
      for (index_t i = 0; i < image_count; ++i) {
        const auto k = static_cast<std::size_t>(i);
        INFO("beta " << beta << ", model " << seed << ", image " << i);
        const vec x0 = s.original(i);
        const std::size_t label = std::size_t(s.all.labels[k]);
        const auto against_least = [&](ratios& r, const auto& found) {
          REQUIRE(found.success[k] == 1);
          const auto least = oracle::least_elastic_net_untargeted(s.map, label, 0, found.constant[k], beta, x0, s.unit);
          active += driven_onto_the_box(least.x, x0, s.unit);
          // A success has no hinge left, so its elastic net is its objective at any c.
          const double en = found.l2[k] * found.l2[k] + beta * found.l1[k];
          CHECK(en >= least.objective * (1 - 1e-6));
          r.add(en / least.objective);
        };
        against_least(en_fixed, by_paper);
        against_least(en_scaled, proximal);
        const auto nearest = oracle::nearest_untargeted(lp::one, s.map, label, 0, x0, s.unit);
        CHECK(by_paper.other_rankings[0].l1[k] >= nearest.distance * (1 - 1e-6));
        l1_fixed.add(by_paper.other_rankings[0].l1[k] / nearest.distance);
      }
    }
    std::printf("  beta %g\n", beta);
    en_scaled.print("EAD, threshold scaled, EN rule / exact least objective");
    en_fixed.print("EAD, threshold fixed, EN rule / exact least objective");
    l1_fixed.print("EAD, threshold fixed, L1 rule / exact minimal L1");
    CHECK(en_scaled.mean() <= 1.02);
    CHECK(l1_fixed.mean() <= 1.5);
    CHECK(active > 0);
  }
}

TEST_CASE("a fixed threshold is a scaled one with beta over the step length", "[attack][exact]") {
  const double step = 0.02, beta = 2e-3;
  const linear_scene s(4, 20, 3);
  const auto run = [&](double weight, advx::optimizer::threshold kind) {
    auto r =
        advx::attack::elastic_net{
            .beta = weight, .search_steps = 5, .steps = 200, .step = step, .constant = 0.1, .abort_early = false}
            .recipe();
    r.optimizer.threshold = kind;
    r.optimizer.decay = false;
    return advx::run(r, s.m, s.all.images, advx::goal::untargeted{s.all.labels}).other_rankings[0];
  };
  const auto fixed = run(beta, advx::optimizer::threshold::fixed);
  const auto scaled = run(beta / step, advx::optimizer::threshold::scaled);
  CHECK(fixed.success == scaled.success);
  for (std::size_t i = 0; i < fixed.l1.size(); ++i) CHECK(fixed.l1[i] == Approx(scaled.l1[i]).margin(1e-9));
}
