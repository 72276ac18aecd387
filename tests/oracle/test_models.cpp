// The test models: their gradients, their sessions, and which concepts they fit.
#include <advx/core/batch.hpp>

#include <catch2/catch.hpp>

#include <cstring>

#include "models.hpp"

namespace {

struct any_backend {};
using advx::index_t;

static_assert(advx::differentiable_model<oracle::linear_model<float>, any_backend>);
static_assert(advx::differentiable_model<oracle::linear_model<double>, any_backend>);
static_assert(advx::differentiable_model<oracle::smooth_mlp<float>, any_backend>);
static_assert(advx::differentiable_model<oracle::smooth_mlp<double>, any_backend>);
static_assert(advx::score_model<oracle::score_only<oracle::smooth_mlp<float>>, any_backend>);
static_assert(!advx::differentiable_model<oracle::score_only<oracle::smooth_mlp<float>>, any_backend>);
static_assert(advx::label_model<oracle::label_only<oracle::linear_model<double>>, any_backend>);
static_assert(!advx::score_model<oracle::label_only<oracle::linear_model<double>>, any_backend>);
static_assert(advx::is_concurrent<oracle::linear_model<float>> && advx::is_row_invariant<oracle::linear_model<float>>);

template <class T>
advx::batch<T> images(index_t rows, index_t cols) {
  advx::batch<T> x(rows, cols);
  for (index_t i = 0; i < rows; ++i) {
    const auto one = oracle::hashed_image<T>(static_cast<std::size_t>(cols), static_cast<std::uint32_t>(i) + 1);
    std::copy(one.begin(), one.end(), x.row(i));
  }
  return x;
}

template <class T>
advx::batch<T> forward(auto& session, const advx::batch<T>& x, index_t classes) {
  advx::batch<T> z(x.rows(), classes);
  session.forward(x.view(), z.view());
  return z;
}

template <class Model>
void check_gradient(const Model& m, std::uint32_t seed) {
  const auto n = static_cast<std::size_t>(m.input_size()), k = static_cast<std::size_t>(m.class_count());
  const auto x = oracle::hashed_image<double>(n, seed);
  for (std::size_t j = 0; j < k; ++j) {
    std::vector<double> unit(k, 0.0);
    unit[j] = 1;
    const auto gradient = m.vjp(x, unit);
    for (std::size_t i = 0; i < n; ++i) {
      constexpr double h = 1e-5;
      auto up = x, down = x;
      up[i] += h;
      down[i] -= h;
      const double slope = (m.scores(up)[j] - m.scores(down)[j]) / (2 * h);
      CHECK(gradient[i] == Approx(slope).margin(1e-8));
    }
  }
}

} // namespace

TEST_CASE("vjp agrees with finite differences", "[oracle]") {
  for (std::uint32_t seed : {1u, 2u, 3u}) {
    check_gradient(oracle::linear_model<double>(3, 9, seed), seed);
    check_gradient(oracle::smooth_mlp<double>(4, 7, 5, seed), seed);
  }
}

TEST_CASE("weights are fixed spread and the same in float and double", "[oracle]") {
  const oracle::linear_model<double> d(10, 100);
  const oracle::linear_model<float> f(10, 100);
  double sum = 0, squares = 0;
  for (std::size_t r = 0; r < 10; ++r)
    for (std::size_t c = 0; c < 100; ++c) {
      REQUIRE(d.layer.rows[r][c] == static_cast<double>(f.layer.rows[r][c]));
      REQUIRE(std::abs(d.layer.rows[r][c]) <= 1);
      sum += d.layer.rows[r][c];
      squares += d.layer.rows[r][c] * d.layer.rows[r][c];
    }
  CHECK(std::abs(sum / 1000) < 0.06); // mean 0, variance 1/3 of a uniform weight; 3 standard errors
  CHECK(std::abs(squares / 1000 - 1.0 / 3) < 0.03);
  CHECK(oracle::linear_model<double>(10, 100, 2).layer.rows != d.layer.rows);

  const auto x = oracle::hashed_image<double>(1000);
  const auto at = [&](double bound) { return std::count(x.begin(), x.end(), bound); };
  CHECK((at(0.0) > 50 && at(0.0) < 150 && at(1.0) > 50 && at(1.0) < 150));
}

TEST_CASE("the session answers each row as the one-image functions do to the bit in any batch", "[oracle]") {
  const oracle::smooth_mlp<float> m(4, 12, 8);
  any_backend backend;
  auto session = m.session(backend, 100);
  const auto x = images<float>(33, 12);
  const auto z = forward(session, x, 4);

  const std::vector<index_t> rows{32, 0, 7, 7};
  advx::batch<float> v(4, 4), gradient(4, 12);
  for (index_t i = 0; i < 4; ++i) v.row(i)[i] = 1;
  session.pullback(rows, v.view().as_const(), gradient.view());

  for (index_t i = 0; i < 33; ++i) {
    const std::vector<float> one(x.row(i), x.row(i) + 12);
    const auto alone = m.scores(one);
    REQUIRE(std::memcmp(alone.data(), z.row(i), 4 * sizeof(float)) == 0);
  }
  for (index_t i = 0; i < 4; ++i) {
    const index_t row = rows[static_cast<std::size_t>(i)];
    const auto alone = m.vjp({x.row(row), x.row(row) + 12}, {v.row(i), v.row(i) + 4});
    REQUIRE(std::memcmp(alone.data(), gradient.row(i), 12 * sizeof(float)) == 0);
  }
}

TEST_CASE("the narrower doors give the same scores and labels", "[oracle]") {
  const oracle::linear_model<double> m(5, 6);
  any_backend backend;
  const oracle::score_only scores{m};
  const oracle::label_only labels{m};
  const auto x = images<double>(20, 6);
  auto wide = m.session(backend, 20);
  auto narrow = scores.session(backend, 20);
  auto deciding = labels.session(backend, 20);
  const auto z = forward(wide, x, 5);
  CHECK(forward(narrow, x, 5) == z);
  std::vector<advx::label_t> y(20, advx::no_label);
  deciding.labels(x.view(), y);
  bool several = false;
  for (index_t i = 0; i < 20; ++i) {
    const auto label = y[static_cast<std::size_t>(i)];
    REQUIRE(label == m.label({x.row(i), x.row(i) + 6}));
    for (index_t j = 0; j < 5; ++j) REQUIRE(z.row(i)[j] <= z.row(i)[label]);
    several = several || label != y[0];
  }
  CHECK(several);
}

TEST_CASE("a session refuses what its contract excludes", "[oracle]") {
  const oracle::linear_model<float> m(3, 5);
  any_backend backend;
  auto session = m.session(backend, 2);
  advx::batch<float> x(3, 5), z(3, 3), g(1, 5);
  CHECK_THROWS_AS(session.forward(x.view().as_const(), z.view()), std::logic_error);
  session.forward(x.view().slice(0, 2).as_const(), z.view().slice(0, 2));
  const std::vector<index_t> last{1}, beyond{2};
  CHECK_NOTHROW(session.pullback(last, z.view().slice(0, 1).as_const(), g.view()));
  CHECK_THROWS_AS(session.pullback(beyond, z.view().slice(0, 1).as_const(), g.view()), std::logic_error);
  CHECK_THROWS_AS(session.pullback(last, z.view().as_const(), g.view()), std::logic_error);
}
