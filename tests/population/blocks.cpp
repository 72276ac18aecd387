// Attacks on scores in blocks of threads, as a device would run them: each finds what it finds on the reference
// backend, and where the build has ThreadSanitizer, without a race.
#include <advx/attack/population_presets.hpp>

#include <catch2/catch.hpp>

#include "backend/in_blocks.hpp"

namespace attack = advx::attack;

namespace {

template <class Attack>
void compare(const Attack& a) {
  backend_tests::in_blocks{.queries = 150}.compare(a, 1e-11); // some end there
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
