// The dot-product test: right gradients pass in float and double, at kinks too; wrong ones are caught.
#include <advx/testing/check_vjp.hpp>

#include <catch2/catch.hpp>

#include "oracle/models.hpp"

using advx::batch_view;
using advx::index_t;

namespace {

/// A model of one image at a time whose functions are given.
template <class T, class Scores, class Vjp>
struct by_hand {
  using scalar = T;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  index_t inputs, classes;
  Scores scores_into;
  Vjp vjp_into;

  index_t input_size() const { return inputs; }
  index_t class_count() const { return classes; }
  template <class Backend>
  auto session(Backend&, index_t capacity) const {
    return oracle::row_by_row_session<by_hand>(*this, capacity);
  }
};
template <class T, class Scores, class Vjp>
auto model_of(index_t inputs, index_t classes, Scores s, Vjp v) {
  return by_hand<T, Scores, Vjp>{inputs, classes, s, v};
}

const oracle::smooth_mlp<double> mlp(4, 12, 8);
const oracle::smooth_mlp<float> mlp32(4, 12, 8);

template <class Model>
std::string fault_of(const Model& model) {
  return advx::testing::check_vjp(model).fault;
}
bool mentions(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

} // namespace

TEST_CASE("right gradients pass") {
  for (const auto& report : {advx::testing::check_vjp(mlp), advx::testing::check_vjp(mlp32),
                             advx::testing::check_vjp(oracle::linear_model<float>(3, 9)),
                             advx::testing::check_vjp(oracle::linear_model<double>(10, 300))}) {
    INFO(report.fault);
    REQUIRE(report);
    REQUIRE(report.checks > 100);
  }
}

TEST_CASE("right gradients of a function with kinks pass") {
  // Rectified differences of neighbours: 200 kinks, of which any direction crosses some.
  const auto relu = model_of<float>(
      200, 2,
      [](const float* x, float* z) {
        z[0] = z[1] = 0;
        for (int j = 0; j < 199; ++j) (x[j] > x[j + 1] ? z[0] : z[1]) += std::abs(x[j] - x[j + 1]);
      },
      [](const float* x, const float* v, float* g) {
        std::fill_n(g, 200, 0.f);
        for (int j = 0; j < 199; ++j) {
          const float pull = x[j] > x[j + 1] ? v[0] : -v[1];
          g[j] += pull;
          g[j + 1] -= pull;
        }
      });
  const auto report = advx::testing::check_vjp(relu);
  INFO(report.fault);
  REQUIRE(report);
}

TEST_CASE("wrong gradients are caught") {
  const auto scores = [](const double* x, double* z) { mlp.scores_into(x, z); };
  const auto wrong = [&](auto change) {
    return fault_of(model_of<double>(12, 4, scores, [change](const double* x, const double* v, double* g) {
      mlp.vjp_into(x, v, g);
      change(x, v, g);
    }));
  };
  CHECK(wrong([](const double*, const double*, double*) {}).empty());
  CHECK(mentions(wrong([](const double*, const double*, double* g) { g[5] *= 1.01; }), "the pullback says"));
  CHECK(!wrong([](const double*, const double*, double* g) { std::swap(g[3], g[4]); }).empty());
  CHECK(!wrong([](const double*, const double*, double* g) {
           for (int j = 0; j < 12; ++j) g[j] = -g[j];
         }).empty());
  CHECK(!wrong([](const double*, const double*, double* g) { std::fill_n(g, 12, 0.0); }).empty());
  CHECK(mentions(wrong([](const double*, const double*, double* g) { g[0] += 0.001; }), "zero cotangent"));
  CHECK(mentions(wrong([](const double*, const double* v, double* g) {
                   for (int j = 0; j < 12; ++j) g[j] *= std::abs(v[0]) + 1;
                 }),
                 "not linear"));
}

TEST_CASE("a gradient of another image is caught") {
  const auto shifted = model_of<float>(
      12, 4, [](const float* x, float* z) { mlp32.scores_into(x, z); },
      [](const float* x, const float* v, float* g) {
        std::vector<float> y(x, x + 12);
        for (float& e : y) e = 1 - e;
        mlp32.vjp_into(y.data(), v, g);
      });
  CHECK(mentions(fault_of(shifted), "image 0: along"));
}
