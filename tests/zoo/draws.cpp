// Which variables coordinate descent draws, seen from the points that it asks for; and the log-margin loss.
#include <advx/attack/zoo_presets.hpp>
#include <advx/loss/cross_entropy.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <set>

#include "attack/recorded.hpp"

namespace {

using advx::index_t;
using attack_test::recorded;
using attack_test::single;
using oracle::vec;

/// The variables of each step, from pairs of points that differ from the last point of their step.
std::vector<std::vector<std::size_t>> drawn(const recorded& r, std::size_t coordinates) {
  std::vector<std::vector<std::size_t>> all;
  const std::size_t points = 2 * coordinates + 1;
  for (std::size_t at = 1; at + points <= r.points.size(); at += points) {
    all.emplace_back();
    for (std::size_t c = 0; c < coordinates; ++c)
      for (std::size_t j = 0; j < attack_test::pixels; ++j)
        if (r.points[at + 2 * c][j] != r.points[at + points - 1][j]) all.back().push_back(j);
  }
  return all;
}

} // namespace

TEST_CASE("variables are drawn without repetition and evenly, by seed, image and step") {
  const single s;
  const advx::attack::zoo_adam attack{.search_steps = 1, .steps = 1200, .coordinates = 4, .abort_early = false};
  const auto all = drawn(s.attack(attack, 0, true, 1), 4);
  REQUIRE(all.size() == 1200);
  std::vector<double> often(attack_test::pixels);
  std::size_t repeated = 0;
  for (std::size_t k = 0; k < all.size(); ++k) {
    REQUIRE(std::set<std::size_t>(all[k].begin(), all[k].end()).size() == 4);
    for (const std::size_t j : all[k]) often[j] += 1;
    repeated += k > 0 && all[k] == all[k - 1];
  }
  // 400 times each, with a deviation of √(1200·(1/3)·(2/3)) = 16.
  for (const double n : often) CHECK(n == Approx(400).margin(5 * 16.4));
  CHECK(repeated < 20); // one in 495
  CHECK(drawn(s.attack(attack, 0, true, 1), 4) == all);
  CHECK(drawn(s.attack(attack, 0, true, 2), 4) != all);
}

TEST_CASE("important regions are drawn more often") {
  // One channel of 1 × 12 at full size: two regions of one variable are followed by one of two.
  const single s;
  using space = advx::space::resized<>;
  advx::attack::zoo_adam_in<space> attack{.search_steps = 1,
                                          .steps = 400,
                                          .constant = 1,
                                          .coordinates = 2,
                                          .importance = true,
                                          .abort_early = false,
                                          .space = {.image = {1, 1, 12}, .levels = {{{1, 12}}}}};
  const recorded r = s.attack(attack, 1, true);
  const auto all = drawn(r, 2);
  REQUIRE(all.size() == 400);
  // Against the weights themselves: Σ over steps of each region's expected share of the first draw is not observable,
  // but a variable whose region has not changed is never drawn while two others have.
  std::size_t judged = 0, drawn_unchanged = 0;
  for (std::size_t k = 1; k < all.size(); ++k) {
    const vec& base = r.points[5 * (k + 1)];
    const auto region = [](std::size_t j) { return j * 8 / 12; };
    std::set<std::size_t> changed;
    std::size_t variables = 0;
    for (std::size_t j = 0; j < 12; ++j)
      if (base[j] != r.points[0][j]) changed.insert(region(j));
    for (std::size_t j = 0; j < 12; ++j) variables += changed.count(region(j));
    if (variables < 2) continue;
    ++judged;
    for (const std::size_t j : all[k]) drawn_unchanged += changed.count(region(j)) == 0;
  }
  CHECK(judged > 300);
  CHECK(drawn_unchanged == 0);
}

TEST_CASE("the log-margin is a log-ratio of probabilities, and 0 exactly at success") {
  const advx::backend::reference_team team;
  const advx::loss::log_margin loss{};
  for (const bool targeted : {false, true})
    for (unsigned seed = 1; seed < 200; ++seed) {
      vec p = oracle::hashed_image<double>(4, seed);
      double sum = 0;
      for (std::size_t c = 0; c < 4; ++c) sum += p[c] = p[c] * p[c] * p[c] + 1e-3 * double(c + 1); // no two alike
      for (double& v : p) v /= sum;
      const advx::row_goal goal{0, targeted ? 2 : advx::no_label};
      const auto s = advx::kernel::summarise_scores(p.data(), 4, goal);
      vec slope(4);
      const auto probabilities =
          loss.operator()<advx::score_scale::probabilities>(team, p.data(), 4, goal, s, 0.0, slope.data());
      const std::size_t own = targeted ? 2 : 0;
      double other = 0;
      for (std::size_t c = 0; c < 4; ++c)
        if (c != own) other = std::max(other, p[c]);
      const double expected = std::max(0.0, targeted ? std::log(other / p[own]) : std::log(p[own] / other));
      CHECK(probabilities.loss == Approx(expected).margin(1e-12));
      CHECK((probabilities.loss == 0) == (s.margin >= 0));
      // Its logarithms as logits: the same loss.
      vec logs = p;
      for (double& v : logs) v = std::log(v);
      const auto t = advx::kernel::summarise_scores(logs.data(), 4, goal);
      vec other_slope(4);
      CHECK(loss.operator()<advx::score_scale::logits>(team, logs.data(), 4, goal, t, 0.0, other_slope.data()).loss ==
            Approx(expected).margin(1e-12));
      // The derivative, by differences.
      for (std::size_t c = 0; c < 4 && probabilities.active; ++c) {
        vec up = p, down = p, unused(4);
        up[c] += 1e-7;
        down[c] -= 1e-7;
        const auto at = [&](const vec& q) {
          return loss
              .
              operator()<advx::score_scale::probabilities>(
                  team, q.data(), 4, goal, advx::kernel::summarise_scores(q.data(), 4, goal), 0.0, unused.data())
              .loss;
        };
        if (expected > 1e-5) CHECK(slope[c] == Approx((at(up) - at(down)) / 2e-7).epsilon(1e-5).margin(1e-6));
      }
    }
}
