#include <advx/core/batch.hpp>

#include <catch2/catch.hpp>

TEST_CASE("a batch starts as zeros, and its view sees the same values row by row") {
  advx::batch<float> images(3, 4);
  CHECK(images == advx::batch<float>(3, 4));
  images.row(2)[1] = 5;
  const advx::batch_view<float> view = images.view();
  CHECK(view.size() == 12);
  CHECK(view.row(2) == images.data() + 8);
  CHECK(view.as_const().row(2)[1] == 5);
}

TEST_CASE("a slice of a view is some of its rows") {
  advx::batch<double> images(5, 2);
  const auto slice = images.view().slice(1, 3);
  CHECK(slice.data == images.row(1));
  CHECK(slice.rows == 3);
  CHECK(slice.cols == 2);
}
