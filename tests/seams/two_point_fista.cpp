// Gradients and scores at different points of one tick.
#include "two_point_fista.hpp"

#include "support.hpp"

namespace {

const oracle::smooth_mlp<double> model(4, 16, 6, 7);
constexpr seams::two_point_fista attack{};

} // namespace

TEST_CASE("FISTA as a machine of its own agrees with the library's") {
  const auto p = seams::make_problem(model, 40);
  const auto mine = advx::run(attack, model, p.images, p.goal(), seams::settings(16, 1));
  namespace a = advx::attack;
  const a::penalty<advx::norm::elastic_net, advx::loss::margin, advx::optimizer::fista> library{
      .norm = {.beta = attack.beta},
      .optimizer = {.step = attack.step,
                    .steps = attack.steps,
                    .threshold = advx::optimizer::threshold::scaled,
                    .decay = false},
      .search = {.constant = attack.constant},
      .abort_early = false};
  const auto theirs = advx::run(library, model, p.images, p.goal(), seams::settings(16, 1));
  CHECK(mine.success_rate() > 0.5);
  for (std::size_t i = 0; i < 40; ++i) {
    CAPTURE(i);
    CHECK(mine.success[i] == theirs.success[i]);
    CHECK(mine.l2[i] == Approx(theirs.l2[i]).epsilon(1e-9));
    CHECK(mine.l1[i] == Approx(theirs.l1[i]).epsilon(1e-9));
    CHECK(mine.pullback_rows[i] == theirs.pullback_rows[i]);
  }
}

TEST_CASE("only what has a gradient is pulled back: two-point FISTA") {
  const auto p = seams::make_problem(model, 70);
  const auto whole = seams::check_driver(attack, model, p, 2);
  seams::check_stop(attack, model, p, whole);
  bool some_idle = false;
  for (std::size_t i = 0; i < 70; ++i) {
    if (i % 8 == 7) continue;
    CHECK(whole.queries[i] == 2 * attack.steps);
    CHECK(whole.pullback_rows[i] <= attack.steps);
    some_idle = some_idle || whole.pullback_rows[i] < attack.steps; // the loss was inactive at some y
  }
  CHECK(some_idle);

  // Every slot has a question in every pass: no pass is wasted while images wait.
  const seams::logged watched(model);
  advx::run(attack, watched, p.images, p.goal(), seams::settings(16, 1));
  const auto passes = std::int64_t(watched.log->sessions.front()->forward.size());
  CHECK(passes <= (62 * 101 + 8) / 16 + 101);
}
