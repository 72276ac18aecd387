// The properties of every attack, of ZOO in its spaces, with its points in passes of their own and in lockstep.
#include <advx/attack/zoo_presets.hpp>
#include <advx/space/dct.hpp>

#include <catch2/catch.hpp>

#include "attack/support.hpp"

namespace {

struct reference_in_lockstep : advx::backend::reference {
  static constexpr bool lockstep = true;
};

template <class Attack>
void keeps_the_invariants(const Attack& attack) {
  for (auto s :
       {attack_test::subject_of<double>(attack), attack_test::subject_of<double, reference_in_lockstep>(attack)}) {
    s.random = true; // its draws depend on an image's position
    attack_test::keeps_the_invariants(s);
  }
}

} // namespace

TEST_CASE("zoo_adam keeps the invariants", "[attack]") {
  keeps_the_invariants(
      advx::attack::zoo_adam{.search_steps = 4, .steps = 30, .step = 0.05, .constant = 0.1, .coordinates = 5});
}
TEST_CASE("zoo_newton in tanh keeps the invariants", "[attack]") {
  keeps_the_invariants(advx::attack::zoo<advx::optimizer::coordinate_solver::newton, advx::space::tanh>{
      .search_steps = 4, .steps = 25, .step = 0.3, .constant = 0.1, .coordinates = 6});
}
TEST_CASE("zoo_adam in a hierarchy keeps the invariants", "[attack]") {
  using space = advx::space::hierarchical<advx::space::tanh>;
  keeps_the_invariants(
      advx::attack::zoo_adam_in<space>{.search_steps = 4,
                                       .steps = 30,
                                       .step = 0.1,
                                       .constant = 0.1,
                                       .coordinates = 4,
                                       .importance = true,
                                       .space = {.image = {2, 3, 4}, .levels = {{{1, 2}, {3, 4, 10}}}}});
}
