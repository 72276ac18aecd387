#include <advx/advx.hpp>

#include <catch2/catch.hpp>
#include <oracle/models.hpp>

#include <algorithm>

TEST_CASE("cases: best, average and worst by hand") {
  // Three images, two targets each: both reached, one reached, none.
  const std::vector<double> distance{1, 3, 2, 9, 9, 9};
  const std::vector<std::uint8_t> success{1, 1, 1, 0, 0, 0};
  const auto s = advx::summarise_cases(distance, success, 2);
  CHECK(s.best.success_rate == Approx(2.0 / 3));
  CHECK(s.best.mean_distance == Approx(1.5));
  CHECK(s.average.success_rate == Approx(0.5));
  CHECK(s.average.mean_distance == Approx(2));
  CHECK(s.worst.success_rate == Approx(1.0 / 3));
  CHECK(s.worst.mean_distance == Approx(3));
  CHECK_THROWS_AS(advx::summarise_cases(distance, success, 4), advx::argument_error);
}

TEST_CASE("cases: the least likely class has the smallest score of the others") {
  const oracle::smooth_mlp<double> model(5, 12, 8);
  advx::batch<double> images(70, 12);
  std::vector<int> labels;
  for (advx::index_t i = 0; i < images.rows(); ++i) {
    const auto x = oracle::hashed_image<double>(12, static_cast<std::uint32_t>(i));
    std::copy(x.begin(), x.end(), images.row(i));
    labels.push_back(static_cast<int>(i % 5));
  }
  const auto goal = advx::goal::least_likely(model, images, labels);
  REQUIRE(goal.targets.size() == 70);
  for (std::size_t i = 0; i < 70; ++i) {
    CHECK(goal.targets[i] != labels[i]);
    const auto z = model.scores(std::vector<double>(images.row(advx::index_t(i)), images.row(advx::index_t(i)) + 12));
    for (std::size_t j = 0; j < 5; ++j)
      if (int(j) != labels[i]) CHECK(z[static_cast<std::size_t>(goal.targets[i])] <= z[j]);
  }
  CHECK_THROWS_AS(advx::goal::least_likely(model, images, std::vector<int>(3)), advx::argument_error);
}

TEST_CASE("cases: an image's own radius scales its steps") {
  const oracle::smooth_mlp<double> model(3, 12, 8);
  advx::batch<double> images(1, 12);
  std::fill(images.values.begin(), images.values.end(), 0.5);
  const auto z = model.scores(images.values);
  const std::vector<int> labels{static_cast<int>(std::max_element(z.begin(), z.end()) - z.begin())};
  advx::attack::fgm_linf small{.epsilon = 1e-4}, wide{.epsilon = 0.3};
  advx::options options;
  const double radius[] = {0.3};
  options.epsilon = radius;
  const auto a = advx::run(small, model, images, advx::goal::untargeted{labels}, options);
  const auto b = advx::run(wide, model, images, advx::goal::untargeted{labels});
  CHECK(a.linf[0] == Approx(b.linf[0]).margin(1e-9));
  CHECK(b.linf[0] > 0.29);
}
