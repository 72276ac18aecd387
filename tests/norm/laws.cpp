// What norms promise, in both precisions and on both host teams, against slow exact answers.
#include <advx/backend/reference/team.hpp>
#include <advx/backend/reference/vector_team.hpp>
#include <advx/norm/elastic_net.hpp>
#include <advx/norm/l0.hpp>
#include <advx/norm/l1.hpp>
#include <advx/norm/l2.hpp>
#include <advx/norm/linf.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

using advx::index_t;
namespace norm = advx::norm;

namespace {

template <class Norm, class Team, class Scalar>
struct setting {
  using norm_type = Norm;
  using team_type = Team;
  using scalar = Scalar;
};

template <class Norm, class Team>
using in_float = setting<Norm, Team, float>;
template <class Norm, class Team>
using in_double = setting<Norm, Team, double>;
using plain = advx::backend::reference_team;
using vectors = advx::backend::vector_team;

/// An image with pixels on the box's faces, a point outside the box and far from it, and a radius.
template <class T>
struct scene {
  std::vector<T> x0, lower, upper, v;
  double radius = 0;

  scene(index_t n, std::uint32_t trial) {
    const advx::kernel::random_stream random{99, std::uint32_t(n), trial};
    const T spread = T(std::array{0.01, 0.3, 2.0, 30.0}[trial % 4]);
    for (index_t j = 0; j < n; ++j) {
      const T u = random.uniform<T>(j);
      lower.push_back(trial % 3 == 0 ? T(-0.5) : T(0));
      upper.push_back(trial % 3 == 0 && j % 4 == 0 ? T(0.25) : T(1));
      x0.push_back(lower.back() + (upper.back() - lower.back()) * (j % 6 == 0 ? T(0) : (j % 6 == 1 ? T(1) : u)));
      v.push_back(x0.back() + spread * random.normal<T>(j + n));
    }
    radius = double(random.uniform<double>(3 * n)) * (trial % 5 == 0 ? 0.01 : 1.0);
  }
  advx::image_ref<T> image() const {
    advx::image_ref<T> i;
    i.original = x0.data();
    i.lower = lower.data();
    i.upper = upper.data();
    i.size = static_cast<index_t>(x0.size());
    i.magnitude = 1;
    return i;
  }
  bool in_box(const std::vector<T>& x) const {
    for (std::size_t j = 0; j < x.size(); ++j)
      if (!(lower[j] <= x[j] && x[j] <= upper[j])) return false;
    return true;
  }
};

/// A ball's radius in proportion to what a norm measures in n dimensions.
double radius_for(const norm::l1&, double r, index_t n) { return r * double(n) * 0.3; }
double radius_for(const norm::l2&, double r, index_t n) { return r * std::sqrt(double(n)) * 0.5; }
double radius_for(const norm::linf&, double r, index_t) { return r * 0.5; }

template <class T>
using exact_point = std::vector<long double>;

/// x0 + clip(change(d, t)) with the t in [0, high] at which `length` meets the radius, by bisection; t = 0 changes
/// nothing and greater t shortens.
template <class T, class Change, class Length>
exact_point<T> bisect(const scene<T>& s, long double radius, long double high, Change change, Length length) {
  const auto at = [&](long double t) {
    exact_point<T> d;
    for (std::size_t j = 0; j < s.x0.size(); ++j)
      d.push_back(std::clamp<long double>(change(static_cast<long double>(s.v[j]) - s.x0[j], t),
                                          static_cast<long double>(s.lower[j]) - s.x0[j],
                                          static_cast<long double>(s.upper[j]) - s.x0[j]));
    return d;
  };
  long double low = 0;
  if (length(at(0)) <= radius) high = 0;
  for (int i = 0; i < 200; ++i) {
    const long double middle = (low + high) / 2;
    (length(at(middle)) > radius ? low : high) = middle;
  }
  return at(high);
}

template <class T>
exact_point<T> exact(const norm::l1&, const scene<T>& s, double radius) {
  return bisect(
      s, radius, 1000,
      [](long double d, long double t) { return d > 0 ? std::max(d - t, 0.0L) : std::min(d + t, 0.0L); },
      [](const auto& d) {
        long double sum = 0;
        for (const long double v : d) sum += std::abs(v);
        return sum;
      });
}
template <class T>
exact_point<T> exact(const norm::l2&, const scene<T>& s, double radius) {
  return bisect(
      s, radius, 1, [](long double d, long double t) { return d * (1 - t); },
      [](const auto& d) {
        long double sum = 0;
        for (const long double v : d) sum += v * v;
        return std::sqrt(sum);
      });
}
template <class T>
exact_point<T> exact(const norm::linf&, const scene<T>& s, double radius) {
  return bisect(
      s, 1e9, 0, [=](long double d, long double) { return std::clamp<long double>(d, -radius, radius); },
      [](const auto&) { return 0.0L; });
}

template <class Norm, class Team, class T>
std::vector<T> project(const Norm& n, const Team& team, const scene<T>& s, double radius, std::vector<T> v) {
  const auto to = n.projection(team, s.image(), radius, [p = v.data()](index_t j) { return p[j]; });
  std::vector<T> x(v.size());
  team.each(index_t(v.size()), [&](index_t j) { x[std::size_t(j)] = to(j, v[std::size_t(j)]); });
  return x;
}

template <class T>
double distance_l2(const std::vector<T>& a, const std::vector<T>& b) {
  double sum = 0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += (double(a[j]) - double(b[j])) * (double(a[j]) - double(b[j]));
  return std::sqrt(sum);
}

using all_settings =
    std::tuple<in_float<norm::l1, plain>, in_float<norm::l2, plain>, in_float<norm::linf, plain>,
               in_double<norm::l1, plain>, in_double<norm::l2, plain>, in_double<norm::linf, plain>,
               in_float<norm::l1, vectors>, in_float<norm::l2, vectors>, in_float<norm::linf, vectors>,
               in_double<norm::l1, vectors>, in_double<norm::l2, vectors>, in_double<norm::linf, vectors>>;

} // namespace

