// The vectorised team has the reference team's bits.
#include <advx/backend/reference/team.hpp>
#include <advx/backend/reference/vector_team.hpp>
#include <advx/kernel/math.hpp>

#include <catch2/catch.hpp>

#include <cstring>
#include <vector>

#include "backend/support.hpp"

using advx::index_t;
using backend_tests::same_bits;
using backend_tests::uneven;

TEMPLATE_TEST_CASE("both host teams give the same bits", "", float, double) {
  using T = TestType;
  const advx::backend::reference_team plain;
  const advx::backend::vector_team vectors;
  for (const index_t n : {0, 1, 2, 63, 64, 65, 127, 128, 129, 784, 3072, 3079})
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(n, seed);
      const auto v = uneven<T>(n, seed);
      const auto get = [p = v.data()](index_t j) { return p[j]; };
      const auto magnitude = [p = v.data()](index_t j) { return advx::kernel::absolute(p[j]); };
      CHECK(same_bits(plain.sum<T>(n, get), vectors.sum<T>(n, get)));
      CHECK(same_bits(plain.sum<double>(n, get), vectors.sum<double>(n, get)));
      CHECK(same_bits(plain.max<T>(n, get), vectors.max<T>(n, get)));
      CHECK(plain.argmax<T>(n, magnitude) == vectors.argmax<T>(n, magnitude));
      const auto positive = [p = v.data()](index_t j) { return p[j] > T(0); };
      CHECK(plain.count(n, positive) == vectors.count(n, positive));

      std::vector<T> a(std::size_t(n), T(0)), b = a;
      plain.each(n, [to = a.data(), p = v.data()](index_t j) { to[j] = advx::kernel::tanh(p[j]) * p[j]; });
      vectors.each(n, [to = b.data(), p = v.data()](index_t j) { to[j] = advx::kernel::tanh(p[j]) * p[j]; });
      CHECK((n == 0 || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0));
    }
}

TEMPLATE_TEST_CASE("the row primitives answer what a plain loop answers", "", advx::backend::reference_team,
                   advx::backend::vector_team) {
  const TestType team;
  for (const index_t n : {1, 63, 64, 65, 784}) {
    CAPTURE(n);
    const auto v = uneven<double>(n, 9);
    long double sum = 0, magnitudes = 0;
    index_t top = 0, positive = 0;
    for (index_t j = 0; j < n; ++j) {
      sum += v[std::size_t(j)];
      magnitudes += std::abs(v[std::size_t(j)]);
      if (v[std::size_t(j)] > v[std::size_t(top)]) top = j;
      positive += v[std::size_t(j)] > 0 ? 1 : 0;
    }
    const auto get = [p = v.data()](index_t j) { return p[j]; };
    CHECK(std::abs(double(team.template sum<double>(n, get) - sum)) <= 1e-15 * double(magnitudes));
    CHECK(team.template max<double>(n, get) == v[std::size_t(top)]);
    CHECK(team.template argmax<double>(n, get) == top);
    CHECK(team.count(n, [=](index_t j) { return get(j) > 0; }) == positive);
    // Ties go to the first.
    CHECK(team.template argmax<float>(n, [](index_t j) { return float(j % 7 == 3 || j < 0); }) == (n > 3 ? 3 : 0));
    // What is below every number that max starts from is still found.
    CHECK(team.template argmax<float>(n, [](index_t) { return std::numeric_limits<float>::lowest(); }) == 0);
  }
  CHECK(team.template sum<float>(0, [](index_t) { return 1.0f; }) == 0.0f);
  CHECK(team.template max<float>(0, [](index_t) { return 1.0f; }) == std::numeric_limits<float>::lowest());
  CHECK(team.template argmax<float>(0, [](index_t) { return 1.0f; }) == -1);
  CHECK(team.count(0, [](index_t) { return true; }) == 0);
}
