// Problems with bounds whose answers are known: from the literature (Rosenbrock; Beale; Powell's singular and Wood's
// functions of Moré, Garbow & Hillstrom 1981; the first example of L-BFGS-B's authors), and what breaks optimizers.
#pragma once

#include <advx/core/types.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace lbfgsb_suite {

using advx::index_t;
inline constexpr double infinite = std::numeric_limits<double>::infinity();

enum class function {
  rosenbrock,  // Σ 100·(x_{i+1} − x_i²)² + (1 − x_i)²
  beale,       // n = 2
  powell,      // n a multiple of 4
  wood,        // n = 4
  driver1,     // (x_0 − 1)² + 4·Σ (x_i − x_{i−1}²)²
  linear,      // Σ (±(i+1))·x_i
  flat,        // 0
  part_linear, // x_0 + Σ_{i>0} (x_i − 1)²: no curvature along x_0
  quadratic,   // Σ (i+1)²·(x_i − b_i)² + coupling of neighbours
  softmax,     // c·cross-entropy of three classes, linear in x, plus Σ (x − x0)²: an attack in small
  piecewise,   // Σ |x_i − b_i|^1.5: unbounded curvature at the minimum
};

struct problem {
  std::string name;
  lbfgsb_suite::function function;
  index_t n;
  std::vector<double> start, lower, upper;
  int memory = 10;
  double value_tolerance = 10;
  double gradient_tolerance = 1e-6;
};

inline double centre(index_t j) { return 0.5 + 0.9 * std::sin(1.7 * double(j) + 0.3); }

