// Searches over the trade-off constant against Carlini and Wagner's rule, written out.
#include <advx/search/binary.hpp>
#include <advx/search/fixed.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

namespace {

/// The constants of all runs, told by bit i of `successes` whether run i succeeds. As in the paper's program, but for
/// one case: the last of ten or more runs is made at the upper end only if there is one (theirs would take 1e10).
std::vector<double> by_hand(double constant, int runs, double growth, unsigned successes) {
  std::vector<double> tried;
  double low = 0, high = 1e10, c = constant;
  for (int run = 0; run < runs; ++run) {
    if (runs >= 10 && run == runs - 1 && high < 1e10) c = high;
    tried.push_back(c);
    if ((successes >> unsigned(run) & 1U) != 0) {
      high = std::min(high, c);
      c = (low + high) / 2;
    } else {
      low = std::max(low, c);
      c = high < 1e10 ? (low + high) / 2 : c * growth;
    }
  }
  return tried;
}

std::vector<double> by_library(const advx::search::binary& search, unsigned successes) {
  std::vector<double> tried;
  auto state = search.start();
  for (unsigned run = 0;; ++run) {
    tried.push_back(state.constant);
    REQUIRE(tried.size() <= 100);
    if (!search.next(state, (successes >> run & 1U) != 0)) return tried;
  }
}

} // namespace

TEST_CASE("the binary search tries what Carlini and Wagner's would, whatever succeeds") {
  for (const int runs : {1, 2, 5, 9, 10, 12})
    for (unsigned successes = 0; successes < (1U << unsigned(runs)); ++successes) {
      CAPTURE(runs, successes);
      const auto want = by_hand(1e-3, runs, 10, successes);
      REQUIRE(by_library({.constant = 1e-3, .steps = runs}, successes) == want);
      REQUIRE(int(want.size()) == runs);
    }
}

TEST_CASE("some sequences in numbers") {
  const auto tried = [](int runs, unsigned successes, double growth = 10) {
    return by_library({.constant = 1, .steps = runs, .growth = growth}, successes);
  };
  CHECK(tried(4, 0) == std::vector<double>{1, 10, 100, 1000});
  CHECK(tried(4, 0, 2) == std::vector<double>{1, 2, 4, 8});
  CHECK(tried(4, 0b1111) == std::vector<double>{1, 0.5, 0.25, 0.125});
  CHECK(tried(5, 0b00110) == std::vector<double>{1, 10, 5.5, 3.25, 4.375});
  CHECK(tried(9, 0b1).back() == Approx(1 - 1.0 / 256));
  CHECK(tried(10, 0b1).back() == 1); // the upper end once more
  CHECK(tried(10, 0).back() == 1e9); // nothing to repeat
}

TEST_CASE("one constant is no search") {
  const advx::search::fixed search{.constant = 3};
  auto state = search.start();
  CHECK(state.constant == 3);
  CHECK_FALSE(search.next(state, false));
  CHECK_FALSE(search.next(state, true));
}

TEST_CASE("searches refuse what cannot be searched") {
  using advx::search::binary;
  CHECK_NOTHROW(binary{}.check());
  CHECK_THROWS_WITH(binary{.constant = 0}.check(), "advx: search::binary: 'constant' must satisfy constant > 0, got 0");
  CHECK_THROWS_WITH(binary{.steps = 0}.check(), "advx: search::binary: 'steps' must satisfy steps >= 1, got 0");
  CHECK_THROWS_WITH(binary{.growth = 1}.check(), "advx: search::binary: 'growth' must satisfy growth > 1, got 1");
  CHECK_THROWS_WITH(advx::search::fixed{.constant = -1}.check(),
                    "advx: search::fixed: 'constant' must satisfy constant > 0, got -1");
}