TEMPLATE_LIST_TEST_CASE("projections are exact, feasible and at rest", "", all_settings) {
  using T = typename TestType::scalar;
  const typename TestType::norm_type n;
  const typename TestType::team_type team;
  const double tiny = std::numeric_limits<T>::epsilon();
  for (const index_t size : {1, 2, 5, 63, 64, 65, 200})
    for (std::uint32_t trial = 0; trial < 24; ++trial) {
      const scene<T> s(size, trial);
      const double radius = trial == 7 ? 0.0 : radius_for(n, s.radius, size);
      CAPTURE(size, trial, radius);
      auto x = project(n, team, s, radius, s.v);
      CHECK(s.in_box(x));
      const auto want = exact(n, s, radius);
      double error = 0, reach = 0;
      for (std::size_t j = 0; j < x.size(); ++j) {
        error = std::max(error, std::abs(double(x[j]) - double(s.x0[j]) - double(want[j])));
        reach = std::max(reach, std::abs(double(s.v[j] - s.x0[j])));
      }
      CHECK(error <= 8 * tiny * (1 + reach) * std::sqrt(double(size)));

      // Shrunk by no more than rounding, and then inside as doubles measure it.
      const auto before = x;
      n.fit(team, s.image(), radius, x.data());
      CHECK(s.in_box(x));
      CHECK(n.distance(team, x.data(), s.x0.data(), size) <= radius);
      CHECK(distance_l2(before, x) <= 40 * tiny * (1 + reach) * std::sqrt(double(size)));

      // A projected point stays where it is.
      CHECK(distance_l2(project(n, team, s, radius, x), x) <= 8 * tiny * (1 + radius));

      // No feasible point is nearer.
      const advx::kernel::random_stream random{17, std::uint32_t(size), trial};
      const double nearest = distance_l2(x, s.v);
      for (std::uint32_t k = 0; k < 5; ++k) {
        std::vector<T> q(x.size());
        n.random_point(team, size, radius, {random.seed, random.image, trial * 8 + k}, q.data());
        for (std::size_t j = 0; j < q.size(); ++j) q[j] += s.x0[j];
        q = project(n, team, s, radius, q);
        CHECK(distance_l2(q, s.v) >= nearest * (1 - 1e-5) - 40 * tiny * (1 + reach) * std::sqrt(double(size)));
      }
    }
}

