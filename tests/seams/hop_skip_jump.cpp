// Labels only, a variable number of questions a tick.
#include "hop_skip_jump.hpp"

#include "oracle/linear_exact.hpp"
#include "support.hpp"

namespace {

using advx::index_t;

const oracle::linear_model<double> linear(4, 16, 3);
const oracle::label_only<oracle::linear_model<double>> model{linear};
constexpr seams::hop_skip_jump attack{};

} // namespace

TEST_CASE("HopSkipJump converges to the exact distance on a linear model") {
  // Two classes: with more, the boundary that is nearest to a start need not be the nearest of all.
  const oracle::linear_model<double> two(2, 16, 3);
  const oracle::label_only<oracle::linear_model<double>> decides{two};
  const auto p = seams::make_problem(two, 40, true);
  const auto r = advx::run(attack, decides, p.images, p.goal(), seams::settings(16, 1));
  const oracle::linear_map f{two.layer.rows, two.layer.bias};
  const oracle::box unit{oracle::vec(16, 0.0), oracle::vec(16, 1.0)};
  for (std::size_t i = 0; i < p.labels.size(); ++i) {
    CAPTURE(i);
    REQUIRE(r.success[i] == 1);
    const oracle::vec x0(p.images.row(index_t(i)), p.images.row(index_t(i)) + 16);
    const auto exact = oracle::nearest_untargeted(oracle::lp::two, f, std::size_t(p.labels[i]), 0, x0, unit);
    REQUIRE(exact.feasible);
    CHECK(r.l2[i] <= 1.15 * exact.distance);
    CHECK(r.l2[i] >= exact.distance - 1e-9);
    CHECK((r.status[i] == advx::status::already_adversarial) == (i % 8 == 7));
  }
}

TEST_CASE("a full pass makes slots wait, and no more than that: HopSkipJump") {
  constexpr seams::hop_skip_jump brief{.rounds = 6, .probes = 40};
  const auto p = seams::make_problem(linear, 70, true);
  const auto whole = seams::check_driver(brief, model, p, 100);
  seams::check_stop(brief, model, p, whole);

  const auto ticks = std::accumulate(whole.iterations.begin(), whole.iterations.end(), std::int64_t{0});
  const auto rows = std::accumulate(whole.queries.begin(), whole.queries.end(), std::int64_t{0});
  const auto longest = *std::max_element(whole.iterations.begin(), whole.iterations.end());

  // Twenty slots ask for up to 100 points of a pass of 100: slots wait, and passes are full in exchange.
  const seams::logged crowded(model);
  advx::run(brief, crowded, p.images, p.goal(), seams::settings(20, 1));
  const auto& full = *crowded.log->sessions.front();
  const auto passes = std::int64_t(full.forward.size());
  CAPTURE(passes, ticks, rows, longest, full.capacity);
  CHECK(full.capacity == 100);
  CHECK(passes > ticks / 20 + longest);
  CHECK(double(passes) <= 1.5 * double(rows) / 100.0 + double(longest));

  // Without compaction every two images would take as long as the slower of them.
  const seams::logged few(model);
  advx::run(brief, few, p.images, p.goal(), seams::settings(2, 1));
  CHECK(std::int64_t(few.log->sessions.front()->forward.size()) < seams::passes_with_barriers(whole, 2));
}

TEST_CASE("HopSkipJump asks a model that has scores for its labels") {
  const auto p = seams::make_problem(linear, 12, true);
  auto o = seams::settings(5, 1);
  o.tie = 0; // a label has no margin
  const auto by_label = advx::run(attack, model, p.images, p.goal(), o);
  const auto by_score = advx::run(attack, linear, p.images, p.goal(), o);
  for (std::size_t i = 0; i < 12; ++i) CHECK(by_score.l2[i] == Approx(by_label.l2[i]).epsilon(1e-9));
}
