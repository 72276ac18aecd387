// The driver of backends that run all slots at once, on blocks of host threads: what CUDA does, without a device.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/support.hpp"
#include "backend/thread_block.hpp"

using attack_test::outcome_of;
using attack_test::scene;

namespace {

using blocks = backend_tests::block_backend;

/// A block adds in another order than the host teams, so runs agree as CUDA's do: success, and the mean distance.
template <class Attack>
void agrees_with_the_reference(const Attack& attack) {
  const scene<double> given(oracle::smooth_mlp<double>(4, 24, 10), 12);
  advx::options o;
  o.batch = 5; // images wait for slots
  const advx::goal::targeted goal{given.labels, given.targets};
  const auto expected = advx::run(attack, given.model, given.images, goal, o);
  const auto got = advx::run(attack, given.model, given.images, goal, o, blocks{});
  CHECK(got.complete);
  for (std::size_t i = 0; i < got.success.size(); ++i) {
    INFO("image " << i);
    CHECK(got.success[i] == expected.success[i]);
    CHECK(got.status[i] == expected.status[i]);
    CHECK(got.queries[i] == expected.queries[i]);
    CHECK(got.pullback_rows[i] == expected.pullback_rows[i]);
    CHECK(got.l2[i] == Approx(expected.l2[i]).epsilon(1e-9));
    CHECK(got.l1[i] == Approx(expected.l1[i]).epsilon(1e-9));
  }
}

} // namespace

TEST_CASE("blocks of threads attack in lockstep: pgd", "[lockstep]") {
  agrees_with_the_reference(advx::attack::pgd_l1{.epsilon = 1, .steps = 8, .restarts = 1});
  agrees_with_the_reference(advx::attack::pgd_l2{.epsilon = 0.3, .steps = 8, .restarts = 1});
  agrees_with_the_reference(advx::attack::pgd_linf{.epsilon = 0.06, .steps = 8, .restarts = 1});
}
TEST_CASE("blocks of threads attack in lockstep: carlini_wagner_l2", "[lockstep]") {
  agrees_with_the_reference(
      advx::attack::carlini_wagner_l2{.search_steps = 3, .steps = 20, .step = 0.05, .constant = 0.5});
}
TEST_CASE("blocks of threads attack in lockstep: elastic_net", "[lockstep]") {
  agrees_with_the_reference(
      advx::attack::elastic_net{.beta = 1e-2, .search_steps = 3, .steps = 20, .step = 0.05, .constant = 0.5});
}
TEST_CASE("blocks of threads attack in lockstep: lbfgs and tabacof_valle", "[lockstep]") {
  agrees_with_the_reference(advx::attack::lbfgs{.search_steps = 4, .steps = 8, .constant = 1, .memory = 3});
  agrees_with_the_reference(advx::attack::tabacof_valle{.search_steps = 4, .steps = 8, .constant = 1, .memory = 3});
}
TEST_CASE("blocks of threads attack in lockstep: the least radius", "[lockstep]") {
  agrees_with_the_reference(
      advx::attack::ifgm_bisection_l2{.epsilon = 0.3, .first = 0.03, .tolerance = 0.02, .steps = 4});
}

namespace {

/// Memory for so many bytes at once.
struct small_backend : advx::backend::reference {
  static constexpr bool lockstep = true;
  static inline advx::index_t free = 0;

  template <class T>
  buffer<T> allocate(advx::index_t n) const {
    if (n * advx::index_t(sizeof(T)) > free) throw advx::device_memory_error("advx: the test's memory is full");
    return reference::allocate<T>(n);
  }
};

} // namespace

TEST_CASE("a batch that does not fit is split, not lost", "[lockstep]") {
  const scene<float> given(oracle::linear_model<float>(4, 24), 40);
  const advx::goal::untargeted goal{given.labels};
  const advx::attack::carlini_wagner_l2 attack{.search_steps = 2, .steps = 10, .step = 0.05, .constant = 0.5};
  const auto whole = advx::run(attack, given.model, given.images, goal);
  advx::options o;
  o.batch = 40;
  small_backend::free = 100000;
  CHECK(advx::run(attack, given.model, given.images, goal, o, small_backend{}).l2 == whole.l2);
  // The slots' vectors of 40 images take 40·24·3·4 bytes, and more with the ledger's: only a part of them fits; the
  // images and the results of all 40 take 15,360 bytes at most.
  small_backend::free = 15500;
  CHECK(advx::run(attack, given.model, given.images, goal, o, small_backend{}).l2 == whole.l2);
  small_backend::free = 100;
  CHECK_THROWS_AS(advx::run(attack, given.model, given.images, goal, o, small_backend{}), advx::device_memory_error);
}
