// Attacks on scores in blocks of threads, as a device would run them: each finds what it finds on the reference
// backend, and where the build has ThreadSanitizer, without a race.
#include <advx/attack/population_presets.hpp>

#include <catch2/catch.hpp>

#include <cmath>

#include "attack/support.hpp"
#include "backend/thread_block.hpp"

namespace attack = advx::attack;

namespace {

/// In double: the order of sums then hardly shows, and no decision hangs on it.
template <class Attack>
void compare(const Attack& a) {
  const oracle::smooth_mlp<double> mlp{4, 12, 8};
  const attack_test::scene<double> s{mlp, 5};
  advx::options settings;
  settings.batch = 3; // fewer slots than images: slots are taken again
  settings.threads = 1;
  settings.budget.queries = 150; // some end there
  for (const bool targeted : {false, true}) {
    const auto on = [&](auto backend) {
      return targeted ? advx::run(a, s.model, s.images, advx::goal::targeted{s.labels, s.targets}, settings, backend)
                      : advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels}, settings, backend);
    };
    const auto want = on(advx::backend::reference{});
    const auto got = on(backend_tests::block_backend{});
    CHECK(got.success == want.success);
    CHECK(got.status == want.status);
    CHECK(got.queries == want.queries);
    CHECK(got.iterations == want.iterations);
    double worst = 0;
    for (std::size_t k = 0; k < want.images.values.size(); ++k)
      worst = std::max(worst, std::abs(got.images.values[k] - want.images.values[k]));
    CHECK(worst <= 1e-11);
  }
}

} // namespace

TEST_CASE("few pixels in blocks") {
  compare(attack::one_pixel{.population = 12, .steps = 10});
  compare(
      attack::one_pixel{.pixels = 3, .population = 30, .steps = 5, .dither = 0.5, .crossover = 0.7, .from_best = true});
}

TEST_CASE("squares in blocks") {
  compare(attack::square_linf{.epsilon = 0.1, .steps = 60});
  compare(attack::square_l2{.epsilon = 0.3, .steps = 60, .channels = 2, .width = 3});
}

TEST_CASE("a genetic algorithm in blocks") {
  compare(attack::gen_attack{.epsilon = 0.15, .steps = 5});
  compare(attack::gen_attack{.epsilon = 0.15, .population = 18, .steps = 2, .temperature = 0.3, .adapts = true});
}
