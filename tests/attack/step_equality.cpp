// Every point that an attack asks the model about is the paper's own: the same images, step by step, as the slow
// transcription's of tests/oracle. In double, without a tie, on the reference backend.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/recorded.hpp"

namespace {

using attack_test::gap;
using attack_test::image_count;
using attack_test::index_t;
using attack_test::pixels;
using attack_test::recorded;
using attack_test::single;
using attack_test::tolerance;
using attack_test::unit;
using oracle::lp;
using oracle::vec;

/// The recipe of a preset with another optimizer setting.
template <class Recipe, class Change>
Recipe changed(Recipe r, Change change) {
  change(r);
  return r;
}

} // namespace

TEST_CASE("carlini_wagner_l2 makes the paper's steps", "[attack][oracle]") {
  const single s;
  const auto m = oracle::model_of(s.mlp);
  std::size_t steps = 0, succeeded = 0, failed_searches = 0;
  for (const double confidence : {0.0, 0.25})
    for (const bool targeted : {false, true})
      for (index_t i = 0; i < image_count; ++i) {
        INFO("image " << i << (targeted ? ", targeted" : ", untargeted") << ", confidence " << confidence);
        const advx::attack::carlini_wagner_l2 a{.confidence = confidence,
                                                .search_steps = 5,
                                                .steps = 25,
                                                .step = 0.05,
                                                .constant = 0.05,
                                                .abort_early = false};
        const recorded ours = s.attack(a, i, targeted);
        const auto paper = oracle::carlini_wagner_l2(m, s.paper_goal(i, targeted), s.original(i), unit,
                                                     {.confidence = confidence,
                                                      .learning_rate = a.step,
                                                      .initial_constant = a.constant,
                                                      .search_steps = a.search_steps,
                                                      .iterations = a.steps});
        // The library judges the original first: an image that meets the goal already is not moved. The paper begins
        // at its tanh-space image, 1e-6 away.
        REQUIRE(ours.points.size() == 1 + std::size_t(a.search_steps * a.steps));
        CHECK(gap(ours.points[0], s.original(i)) == 0);
        std::size_t at = 1;
        double last_success = 0;
        for (const auto& search : paper.searches) {
          for (const vec& x : search.images) {
            REQUIRE(gap(ours.points[at++], x) <= tolerance);
            ++steps;
          }
          if (search.success) last_success = search.constant;
          failed_searches += !search.success;
        }
        CHECK((ours.result.success[0] != 0) == paper.best.has_value());
        if (!paper.best) {
          CHECK(ours.result.constant[0] == Approx(paper.searches.back().constant));
          continue;
        }
        ++succeeded;
        CHECK(ours.result.constant[0] == Approx(last_success));
        CHECK(ours.result.l2[0] == Approx(paper.best->size).margin(tolerance));
        CHECK(gap({ours.result.images.row(0), ours.result.images.row(0) + pixels}, paper.best->image) <= tolerance);
      }
  CHECK(steps == 2 * 2 * image_count * 125);
  CHECK(succeeded > 10);
  CHECK(failed_searches > 10);
}

