// What restarts buy, and the cases of a goal with several targets per image.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/support.hpp"

using advx::status;
using attack_test::index_t;
using attack_test::label_t;
using attack_test::scene;

namespace {

/// For one norm: further starts never lose a success, and an image that succeeds at once costs nothing more.
template <class Attack>
void restarts_never_lose(Attack a) {
  const scene<double> s(oracle::smooth_mlp<double>(5, 16, 12, 3), 100);
  const auto goal = advx::goal::targeted{s.labels, s.targets};
  const auto once = advx::run(a, s.model, s.images, goal);
  a.restarts = 4;
  const auto more = advx::run(a, s.model, s.images, goal);
  std::size_t first = 0, gained = 0;
  for (std::size_t i = 0; i < once.success.size(); ++i) {
    INFO("image " << i);
    CHECK(more.success[i] >= once.success[i]);
    first += once.success[i];
    gained += more.success[i] > once.success[i];
    if (once.success[i] != 0) {
      CHECK(more.queries[i] == once.queries[i]);
      CHECK(std::equal(once.images.row(index_t(i)), once.images.row(index_t(i)) + 16, more.images.row(index_t(i))));
    } else if (more.success[i] == 0) {
      CHECK(more.iterations[i] == 5 * once.iterations[i]);
      CHECK(more.queries[i] == 1 + 5 * (once.queries[i] - 1)); // the original is judged once
    }
  }
  CHECK(first > 0);
  CHECK(first < once.success.size());
  CHECK(gained > 0);
}

} // namespace

TEST_CASE("pgd with restarts finds at least as much", "[attack]") {
  // Few and short steps, so that the start decides.
  restarts_never_lose(advx::attack::pgd_l1{.epsilon = 1.5, .steps = 2, .step = 0.05});
  restarts_never_lose(advx::attack::pgd_l2{.epsilon = 0.6, .steps = 2, .step = 0.02});
  restarts_never_lose(advx::attack::pgd_linf{.epsilon = 0.25, .steps = 2, .step = 0.01});
}

TEST_CASE("another seed gives other starts, the same seed the same", "[attack]") {
  const scene<double> s(oracle::smooth_mlp<double>(4, 16, 12), 10);
  const auto goal = advx::goal::untargeted{s.labels};
  const advx::attack::pgd_l2 a{.epsilon = 0.02, .steps = 1};
  advx::options o;
  o.seed = 1;
  const auto first = advx::run(a, s.model, s.images, goal, o);
  CHECK(advx::run(a, s.model, s.images, goal, o).images == first.images);
  o.seed = 2;
  CHECK_FALSE(advx::run(a, s.model, s.images, goal, o).images == first.images);
}

TEST_CASE("all other classes: best, average and worst case", "[attack]") {
  constexpr index_t images = 15, classes = 4;
  const scene<double> s(oracle::smooth_mlp<double>(classes, 16, 12), images);
  const advx::attack::carlini_wagner_l2 a{.search_steps = 4, .steps = 100, .step = 0.05, .constant = 0.5};
  const auto goal = advx::goal::all_others(s.labels, classes);
  const auto r = advx::run(a, s.model, s.images, goal);
  REQUIRE(r.cases == classes - 1);
  REQUIRE(index_t(r.success.size()) == images * r.cases);
  REQUIRE(r.images.rows() == images * r.cases);
  double best = 0, average = 0, worst = 0;
  index_t counted = 0;
  for (index_t i = 0; i < images; ++i) {
    double least = 1e9, sum = 0, greatest = 0;
    bool every = true;
    for (index_t k = 0; k < r.cases; ++k) {
      const auto row = std::size_t(i * r.cases + k);
      INFO("image " << i << ", case " << k);
      // Each case is the targeted attack on that class alone.
      const label_t target = goal.targets[row];
      CHECK(target != s.labels[std::size_t(i)]);
      const auto one = s.picked({i});
      const auto alone = advx::run(a, one.model, one.images, advx::goal::targeted{one.labels, std::vector{target}});
      CHECK(alone.success[0] == r.success[row]);
      CHECK(alone.l2[0] == r.l2[row]);
      CHECK(std::equal(alone.images.row(0), alone.images.row(0) + 16, r.images.row(index_t(row))));
      if (r.success[row] == 0) {
        every = false;
        continue;
      }
      CHECK(s.model.label(r.images.row(index_t(row))) == target);
      least = std::min(least, r.l2[row]);
      sum += r.l2[row];
      greatest = std::max(greatest, r.l2[row]);
    }
    if (!every) continue;
    ++counted;
    best += least;
    average += sum / double(r.cases);
    worst += greatest;
  }
  REQUIRE(counted > images / 2);
  CHECK(best < average);
  CHECK(average < worst);
}

TEST_CASE("the random numbers of an image's cases are their own", "[attack]") {
  const scene<double> s(oracle::smooth_mlp<double>(4, 16, 12), 1);
  s.model.log->keeps_points = true;
  advx::options o;
  o.batch = 1;
  o.threads = 1;
  const auto r = advx::run(advx::attack::pgd_l2{.epsilon = 1e-3, .steps = 1}, s.model, s.images,
                           advx::goal::all_others(s.labels, 4), o);
  // Per case the original, the random start, the result.
  REQUIRE(r.queries == std::vector<std::int64_t>{3, 3, 3});
  const auto& points = s.model.log->points;
  CHECK(points[0] == points[3]);
  CHECK_FALSE(points[1] == points[4]);
  CHECK_FALSE(points[1] == points[7]);
}
