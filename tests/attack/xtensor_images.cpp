// xtensor's containers and expressions as images: what goes in, and the shape of what comes out.
#include <advx/xtensor.hpp>

#include <catch2/catch.hpp>
#include <oracle/models.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace {

struct scene {
  oracle::smooth_mlp<float> model{3, 12, 8};
  advx::batch<float> images{20, 12};
  std::vector<int> labels;
  scene() {
    for (advx::index_t i = 0; i < images.rows(); ++i) {
      const auto x = oracle::hashed_image<float>(12, static_cast<std::uint32_t>(i + 3));
      std::copy(x.begin(), x.end(), images.row(i));
      const auto z = model.scores(x);
      labels.push_back(static_cast<int>(std::max_element(z.begin(), z.end()) - z.begin()));
    }
  }
};

constexpr advx::attack::pgd_l2 attack{.epsilon = 0.5};

} // namespace

TEST_CASE("xtensor: a container gives the bits that a batch gives, and a container of its shape") {
  const scene s;
  const auto expected =
      advx::run(attack, s.model, s.images, advx::goal::untargeted{s.labels}, {}, advx::backend::xtensor{});
  xt::xtensor<float, 4> images = xt::zeros<float>({20, 3, 2, 2});
  std::copy(s.images.values.begin(), s.images.values.end(), images.data());
  const auto r = advx::run(attack, s.model, images, advx::goal::untargeted{s.labels});
  STATIC_REQUIRE(std::is_same_v<std::remove_cvref_t<decltype(r.images)>, xt::xarray<float>>);
  REQUIRE(r.images.shape().size() == 4);
  CHECK(r.images.shape()[0] == 20);
  CHECK(r.images.shape()[1] == 3);
  CHECK(std::equal(r.images.data(), r.images.data() + r.images.size(), expected.images.values.begin()));
  CHECK(r.success == expected.success);
  CHECK(r.success_rate() > 0);
  CHECK(r.success_rate() < 1);
}

TEST_CASE("xtensor: a lazy expression of another scalar is evaluated and converted") {
  const scene s;
  xt::xarray<double> bytes = xt::zeros<double>({20, 12});
  for (std::size_t i = 0; i < 240; ++i) bytes.data()[i] = std::round(255.0 * double(s.images.values[i]));
  advx::batch<float> same(20, 12);
  for (std::size_t i = 0; i < 240; ++i) same.values[i] = static_cast<float>(bytes.data()[i] / 255.0);
  const auto r = advx::run(attack, s.model, bytes / 255.0, advx::goal::untargeted{s.labels});
  const auto expected =
      advx::run(attack, s.model, same, advx::goal::untargeted{s.labels}, {}, advx::backend::xtensor{});
  CHECK(std::equal(r.images.data(), r.images.data() + r.images.size(), expected.images.values.begin()));
}

TEST_CASE("xtensor: every target of an image is a row of what comes out") {
  const scene s;
  xt::xtensor<float, 2> images = xt::zeros<float>({20, 12});
  std::copy(s.images.values.begin(), s.images.values.end(), images.data());
  const auto r = advx::run(attack, s.model, images, advx::goal::all_others(s.labels, 3));
  CHECK(r.images.shape()[0] == 40);
  CHECK_THROWS_AS(
      advx::run(attack, s.model, xt::xtensor<float, 2>(xt::zeros<float>({20, 11})), advx::goal::untargeted{s.labels}),
      advx::argument_error);
}
