#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/backends.hpp"

using attack_test::keeps_the_invariants;
using attack_test::subject_everywhere;

TEST_CASE("carlini_wagner_linf keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::carlini_wagner_linf{
      .steps = 20, .step = 0.05, .constant = 0.01, .growth = 10, .factor = 0.7, .finest = 0.01}));
}
TEST_CASE("carlini_wagner_l0 keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(
      advx::attack::carlini_wagner_l0{.steps = 20, .step = 0.1, .constant = 0.1, .largest = 1e3, .growth = 10}));
}