/// f and its gradient, computed in T.
template <class T>
double evaluate(const problem& p, const T* x, T* g) {
  const index_t n = p.n;
  for (index_t j = 0; j < n; ++j) g[j] = 0;
  T f = 0;
  const auto square = [](T v) { return v * v; };
  switch (p.function) {
  case function::rosenbrock:
    for (index_t j = 0; j + 1 < n; ++j) {
      const T a = x[j + 1] - x[j] * x[j], b = 1 - x[j];
      f += 100 * a * a + b * b;
      g[j] += -400 * a * x[j] - 2 * b;
      g[j + 1] += 200 * a;
    }
    break;
  case function::beale: {
    const T constants[3] = {T(1.5), T(2.25), T(2.625)};
    T power = 1;
    for (int i = 0; i < 3; ++i) {
      const T before = power;
      power *= x[1];
      const T r = constants[i] - x[0] * (1 - power);
      f += r * r;
      g[0] += -2 * r * (1 - power);
      g[1] += 2 * r * x[0] * T(i + 1) * before;
    }
    break;
  }
  case function::powell:
    for (index_t j = 0; j + 3 < n; j += 4) {
      const T a = x[j] + 10 * x[j + 1], b = x[j + 2] - x[j + 3], c = x[j + 1] - 2 * x[j + 2], d = x[j] - x[j + 3];
      f += a * a + 5 * b * b + square(c * c) + 10 * square(d * d);
      g[j] += 2 * a + 40 * d * d * d;
      g[j + 1] += 20 * a + 4 * c * c * c;
      g[j + 2] += 10 * b - 8 * c * c * c;
      g[j + 3] += -10 * b - 40 * d * d * d;
    }
    break;
  case function::wood: {
    const T a = x[1] - x[0] * x[0], b = 1 - x[0], c = x[3] - x[2] * x[2], d = 1 - x[2], e = x[1] + x[3] - 2,
            h = x[1] - x[3];
    f = 100 * a * a + b * b + 90 * c * c + d * d + 10 * e * e + h * h / 10;
    g[0] = -400 * a * x[0] - 2 * b;
    g[1] = 200 * a + 20 * e + h / 5;
    g[2] = -360 * c * x[2] - 2 * d;
    g[3] = 180 * c + 20 * e - h / 5;
    break;
  }
  case function::driver1:
    f = square(x[0] - 1);
    g[0] = 2 * (x[0] - 1);
    for (index_t j = 1; j < n; ++j) {
      const T r = x[j] - x[j - 1] * x[j - 1];
      f += 4 * r * r;
      g[j] += 8 * r;
      g[j - 1] += -16 * r * x[j - 1];
    }
    break;
  case function::linear:
    for (index_t j = 0; j < n; ++j) {
      g[j] = T(j % 2 == 0 ? j + 1 : -(j + 1));
      f += g[j] * x[j];
    }
    break;
  case function::flat:
    break;
  case function::part_linear:
    f = x[0];
    g[0] = 1;
    for (index_t j = 1; j < n; ++j) {
      f += square(x[j] - 1);
      g[j] = 2 * (x[j] - 1);
    }
    break;
  case function::quadratic:
    for (index_t j = 0; j < n; ++j) {
      const T r = x[j] - T(centre(j)), a = T((j + 1) * (j + 1));
      f += a * r * r;
      g[j] += 2 * a * r;
      if (j + 1 < n) {
        const T u = x[j] - x[j + 1];
        f += 20 * u * u;
        g[j] += 40 * u;
        g[j + 1] -= 40 * u;
      }
    }
    break;
  case function::softmax: {
    T score[3] = {}, most = 0, sum = 0;
    for (int k = 0; k < 3; ++k)
      for (index_t j = 0; j < n; ++j) score[k] += T(std::sin(double((k + 1) * (j + 1)))) * x[j];
    for (const T v : score) most = v > most ? v : most;
    for (const T v : score) sum += std::exp(v - most);
    f = 20 * (std::log(sum) + most - score[0]);
    for (index_t j = 0; j < n; ++j) {
      const T r = x[j] - T(p.start[std::size_t(j)]);
      f += r * r;
      g[j] = 2 * r - 20 * T(std::sin(double(j + 1)));
      for (int k = 0; k < 3; ++k) g[j] += 20 * std::exp(score[k] - most) / sum * T(std::sin(double((k + 1) * (j + 1))));
    }
    break;
  }
  case function::piecewise:
    for (index_t j = 0; j < n; ++j) {
      const T r = x[j] - T(centre(j)), root = std::sqrt(std::abs(r));
      f += std::abs(r) * root;
      g[j] = T(1.5) * (r < 0 ? -root : root);
    }
    break;
  }
  return double(f);
}

/// f of Wood's function at its saddle near (−0.97, 0.95, −0.97, 0.95).
inline constexpr double saddle_of_wood = 7.876955;

/// f computed in double, and its gradient in float, at a point in float.
inline auto in_double_but_for_the_gradient(const problem& p) {
  return [&p](const float* x, float* g) {
    const std::vector<double> at(x, x + p.n);
    std::vector<double> unused(at.size());
    evaluate(p, x, g);
    return evaluate(p, at.data(), unused.data());
  };
}

