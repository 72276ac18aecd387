#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/support.hpp"

using attack_test::keeps_the_invariants;
using attack_test::subject_of;

TEST_CASE("pgd_l1 in double keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_of<double>(advx::attack::pgd_l1{.epsilon = 1, .steps = 10}));
}
TEST_CASE("ifgm_l2 in double keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_of<double>(advx::attack::ifgm_l2{.epsilon = 0.3}));
}
TEST_CASE("pgd_linf in double keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_of<double>(advx::attack::pgd_linf{.epsilon = 0.06, .steps = 10}));
}
TEST_CASE("carlini_wagner_l2 in double keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_of<double>(
      advx::attack::carlini_wagner_l2{.search_steps = 4, .steps = 30, .step = 0.05, .constant = 0.1}));
}
TEST_CASE("elastic_net in double keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_of<double>(
      advx::attack::elastic_net{.beta = 1e-2, .search_steps = 4, .steps = 30, .step = 0.05, .constant = 0.1}));
}
