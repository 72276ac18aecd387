#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/backends.hpp"

using attack_test::keeps_the_invariants;
using attack_test::subject_everywhere;

TEST_CASE("carlini_wagner_l2 keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(
      advx::attack::carlini_wagner_l2{.search_steps = 4, .steps = 30, .step = 0.05, .constant = 0.1}));
}
TEST_CASE("carlini_wagner_l2 with confidence keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::carlini_wagner_l2{
      .confidence = 0.5, .search_steps = 3, .steps = 30, .step = 0.05, .constant = 1, .abort_early = false}));
}
TEST_CASE("elastic_net keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(
      advx::attack::elastic_net{.beta = 1e-2, .search_steps = 4, .steps = 30, .step = 0.05, .constant = 0.1}));
}
