// Losses: their cotangents are their slopes, on every scale of scores, and stay usable where scores saturate.
#include <advx/backend/reference/team.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/loss/cross_entropy.hpp>
#include <advx/loss/margin.hpp>
#include <advx/loss/probability.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

using advx::index_t;
using advx::label_t;
using advx::row_goal;
using advx::score_scale;

namespace {

const advx::backend::reference_team team;

template <score_scale Scale, class Loss, class T>
advx::loss::value<T> evaluate(const Loss& loss, const std::vector<T>& z, row_goal goal, std::vector<T>& cotangent,
                              T tie = 0) {
  cotangent.assign(z.size(), T(9));
  const auto n = static_cast<index_t>(z.size());
  return loss.template operator()<Scale>(team, z.data(), n, goal, advx::kernel::summarise_scores(z.data(), n, goal),
                                         tie, cotangent.data());
}

/// Scores as a model on that scale gives them.
std::vector<double> scores(score_scale scale, index_t classes, std::uint32_t trial) {
  const advx::kernel::random_stream random{21, trial, 0};
  std::vector<double> z;
  double sum = 0;
  for (index_t j = 0; j < classes; ++j) {
    z.push_back(3 * random.normal<double>(j));
    sum += std::exp(z.back());
  }
  if (scale == score_scale::logits) return z;
  for (double& v : z) v = scale == score_scale::probabilities ? std::exp(v) / sum : v - std::log(sum);
  return z;
}

std::vector<row_goal> goals(index_t classes) {
  std::vector<row_goal> all;
  for (label_t label = 0; label < classes; ++label) {
    all.push_back({label});
    for (label_t target = 0; target < classes; ++target)
      if (target != label) all.push_back({label, target});
  }
  return all;
}

template <score_scale Scale, class Loss>
void check_slopes(const Loss& loss) {
  for (std::uint32_t trial = 0; trial < 20; ++trial) {
    const index_t classes = 2 + index_t(trial % 5);
    const auto z = scores(Scale, classes, trial);
    for (const row_goal goal : goals(classes)) {
      CAPTURE(trial, goal.label, goal.target);
      std::vector<double> cotangent, ignored;
      const auto v = evaluate<Scale>(loss, z, goal, cotangent);
      for (std::size_t j = 0; j < z.size(); ++j) {
        auto up = z, down = z;
        const double h = 1e-6 * (Scale == score_scale::probabilities ? z[j] : 1);
        up[j] += h;
        down[j] -= h;
        const double slope =
            (evaluate<Scale>(loss, up, goal, ignored).loss - evaluate<Scale>(loss, down, goal, ignored).loss) / (2 * h);
        CHECK(cotangent[j] == Approx(slope).epsilon(1e-5).margin(1e-7));
        if (!v.active) CHECK(cotangent[j] == 0);
      }
    }
  }
}

} // namespace

TEST_CASE("cotangents are the losses' slopes") {
  SECTION("cross-entropy of logits") { check_slopes<score_scale::logits>(advx::loss::cross_entropy{}); }
  SECTION("... of probabilities") { check_slopes<score_scale::probabilities>(advx::loss::cross_entropy{}); }
  SECTION("... of log-probabilities") { check_slopes<score_scale::log_probabilities>(advx::loss::cross_entropy{}); }
  SECTION("margin of logits") { check_slopes<score_scale::logits>(advx::loss::margin{}); }
  SECTION("... with a confidence") { check_slopes<score_scale::logits>(advx::loss::margin{.confidence = 2}); }
  SECTION("... of log-probabilities") { check_slopes<score_scale::log_probabilities>(advx::loss::margin{}); }
  SECTION("log odds of logits") { check_slopes<score_scale::logits>(advx::loss::probability{}); }
  SECTION("... of log-probabilities") { check_slopes<score_scale::log_probabilities>(advx::loss::probability{}); }
}

TEST_CASE("log odds are those of the probability, on each scale the same, and tell it where it rounds to 1") {
  const advx::loss::probability loss{.below = 0.3, .above = 0.6};
  std::vector<double> ignored;
  for (std::uint32_t trial = 0; trial < 20; ++trial) {
    const auto p = scores(score_scale::probabilities, 5, trial);
    for (const row_goal goal : goals(5)) {
      const double own = p[std::size_t(goal.targeted() ? goal.target : goal.label)];
      const double odds = std::log(own / (1 - own)), want = goal.targeted() ? -odds : odds;
      const double value = evaluate<score_scale::probabilities>(loss, p, goal, ignored).loss;
      CHECK(value == Approx(want));
      CHECK(evaluate<score_scale::logits>(loss, scores(score_scale::logits, 5, trial), goal, ignored).loss ==
            Approx(want));
      CHECK(evaluate<score_scale::log_probabilities>(loss, scores(score_scale::log_probabilities, 5, trial), goal,
                                                     ignored)
                .loss == Approx(want));
      // Pulled back through the softmax, the slope by the probabilities is that by the logits.
      std::vector<double> slope, of_logits;
      evaluate<score_scale::probabilities>(loss, p, goal, slope);
      evaluate<score_scale::logits>(loss, scores(score_scale::logits, 5, trial), goal, of_logits);
      double mean = 0;
      for (std::size_t j = 0; j < 5; ++j) mean += p[j] * slope[j];
      for (std::size_t j = 0; j < 5; ++j) CHECK(p[j] * (slope[j] - mean) == Approx(of_logits[j]));
      CHECK(loss.enough(goal, value) == (goal.targeted() ? own > 0.6 : own < 0.3));
    }
  }
  std::vector<float> c;
  for (const float top : {30.F, 60.F, 1000.F}) // float probabilities would all be 1
    CHECK(evaluate<score_scale::logits>(loss, std::vector<float>{top, 0.F, -top}, {0}, c).loss == Approx(top));
  CHECK_THROWS_WITH(advx::loss::probability{.above = 2}.check(),
                    "advx: loss::probability: 'above' must satisfy above in [0, 1], got 2");
}