TEMPLATE_TEST_CASE("the L0 projection keeps the best coordinates", "", float, double) {
  using T = TestType;
  const norm::l0 n;
  const vectors team;
  for (std::uint32_t trial = 0; trial < 40; ++trial) {
    const index_t size = 1 + index_t(trial % 10);
    const scene<T> s(size, trial);
    const auto k = index_t(trial / 4) % (size + 1);
    CAPTURE(size, trial, k);
    const auto x = project(n, team, s, double(k) + 0.5, s.v);
    CHECK(s.in_box(x));
    CHECK(n.distance(team, x.data(), s.x0.data(), size) <= double(k));
    CHECK(project(n, team, s, double(k), x) == x);
    // Every choice of k coordinates, the rest as in the original.
    double best = 1e9;
    for (unsigned choice = 0; choice < (1U << unsigned(size)); ++choice) {
      if (index_t(__builtin_popcount(choice)) > k) continue;
      auto q = s.x0;
      for (index_t j = 0; j < size; ++j)
        if ((choice >> unsigned(j) & 1U) != 0)
          q[std::size_t(j)] = std::clamp(s.v[std::size_t(j)], s.lower[std::size_t(j)], s.upper[std::size_t(j)]);
      best = std::min(best, distance_l2(q, s.v));
    }
    CHECK(distance_l2(x, s.v) == Approx(best).epsilon(1e-5));
  }
}

TEMPLATE_TEST_CASE("fit brings any point of the box into the ball", "", (in_float<norm::l1, vectors>),
                   (in_float<norm::l2, vectors>), (in_double<norm::l1, vectors>), (in_double<norm::l2, vectors>)) {
  using T = typename TestType::scalar;
  const typename TestType::norm_type n;
  const typename TestType::team_type team;
  for (std::uint32_t trial = 0; trial < 200; ++trial) {
    const index_t size = 1 + index_t(trial) * 4;
    const scene<T> s(size, trial);
    std::vector<T> x;
    for (std::size_t j = 0; j < s.v.size(); ++j) x.push_back(std::clamp(s.v[j], s.lower[j], s.upper[j]));
    const double whole = n.distance(team, x.data(), s.x0.data(), size);
    const double part = std::array{1.0, 1 - 1e-7, 0.999, 0.5, 1e-3, 0.0}[trial % 6];
    CAPTURE(trial, whole, part);
    n.fit(team, s.image(), part * whole, x.data());
    CHECK(s.in_box(x));
    const double got = n.distance(team, x.data(), s.x0.data(), size);
    CHECK(got <= part * whole);
    // Rounding of x0 + δ moves each coordinate by an ulp of x0, however short δ is.
    CHECK(got >= part * whole * 0.9 - 4 * double(std::numeric_limits<T>::epsilon()) * double(size));
    if (sizeof(T) == 8 || part > 0.1) CHECK(got >= part * whole * (1 - 1e-4));
  }
}

