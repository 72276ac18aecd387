// Singular vectors, and the universal perturbations made of them.
#include <advx/attack/universal_low_rank.hpp>
#include <advx/backend/xtensor/images.hpp>
#include <advx/model/finite_difference.hpp>

#include <catch2/catch.hpp>
#include <xtensor/xadapt.hpp>

#include <cmath>

#include "attack/support.hpp"

namespace {

using advx::batch;
using advx::index_t;
using attack_test::scene;

constexpr index_t count = 40, pixels = 16;

template <class T>
batch<T> drawn(index_t m, index_t n) {
  batch<T> a(m, n);
  for (index_t i = 0; i < m; ++i)
    for (index_t j = 0; j < n; ++j) a.row(i)[j] = advx::kernel::random_stream{5, std::uint32_t(i), 0}.normal<T>(j);
  return a;
}

template <class T>
void reconstructs(index_t m, index_t n, double tolerance) {
  const batch<T> a = drawn<T>(m, n);
  const auto d = advx::aggregate::decompose(a.view());
  const auto k = std::min(m, n);
  INFO(m << " x " << n);
  REQUIRE(static_cast<index_t>(d.values.size()) == k);
  double squares = 0, singular = 0;
  for (index_t i = 0; i < k; ++i) {
    CHECK(d.values[std::size_t(i)] >= 0);
    if (i > 0) CHECK(d.values[std::size_t(i)] <= d.values[std::size_t(i) - 1]);
    singular += double(d.values[std::size_t(i)]) * double(d.values[std::size_t(i)]);
    for (index_t l = 0; l < k; ++l) {
      double rows = 0, columns = 0;
      for (index_t j = 0; j < n; ++j) rows += double(d.right.row(i)[j]) * double(d.right.row(l)[j]);
      for (index_t r = 0; r < m; ++r) columns += double(d.left.row(r)[i]) * double(d.left.row(r)[l]);
      CHECK(rows == Approx(i == l ? 1 : 0).margin(tolerance));
      CHECK(columns == Approx(i == l ? 1 : 0).margin(tolerance));
    }
    const auto [least, most] = std::minmax_element(d.right.row(i), d.right.row(i) + n);
    CHECK(*most >= -*least); // the sign that LAPACK leaves open
  }
  for (index_t r = 0; r < m; ++r)
    for (index_t j = 0; j < n; ++j) {
      double sum = 0;
      for (index_t i = 0; i < k; ++i)
        sum += double(d.left.row(r)[i]) * double(d.values[std::size_t(i)]) * double(d.right.row(i)[j]);
      CHECK(sum == Approx(double(a.row(r)[j])).margin(tolerance));
      squares += double(a.row(r)[j]) * double(a.row(r)[j]);
    }
  CHECK(singular == Approx(squares).epsilon(tolerance));
}

double row_space_residual(const batch<double>& rows, const double* v) {
  // Gram-Schmidt on the rows, then on v: what is left of v lies outside their span.
  std::vector<std::vector<double>> basis;
  const auto rest = [&](std::vector<double> x) {
    for (int twice = 0; twice < 2; ++twice)
      for (const auto& b : basis) {
        double dot = 0;
        for (std::size_t j = 0; j < x.size(); ++j) dot += b[j] * x[j];
        for (std::size_t j = 0; j < x.size(); ++j) x[j] -= dot * b[j];
      }
    return x;
  };
  const auto norm = [](const std::vector<double>& x) {
    double squares = 0;
    for (const double value : x) squares += value * value;
    return std::sqrt(squares);
  };
  for (index_t i = 0; i < rows.rows(); ++i) {
    auto x = rest({rows.row(i), rows.row(i) + rows.cols()});
    const double left = norm(x);
    if (left < 1e-9) continue;
    for (double& value : x) value /= left;
    basis.push_back(x);
  }
  return norm(rest({v, v + rows.cols()})) / norm({v, v + rows.cols()});
}

scene<double> mlp_scene() { return {oracle::smooth_mlp<double>(4, pixels, 8, 5), count}; }

} // namespace

