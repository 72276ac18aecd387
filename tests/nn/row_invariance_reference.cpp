// On the reference backend.
#include "row_invariance.hpp"

using namespace nn_test;

TEST_CASE("a row's bits do not depend on its batch, reference") {
  check_every_network<float>(advx::backend::reference{}, 100);
  check_ready_made(advx::backend::reference{});
}