TEMPLATE_LIST_TEST_CASE("directions have unit length, and the dual one rises most", "", all_settings) {
  using T = typename TestType::scalar;
  const typename TestType::norm_type n;
  const typename TestType::team_type team;
  for (const index_t size : {1, 2, 64, 784})
    for (const double scale : {1e-30, 1e-12, 1.0, 1e12, 1e30}) {
      CAPTURE(size, scale);
      std::vector<T> g, zero(std::size_t(size), T(0)), a(g), b(g);
      const advx::kernel::random_stream random{4, std::uint32_t(size), 0};
      for (index_t j = 0; j < size; ++j) g.push_back(T(scale) * random.normal<T>(j));
      const auto get = [p = g.data()](index_t j) { return p[j]; };
      const auto dual = n.template dual<T>(team, size, get);
      const auto normalised = n.template normalised<T>(team, size, get);
      double rise = 0, rise_normalised = 0;
      std::vector<double> sums = {0, 0, 0};
      for (index_t j = 0; j < size; ++j) {
        const T v = g[std::size_t(j)];
        a.push_back(dual(j, v));
        b.push_back(normalised(j, v));
        const double relative = double(v) / scale;
        rise += relative * double(a.back());
        rise_normalised += relative * double(b.back());
        sums[0] += std::abs(relative);
        sums[1] += relative * relative;
        sums[2] = std::max(sums[2], std::abs(relative));
      }
      CHECK(n.distance(team, a.data(), zero.data(), size) == Approx(1).epsilon(1e-5));
      CHECK(n.distance(team, b.data(), zero.data(), size) == Approx(1).epsilon(1e-5));
      const std::string name = n.name;
      const double dual_norm = name == "l1" ? sums[2] : name == "l2" ? std::sqrt(sums[1]) : sums[0];
      CHECK(rise == Approx(dual_norm).epsilon(1e-5));
      CHECK(rise_normalised > 0);
      CHECK(rise_normalised <= dual_norm * (1 + 1e-5));
      // The normalised direction is a multiple of the gradient.
      for (std::size_t j = 0; j + 1 < g.size(); ++j)
        CHECK(double(b[j]) * double(g[j + 1]) / scale ==
              Approx(double(b[j + 1]) * double(g[j]) / scale).epsilon(1e-4).margin(1e-9));

      const auto none = [](index_t) { return T(0); };
      const auto still = n.template dual<T>(team, size, none);
      const auto stays = n.template normalised<T>(team, size, none);
      for (index_t j = 0; j < size; ++j) {
        CHECK(still(j, T(0)) == T(0));
        CHECK(stays(j, T(0)) == T(0));
      }
    }
}

TEMPLATE_TEST_CASE("shrinking and clipping minimise the proximal objective", "", float, double) {
  using T = TestType;
  const auto check = [](const auto& n, auto non_smooth) {
    for (const T lower : {T(-1), T(-0.2), T(0)})
      for (const T upper : {T(0), T(0.3), T(1)})
        for (const T t : {T(0), T(0.1), T(0.7)})
          for (T v = T(-2); v <= T(2); v += T(0.173)) {
            const T z = advx::kernel::clamp(n.shrink(v, t), lower, upper);
            const auto objective = [&](double x) {
              return (x - double(v)) * (x - double(v)) / 2 + double(t) * non_smooth(x);
            };
            double best = 1e9;
            for (int i = 0; i <= 3000; ++i)
              best = std::min(best, objective(double(lower) + (double(upper) - double(lower)) * i / 3000.0));
            CAPTURE(v, t, lower, upper, z);
            CHECK(objective(double(z)) <= best + 1e-6);
          }
  };
  check(norm::l1{}, [](double x) { return std::abs(x); });
  check(norm::l2{}, [](double) { return 0.0; });
  check(norm::elastic_net{0.5}, [](double x) { return 0.5 * std::abs(x); });

  // Hard thresholding has a minimum to choose from without the box; ties and all.
  for (const T t : {T(0), T(0.1), T(0.7)})
    for (T v = T(-2); v <= T(2); v += T(0.173)) {
      const T z = norm::l0{}.shrink(v, t);
      CAPTURE(v, t, z);
      CHECK((z == T(0) || z == v));
      const double kept = v == T(0) ? 0.0 : double(t), dropped = double(v) * double(v) / 2;
      CHECK((z == T(0) ? dropped : kept) <= std::min(kept, dropped) + 1e-7);
    }
}