TEST_CASE("a decomposition is orthonormal, ordered, and gives the matrix back", "[universal]") {
  for (const auto& [m, n] : {std::pair<index_t, index_t>{1, 5}, {5, 1}, {4, 9}, {9, 4}, {12, 12}}) {
    reconstructs<double>(m, n, 1e-12);
    reconstructs<float>(m, n, 1e-5);
  }
  CHECK_THROWS_AS(advx::aggregate::decompose(advx::batch_view<const float>{nullptr, 0, 4}), advx::argument_error);
}

TEST_CASE("the spectrum of a known matrix", "[universal]") {
  batch<double> a(2, 3); // rows (3, 0, 0) and (0, -2, 0)
  a.row(0)[0] = 3;
  a.row(1)[1] = -2;
  const auto d = advx::aggregate::decompose(std::as_const(a).view());
  CHECK(d.values[0] == Approx(3));
  CHECK(d.values[1] == Approx(2));
  CHECK(d.right.row(0)[0] == Approx(1));
  CHECK(d.right.row(1)[1] == Approx(1));
  CHECK(d.left.row(1)[1] == Approx(-1));
}

TEST_CASE("a low-rank sum has normal coefficients of the given variance", "[universal]") {
  // The unit vectors' own perturbations: v's entries are the coefficients, up to order and sign.
  constexpr index_t n = 64;
  batch<double> unit(n, n);
  for (index_t i = 0; i < n; ++i) unit.row(i)[i] = double(n - i);
  const advx::aggregate::low_rank all{.rank = int(n)};
  double sum = 0, squares = 0, draws = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::vector<double> v(std::size_t(n), 0.0), spectrum;
    all.add(std::as_const(unit).view(), seed, v.data(), spectrum);
    REQUIRE(spectrum.size() == std::size_t(n));
    CHECK(spectrum.front() == Approx(double(n)));
    CHECK(spectrum.back() == Approx(1));
    for (const double f : v) sum += f, squares += f * f, draws += 1;
  }
  CHECK(sum / draws == Approx(0).margin(4 * 5 / std::sqrt(draws)));
  CHECK(squares / draws == Approx(25).epsilon(4 * std::sqrt(2 / draws)));
}

TEST_CASE("Algorithm 2 stays in the span of the images' own perturbations", "[universal]") {
  const auto s = mlp_scene();
  const auto goal = advx::goal::untargeted{s.labels};
  const advx::attack::deepfool_l2 inner{.steps = 10};
  const auto own = advx::run(inner, s.model, s.images, goal);
  batch<double> few(3, pixels), rows(3, pixels); // fewer images than pixels, so that there is an outside
  for (index_t i = 0; i < 3; ++i) {
    REQUIRE(own.success[std::size_t(i)] != 0);
    std::copy_n(s.images.row(i), pixels, few.row(i));
    for (index_t j = 0; j < pixels; ++j) rows.row(i)[j] = own.images.row(i)[j] - s.images.row(i)[j];
  }
  const advx::attack::wu_huberman_2<advx::attack::deepfool_l2> a{.attack = inner, .aggregate = {.rank = 10}};
  const auto r = advx::find_universal(a, s.model, few, {.seed = 2});
  CHECK(r.added == 3);
  REQUIRE(r.spectrum.size() == 3);
  const auto d = advx::aggregate::decompose(std::as_const(rows).view());
  for (std::size_t i = 0; i < 3; ++i) CHECK(r.spectrum[i] == Approx(d.values[i]).margin(1e-9));
  CHECK(row_space_residual(rows, r.perturbation.row(0)) < 1e-9);
  batch<double> other = drawn<double>(1, pixels);
  CHECK(row_space_residual(rows, other.row(0)) > 0.5); // the residual can tell

  advx::attack::wu_huberman_2<advx::attack::deepfool_l2> one = a; // rank 1: a multiple of the first vector
  one.aggregate.rank = 1;
  const auto q = advx::find_universal(one, s.model, few, {.seed = 2});
  double dot = 0;
  for (index_t j = 0; j < pixels; ++j) dot += q.perturbation.row(0)[j] * d.right.row(0)[j];
  CHECK(std::abs(dot) == Approx(q.norm));
}

