// The attack spaces of fewer variables: their functions, their refusals, and that an attack in one stays in its range.
#include <advx/attack/run.hpp>
#include <advx/attack/zoo_presets.hpp>
#include <advx/space/dct.hpp>

#include <catch2/catch.hpp>

#include <cmath>

#include "oracle/models.hpp"

namespace {

using advx::index_t;
namespace space = advx::space;
using Catch::Matchers::Contains;

/// δ = D(y) written out as a sum over all variables.
template <class Basis>
std::vector<double> image_of(const std::vector<double>& y, index_t h, index_t w, index_t height, index_t width) {
  std::vector<double> d(static_cast<std::size_t>(height * width));
  for (index_t r = 0; r < height; ++r)
    for (index_t c = 0; c < width; ++c)
      for (index_t k = 0; k < h * w; ++k)
        d[std::size_t(r * width + c)] += y[std::size_t(k)] * Basis::template weight<double>(k / w, r, h, height) *
                                         Basis::template weight<double>(k % w, c, w, width);
  return d;
}

/// A linear model of 6 × 8 images in two channels.
const oracle::linear_model<double> linear(3, 96, 5);
constexpr space::image_shape shape{2, 6, 8};

struct scene {
  advx::batch<double> images{6, 96};
  std::vector<advx::label_t> labels;
  scene() {
    for (index_t i = 0; i < 6; ++i) {
      auto x = oracle::hashed_image<double>(96, static_cast<unsigned>(i) + 1);
      for (double& v : x) v = 0.3 + 0.4 * v;
      std::copy(x.begin(), x.end(), images.row(i));
      labels.push_back(linear.label(x));
    }
  }
};

} // namespace

TEST_CASE("bilinear functions interpolate: they add up to 1 and are 0 outside their support") {
  for (const index_t many : {7, 12, 28, 30})
    for (const index_t few : {1, 2, 5, 7}) {
      CAPTURE(many, few);
      for (index_t i = 0; i < many; ++i) {
        double sum = 0;
        for (index_t k = 0; k < few; ++k) {
          const double w = space::bilinear::weight<double>(k, i, few, many);
          sum += w;
          const auto inside = space::bilinear::support(k, few, many);
          REQUIRE((w == 0 || (inside.first <= i && i < inside.last)));
          if (few == many) CHECK(w == (i == k ? 1 : 0));
        }
        CHECK(sum == Approx(1).epsilon(1e-14));
      }
    }
  // Twice as many pixels: centres at a quarter and three quarters between the old ones.
  CHECK(space::bilinear::weight<double>(0, 1, 2, 4) == Approx(0.75));
  CHECK(space::bilinear::weight<double>(1, 1, 2, 4) == Approx(0.25));
  CHECK(space::bilinear::weight<double>(0, 0, 2, 4) == 1);
}

TEST_CASE("cosines are orthonormal and those of the discrete cosine transform") {
  for (const index_t many : {5, 8, 28})
    for (index_t a = 0; a < many; ++a)
      for (index_t b = 0; b <= a; ++b) {
        double product = 0;
        for (index_t i = 0; i < many; ++i) {
          const double w = space::cosine::weight<double>(a, i, many, many);
          product += w * space::cosine::weight<double>(b, i, many, many);
          REQUIRE(w == Approx(std::sqrt((a == 0 ? 1.0 : 2.0) / double(many)) *
                              std::cos(M_PI * double(a) * (2.0 * double(i) + 1) / (2.0 * double(many))))
                           .margin(1e-7));
        }
        REQUIRE(product == Approx(a == b ? 1 : 0).margin(1e-7));
      }
}

