// How near HopSkipJump gets, what it may ask, and the properties of every attack.
#include <advx/attack/zoo_presets.hpp>

#include <catch2/catch.hpp>

#include "attack/support.hpp"
#include "oracle/linear_exact.hpp"

namespace {

using advx::index_t;
using advx::status;

struct reference_in_lockstep : advx::backend::reference {
  static constexpr bool lockstep = true;
};

/// Two classes of 16 pixels: the boundary nearest to a start is the nearest of all.
const oracle::linear_model<double> linear(2, 16, 3);
const oracle::label_only<oracle::linear_model<double>> decides{linear};

struct scene {
  advx::batch<double> images{30, 16};
  std::vector<advx::label_t> labels;
  scene() {
    for (index_t i = 0; i < 30; ++i) {
      auto x = oracle::hashed_image<double>(16, static_cast<unsigned>(i));
      for (double& v : x) v = 0.3 + 0.4 * v;
      std::copy(x.begin(), x.end(), images.row(i));
      labels.push_back(linear.label(x));
    }
  }
};

template <class Attack>
void comes_near(oracle::lp norm, double factor) {
  const scene s;
  const auto r = advx::run(Attack{.steps = 40}, decides, s.images, advx::goal::untargeted{s.labels});
  const oracle::linear_map f{linear.layer.rows, linear.layer.bias};
  const oracle::box unit{oracle::vec(16, 0.0), oracle::vec(16, 1.0)};
  double sum = 0;
  for (std::size_t i = 0; i < s.labels.size(); ++i) {
    CAPTURE(i);
    REQUIRE(r.success[i] == 1);
    const oracle::vec x0(s.images.row(index_t(i)), s.images.row(index_t(i)) + 16);
    const auto exact = oracle::nearest_untargeted(norm, f, std::size_t(s.labels[i]), 0, x0, unit);
    REQUIRE(exact.feasible);
    const double found = norm == oracle::lp::two ? r.l2[i] : r.linf[i];
    CHECK(found >= exact.distance - 1e-9);
    CHECK(found <= factor * exact.distance);
    sum += found / exact.distance / double(s.labels.size());
  }
  CHECK(sum <= 1 + (factor - 1) / 2);
}

} // namespace

TEST_CASE("hop_skip_jump comes near to the exact distance on a linear model of labels") {
  comes_near<advx::attack::hop_skip_jump_l2>(oracle::lp::two, 1.05);
  comes_near<advx::attack::hop_skip_jump_linf>(oracle::lp::infinity, 1.1);
}

TEST_CASE("hop_skip_jump uses its budget of queries to the last one") {
  const scene s;
  double former = 1e9;
  for (const std::int64_t queries : {60, 500, 4000}) {
    CAPTURE(queries);
    advx::options o;
    o.budget.queries = queries;
    const auto r = advx::run(advx::attack::hop_skip_jump_l2{}, decides, s.images, advx::goal::untargeted{s.labels}, o);
    for (std::size_t i = 0; i < s.labels.size(); ++i) {
      CHECK(r.queries[i] == queries);
      CHECK(r.status[i] == status::stopped);
    }
    CHECK(r.success_rate() == 1);
    CHECK(r.mean_over_successes(r.l2) < former);
    former = r.mean_over_successes(r.l2);
  }
}

TEST_CASE("hop_skip_jump gives up where no noise is adversarial and refuses starts of another size") {
  const scene s;
  const oracle::linear_model<double> three(3, 16, 3);
  const oracle::label_only<oracle::linear_model<double>> model{three};
  // A class that no image in the box has: its score is below another's everywhere.
  oracle::linear_model<double> never = three;
  never.layer.bias[2] = -1000;
  const oracle::label_only<oracle::linear_model<double>> blind{never};
  std::vector<advx::label_t> labels, targets(30, 2);
  for (index_t i = 0; i < 30; ++i) labels.push_back(never.label({s.images.row(i), s.images.row(i) + 16}));
  auto recipe = advx::attack::hop_skip_jump_l2{}.recipe();
  recipe.walk.tries = 300;
  const auto r = advx::run(recipe, blind, s.images, advx::goal::targeted{labels, targets});
  for (std::size_t i = 0; i < 30; ++i) {
    CHECK(r.status[i] == status::failed);
    CHECK(r.queries[i] == 301);
    CHECK(r.l2[i] == 0);
  }
  const std::vector<float> start(15);
  CHECK_THROWS_WITH(advx::run(advx::attack::hop_skip_jump_l2{.starts = {start.data(), 1, 15}}, model, s.images,
                              advx::goal::untargeted{s.labels}),
                    Catch::Matchers::Contains("the starts have 15 values each, and the images 16"));
}

TEST_CASE("hop_skip_jump keeps the invariants", "[attack]") {
  const auto check = [](const auto& attack) {
    for (auto subject :
         {attack_test::subject_of<double>(attack), attack_test::subject_of<double, reference_in_lockstep>(attack)}) {
      subject.random = true; // its draws depend on an image's position
      attack_test::keeps_the_invariants(subject);
    }
  };
  check(advx::attack::hop_skip_jump_l2{.steps = 4, .probes = 30});
}
TEST_CASE("hop_skip_jump in the maximum norm keeps the invariants", "[attack]") {
  auto subject = attack_test::subject_of<double>(advx::attack::hop_skip_jump_linf{.steps = 4, .probes = 30});
  subject.random = true;
  attack_test::keeps_the_invariants(subject);
}
