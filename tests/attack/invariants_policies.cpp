#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/backends.hpp"

using attack_test::keeps_the_invariants;
using attack_test::subject_everywhere;

TEST_CASE("elastic_net_change_of_variable keeps the invariants", "[attack]") {
  using namespace advx::attack;
  keeps_the_invariants(subject_everywhere(elastic_net_change_of_variable<advx::optimizer::sgd>{
      .beta = 1e-2, .search_steps = 4, .steps = 30, .step = 0.5, .constant = 0.1}));
  keeps_the_invariants(subject_everywhere(elastic_net_change_of_variable<advx::optimizer::adagrad>{
      .beta = 1e-2, .search_steps = 4, .steps = 30, .step = 0.1, .constant = 0.1}));
  keeps_the_invariants(subject_everywhere(elastic_net_change_of_variable<advx::optimizer::rmsprop>{
      .beta = 1e-2, .search_steps = 4, .steps = 30, .step = 0.05, .constant = 0.1}));
}
TEST_CASE("lbfgs keeps the invariants", "[attack]") {
  keeps_the_invariants(
      subject_everywhere(advx::attack::lbfgs{.search_steps = 6, .steps = 12, .constant = 1, .memory = 5}));
}
TEST_CASE("tabacof_valle keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::tabacof_valle{.search_steps = 8, .steps = 12, .constant = 1}));
}
TEST_CASE("fgm and ifgm with the least radius of a grid keep the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::fgm_grid_l2{.epsilon = 0.4, .points = 8}));
  keeps_the_invariants(subject_everywhere(advx::attack::ifgm_grid_linf{.epsilon = 0.06, .points = 5, .steps = 4}));
}
TEST_CASE("ifgm with the least radius by bisection keeps the invariants", "[attack]") {
  keeps_the_invariants(
      subject_everywhere(advx::attack::ifgm_bisection_l1{.epsilon = 1, .first = 0.1, .tolerance = 0.05, .steps = 5}));
}
TEST_CASE("mi_fgm_linf keeps the invariants", "[attack]") {
  keeps_the_invariants(subject_everywhere(advx::attack::mi_fgm_linf{.epsilon = 0.06}));
}
