// DeepFool on linear models, where its first step is the exact answer: but for the overshoot and the step's 1e-4.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/linear_scene.hpp"

namespace {

using attack_test::index_t;
using attack_test::linear_scene;
using oracle::lp;

template <class Norm>
void compare(lp p) {
  const advx::attack::deepfool<Norm> a{.classes = 4, .step = 1};
  for (const std::uint32_t seed : {3u, 4u})
    for (const std::size_t classes : {2u, 4u}) {
      const linear_scene s(classes, 20, seed);
      const auto r = advx::run(a, s.m, s.all.images, advx::goal::untargeted{s.all.labels});
      const auto t = advx::run(a, s.m, s.all.images, advx::goal::targeted{s.all.labels, s.all.targets});
      const auto of = [p](const auto& o, std::size_t k) {
        return p == lp::one ? o.l1[k] : p == lp::two ? o.l2[k] : o.linf[k];
      };
      for (index_t i = 0; i < linear_scene::count; ++i) {
        INFO(Norm::name << ", image " << i << ", " << classes << " classes, seed " << seed);
        const auto k = static_cast<std::size_t>(i);
        const auto x0 = s.original(i);
        const auto leave = oracle::nearest_untargeted(p, s.map, std::size_t(s.all.labels[k]), 0, x0, s.unit);
        REQUIRE(r.success[k] != 0);
        CHECK(of(r, k) >= leave.distance);
        CHECK(of(r, k) <= 1.0201 * (leave.distance + 1.5e-4));
        CHECK(r.iterations[k] == 1);
        CHECK(r.queries[k] == 2);
        CHECK(r.pullback_rows[k] == std::int64_t(classes) - 1); // from one forward pass
        CHECK(r.forward_rows[k] == 1);
        // Towards a target several classes may have to be overtaken: one after the other, which is not the nearest way.
        const auto reach = oracle::nearest_targeted(p, s.map, std::size_t(s.all.targets[k]), 0, x0, s.unit);
        REQUIRE(t.success[k] != 0);
        CHECK(of(t, k) >= reach.distance);
        CHECK(of(t, k) <= 2 * (reach.distance + 1.5e-4));
        CHECK(t.pullback_rows[k] == t.iterations[k]);
      }
    }
}

} // namespace

TEST_CASE("deepfool takes the exact step to the nearest class of a linear model", "[attack][exact]") {
  compare<advx::norm::l1>(lp::one);
  compare<advx::norm::l2>(lp::two);
  compare<advx::norm::linf>(lp::infinity);
}

// The papers' walk knows no box: it reaches the boundary outside, and what is clipped has often not left its class.
TEST_CASE("deepfool that is clipped at its end fails where the box hides the boundary", "[attack]") {
  const linear_scene s(4, 20, 3);
  const advx::attack::deepfool_l2 inside{.step = 1}, clipped{.inside = advx::walk::bounds::at_end, .step = 1};
  const auto goal = advx::goal::untargeted{s.all.labels};
  const auto a = advx::run(inside, s.m, s.all.images, goal), b = advx::run(clipped, s.m, s.all.images, goal);
  int failed = 0;
  for (std::size_t k = 0; k < a.success.size(); ++k) {
    CHECK(a.success[k] != 0);
    failed += b.success[k] == 0;
    CHECK(b.queries[k] == 3); // the original, the walk's end, the clipped one
  }
  CHECK(failed > 10);
}

TEST_CASE("deepfool says which number is out of range", "[attack]") {
  const linear_scene s(4, 20, 3);
  const auto refused = [&](const advx::attack::deepfool_l2& a, const char* word) {
    CHECK_THROWS_WITH(advx::run(a, s.m, s.all.images, advx::goal::untargeted{s.all.labels}), Catch::Contains(word));
  };
  refused({.overshoot = -1}, "overshoot");
  refused({.steps = 0}, "steps");
  refused({.classes = 1}, "classes");
  refused({.classes = 33}, "classes");
  refused({.step = 0}, "step");
}
