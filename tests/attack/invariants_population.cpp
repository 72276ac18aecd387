#include <advx/attack/population_presets.hpp>

#include <catch2/catch.hpp>

#include "attack/backends.hpp"

using attack_test::keeps_the_invariants;
using attack_test::subject_everywhere;

TEST_CASE("one_pixel keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::one_pixel{.population = 20, .steps = 8}));
}
TEST_CASE("one_pixel with three pixels of two channels keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::one_pixel{.pixels = 3,
                                                                  .population = 150,
                                                                  .steps = 2,
                                                                  .channels = 2,
                                                                  .width = 4,
                                                                  .dither = 0.5,
                                                                  .crossover = 0.7,
                                                                  .from_best = true,
                                                                  .stop_at_success = true}));
}
TEST_CASE("square_linf keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::square_linf{.epsilon = 0.08, .steps = 60}));
  keeps_the_invariants(
      subject_everywhere(advx::attack::square_linf{.epsilon = 0.08, .steps = 60, .channels = 2, .width = 4}));
}
TEST_CASE("square_l2 keeps the invariants", "[attack]") {
  keeps_the_invariants(
      subject_everywhere(advx::attack::square_l2{.epsilon = 0.35, .steps = 60, .channels = 2, .width = 4}));
}
TEST_CASE("gen_attack keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::gen_attack{.epsilon = 0.12, .steps = 12}));
  keeps_the_invariants(subject_everywhere(
      advx::attack::gen_attack{.epsilon = 0.12, .population = 20, .steps = 4, .temperature = 0.3, .adapts = true}));
}