TEST_CASE("elastic_net makes the paper's steps", "[attack][oracle]") {
  const single s;
  const auto m = oracle::model_of(s.mlp);
  const bool momentum = GENERATE(true, false);
  const bool scaled = GENERATE(false, true);
  const double beta = scaled ? 0.05 : 0.005;
  const advx::attack::elastic_net preset{
      .beta = beta, .search_steps = 4, .steps = 25, .step = 0.05, .constant = 0.2, .abort_early = false};
  const auto a = changed(preset.recipe(), [&](auto& r) {
    r.optimizer.momentum = momentum;
    r.optimizer.threshold = scaled ? advx::optimizer::threshold::scaled : advx::optimizer::threshold::fixed;
  });
  std::size_t succeeded = 0, sparse = 0;
  for (const bool targeted : {false, true})
    for (index_t i = 0; i < image_count; ++i) {
      INFO("image " << i << (targeted ? ", targeted" : ", untargeted") << (momentum ? ", FISTA" : ", ISTA")
                    << (scaled ? ", scaled" : ", fixed"));
      const recorded ours = s.attack(a, i, targeted);
      const auto paper =
          oracle::elastic_net(m, s.paper_goal(i, targeted), s.original(i), unit,
                              {.learning_rate = preset.step,
                               .beta = beta,
                               .initial_constant = preset.constant,
                               .search_steps = preset.search_steps,
                               .iterations = preset.steps,
                               .accelerated = momentum,
                               .threshold = scaled ? oracle::shrink::by_step_times_beta : oracle::shrink::by_beta});
      // The library asks for the original once, then in one pass for the gradient at y_k and the judgement of x_k: y₀,
      // (y₁, x₁), …, (y_{K−1}, x_{K−1}), x_K for each c.
      REQUIRE(ours.points.size() == 1 + std::size_t(preset.search_steps * 2 * preset.steps));
      CHECK(gap(ours.points[0], s.original(i)) == 0);
      std::size_t at = 1;
      double last_success = 0;
      for (const auto& search : paper.searches) {
        const std::size_t steps = search.images.size();
        for (std::size_t k = 0; k <= steps; ++k) {
          if (k < steps) REQUIRE(gap(ours.points[at++], search.gradient_points[k]) <= tolerance);
          if (k > 0) REQUIRE(gap(ours.points[at++], search.images[k - 1]) <= tolerance);
        }
        if (search.success) last_success = search.constant;
      }
      CHECK((ours.result.success[0] != 0) == paper.best_en.has_value());
      if (!paper.best_en) {
        CHECK(ours.result.constant[0] == Approx(paper.searches.back().constant));
        continue;
      }
      ++succeeded;
      sparse += ours.result.l0[0] < double(pixels);
      CHECK(ours.result.constant[0] == Approx(last_success));
      const auto& by_l1 = ours.result.other_rankings.at(0);
      CHECK(gap({ours.result.images.row(0), ours.result.images.row(0) + pixels}, paper.best_en->image) <= tolerance);
      CHECK(gap({by_l1.images.row(0), by_l1.images.row(0) + pixels}, paper.best_l1->image) <= tolerance);
      CHECK(by_l1.l1[0] == Approx(paper.best_l1->size).margin(tolerance));
    }
  CHECK(succeeded > 4);
  CHECK(sparse > 0);
}

namespace {

/// How often images were compared over all steps, and how often until a success.
struct compared {
  std::size_t whole = 0, succeeded = 0;
};

/// I-FGM, or PGD from the library's own random start, against the transcription.
template <class Attack>
compared compare_budget(const single& s, const Attack& a, lp p, bool from_original, std::uint64_t seed = 0) {
  const auto recipe = a.recipe();
  const auto m = oracle::model_of(s.mlp);
  compared seen;
  for (const bool targeted : {false, true})
    for (index_t i = 0; i < image_count; ++i) {
      INFO("image " << i << (targeted ? ", targeted" : ", untargeted"));
      const recorded ours = s.attack(a, i, targeted, seed);
      // PGD: the library judges the original before its random start.
      const std::size_t skip = from_original ? 0 : 1;
      REQUIRE(ours.points.size() > skip);
      CHECK(gap(ours.points[0], s.original(i)) == 0);
      const vec start = ours.points[skip];
      CHECK(oracle::norm(p, oracle::minus(start, s.original(i))) <= recipe.radius.epsilon);
      CHECK(unit.contains(start));
      if (!from_original) CHECK(gap(start, s.original(i)) > 1e-3);
      const auto paper =
          oracle::pgd(m, s.paper_goal(i, targeted), s.original(i), start, unit,
                      {.norm = p, .epsilon = a.epsilon, .steps = a.steps, .step = recipe.optimizer.step});
      // The library stops at the first image that meets the goal; the paper makes all steps. Its projection in L∞ is
      // rounded inwards by 1e-16.
      std::size_t first_success = 0;
      while (first_success < paper.margins.size() && !(paper.margins[first_success] >= 0)) ++first_success;
      const std::size_t expected = std::min(first_success + 1, paper.images.size());
      REQUIRE(ours.points.size() == skip + expected);
      for (std::size_t k = 0; k < expected; ++k) REQUIRE(gap(ours.points[skip + k], paper.images[k]) <= tolerance);
      const bool success = first_success < paper.margins.size();
      CHECK((ours.result.success[0] != 0) == success);
      seen.succeeded += success;
      seen.whole += expected == paper.images.size();
      if (success)
        CHECK(gap({ours.result.images.row(0), ours.result.images.row(0) + pixels}, paper.images[first_success]) <=
              tolerance);
    }
  return seen;
}

} // namespace

