// Searches over the trade-off constant against the papers' rules, written out.
#include <advx/search/binary.hpp>
#include <advx/search/bisection.hpp>
#include <advx/search/doubling.hpp>
#include <advx/search/fixed.hpp>
#include <advx/search/line.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
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

template <class Search = advx::search::binary>
std::vector<double> by_library(const Search& search, unsigned successes) {
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

TEST_CASE("the bisection is Tabacof and Valle's Algorithm 1, whatever succeeds") {
  for (const double epsilon : {0.5, 0.01}) // of runs told by bits, as many as the bits last
    for (unsigned successes = 0; successes < (1U << 12U); ++successes) {
      CAPTURE(epsilon, successes);
      std::vector<double> tried;
      const auto run = [&](double c) {
        tried.push_back(c);
        return (successes >> unsigned(tried.size() - 1) & 1U) != 0;
      };
      // The algorithm as it is printed, but for an end after 12 runs.
      double c = epsilon;
      bool found = false;
      do {
        c = 2 * c;
        found = run(c);
      } while (!found && tried.size() < 12);
      double low = 0, high = c;
      if (found && tried.size() < 12) do {
          const double half = (high + low) / 2;
          (run(half) ? high : low) = half;
        } while (!(high - low < epsilon) && tried.size() < 12);
      REQUIRE(by_library(advx::search::bisection{.constant = 2 * epsilon, .width = epsilon, .steps = 12}, successes) ==
              tried);
    }
}

TEST_CASE("the bisection starts all runs but the first where the last one ended") {
  for (const bool warm : {true, false}) {
    const advx::search::bisection search{.warm_start = warm};
    auto state = search.start();
    CHECK_FALSE(state.warm);
    search.next(state, false);
    CHECK(state.warm == warm);
    search.next(state, true);
    CHECK(state.warm == warm);
  }
}

TEST_CASE("the line search finds the least constant that succeeds") {
  // Wherever it lies: within the precision, and with no run more than the bracket needs.
  for (const double first : {1e-4, 1e-2, 1.0, 300.0})
    for (const double least : {1e-5, 3e-3, 0.02, 0.5, 7.0, 4e4}) {
      CAPTURE(first, least);
      const advx::search::line search{.constant = first, .steps = 100, .growth = 10, .precision = 0.05};
      auto state = search.start();
      double success = 0, failure = 0;
      int runs = 0;
      do {
        ++runs;
        const bool succeeds = state.constant >= least;
        (succeeds ? success : failure) = state.constant;
        if (!search.next(state, succeeds)) break;
      } while (runs < 100);
      CHECK(success >= least);
      CHECK(success <= least * 1.05);
      CHECK(success <= failure * 1.05);
      // log₁₀ to bracket, then ln 10/1.05 is halved below ln 1.05 in six.
      const int to_bracket = 2 + int(std::abs(std::log10(least / first)));
      CHECK(runs <= to_bracket + 6);
    }
  using advx::search::line;
  CHECK(by_library(line{.constant = 1, .steps = 4}, 0) == std::vector<double>{1, 10, 100, 1000});
  CHECK(by_library(line{.constant = 1, .steps = 4}, 0b1111) == std::vector<double>{1, 0.1, 0.1 / 10, 0.1 / 10 / 10});
  CHECK(by_library(line{.constant = 4, .steps = 4, .growth = 4}, 0b0010) ==
        std::vector<double>{4, 16, 8, std::sqrt(8.) * 4});
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
  using advx::search::bisection;
  CHECK_NOTHROW(bisection{}.check());
  CHECK_THROWS_WITH(bisection{.constant = 0}.check(),
                    "advx: search::bisection: 'constant' must satisfy constant > 0, got 0");
  CHECK_THROWS_WITH(bisection{.width = 0}.check(), "advx: search::bisection: 'width' must satisfy width > 0, got 0");
  CHECK_THROWS_WITH(bisection{.steps = 0}.check(), "advx: search::bisection: 'steps' must satisfy steps >= 1, got 0");
  CHECK_THROWS_WITH(bisection{.growth = 1}.check(), "advx: search::bisection: 'growth' must satisfy growth > 1, got 1");
  using advx::search::line;
  CHECK_NOTHROW(line{}.check());
  CHECK_THROWS_WITH(line{.constant = 0}.check(), "advx: search::line: 'constant' must satisfy constant > 0, got 0");
  CHECK_THROWS_WITH(line{.steps = 0}.check(), "advx: search::line: 'steps' must satisfy steps >= 1, got 0");
  CHECK_THROWS_WITH(line{.growth = 1}.check(), "advx: search::line: 'growth' must satisfy growth > 1, got 1");
  CHECK_THROWS_WITH(line{.precision = 0}.check(), "advx: search::line: 'precision' must satisfy precision > 0, got 0");
}

TEST_CASE("doubling goes on until a run succeeds, below the largest constant") {
  const advx::search::doubling search{.constant = 1, .largest = 16};
  CHECK(by_library(search, 0) == std::vector<double>{1, 2, 4, 8});
  CHECK(by_library(search, 0b100) == std::vector<double>{1, 2, 4});
  CHECK(by_library(advx::search::doubling{.constant = 1, .largest = 2, .growth = 10}, 0) == std::vector<double>{1});
}
