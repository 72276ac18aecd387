// Every attack on the backend of thread blocks: what a device would run, with its barriers. Each finds what it finds on
// the reference backend, and where the build has ThreadSanitizer, without a race.
#include <advx/advx.hpp>

#include <catch2/catch.hpp>

#include "backend/in_blocks.hpp"

namespace attack = advx::attack;

namespace {

template <class Attack>
void compare(const Attack& a, double tolerance) {
  backend_tests::in_blocks{}.compare(a, tolerance);
}

} // namespace

TEST_CASE("fast gradients in blocks") {
  compare(attack::fgm_l1{.epsilon = 2}, 1e-12);
  compare(attack::fgm_l2{.epsilon = 0.5}, 1e-12);
  compare(attack::fgm_linf{.epsilon = 0.2}, 1e-12);
  compare(attack::ifgm_l2{.epsilon = 0.5}, 1e-11);
}

TEST_CASE("projected gradients in blocks") {
  compare(attack::pgd_l1{.epsilon = 2, .steps = 8, .restarts = 1}, 1e-11);
  compare(attack::pgd_l2{.epsilon = 0.5, .steps = 8, .restarts = 1}, 1e-11);
  compare(attack::pgd_linf{.epsilon = 0.2, .steps = 8, .restarts = 1}, 1e-11);
}

TEST_CASE("penalty attacks in blocks") {
  compare(attack::carlini_wagner_l2{.search_steps = 3, .steps = 15, .step = 0.1, .constant = 1}, 1e-9);
  compare(attack::elastic_net{.beta = 1e-2, .search_steps = 3, .steps = 15, .step = 0.1, .constant = 1}, 1e-9);
}

TEST_CASE("attacks under a tightening constraint in blocks") {
  compare(attack::carlini_wagner_linf{.steps = 15, .step = 0.1, .constant = 0.1, .growth = 10, .finest = 0.05}, 1e-9);
  compare(attack::carlini_wagner_l0{.steps = 15, .step = 0.1, .constant = 0.1, .largest = 100, .growth = 10}, 1e-9);
}

TEST_CASE("walks in blocks") {
  compare(attack::deepfool_l1{}, 1e-9);
  compare(attack::deepfool_l2{.classes = 3}, 1e-9);
  compare(attack::deepfool_linf{.inside = advx::walk::bounds::clipped}, 1e-9);
  compare(attack::deepfool_l2{.inside = advx::walk::bounds::at_end}, 1e-9);
  compare(attack::sparsefool{.lambda = 1.5, .delta = 0.5}, 1e-9);
}

TEST_CASE("pairs of pixels in blocks") {
  compare(attack::jsma{}, 1e-12);
  compare(attack::jsma{.theta = -0.3, .repeat = true}, 1e-12);
}

TEST_CASE("images of a grid in blocks") {
  compare(attack::on_lattice{attack::deepfool_l2{.overshoot = 0}, 16}, 1e-12);
  compare(attack::on_lattice{attack::elastic_net{.search_steps = 2, .steps = 15, .step = 0.1, .constant = 1}, 16},
          1e-9);
}
