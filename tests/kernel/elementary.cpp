// Elementary functions against the long double ones of the C library.
#include <advx/kernel/math.hpp>

#include <catch2/catch.hpp>

#include <cmath>

namespace k = advx::kernel;

namespace {

template <class T>
double ulps(T got, long double want) {
  const T near = static_cast<T>(want);
  const T ulp = std::nextafter(std::abs(near), std::numeric_limits<T>::infinity()) - std::abs(near);
  return double(std::abs(static_cast<long double>(got) - want) / ulp);
}

/// The worst error over `points` arguments spread evenly over [low, high].
template <class T, class F, class G>
double worst(T low, T high, F f, G exact, int points = 400000) {
  double most = 0;
  for (int i = 0; i <= points; ++i) {
    const T x = T(low + (high - low) * (double(i) / points));
    most = std::max(most, ulps<T>(f(x), exact(static_cast<long double>(x))));
  }
  return most;
}

/// The same over magnitudes 2^low … 2^high.
template <class T, class F, class G>
double worst_by_magnitude(int low, int high, F f, G exact) {
  double most = 0;
  for (int e = low; e < high; ++e)
    for (int i = 0; i < 500; ++i) {
      const T x = std::ldexp(T(1) + T(i) / T(500), e);
      most = std::max(most, ulps<T>(f(x), exact(static_cast<long double>(x))));
    }
  return most;
}

} // namespace

TEMPLATE_TEST_CASE("elementary functions keep the stated bounds", "", float, double) {
  using T = TestType;
  constexpr bool narrow = sizeof(T) == 4;
  const T wide = narrow ? T(86) : T(700);
  CHECK(worst<T>(
            -wide, wide, [](T x) { return k::exp(x); }, [](long double x) { return std::exp(x); }) <= 2);
  CHECK(worst<T>(
            T(-1), T(1), [](T x) { return k::exp(x); }, [](long double x) { return std::exp(x); }) <= 2);
  const auto logistic = [](long double x) { return 1 / (1 + std::exp(-x)); };
  CHECK(worst<T>(
            -wide, wide, [](T x) { return k::sigmoid(x); }, logistic) <= 3);
  CHECK(worst<T>(
            T(-3), T(3), [](T x) { return k::sigmoid(x); }, logistic) <= 3);
  CHECK(worst<T>(
            T(-25), T(25), [](T x) { return k::tanh(x); }, [](long double x) { return std::tanh(x); }) <= 3);
  CHECK(worst<T>(
            T(-1), T(1), [](T x) { return k::tanh(x); }, [](long double x) { return std::tanh(x); }) <= 3);
  CHECK(worst_by_magnitude<T>(
            narrow ? -100 : -1000, 4, [](T x) { return k::tanh(x); }, [](long double x) { return std::tanh(x); }) <= 3);
  CHECK(worst_by_magnitude<T>(
            narrow ? -126 : -1022, narrow ? 128 : 1024, [](T x) { return k::log(x); },
            [](long double x) { return std::log(x); }) <= 2);
  CHECK(worst<T>(
            T(0.5), T(2), [](T x) { return k::log(x); }, [](long double x) { return std::log(x); }) <= 2);
  CHECK(worst_by_magnitude<T>(
            narrow ? -126 : -1022, narrow ? 128 : 1024, [](T x) { return k::vector_sqrt(x); },
            [](long double x) { return std::sqrt(x); }) <= (narrow ? 12 : 2));
  CHECK(worst<T>(
            T(1), T(4), [](T x) { return k::vector_sqrt(x); }, [](long double x) { return std::sqrt(x); }) <=
        (narrow ? 12 : 2));
}

TEMPLATE_TEST_CASE("elementary functions at their ends", "", float, double) {
  using T = TestType;
  constexpr T least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max(),
              infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(k::exp(T(0)) == T(1));
  for (const T x : {T(-1000), -most, -infinity}) {
    CHECK(k::exp(x) >= least); // limited, and never 0
    CHECK(k::exp(x) < T(1e-37));
  }
  for (const T x : {T(1000), most, infinity}) {
    CHECK(k::exp(x) > T(1e38));
    CHECK(k::exp(x) <= most);
    CHECK(k::tanh(x) == T(1));
    CHECK(k::tanh(-x) == T(-1));
    CHECK(k::sigmoid(x) == T(1));
    CHECK(k::sigmoid(-x) > T(0));
    CHECK(k::sigmoid(-x) < T(1e-37));
  }
  CHECK(k::tanh(T(0)) == T(0));
  CHECK(k::sigmoid(T(0)) == T(0.5));
  CHECK(k::log(T(1)) == T(0));
  for (const T x : {T(0), T(-1), least / 2}) CHECK(k::log(x) == k::log(least));
  for (const T x : {T(0), least / 4}) CHECK(k::vector_sqrt(x) == Approx(std::sqrt(double(least))).epsilon(1e-6));
  for (const T x : {T(1e-20), T(0.3), T(2), T(8.9)}) CHECK(k::tanh(-x) == -k::tanh(x));
  CHECK(std::isnan(k::tanh(nan)));
  CHECK(std::isnan(k::exp(nan)));
  CHECK(std::isnan(k::sigmoid(nan)));
  CHECK(k::sign(nan) == T(0));
  for (const T x : {T(-0.999999), T(-0.5), T(0), T(0.125), T(0.99)})
    CHECK(k::atanh(x) == Approx(std::atanh(double(x))).epsilon(sizeof(T) == 4 ? 1e-6 : 1e-14));

  CHECK(k::is_finite(most));
  CHECK_FALSE(k::is_finite(infinity));
  CHECK_FALSE(k::is_finite(-infinity));
  CHECK_FALSE(k::is_finite(nan));
  CHECK(k::clamp(T(2), T(0), T(1)) == T(1));
  CHECK(k::clamp(T(-2), T(0), T(1)) == T(0));
  CHECK(std::isnan(k::clamp(nan, T(0), T(1))));
  CHECK(k::sign(T(-0.0)) == T(0));
  CHECK(k::sign(-least) == T(-1));
  CHECK(k::sign(infinity) == T(1));
}