TEMPLATE_TEST_CASE("a change found in few variables is a combination of their functions", "", space::bilinear,
                   space::cosine) {
  const scene s;
  using reduced = space::reduced<TestType>;
  using zoo = advx::attack::zoo_adam_in<reduced>;
  const reduced few{.image = shape, .levels = {{{2, 3}}}};
  const zoo attack{.search_steps = 4, .steps = 60, .step = 0.05, .constant = 0.3, .coordinates = 4, .space = few};
  const auto r = advx::run(attack, linear, s.images, advx::goal::untargeted{s.labels});
  for (std::size_t i = 0; i < 6; ++i) {
    CAPTURE(i);
    REQUIRE(r.success[i] == 1);
    CHECK(r.queries[i] <= 1 + 4 * 60 * 9);
    for (index_t channel = 0; channel < 2; ++channel) {
      // The nearest combination, by the normal equations' steepest descent.
      std::vector<double> delta(48), y(6);
      double box = 0;
      for (index_t j = 0; j < 48; ++j) {
        const double x = r.images.row(index_t(i))[channel * 48 + j];
        delta[std::size_t(j)] = x - s.images.row(index_t(i))[channel * 48 + j];
        box += x == 0 || x == 1;
      }
      REQUIRE(box == 0); // else the change is cut off
      double rest = 0;
      for (int pass = 0; pass < 400; ++pass) {
        const auto now = image_of<TestType>(y, 2, 3, 6, 8);
        rest = 0;
        for (index_t k = 0; k < 6; ++k) {
          double pull = 0, length = 0;
          for (index_t j = 0; j < 48; ++j) {
            const double w = TestType::template weight<double>(k / 3, j / 8, 2, 6) *
                             TestType::template weight<double>(k % 3, j % 8, 3, 8);
            pull += w * (delta[std::size_t(j)] - image_of<TestType>(y, 2, 3, 6, 8)[std::size_t(j)]);
            length += w * w;
          }
          y[std::size_t(k)] += pull / length;
        }
        for (std::size_t j = 0; j < 48; ++j) rest += std::abs(delta[j] - now[j]);
      }
      CHECK(rest < 1e-7);
    }
  }
}

TEST_CASE("a hierarchy with importance beats its coarsest level") {
  const scene s;
  using space_type = space::hierarchical<>;
  using zoo = advx::attack::zoo_adam_in<space_type>;
  zoo attack{.search_steps = 5, .steps = 150, .step = 0.02, .constant = 0.3, .coordinates = 12, .importance = true};
  attack.space = {.image = shape, .levels = {{{2, 2}, {3, 4, 40}, {6, 8, 80}}}};
  const auto all = advx::run(attack, linear, s.images, advx::goal::untargeted{s.labels});
  attack.space = {.image = shape, .levels = {{{2, 2}}}};
  const auto coarse = advx::run(attack, linear, s.images, advx::goal::untargeted{s.labels});
  CHECK(all.success_rate() == 1);
  CHECK(coarse.success_rate() == 1);
  CHECK(all.mean_over_successes(all.l2) < 0.8 * coarse.mean_over_successes(coarse.l2));
  // A level without a step of its own begins where the one before stalls.
  attack.space = {.image = shape, .levels = {{{2, 2}, {6, 8}}}};
  const auto by_stalling = [&](bool abort) {
    attack.abort_early = abort;
    attack.steps = 400;
    const auto r = advx::run(attack, linear, s.images, advx::goal::untargeted{s.labels});
    return r.mean_over_successes(r.l2);
  };
  CHECK(by_stalling(true) < 0.9 * by_stalling(false));
}

TEST_CASE("a space that does not fit is refused before any work") {
  const scene s;
  const advx::goal::untargeted goal{s.labels};
  using zoo = advx::attack::zoo_adam_in<space::resized<>>;
  const auto refusal = [&](const space::resized<>& where) {
    try {
      advx::run(zoo{.space = where}, linear, s.images, goal);
    } catch (const advx::argument_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK_THAT(refusal({.image = shape, .levels = {{{7, 8}}}}),
             Contains("level 0 has 7 x 8 variables for a channel of 6 x 8 pixels") && Contains("no larger than"));
  CHECK_THAT(refusal({.image = {1, 6, 8}, .levels = {{{3, 4}}}}),
             Contains(".image is 1 x 6 x 8, which is 48 values, and the model's images have 96"));
  CHECK_THAT(refusal({.image = shape, .levels = {}}), Contains("no level"));
  CHECK_THAT(refusal({.image = shape, .levels = {{{4, 4}, {2, 8}}}}), Contains("ascending order"));
  CHECK_THROWS_WITH(advx::run(advx::attack::zoo_adam{.importance = true}, linear, s.images, goal),
                    Contains("'importance' needs a space that knows the image's shape"));
  CHECK_THROWS_WITH(advx::run(advx::attack::zoo_adam{.coordinates = 129}, linear, s.images, goal),
                    Contains("'coordinates' must satisfy 1 <= coordinates <= 128, got 129"));
}
