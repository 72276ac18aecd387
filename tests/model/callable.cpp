#include <advx/model/callable.hpp>

#include "support.hpp"

using namespace support;

namespace {

const oracle::smooth_mlp<float> mlp(4, 12, 8);

const auto scores = [](batch_view<const float> x, batch_view<float> z) {
  for (index_t i = 0; i < x.rows; ++i) mlp.scores_into(x.row(i), z.row(i));
};
const auto vjp = [](batch_view<const float> x, batch_view<const float> v, batch_view<float> g) {
  for (index_t i = 0; i < x.rows; ++i) mlp.vjp_into(x.row(i), v.row(i), g.row(i));
};
const auto labels = [](batch_view<const float> x, std::span<label_t> y) {
  for (index_t i = 0; i < x.rows; ++i)
    y[static_cast<std::size_t>(i)] = mlp.label(std::vector<float>(x.row(i), x.row(i) + x.cols));
};

} // namespace

TEST_CASE("functions become the level of model that they can answer") {
  const advx::model::callable full{12, 4, scores, vjp};
  const advx::model::callable scored{12, 4, scores};
  const advx::model::callable decides{12, 4, labels};
  STATIC_REQUIRE(advx::differentiable_model<decltype(full), reference>);
  STATIC_REQUIRE(advx::score_model<decltype(scored), reference>);
  STATIC_REQUIRE(!advx::differentiable_model<decltype(scored), reference>);
  STATIC_REQUIRE(advx::label_model<decltype(decides), reference>);
  STATIC_REQUIRE(!advx::score_model<decltype(decides), reference>);
  STATIC_REQUIRE(decltype(full)::scale == advx::score_scale::logits);
  STATIC_REQUIRE(!advx::is_concurrent<decltype(full)>);
  STATIC_REQUIRE(!advx::is_row_invariant<decltype(full)>);
  REQUIRE(decides.input_size() == 12);
  REQUIRE(decides.class_count() == 4);
  REQUIRE_PASSES(advx::testing::check_model(decides));
}

TEST_CASE("claims are handed over as an argument") {
  constexpr advx::model::claims said{
      .scale = advx::score_scale::log_probabilities, .concurrent = true, .row_invariant = true};
  const advx::model::callable full{12, 4, scores, vjp, advx::model::claim<said>};
  const advx::model::callable scored{12, 4, scores, advx::model::claim<said>};
  STATIC_REQUIRE(advx::differentiable_model<decltype(full), reference>);
  STATIC_REQUIRE(!advx::differentiable_model<decltype(scored), reference>);
  STATIC_REQUIRE(decltype(full)::scale == advx::score_scale::log_probabilities);
  STATIC_REQUIRE(decltype(scored)::scale == advx::score_scale::log_probabilities);
  STATIC_REQUIRE(advx::is_concurrent<decltype(full)>);
  STATIC_REQUIRE(advx::is_row_invariant<decltype(scored)>);
}

TEST_CASE("the scalar is that of the functions, and float for generic ones") {
  const auto doubles = [](batch_view<const double>, batch_view<double>) {};
  const auto generic = [](auto x, auto z) { z.row(0)[0] = x.row(0)[0]; };
  STATIC_REQUIRE(std::is_same_v<decltype(advx::model::callable{1, 2, doubles})::scalar, double>);
  STATIC_REQUIRE(std::is_same_v<decltype(advx::model::callable{1, 2, generic})::scalar, float>);
}

TEST_CASE("a plain vjp answers any subset of the last forward's rows") {
  const advx::model::callable model{12, 4, scores, vjp,
                                    advx::model::claim<advx::model::claims{.concurrent = true, .row_invariant = true}>};
  REQUIRE_PASSES(advx::testing::check_model(model));
  REQUIRE_PASSES(advx::testing::check_vjp(model));
  // Against the model that the functions are made of, to the bit.
  const auto x = images<float>(5, 12);
  const auto v = cotangents<float>(5, 4);
  REQUIRE(scores_of(model, x) == scores_of(mlp, x));
  REQUIRE(gradients_of(model, x, v) == gradients_of(mlp, x, v));
}

TEST_CASE("an attack on functions is the attack on the model") {
  const advx::model::callable model{12, 4, scores, vjp,
                                    advx::model::claim<advx::model::claims{.concurrent = true, .row_invariant = true}>};
  const auto x = images<float>(20, 12);
  std::vector<label_t> y;
  for (index_t i = 0; i < x.rows(); ++i) y.push_back(mlp.label(std::vector<float>(x.row(i), x.row(i) + 12)));
  const advx::attack::pgd_l2 attack{.epsilon = 1};
  const auto a = advx::run(attack, model, x, advx::goal::untargeted{y});
  const auto b = advx::run(attack, mlp, x, advx::goal::untargeted{y});
  REQUIRE(a.success_rate() > 0.5);
  REQUIRE(a.images == b.images);
  REQUIRE(a.success == b.success);
}

TEST_CASE("passes through functions allocate nothing") {
  static const quiet_linear<float> linear{{3, 9}};
  require_no_allocation(
      advx::model::callable{9, 3,
                            [](batch_view<const float> x, batch_view<float> z) {
                              for (index_t i = 0; i < x.rows; ++i) linear.model.scores_into(x.row(i), z.row(i));
                            },
                            [](batch_view<const float> x, batch_view<const float> v, batch_view<float> g) {
                              for (index_t i = 0; i < x.rows; ++i) linear.model.vjp_into(x.row(i), v.row(i), g.row(i));
                            }});
}

TEST_CASE("sizes that no model can have are refused") {
  CHECK(refusal([] {
          advx::model::callable{0, 4, scores};
        }) == "advx: model::callable: input_size is 0, and must be at least 1");
  CHECK(refusal([] {
          advx::model::callable{12, 1, scores};
        }) == "advx: model::callable: class_count is 1, and must be at least 2");
  reference backend;
  const advx::model::callable model{12, 4, scores, vjp};
  auto session = model.session(backend, 2);
  const auto x = images<float>(3, 12);
  batch<float> z(3, 4);
  CHECK(refusal([&] { session.forward(x.view(), z.view()); }) ==
        "advx: model::callable: a pass of 3 rows in a session with a capacity of 2; open a session with a larger one");
}
