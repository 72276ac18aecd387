// On xtensor; what a network says of itself.
#include "row_invariance.hpp"

using namespace nn_test;

TEST_CASE("a row's bits do not depend on its batch, xtensor") {
  check_every_network<float>(advx::backend::xtensor{}, 100);
  check_ready_made(advx::backend::xtensor{});
}

TEST_CASE("the networks are differentiable models that say so") {
  using net = decltype(nn::carlini_wagner_mnist());
  static_assert(net::row_invariant && net::concurrent && net::scale == advx::score_scale::logits);
  const auto cw = nn::carlini_wagner_mnist();
  CHECK(cw.parameters().size() == 312202);
  CHECK(cw.input_size() == 784);
  CHECK(cw.class_count() == 10);
}