TEST_CASE("cross-entropy is the logarithm of a probability, on each scale the same") {
  for (std::uint32_t trial = 0; trial < 20; ++trial) {
    const auto p = scores(score_scale::probabilities, 5, trial);
    for (const row_goal goal : goals(5)) {
      std::vector<double> ignored;
      const double want =
          goal.targeted() ? -std::log(p[std::size_t(goal.target)]) : std::log(p[std::size_t(goal.label)]);
      const advx::loss::cross_entropy loss;
      CHECK(evaluate<score_scale::probabilities>(loss, p, goal, ignored).loss == Approx(want));
      CHECK(evaluate<score_scale::logits>(loss, scores(score_scale::logits, 5, trial), goal, ignored).loss ==
            Approx(want));
      CHECK(evaluate<score_scale::log_probabilities>(loss, scores(score_scale::log_probabilities, 5, trial), goal,
                                                     ignored)
                .loss == Approx(want));
    }
  }
}

TEMPLATE_TEST_CASE("saturated scores leave a gradient that can be followed", "", float, double) {
  using T = TestType;
  const advx::loss::cross_entropy loss;
  for (const T top : {T(20), T(60), T(100), T(1000)}) {
    CAPTURE(top);
    const std::vector<T> z = {T(0), top, -top, T(1)};
    std::vector<T> c;
    // Untargeted, and as sure of the label as can be: softmax alone would leave p − 1 = 0.
    auto v = evaluate<score_scale::logits>(loss, z, {1}, c);
    CHECK(v.active);
    CHECK(advx::kernel::is_finite(v.loss));
    CHECK(c[1] > T(0));                                                  // descending lowers the label's score ...
    for (const std::size_t other : {0U, 2U, 3U}) CHECK(c[other] < T(0)); // ... and raises the others
    CHECK(double(c[0] + c[2] + c[3]) == Approx(-double(c[1])).epsilon(1e-5));
    CHECK(c[3] <= c[0]); // the nearest rival most
    // Targeted, and as far from the target as can be.
    v = evaluate<score_scale::logits>(loss, z, {1, 2}, c);
    CHECK(double(v.loss) == Approx(2 * double(top)));
    CHECK(double(c[2]) == Approx(-1));
    CHECK(double(c[1]) == Approx(1));
    // Targeted, and met long since.
    v = evaluate<score_scale::logits>(loss, z, {0, 1}, c);
    CHECK(v.loss >= T(0));
    CHECK(double(v.loss) <= 1e-8 * 2.8);
    CHECK(c[1] < T(0));
    for (const T g : c) CHECK(advx::kernel::is_finite(g));
  }
  // A probability of 0 has a slope, and not an infinite one.
  std::vector<T> c;
  const auto v = evaluate<score_scale::probabilities>(loss, std::vector<T>{T(1), T(0)}, {0, 1}, c);
  CHECK(v.loss > T(80));
  CHECK(advx::kernel::is_finite(v.loss));
  CHECK(c[1] < T(0));
  CHECK(advx::kernel::is_finite(c[1]));
}

TEMPLATE_TEST_CASE("the margin loss sleeps exactly where the goal is met", "", float, double) {
  using T = TestType;
  const T tie = T(1e-5);
  for (const double confidence : {0.0, 0.5, 3.0})
    for (T lead = T(-4); lead <= T(4); lead += T(0.25)) { // of class 1 over class 0
      const advx::loss::margin loss{.confidence = confidence};
      const std::vector<T> z = {T(1), T(1) + lead, T(-9)};
      for (const row_goal goal : {row_goal{0}, row_goal{0, 1}}) {
        CAPTURE(confidence, lead, goal.target);
        std::vector<T> c;
        const auto s = advx::kernel::summarise_scores(z.data(), 3, goal);
        const bool met = s.margin >= s.required(confidence, tie);
        const auto v = evaluate<score_scale::logits>(loss, z, goal, c, tie);
        CHECK(v.active == !met);
        CHECK((v.loss > T(0)) == !met);
        CHECK(v.loss == (met ? T(0) : s.required(confidence, tie) - lead));
        CHECK(c == (met ? std::vector<T>{0, 0, 0} : std::vector<T>{1, -1, 0}));
      }
    }
}

TEST_CASE("which scales a loss takes, and what it refuses") {
  using advx::loss::cross_entropy, advx::loss::margin;
  for (const auto scale : {score_scale::logits, score_scale::probabilities, score_scale::log_probabilities}) {
    CHECK(cross_entropy::accepts(scale));
    CHECK(margin::accepts(scale) == (scale != score_scale::probabilities));
  }
  CHECK_NOTHROW(margin{.confidence = 0}.check());
  CHECK_THROWS_WITH(margin{.confidence = -1}.check(),
                    "advx: loss::margin: 'confidence' must satisfy confidence >= 0, got -1");
}
