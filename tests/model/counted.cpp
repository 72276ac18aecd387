#include <advx/model/counted.hpp>

#include <numeric>

#include "support.hpp"

using namespace support;

TEST_CASE("counted passes on facts and answers") {
  const oracle::smooth_mlp<double> mlp(4, 12, 8);
  advx::model::counter counter;
  const advx::model::counted model{mlp, counter};
  using counted = decltype(model);
  STATIC_REQUIRE(advx::differentiable_model<counted, reference>);
  STATIC_REQUIRE(std::remove_cvref_t<counted>::scale == advx::score_scale::logits);
  STATIC_REQUIRE(advx::is_concurrent<counted>);
  STATIC_REQUIRE(advx::is_row_invariant<counted>);
  const auto x = images<double>(5, 12);
  const auto v = cotangents<double>(5, 4);
  REQUIRE(scores_of(model, x) == scores_of(mlp, x));
  REQUIRE(gradients_of(model, x, v) == gradients_of(mlp, x, v));
  REQUIRE(counter.forward_calls == 2);
  REQUIRE(counter.forward_rows == 10);
  REQUIRE(counter.pullback_calls == 1);
  REQUIRE(counter.pullback_rows == 5);
  counter.reset();
  REQUIRE(counter.forward_rows == 0);
  REQUIRE_PASSES(advx::testing::check_model(model));
  REQUIRE(counter.forward_rows > 1000);
}

TEST_CASE("counted keeps narrower doors narrow") {
  advx::model::counter counter;
  const oracle::smooth_mlp<double> mlp(4, 12, 8);
  const advx::model::counted scored{oracle::score_only{mlp}, counter};
  const advx::model::counted decides{oracle::label_only{mlp}, counter};
  STATIC_REQUIRE(advx::score_model<decltype(scored), reference>);
  STATIC_REQUIRE(!advx::differentiable_model<decltype(scored), reference>);
  STATIC_REQUIRE(advx::label_model<decltype(decides), reference>);
  STATIC_REQUIRE(!advx::score_model<decltype(decides), reference>);
  REQUIRE_PASSES(advx::testing::check_model(decides));
  REQUIRE(counter.pullback_rows == 0);
  REQUIRE(counter.forward_rows > 0);
}

TEST_CASE("a counted reference copies no model, and two threads share one counter") {
  struct unmoved : oracle::smooth_mlp<double> {
    using smooth_mlp::smooth_mlp;
    unmoved(const unmoved&) = delete;
  };
  const unmoved mlp(4, 12, 8);
  advx::model::counter counter;
  const advx::model::counted<const unmoved&> model{mlp, counter};
  const auto x = images<double>(30, 12);
  std::vector<label_t> y;
  for (index_t i = 0; i < 30; ++i) y.push_back(mlp.label(std::vector<double>(x.row(i), x.row(i) + 12)));
  advx::options options;
  options.threads = 2;
  const auto r =
      advx::run(advx::attack::pgd_linf{.epsilon = 0.2, .steps = 10}, model, x, advx::goal::untargeted{y}, options);
  // What the run says that it asked is what the model saw.
  const auto sum = [](const std::vector<std::int64_t>& v) {
    return std::accumulate(v.begin(), v.end(), std::int64_t{0});
  };
  REQUIRE(sum(r.queries) > 60);
  REQUIRE(counter.forward_rows == sum(r.queries) + r.verification_rows);
  REQUIRE(counter.pullback_rows == sum(r.pullback_rows));
  REQUIRE(sum(r.queries) == sum(r.forward_rows) + sum(r.pullback_rows));
}

TEST_CASE("counting allocates nothing") {
  advx::model::counter counter;
  require_no_allocation(advx::model::counted{quiet_linear<float>{{3, 9}}, counter});
}
