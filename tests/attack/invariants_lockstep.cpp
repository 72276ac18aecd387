// All properties once more, of attacks that a driver runs in lockstep.
#include <advx/attack/population_presets.hpp>
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/support.hpp"

namespace {

/// The reference's arithmetic, all slots at once.
struct reference_in_lockstep : advx::backend::reference {
  static constexpr bool lockstep = true;
};
template <class Attack>
void keeps_the_invariants(const Attack& attack) {
  attack_test::keeps_the_invariants(attack_test::subject_of<double, reference_in_lockstep>(attack));
}

} // namespace

TEST_CASE("fgm_linf keeps the invariants in lockstep", "[lockstep]") {
  keeps_the_invariants(advx::attack::fgm_linf{.epsilon = 0.06});
}
TEST_CASE("pgd_l2 keeps the invariants in lockstep", "[lockstep]") {
  keeps_the_invariants(advx::attack::pgd_l2{.epsilon = 0.3, .steps = 10, .restarts = 1});
}
TEST_CASE("carlini_wagner_l2 keeps the invariants in lockstep", "[lockstep]") {
  keeps_the_invariants(advx::attack::carlini_wagner_l2{.search_steps = 4, .steps = 30, .step = 0.05, .constant = 0.1});
}
TEST_CASE("elastic_net keeps the invariants in lockstep", "[lockstep]") {
  keeps_the_invariants(
      advx::attack::elastic_net{.beta = 1e-2, .search_steps = 4, .steps = 30, .step = 0.05, .constant = 0.1});
}
TEST_CASE("one_pixel keeps the invariants in lockstep", "[lockstep]") {
  keeps_the_invariants(advx::attack::one_pixel{.pixels = 2, .population = 20, .steps = 8});
}
TEST_CASE("square_l2 keeps the invariants in lockstep", "[lockstep]") {
  keeps_the_invariants(advx::attack::square_l2{.epsilon = 0.35, .steps = 60});
}
TEST_CASE("gen_attack keeps the invariants in lockstep", "[lockstep]") {
  keeps_the_invariants(advx::attack::gen_attack{.epsilon = 0.12, .steps = 12});
}
