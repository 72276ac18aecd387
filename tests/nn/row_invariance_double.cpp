// In double, where both backends run the same code.
#include "row_invariance.hpp"

using namespace nn_test;

TEST_CASE("a row's bits do not depend on its batch, double") {
  check_every_network<double>(advx::backend::reference{}, 40);
}
