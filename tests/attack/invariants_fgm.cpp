#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/backends.hpp"

using attack_test::keeps_the_invariants;
using attack_test::subject_everywhere;

TEST_CASE("fgm_l1 keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::fgm_l1{.epsilon = 1}));
}
TEST_CASE("fgm_l2 keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::fgm_l2{.epsilon = 0.3}));
}
TEST_CASE("fgm_linf keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::fgm_linf{.epsilon = 0.06}));
}