TEMPLATE_TEST_CASE("a penalty's gradient is its slope, and the parts make the whole", "", norm::l1, norm::l2,
                   norm::elastic_net) {
  const TestType n{};
  for (double d = -2; d <= 2; d += 0.173) {
    const double h = 1e-6;
    CAPTURE(d);
    CHECK(n.penalty_gradient(d) == Approx((n.penalty(d + h) - n.penalty(d - h)) / (2 * h)).margin(1e-6));
    // What shrinking takes away is the slope of what the smooth part leaves.
    const double rest = n.penalty_gradient(d) - n.smooth_gradient(d);
    CHECK(n.shrink(d, 1e-3) == Approx(d - 1e-3 * rest).margin(1e-12));
  }
}

TEMPLATE_TEST_CASE("random points fill the ball evenly", "", (in_float<norm::l1, plain>), (in_float<norm::l2, plain>),
                   (in_float<norm::linf, plain>), (in_double<norm::l1, plain>), (in_double<norm::l2, plain>),
                   (in_double<norm::linf, plain>)) {
  using T = typename TestType::scalar;
  const typename TestType::norm_type n;
  const typename TestType::team_type team;
  constexpr std::uint32_t draws = 2000;
  for (const index_t size : {1, 3, 20}) {
    const double radius = 2.5;
    std::vector<double> lengths;
    std::vector<double> mean(std::size_t(size), 0.0);
    const std::vector<T> zero(std::size_t(size), T(0));
    for (std::uint32_t i = 0; i < draws; ++i) {
      std::vector<T> x(std::size_t(size), T(0));
      n.random_point(team, size, radius, {5, i, 2}, x.data());
      for (std::size_t j = 0; j < x.size(); ++j) mean[j] += double(x[j]) / draws;
      lengths.push_back(n.distance(team, x.data(), zero.data(), size) / radius);
    }
    std::sort(lengths.begin(), lengths.end());
    CHECK(lengths.back() <= 1 + 1e-6);
    double most = 0; // Kolmogorov and Smirnov: the radius is distributed as U^(1/n)
    for (std::uint32_t i = 0; i < draws; ++i) {
      const double cdf = std::pow(std::min(lengths[i], 1.0), double(size));
      most = std::max({most, std::abs(cdf - double(i) / draws), std::abs(cdf - double(i + 1) / draws)});
    }
    CAPTURE(size);
    CHECK(most * std::sqrt(double(draws)) < 1.95); // one in a thousand
    for (const double m : mean) CHECK(std::abs(m) < 5 * radius / std::sqrt(double(draws)));
  }
}

TEST_CASE("a random L0 point changes as many coordinates as it may, each as often") {
  const norm::l0 n;
  const vectors team;
  std::vector<int> changed(20, 0);
  for (std::uint32_t i = 0; i < 4000; ++i) {
    std::vector<float> point(20);
    n.random_point(team, 20, 5.7, {1, i, 0}, point.data());
    int count = 0;
    for (index_t j = 0; j < 20; ++j) {
      const float d = point[std::size_t(j)];
      CHECK(std::abs(d) <= 1);
      if (d == 0) continue;
      ++count;
      ++changed[std::size_t(j)];
    }
    CHECK(count == 5);
  }
  for (const int c : changed) CHECK(c == Approx(1000).margin(5 * std::sqrt(750.0)));
}

TEST_CASE("the four distances, in double from the stored values") {
  const std::vector<float> x0 = {0, 0.25f, 1, 0.5f}, x = {0.5f, 0.25f, 0, 0.625f};
  const auto d = norm::measure(plain{}, x.data(), x0.data(), 4);
  CHECK(d == norm::distances{3, 1.625, std::sqrt(0.25 + 1 + 0.015625), 1});
  CHECK(norm::elastic_net{0.1}.distance(plain{}, x.data(), x0.data(), 4) == Approx(1.265625 + 0.1625));
  CHECK(norm::measure(plain{}, x.data(), x.data(), 4) == norm::distances{});
  CHECK_THROWS_WITH(norm::elastic_net{-1}.check(), "advx: norm::elastic_net: 'beta' must satisfy beta >= 0, got -1");
}
