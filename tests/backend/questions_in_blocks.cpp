// Attacks by questions alone on the backend of thread blocks: what a device would run, with its barriers.
#include <advx/attack/run.hpp>
#include <advx/attack/zoo_presets.hpp>
#include <advx/space/dct.hpp>

#include <catch2/catch.hpp>

#include "backend/in_blocks.hpp"

namespace {

namespace attack = advx::attack;

template <class Attack>
void compare(const Attack& a, double tolerance) {
  backend_tests::in_blocks{.images = 4, .targeted = false}.compare(a, tolerance);
}

} // namespace

TEST_CASE("coordinate descent in blocks") {
  compare(attack::zoo_adam{.search_steps = 2, .steps = 6, .step = 0.05, .constant = 1, .coordinates = 5}, 1e-9);
  using levels = advx::space::hierarchical<advx::space::tanh>;
  compare(attack::zoo_adam_in<levels>{.search_steps = 2,
                                      .steps = 8,
                                      .step = 0.1,
                                      .constant = 1,
                                      .coordinates = 3,
                                      .importance = true,
                                      .space = {.image = {1, 3, 4}, .levels = {{{2, 2}, {3, 4, 4}}}}},
          1e-9);
  compare(attack::zoo_adam_in<advx::space::dct<>>{.search_steps = 1,
                                                  .steps = 5,
                                                  .step = 0.1,
                                                  .constant = 1,
                                                  .coordinates = 3,
                                                  .space = {.image = {1, 3, 4}, .levels = {{{2, 2}}}}},
          1e-9);
}

TEST_CASE("label walks in blocks") {
  compare(attack::hop_skip_jump_l2{.steps = 2, .probes = 12}, 1e-9);
  compare(attack::hop_skip_jump_linf{.steps = 2, .probes = 12}, 1e-9);
}