TEST_CASE("iterative_fast_gradient makes the paper's steps", "[attack][oracle]") {
  using namespace advx::attack;
  const single s;
  // Once with radii too small for most images, so that all steps are seen, once with room to succeed.
  CHECK(compare_budget(s, ifgm_l1{.epsilon = 0.05, .steps = 25, .step = 0.01}, lp::one, true).whole >= 8);
  CHECK(compare_budget(s, ifgm_l2{.epsilon = 0.02, .steps = 25, .step = 0.004}, lp::two, true).whole >= 8);
  CHECK(compare_budget(s, ifgm_linf{.epsilon = 0.005, .steps = 25, .step = 0.001}, lp::infinity, true).whole >= 8);
  CHECK(compare_budget(s, ifgm_l1{.epsilon = 3, .steps = 25}, lp::one, true).succeeded > 4);
  CHECK(compare_budget(s, ifgm_l2{.epsilon = 1, .steps = 25}, lp::two, true).succeeded > 4);
  CHECK(compare_budget(s, ifgm_linf{.epsilon = 0.3, .steps = 25}, lp::infinity, true).succeeded > 4);
}

TEST_CASE("fast_gradient makes the paper's step", "[attack][oracle]") {
  using namespace advx::attack;
  const single s;
  const auto m = oracle::model_of(s.mlp);
  const auto check = [&](const auto& a, lp p) {
    for (const bool targeted : {false, true})
      for (index_t i = 0; i < image_count; ++i) {
        INFO("image " << i << (targeted ? ", targeted" : ", untargeted"));
        const recorded ours = s.attack(a, i, targeted);
        REQUIRE(ours.points.size() == 2);
        const vec paper = oracle::fgm(m, s.paper_goal(i, targeted), s.original(i), unit, p, a.epsilon);
        CHECK(gap(ours.points[1], paper) <= tolerance);
      }
  };
  check(fgm_l1{.epsilon = 1}, lp::one);
  check(fgm_l2{.epsilon = 0.5}, lp::two);
  check(fgm_linf{.epsilon = 0.1}, lp::infinity);
}

TEST_CASE("projected_gradient makes the paper's steps from its start", "[attack][oracle]") {
  using namespace advx::attack;
  const single s;
  const auto seed = std::uint64_t(GENERATE(0, 5));
  CHECK(compare_budget(s, pgd_l1{.epsilon = 0.1, .steps = 25, .step = 0.02}, lp::one, false, seed).whole >= 8);
  CHECK(compare_budget(s, pgd_l2{.epsilon = 0.05, .steps = 25, .step = 0.01}, lp::two, false, seed).whole >= 8);
  CHECK(compare_budget(s, pgd_linf{.epsilon = 0.01, .steps = 25}, lp::infinity, false, seed).whole >= 8);
  CHECK(compare_budget(s, pgd_l1{.epsilon = 3, .steps = 25}, lp::one, false, seed).succeeded > 4);
  CHECK(compare_budget(s, pgd_l2{.epsilon = 1, .steps = 25}, lp::two, false, seed).succeeded > 4);
  CHECK(compare_budget(s, pgd_linf{.epsilon = 0.3, .steps = 25}, lp::infinity, false, seed).succeeded > 4);
}
