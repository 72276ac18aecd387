#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/backends.hpp"

using attack_test::keeps_the_invariants;
using attack_test::subject_everywhere;

TEST_CASE("pgd_l1 keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::pgd_l1{.epsilon = 1, .steps = 10, .restarts = 1}));
}
TEST_CASE("pgd_l2 keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::pgd_l2{.epsilon = 0.3, .steps = 10, .restarts = 1}));
}
TEST_CASE("pgd_linf keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::pgd_linf{.epsilon = 0.06, .steps = 10, .restarts = 1}));
}
