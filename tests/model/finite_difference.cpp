#include <advx/model/counted.hpp>
#include <advx/model/finite_difference.hpp>

#include "support.hpp"

using namespace support;
using advx::model::finite_difference;

namespace {
struct unsure : oracle::smooth_mlp<double> {
  using smooth_mlp::smooth_mlp;
  static constexpr bool row_invariant = false;
};
} // namespace

TEST_CASE("central differences agree with the model's own gradients") {
  const oracle::smooth_mlp<double> mlp(4, 12, 8);
  const finite_difference model{oracle::score_only{mlp}};
  using lifted = decltype(model);
  STATIC_REQUIRE(!advx::differentiable_model<oracle::score_only<oracle::smooth_mlp<double>>, reference>);
  STATIC_REQUIRE(advx::differentiable_model<lifted, reference>);
  STATIC_REQUIRE(advx::is_concurrent<lifted>);
  STATIC_REQUIRE(advx::is_row_invariant<lifted>);
  const auto x = images<double>(7, 12);
  const auto v = cotangents<double>(7, 4);
  REQUIRE(scores_of(model, x) == scores_of(mlp, x));
  const auto is = gradients_of(model, x, v), must = gradients_of(mlp, x, v);
  for (index_t i = 0; i < 7; ++i)
    for (index_t j = 0; j < 12; ++j) REQUIRE(is.row(i)[j] == Approx(must.row(i)[j]).margin(1e-8));
}

TEST_CASE("differences of a linear model in float are right to a thousandth") {
  const oracle::linear_model<float> linear(3, 9);
  const finite_difference model{linear};
  const auto x = images<float>(4, 9);
  const auto v = cotangents<float>(4, 3);
  const auto is = gradients_of(model, x, v), must = gradients_of(linear, x, v);
  for (index_t i = 0; i < 4; ++i)
    for (index_t j = 0; j < 9; ++j) REQUIRE(is.row(i)[j] == Approx(must.row(i)[j]).margin(1e-3));
}

TEST_CASE("a pulled row costs two answers per coordinate, whatever the capacity") {
  const oracle::smooth_mlp<double> mlp(4, 13, 8);
  advx::model::counter counter;
  const finite_difference model{advx::model::counted{mlp, counter}};
  REQUIRE(model.queries_per_pullback() == 26);
  const auto x = images<double>(3, 13);
  const auto v = cotangents<double>(3, 4);
  const auto must = gradients_of(model, x, v);
  reference backend;
  for (const index_t capacity : {3, 4, 5, 26, 27, 100}) {
    auto session = model.session(backend, capacity);
    REQUIRE(session.queries_per_pullback() == 26);
    batch<double> z(3, 4), g(2, 13);
    session.forward(x.view(), z.view());
    counter.reset();
    const std::vector<index_t> rows{2, 0};
    batch<double> own(2, 4);
    std::copy_n(v.row(2), 4, own.row(0));
    std::copy_n(v.row(0), 4, own.row(1));
    session.pullback(rows, own.view().as_const(), g.view());
    REQUIRE(counter.forward_rows == 2 * 26);
    REQUIRE(counter.pullback_rows == 0);
    REQUIRE(std::equal(g.row(0), g.row(0) + 13, must.row(2)));
    REQUIRE(std::equal(g.row(1), g.row(1) + 13, must.row(0)));
  }
}

TEST_CASE("a model that makes no promise about rows gets passes of one size") {
  advx::model::counter counter;
  const finite_difference model{advx::model::counted{unsure(4, 13, 8), counter}};
  STATIC_REQUIRE(!advx::is_row_invariant<decltype(model)>);
  reference backend;
  auto session = model.session(backend, 8);
  const auto x = images<double>(1, 13);
  batch<double> z(1, 4), g(1, 13);
  session.forward(x.view(), z.view());
  counter.reset();
  const std::vector<index_t> rows{0};
  session.pullback(rows, cotangents<double>(1, 4).view().as_const(), g.view());
  REQUIRE(counter.forward_calls == 4);
  REQUIRE(counter.forward_rows == 32);
}

TEST_CASE("finite differences pass the kit, and allocate nothing in a pass") {
  REQUIRE_PASSES(advx::testing::check_model(finite_difference{oracle::smooth_mlp<double>(4, 6, 5)}));
  REQUIRE_PASSES(advx::testing::check_vjp(finite_difference{oracle::smooth_mlp<double>(4, 6, 5)}));
  require_no_allocation(finite_difference{quiet_linear<float>{{3, 9}}});
}

TEST_CASE("a gradient attack runs over a model that only answers scores") {
  const oracle::smooth_mlp<double> mlp(4, 12, 8);
  const auto x = images<double>(20, 12);
  std::vector<label_t> y;
  for (index_t i = 0; i < 20; ++i) y.push_back(mlp.label(std::vector<double>(x.row(i), x.row(i) + 12)));
  const advx::attack::carlini_wagner_l2 attack{.search_steps = 3, .steps = 100, .step = 0.1, .constant = 1};
  const auto exact = advx::run(attack, mlp, x, advx::goal::untargeted{y});
  const auto lifted = advx::run(attack, finite_difference{oracle::score_only{mlp}}, x, advx::goal::untargeted{y});
  REQUIRE(exact.success_rate() == 1);
  REQUIRE(lifted.success_rate() == 1);
  double a = 0, b = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    a += exact.l2[i];
    b += lifted.l2[i];
  }
  REQUIRE(b == Approx(a).epsilon(0.01));
}

TEST_CASE("a step that is no length is refused") {
  const oracle::linear_model<double> linear(3, 9);
  CHECK(refusal([&] { finite_difference(linear, 0); }) ==
        "advx: model::finite_difference: 'step' must satisfy step > 0, got 0");
  CHECK_THROWS_AS(finite_difference(linear, -1), advx::argument_error);
  CHECK_THROWS_AS(finite_difference(linear, std::nan("")), advx::argument_error);
}
