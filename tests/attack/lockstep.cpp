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

/// Memory for so many bytes in all: what is taken stays taken until a run gives all of it back.
struct small_backend : advx::backend::reference {
  static constexpr bool lockstep = true;
  static inline advx::index_t free = 0;

  template <class T>
  struct buffer : std::vector<T> {
    using std::vector<T>::vector;
    buffer(buffer&&) = default;
    ~buffer() { free += advx::index_t(this->capacity() * sizeof(T)); }
  };
  template <class T>
  buffer<T> allocate(advx::index_t n) const {
    if (n * advx::index_t(sizeof(T)) > free) throw advx::device_memory_error("advx: the test's memory is full");
    buffer<T> taken(static_cast<std::size_t>(n));
    free -= advx::index_t(taken.capacity() * sizeof(T));
    return taken;
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
  constexpr advx::index_t plenty = 1 << 20;
  small_backend::free = plenty;
  CHECK(advx::run(attack, given.model, given.images, goal, o, small_backend{}).l2 == whole.l2);
  CHECK(small_backend::free == plenty);
  // Down to what a single image needs, wherever in the setting up the memory ends.
  bool fits = true;
  int divided = 0;
  for (advx::index_t memory = plenty / 4; fits; memory -= memory / 8) {
    INFO(memory << " bytes");
    small_backend::free = memory;
    advx::progress last;
    const auto watch = [&](const advx::progress& p) {
      last = p;
      return true;
    };
    o.observer = watch;
    try {
      const auto r = advx::run(attack, given.model, given.images, goal, o, small_backend{});
      CHECK(r.l2 == whole.l2);
      CHECK(r.queries == whole.queries);
      CHECK(r.complete);
      CHECK(last.done == 40);
      ++divided;
    } catch (const advx::device_memory_error&) {
      fits = false;
      CHECK(memory < 20000);
    }
    CHECK(small_backend::free == memory);
  }
  CHECK(divided > 10);
}
