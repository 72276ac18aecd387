// Goals: which class each image is driven to.
#include <advx/goal/goal.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using advx::label_t;
namespace goal = advx::goal;

TEST_CASE("random targets are uniform over the other classes") {
  constexpr int classes = 10, images = 9000;
  for (const label_t label : {0, 4, 9}) {
    const auto g = goal::random(std::vector<label_t>(images, label), classes, 3);
    REQUIRE(g.cases() == 1);
    std::vector<int> count(classes, 0);
    for (advx::index_t i = 0; i < images; ++i) {
      const auto at = g.at(i, 0);
      REQUIRE(at.targeted());
      REQUIRE(at.label == label);
      REQUIRE((at.target >= 0 && at.target < classes));
      ++count[std::size_t(at.target)];
    }
    CHECK(count[std::size_t(label)] == 0);
    double chi_squared = 0;
    for (label_t t = 0; t < classes; ++t)
      if (t != label) chi_squared += std::pow(count[std::size_t(t)] - 1000.0, 2) / 1000;
    CHECK(chi_squared < 26.1); // 8 degrees of freedom, one in a thousand
  }
}

TEST_CASE("a random target is a function of seed and position") {
  const std::vector<label_t> many(100, 1), few(10, 1);
  const auto a = goal::random(many, 10, 7), b = goal::random(few, 10, 7), c = goal::random(many, 10, 8);
  CHECK(std::equal(b.targets.begin(), b.targets.end(), a.targets.begin()));
  CHECK(a.targets != c.targets);
  CHECK(a.targets == goal::random(many, 10, 7).targets);
  // With two classes there is nothing to choose.
  CHECK(goal::random(std::vector<label_t>{0, 1, 1}, 2).targets == std::vector<label_t>{1, 0, 0});
}

TEST_CASE("the next class, and all others") {
  const std::vector<label_t> labels = {0, 2, 3};
  const auto next = goal::next(labels, 4);
  CHECK(next.targets == std::vector<label_t>{1, 3, 0});
  const auto all = goal::all_others(labels, 4);
  CHECK(all.cases() == 3);
  CHECK(all.images() == 3);
  CHECK(all.targets == std::vector<label_t>{1, 2, 3, 0, 1, 3, 0, 1, 2});
  CHECK(all.at(1, 2) == advx::row_goal{2, 3});
  const goal::untargeted any{labels};
  CHECK(any.cases() == 1);
  CHECK(any.at(1, 0) == advx::row_goal{2});
  CHECK_FALSE(any.at(1, 0).targeted());
  CHECK(goal::targeted{labels, std::vector<int>{1, 1, 1}}.at(2, 0) == advx::row_goal{3, 1});
}

TEST_CASE("too few classes, and labels that are none") {
  const std::vector<label_t> labels = {0};
  for (const advx::index_t classes : {1, 0, -1}) {
    const std::string message = "advx: goal: a target class needs at least 2 classes, got " + std::to_string(classes);
    CHECK_THROWS_WITH(goal::random(labels, classes), message);
    CHECK_THROWS_WITH(goal::next(labels, classes), message);
    CHECK_THROWS_WITH(goal::all_others(labels, classes), message);
  }
  CHECK_THROWS_AS(goal::next(labels, 1), advx::argument_error);
  // Values that a label cannot have do not come round to ones that it can.
  const std::vector<long long> wild = {-5, (1LL << 32) + 3, 2147483648LL, 3};
  CHECK(goal::untargeted{wild}.labels == std::vector<label_t>{-1, -1, -1, 3});
  const std::vector<unsigned char> bytes = {0, 255};
  CHECK(goal::untargeted{bytes}.labels == std::vector<label_t>{0, 255});
  CHECK(goal::untargeted{std::vector<label_t>{}}.images() == 0);
  CHECK(goal::targeted{}.cases() == 1);
}