TEST_CASE("Algorithm 2 without gradients: DeepFool on differences", "[universal]") {
  const auto s = mlp_scene();
  const oracle::score_only narrow{oracle::smooth_mlp<double>(4, pixels, 8, 5)};
  const advx::model::finite_difference<const decltype(narrow)&> differences{narrow};
  const advx::attack::wu_huberman_2<> a{.xi = 1};
  const auto with = advx::find_universal(a, s.model, s.images),
             without = advx::find_universal(a, differences, s.images);
  CHECK(without.norm == Approx(1));
  REQUIRE(with.spectrum.size() == without.spectrum.size());
  for (std::size_t i = 0; i < with.spectrum.size(); ++i)
    CHECK(without.spectrum[i] == Approx(with.spectrum[i]).margin(1e-4));
}

TEST_CASE("Algorithm 3 takes the sign of every image's gradient", "[universal]") {
  // One image away from the box: the only row is epsilon times a sign vector, and its norm the only singular value.
  const auto s = mlp_scene();
  batch<double> one(1, pixels);
  for (index_t j = 0; j < pixels; ++j) one.row(0)[j] = 0.3 + 0.4 * s.images.row(0)[j];
  const advx::attack::wu_huberman_3<> a{.epsilon = 1e-3};
  const auto r = advx::find_universal(a, s.model, one);
  CHECK(r.added == 1); // though so short a step fools nothing
  REQUIRE(r.spectrum.size() == 1);
  CHECK(r.spectrum[0] == Approx(1e-3 * std::sqrt(double(pixels))).epsilon(1e-6));
  for (index_t j = 1; j < pixels; ++j)
    CHECK(std::abs(r.perturbation.row(0)[j]) == Approx(std::abs(r.perturbation.row(0)[0])));
}

TEST_CASE("Algorithm 4 takes the shortest sign step that fools", "[universal]") {
  const auto s = mlp_scene();
  const advx::attack::wu_huberman_4<> a{.attack = {.epsilon = 1, .first = 0.05}};
  const auto r = advx::find_universal(a, s.model, s.images, {.seed = 4});
  const auto own = advx::run(a.attack, s.model, s.images, advx::goal::untargeted{s.labels});
  double squares = 0, fooled = 0;
  for (std::size_t i = 0; i < own.success.size(); ++i)
    if (own.success[i] != 0) squares += own.l2[i] * own.l2[i], fooled += 1;
  CHECK(double(r.added) == fooled);
  CHECK(fooled > 0);
  double singular = 0; // the Frobenius norm is both
  for (const double value : r.spectrum) singular += value * value;
  CHECK(singular == Approx(squares));
}

TEST_CASE("xtensor's images give an xtensor perturbation of their shape", "[universal]") {
  const auto s = mlp_scene();
  const xt::xarray<double> images =
      xt::adapt(s.images.values, std::vector<std::size_t>{std::size_t(count), 4, std::size_t(pixels) / 4});
  const advx::attack::wu_huberman_2<> a{.xi = 1};
  const auto r = advx::find_universal(a, s.model, images);
  const auto same = advx::find_universal(a, s.model, s.images);
  REQUIRE(r.perturbation.dimension() == 3);
  CHECK(r.perturbation.shape()[0] == 1);
  CHECK(r.perturbation.shape()[1] == 4);
  CHECK(std::equal(r.perturbation.begin(), r.perturbation.end(), same.perturbation.data()));
  CHECK(advx::fooling_rate(s.model, images, r.perturbation) == r.best_rate());
}

TEST_CASE("low-rank arguments out of range are refused", "[universal]") {
  const auto s = mlp_scene();
  const auto refused = [&](const advx::attack::wu_huberman_2<>& a, const char* word) {
    CHECK_THROWS_WITH(advx::find_universal(a, s.model, s.images), Catch::Contains(word));
  };
  refused({.aggregate = {.rank = 0}}, "'rank'");
  refused({.aggregate = {.variance = 0}}, "'variance'");
  refused({.xi = -1}, "'xi'");
}
