#include <advx/model/counted.hpp>
#include <advx/model/nes.hpp>

#include "support.hpp"

using namespace support;
using advx::model::directions;
using advx::model::nes;

namespace {

double dot(const double* a, const double* b, index_t n) {
  double sum = 0;
  for (index_t j = 0; j < n; ++j) sum += a[j] * b[j];
  return sum;
}
double cosine(const double* a, const double* b, index_t n) {
  return dot(a, b, n) / std::sqrt(dot(a, a, n) * dot(b, b, n));
}

} // namespace

TEST_CASE("estimated gradients are the gradient in the mean, and as near to it as so many directions can be") {
  const auto kind = GENERATE(directions::gaussian, directions::signs);
  const oracle::smooth_mlp<double> mlp(4, 30, 8);
  const auto x = images<double>(3, 30);
  const auto v = cotangents<double>(3, 4);
  const auto must = gradients_of(mlp, x, v);
  batch<double> mean(3, 30);
  double cosines = 0;
  constexpr int seeds = 400;
  for (int seed = 0; seed < seeds; ++seed) {
    const auto is = gradients_of(nes{oracle::score_only{mlp}, 20, 1e-4, std::uint64_t(seed), kind}, x, v);
    for (std::size_t j = 0; j < mean.values.size(); ++j) mean.values[j] += is.values[j] / seeds;
    cosines += cosine(is.row(0), must.row(0), 30) / seeds;
  }
  // 4,000 directions: of each coordinate the deviation is about ‖g‖/√4000.
  for (index_t i = 0; i < 3; ++i) {
    const double length = std::sqrt(dot(must.row(i), must.row(i), 30));
    for (index_t j = 0; j < 30; ++j)
      REQUIRE(mean.row(i)[j] == Approx(must.row(i)[j]).margin(5 * 1.5 * length / std::sqrt(4000.0)));
  }
  CHECK(cosines == Approx(std::sqrt(10.0 / 40.0)).margin(0.05));
}

TEST_CASE("directions are a function of seed and image, and shared by the rows of a Jacobian") {
  const oracle::smooth_mlp<double> mlp(4, 12, 8);
  const nes model{mlp, 8, 1e-3, 5};
  const auto x = images<double>(2, 12);
  batch<double> twice(2, 12), v(2, 4);
  for (index_t i = 0; i < 2; ++i) {
    std::copy_n(x.row(0), 12, twice.row(i));
    v.row(i)[i] = 1;
  }
  const auto first = gradients_of(model, twice, v);
  batch<double> sum_v(2, 4);
  sum_v.row(0)[0] = sum_v.row(0)[1] = 1;
  const auto sum = gradients_of(model, twice, sum_v);
  for (index_t j = 0; j < 12; ++j) CHECK(sum.row(0)[j] == Approx(first.row(0)[j] + first.row(1)[j]).margin(1e-12));
  CHECK(gradients_of(model, twice, v).values == first.values);
  CHECK(gradients_of(nes{mlp, 8, 1e-3, 6}, twice, v).values != first.values);
  twice.row(0)[3] += 1e-12;
  CHECK(std::abs(gradients_of(model, twice, v).row(0)[0] - first.row(0)[0]) > 1e-6);
}

TEST_CASE("a pulled row costs its samples, whatever the capacity") {
  advx::model::counter counter;
  const nes model{advx::model::counted{oracle::smooth_mlp<double>(4, 13, 8), counter}, 30};
  REQUIRE(model.queries_per_pullback() == 30);
  const auto x = images<double>(1, 13);
  const auto v = cotangents<double>(1, 4);
  const auto must = gradients_of(model, x, v);
  reference backend;
  for (const index_t capacity : {1, 2, 7, 30, 100}) {
    auto session = model.session(backend, capacity);
    batch<double> z(1, 4), g(1, 13);
    session.forward(x.view(), z.view());
    counter.reset();
    const std::vector<index_t> rows{0};
    session.pullback(rows, v.view().as_const(), g.view());
    CHECK(counter.forward_rows == 30);
    CHECK(g.values == must.values);
  }
}

TEST_CASE("an estimated gradient allocates nothing in a pass, and a wrong setting is refused") {
  require_no_allocation(nes{quiet_linear<float>{{3, 9}}, 4});
  const oracle::linear_model<double> linear(3, 9);
  CHECK(refusal([&] { nes(linear, 7); }) == "advx: model::nes: 'samples' must satisfy samples >= 2, even, got 7");
  CHECK(refusal([&] { nes(linear, 8, 0.0); }) == "advx: model::nes: 'sigma' must satisfy sigma > 0, got 0");
}

TEST_CASE("PGD runs over scores alone") {
  const oracle::smooth_mlp<double> mlp(4, 12, 8);
  const auto x = images<double>(40, 12);
  std::vector<label_t> y;
  for (index_t i = 0; i < 40; ++i) y.push_back(mlp.label(std::vector<double>(x.row(i), x.row(i) + 12)));
  const advx::attack::pgd_linf attack{.epsilon = 0.2, .steps = 20};
  const auto exact = advx::run(attack, mlp, x, advx::goal::untargeted{y});
  for (const auto kind : {directions::gaussian, directions::signs}) {
    const nes model{oracle::score_only{mlp}, 20, 1e-3, 0, kind};
    const auto estimated = advx::run(attack, model, x, advx::goal::untargeted{y});
    CHECK(exact.success_rate() > 0.5);
    CHECK(estimated.success_rate() >= exact.success_rate() - 0.1);
    advx::options one;
    one.batch = 1;
    one.threads = 2;
    CHECK(advx::run(attack, model, x, advx::goal::untargeted{y}, one).images.values == estimated.images.values);
  }
}
