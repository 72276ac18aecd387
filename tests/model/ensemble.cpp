#include <advx/model/callable.hpp>
#include <advx/model/ensemble.hpp>

#include "support.hpp"

using namespace support;
using advx::score_scale;
using advx::model::ensemble;
using advx::model::mean_of_probabilities;

namespace {
const oracle::smooth_mlp<double> first(4, 12, 8, 1), second(4, 12, 5, 2);
const oracle::linear_model<double> third(4, 12, 3);
} // namespace

TEST_CASE("an ensemble answers the mean of its members' scores") {
  const ensemble model{first, second, third};
  using mean = std::remove_const_t<decltype(model)>;
  STATIC_REQUIRE(advx::differentiable_model<mean, reference>);
  STATIC_REQUIRE(mean::scale == score_scale::logits);
  STATIC_REQUIRE(advx::is_concurrent<mean>);
  STATIC_REQUIRE(advx::is_row_invariant<mean>);
  const auto x = images<double>(5, 12);
  const auto z = scores_of(model, x), a = scores_of(first, x), b = scores_of(second, x), c = scores_of(third, x);
  for (index_t i = 0; i < 5; ++i)
    for (index_t k = 0; k < 4; ++k)
      REQUIRE(z.row(i)[k] == Approx((a.row(i)[k] + b.row(i)[k] + c.row(i)[k]) / 3).margin(1e-14));
  REQUIRE_PASSES(advx::testing::check_vjp(model));
  REQUIRE_PASSES(advx::testing::check_model(model));
}

TEST_CASE("an ensemble of probabilities answers the logarithm of their mean") {
  const auto probability = [](const auto& m, const batch<double>& x, index_t i, index_t k) {
    const auto z = scores_of(m, x);
    double sum = 0;
    for (index_t c = 0; c < 4; ++c) sum += std::exp(z.row(i)[c]);
    return std::exp(z.row(i)[k]) / sum;
  };
  // The three scales that members can have, of the same functions.
  const softmax_mlp<double, score_scale::probabilities> p{second};
  const softmax_mlp<double, score_scale::log_probabilities> q{second};
  const ensemble logits{mean_of_probabilities, first, second};
  const ensemble mixed{mean_of_probabilities, first, p};
  const ensemble other{mean_of_probabilities, q, first};
  STATIC_REQUIRE(std::remove_const_t<decltype(logits)>::scale == score_scale::log_probabilities);
  const auto x = images<double>(5, 12);
  const auto z = scores_of(logits, x), m = scores_of(mixed, x), o = scores_of(other, x);
  for (index_t i = 0; i < 5; ++i)
    for (index_t k = 0; k < 4; ++k) {
      const double must = std::log((probability(first, x, i, k) + probability(second, x, i, k)) / 2);
      REQUIRE(z.row(i)[k] == Approx(must).margin(1e-12));
      REQUIRE(m.row(i)[k] == Approx(must).margin(1e-12));
      REQUIRE(o.row(i)[k] == Approx(must).margin(1e-12));
    }
  REQUIRE_PASSES(advx::testing::check_vjp(logits));
  REQUIRE_PASSES(advx::testing::check_vjp(mixed));
  REQUIRE_PASSES(advx::testing::check_vjp(other));
  REQUIRE_PASSES(advx::testing::check_model(mixed));
  const auto v = cotangents<double>(5, 4);
  const auto g = gradients_of(logits, x, v), h = gradients_of(mixed, x, v);
  for (std::size_t j = 0; j < g.values.size(); ++j) REQUIRE(g.values[j] == Approx(h.values[j]).margin(1e-12));
}

TEST_CASE("scores far apart neither overflow nor vanish in a mean of probabilities") {
  const auto far_apart = [](batch_view<const double> x, batch_view<double> z) {
    for (index_t i = 0; i < x.rows; ++i) {
      z.row(i)[0] = 900 * x.row(i)[0];
      z.row(i)[1] = -900 * x.row(i)[0];
    }
  };
  const auto pull = [](batch_view<const double> x, batch_view<const double> v, batch_view<double> g) {
    for (index_t i = 0; i < x.rows; ++i) g.row(i)[0] = 900 * (v.row(i)[0] - v.row(i)[1]);
  };
  const advx::model::callable extreme{1, 2, far_apart, pull};
  const ensemble model{mean_of_probabilities, extreme, extreme};
  batch<double> x(1, 1), v(1, 2);
  x.values = {1};
  v.values = {0, 1};
  const auto z = scores_of(model, x);
  REQUIRE(z.values[0] == Approx(0).margin(1e-12));
  REQUIRE(z.values[1] == Approx(-1800));
  REQUIRE(gradients_of(model, x, v).values[0] == Approx(-1800));
}

TEST_CASE("an ensemble is as concurrent, as invariant and as differentiable as its weakest member") {
  const auto scores = [](batch_view<const double> x, batch_view<double> z) {
    for (index_t i = 0; i < x.rows; ++i) third.scores_into(x.row(i), z.row(i));
  };
  const ensemble model{first, advx::model::callable{12, 4, scores}};
  STATIC_REQUIRE(advx::score_model<decltype(model), reference>);
  STATIC_REQUIRE(!advx::differentiable_model<decltype(model), reference>);
  STATIC_REQUIRE(!advx::is_concurrent<decltype(model)>);
  STATIC_REQUIRE(!advx::is_row_invariant<decltype(model)>);
  const softmax_mlp<double, score_scale::probabilities> p{second};
  const softmax_mlp<double, score_scale::log_probabilities> q{second};
  STATIC_REQUIRE(decltype(ensemble{p, p})::scale == score_scale::probabilities);
  STATIC_REQUIRE(decltype(ensemble{q, q})::scale == score_scale::logits);
}

TEST_CASE("an attack on an ensemble fools the mean") {
  const ensemble model{first, second};
  const auto x = images<double>(20, 12);
  const auto z = scores_of(model, x);
  std::vector<label_t> y;
  for (index_t i = 0; i < 20; ++i)
    y.push_back(static_cast<label_t>(std::max_element(z.row(i), z.row(i) + 4) - z.row(i)));
  const auto r = advx::run(advx::attack::pgd_l2{.epsilon = 1.5}, model, x, advx::goal::untargeted{y});
  REQUIRE(r.success_rate() > 0.9);
  const auto after = scores_of(model, r.images);
  for (index_t i = 0; i < 20; ++i) {
    const auto top = std::max_element(after.row(i), after.row(i) + 4) - after.row(i);
    REQUIRE((r.success[std::size_t(i)] == 1) == (top != y[std::size_t(i)]));
  }
}

TEST_CASE("an ensemble allocates nothing in a pass") {
  require_no_allocation(ensemble{quiet_linear<float>{{3, 9}}, quiet_linear<float>{{3, 9, 7}}});
  require_no_allocation(ensemble{mean_of_probabilities, quiet_linear<float>{{3, 9}}, quiet_linear<float>{{3, 9, 7}}});
}

TEST_CASE("models of other sizes are refused") {
  const oracle::linear_model<double> small(4, 9);
  CHECK(refusal([&] {
          ensemble{first, small};
        }) == "advx: model::ensemble: input_size() of model 1 is 9, that of the first one 12; all must agree");
  const oracle::linear_model<double> few(3, 12);
  CHECK(refusal([&] {
          ensemble{first, second, few};
        }) == "advx: model::ensemble: class_count() of model 2 is 3, that of the first one 4; all must agree");
}
