// A model behind any: the same bits, whatever is held.
#include <advx/model/any.hpp>
#include <advx/model/preprocessed.hpp>

#include "model/support.hpp"

namespace {

using any = advx::model::any<support::reference>;

template <class Model>
void same_bits(const Model& model) {
  const any held(model);
  REQUIRE(held.input_size() == model.input_size());
  REQUIRE(held.class_count() == model.class_count());
  REQUIRE_PASSES(advx::testing::check_model(held));
  const auto x = support::images<float>(7, model.input_size());
  const auto v = support::cotangents<float>(7, model.class_count());
  CHECK(support::scores_of(held, x) == support::scores_of(model, x));
  CHECK(support::gradients_of(held, x, v) == support::gradients_of(model, x, v));

  std::vector<advx::label_t> labels;
  const auto scores = support::scores_of(model, x);
  for (advx::index_t i = 0; i < x.rows(); ++i)
    labels.push_back(
        static_cast<advx::label_t>(std::max_element(scores.row(i), scores.row(i) + scores.cols()) - scores.row(i)));
  const advx::goal::untargeted goal{labels};
  const advx::attack::carlini_wagner_l2 attack{.search_steps = 3, .steps = 20, .step = 0.1, .constant = 1};
  const auto must = advx::run(attack, model, x, goal, {.threads = 2});
  const auto is = advx::run(attack, held, x, goal, {.threads = 2});
  CHECK(must.success_rate() > 0);
  CHECK(is.images == must.images);
  CHECK(is.success == must.success);
  CHECK(is.labels == must.labels);
  CHECK(is.l2 == must.l2);
  CHECK(is.queries == must.queries);
  CHECK(is.pullback_rows == must.pullback_rows);
}

} // namespace

TEST_CASE("any gives the answers and the attacks of the model that it holds", "[model]") {
  const oracle::smooth_mlp<float> net(4, 9, 6);
  same_bits(net);
  same_bits(advx::model::preprocessed{advx::model::normalise{{0.25}, {0.5}}, net});
}

TEST_CASE("sessions keep alive what any holds", "[model]") {
  support::reference backend;
  const auto x = support::images<float>(2, 9);
  advx::batch<float> z(2, 4);
  auto held = std::make_unique<any>(oracle::linear_model<float>(4, 9)); // whose sessions refer to it
  auto session = held->session(backend, 2);
  held.reset();
  session.forward(x.view(), z.view());
  CHECK(z == support::scores_of(oracle::linear_model<float>(4, 9), x));
}
