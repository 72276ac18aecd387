#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/backends.hpp"

using attack_test::keeps_the_invariants;
using attack_test::subject_everywhere;

TEST_CASE("deepfool keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::deepfool_l1{}));
  keeps_the_invariants(subject_everywhere(advx::attack::deepfool_l2{.classes = 3}));
  keeps_the_invariants(subject_everywhere(advx::attack::deepfool_linf{}));
}
TEST_CASE("deepfool that is clipped at its end keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::deepfool_l2{.inside = advx::walk::bounds::at_end, .step = 1}));
}
TEST_CASE("sparsefool keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::sparsefool{.lambda = 1.5}));
  keeps_the_invariants(subject_everywhere(advx::attack::sparsefool{.delta = 0.25}));
}
TEST_CASE("jsma keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::jsma{}));
  keeps_the_invariants(subject_everywhere(advx::attack::jsma{.theta = -0.3, .repeat = true}));
}