inline std::vector<problem> problems() {
  std::vector<problem> all;
  const auto fill = [](index_t n, double v) { return std::vector<double>(std::size_t(n), v); };
  const auto add = [&](const char* name, function f, std::vector<double> start, double lower,
                       double upper) -> problem& {
    const auto n = index_t(start.size());
    all.push_back({name, f, n, start, fill(n, lower), fill(n, upper)});
    return all.back();
  };
  const auto classic = [&](index_t n) {
    std::vector<double> x = fill(n, 1);
    for (index_t j = 0; j < n; j += 2) x[std::size_t(j)] = -1.2;
    return x;
  };
  for (const index_t n : {2, 10, 25}) {
    const std::string size = " n=" + std::to_string(n);
    add(("rosenbrock free" + size).c_str(), function::rosenbrock, classic(n), -infinite, infinite);
    add(("rosenbrock roomy" + size).c_str(), function::rosenbrock, classic(n), -5, 5);
    add(("rosenbrock active" + size).c_str(), function::rosenbrock, classic(n), -2, 0.8);
    add(("rosenbrock from bounds" + size).c_str(), function::rosenbrock, fill(n, -1.5), -1.5, 0.9);
    problem& odd = add(("rosenbrock half open" + size).c_str(), function::rosenbrock, classic(n), -infinite, infinite);
    for (std::size_t j = 0; j < std::size_t(n); j += 2) odd.upper[j] = 0.5;
  }
  {
    problem& p = add("rosenbrock zero width", function::rosenbrock, classic(10), -3, 3);
    for (const std::size_t j : {std::size_t(2), std::size_t(5), std::size_t(9)}) p.lower[j] = p.upper[j] = 0.7;
    problem& q = add("rosenbrock all of zero width", function::rosenbrock, classic(4), 0, 0);
    q.lower = q.upper = {0.1, -0.2, 0.3, 0.4};
  }
  add("beale free", function::beale, {1, 1}, -infinite, infinite);
  add("beale roomy", function::beale, {1, 1}, -4.5, 4.5);
  add("beale active", function::beale, {1, 1}, -4.5, 2);
  add("powell free", function::powell, {3, -1, 0, 1}, -infinite, infinite);
  add("powell active", function::powell, {3, -1, 0, 1}, -2, 10).lower[0] = 0.5;
  add("powell n=20", function::powell, {3, -1, 0, 1, 3, -1, 0, 1, 3, -1, 0, 1, 3, -1, 0, 1, 3, -1, 0, 1}, -4, 5);
  add("wood free", function::wood, {-3, -1, -3, -1}, -infinite, infinite);
  add("wood active", function::wood, {-3, -1, -3, -1}, -10, 0.9);
  for (const double factor : {1e7, 10.0}) {
    problem& p = add(factor > 10 ? "driver1" : "driver1 to the end", function::driver1, fill(25, 3), -100, 100);
    for (std::size_t j = 0; j < 25; j += 2) p.lower[j] = 1;
    p.memory = 5;
    p.value_tolerance = factor;
    p.gradient_tolerance = 1e-5;
  }
  add("linear in a box", function::linear, fill(8, 0.4), -1, 2);
  {
    problem& p = add("linear downhill to its bounds", function::linear, fill(8, 0.4), -infinite, infinite);
    for (std::size_t j = 0; j < 8; ++j) (j % 2 == 0 ? p.lower[j] : p.upper[j]) = j % 2 == 0 ? -3 : 4;
  }
  add("linear at its solution", function::linear, {-1, 2, -1, 2}, -1, 2);
  add("flat", function::flat, fill(3, 0.5), 0, 1);
  add("start at the minimum", function::rosenbrock, fill(6, 1), -5, 5);
  add("no curvature along one variable", function::part_linear, fill(5, 3), 0, 10);
  // The tolerances are what rounding of f allows.
  add("quadratic free", function::quadratic, fill(30, 0), -infinite, infinite).gradient_tolerance = 1e-4;
  add("quadratic in the unit box", function::quadratic, fill(30, 0.5), 0, 1).gradient_tolerance = 1e-4;
  add("quadratic from outside", function::quadratic, fill(30, 7), 0, 1).gradient_tolerance = 1e-4;
  {
    problem& p = add("quadratic with m=3", function::quadratic, fill(60, 0.5), 0, 1);
    p.memory = 3;
    p.gradient_tolerance = 1e-2;
  }
  {
    problem& p = add("softmax from bounds", function::softmax, fill(100, 0), 0, 1);
    for (std::size_t j = 0; j < 100; ++j) p.start[j] = j % 3 == 0 ? 0 : (j % 3 == 1 ? 1 : 0.3 + 0.004 * double(j));
    p.memory = 15;
  }
  add("powers of 1.5", function::piecewise, fill(12, 0), 0, 1).gradient_tolerance = 1e-4;
  return all;
}

} // namespace lbfgsb_suite
