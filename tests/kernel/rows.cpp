// Selection, score summaries and the lengths of gradients, against plain sorts and loops.
#include <advx/backend/reference/team.hpp>
#include <advx/backend/reference/vector_team.hpp>
#include <advx/kernel/gradient_norm.hpp>
#include <advx/kernel/margin.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/kernel/select.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

using advx::index_t;
using advx::label_t;

TEMPLATE_TEST_CASE("select_top is the head of a stable sort", "", float, double) {
  using T = TestType;
  const advx::backend::vector_team team;
  for (const index_t n : {1, 2, 7, 64, 65, 300})
    for (const int kinds : {1, 3, 1000000}) { // one value only, many ties, hardly any
      const advx::kernel::random_stream random{5, std::uint32_t(n), std::uint32_t(kinds)};
      std::vector<T> key;
      for (index_t j = 0; j < n; ++j) {
        const T v = std::floor(random.uniform<T>(j) * T(kinds)) / T(kinds);
        key.push_back(j % 5 == 4 ? T(0) : (j % 11 == 3 ? v * T(1e-38) : v)); // zeros and subnormals among them
      }
      std::vector<index_t> order(key.size());
      std::iota(order.begin(), order.end(), index_t{0});
      std::stable_sort(order.begin(), order.end(),
                       [&](index_t a, index_t b) { return key[std::size_t(a)] > key[std::size_t(b)]; });
      for (const index_t k : {index_t{-1}, index_t{0}, index_t{1}, n / 3, n / 2, n - 1, n, n + 5}) {
        CAPTURE(n, kinds, k);
        const auto chosen = advx::kernel::select_top<T>(team, n, k, [p = key.data()](index_t j) { return p[j]; });
        std::vector<char> want(key.size(), 0);
        for (index_t i = 0; i < std::clamp(k, index_t{0}, n); ++i) want[std::size_t(order[std::size_t(i)])] = 1;
        std::vector<char> got;
        for (index_t j = 0; j < n; ++j) got.push_back(chosen(j, key[std::size_t(j)]) ? 1 : 0);
        CHECK(got == want);
      }
    }
}

TEMPLATE_TEST_CASE("a score summary is what a sort says, ties and NaN included", "", float, double) {
  using T = TestType;
  constexpr T nan = std::numeric_limits<T>::quiet_NaN(), infinity = std::numeric_limits<T>::infinity();
  for (std::uint32_t trial = 0; trial < 400; ++trial) {
    const index_t classes = 2 + index_t(trial % 9);
    const advx::kernel::random_stream random{1, trial, 0};
    std::vector<T> z;
    for (index_t j = 0; j < classes; ++j) // few values, so that ties are common
      z.push_back(std::floor(random.uniform<T>(j) * T(trial % 2 == 0 ? 4 : 1000)) - T(2));
    for (label_t own = 0; own < classes; ++own)
      for (const bool targeted : {false, true}) {
        CAPTURE(trial, own, targeted);
        const advx::row_goal goal = targeted ? advx::row_goal{label_t((own + 1) % classes), own} : advx::row_goal{own};
        const auto s = advx::kernel::summarise_scores(z.data(), classes, goal);
        std::vector<label_t> order(z.size());
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(),
                         [&](label_t a, label_t b) { return z[std::size_t(a)] > z[std::size_t(b)]; });
        const label_t rival = order[0] == own ? order[1] : order[0];
        CHECK(s.predicted == order[0]);
        CHECK(s.rival == rival);
        const T lead = z[std::size_t(rival)] - z[std::size_t(own)];
        CHECK(s.margin == (targeted ? -lead : lead));
        CHECK(s.finite);
        T largest = 0;
        for (const T v : z) largest = std::max(largest, std::abs(v));
        CHECK(s.largest == largest);
      }
    // A score that is no number, wherever it is.
    auto broken = z;
    broken[trial % z.size()] = trial % 3 == 0 ? nan : (trial % 3 == 1 ? infinity : -infinity);
    CHECK_FALSE(advx::kernel::summarise_scores(broken.data(), classes, {0}).finite);
  }
  advx::kernel::score_summary<T> s;
  s.largest = T(50);
  CHECK(s.required(0, T(1e-5)) == T(1e-5) * T(50)); // relative to the scores
  CHECK(s.required(3, T(1e-5)) == T(3));
  s.largest = T(0.1);
  CHECK(s.required(0, T(1e-5)) == T(1e-5)); // but to no less than 1
  CHECK(s.required(0, T(0)) == T(0));
}

TEMPLATE_TEST_CASE("gradients of any size have a length", "", float, double) {
  using T = TestType;
  const advx::backend::vector_team team;
  const advx::kernel::random_stream random{3, 1, 4};
  const std::vector<T> sizes = sizeof(T) == 4 ? std::vector<T>{T(1e-37), T(1e-30), T(1e-20), T(1), T(1e18), T(1e34)}
                                              : std::vector<T>{T(1e-300), T(1e-30), T(1), T(1e200)};
  for (const T size : sizes)
    for (const index_t n : {1, 64, 784}) {
      CAPTURE(size, n);
      std::vector<T> g;
      for (index_t j = 0; j < n; ++j) g.push_back(size * random.normal<T>(j));
      const auto get = [p = g.data()](index_t j) { return p[j]; };
      const auto scale = advx::kernel::inverse_l2<T>(team, n, get);
      const T inverse = advx::kernel::inverse_l1<T>(team, n, get);
      long double squares = 0, magnitudes = 0;
      for (const T v : g) {
        squares += static_cast<long double>(scale(v)) * scale(v);
        magnitudes += std::abs(static_cast<long double>(v) * inverse);
      }
      CHECK(double(squares) == Approx(1).epsilon(1e-5));
      CHECK(double(magnitudes) == Approx(1).epsilon(1e-5));
    }
  // Below the normal numbers a direction is still finite, and points the right way.
  const T least = std::numeric_limits<T>::denorm_min() * T(64);
  const auto get = [least](index_t j) { return j % 2 == 0 ? least : -least; };
  CHECK(advx::kernel::is_finite(advx::kernel::inverse_l1<T>(team, 8, get)));
  CHECK(advx::kernel::inverse_l1<T>(team, 8, get) * least > T(0));
  CHECK(advx::kernel::inverse_l2<T>(team, 8, get)(least) > T(0));
  CHECK(advx::kernel::inverse_l2<T>(team, 8, get)(least) <= T(1));
  const auto zero = [](index_t) { return T(0); };
  CHECK(advx::kernel::inverse_l1<T>(team, 8, zero) == T(0));
  CHECK(advx::kernel::inverse_l2<T>(team, 8, zero)(T(0)) == T(0));
}
