/// @file
/// L-BFGS-B for one problem, written as the papers have it: the oracle of the batched form.
#pragma once

#include <advx/optimizer/lbfgsb_parts.hpp>
#include <advx/optimizer/more_thuente.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace advx::optimizer {

/// The end of a run.
struct lbfgsb_result {
  lbfgsb_status status = lbfgsb_status::running;
  double value = 0;              ///< f at the end
  double projected_gradient = 0; ///< max |P(x − g) − x|
  int steps = 0;                 ///< iterations made
  int evaluations = 0;           ///< of f and its gradient
};

namespace lbfgsb_detail {

template <class T, class Team, class Objective>
class scalar {
public:
  scalar(const Team& t, const lbfgsb_parameters& p, Objective& f, T* point, const T* low, const T* high, index_t size)
      : team(t),
        parameters(p),
        objective(f),
        n(size),
        x(point),
        lower(low),
        upper(high),
        g(room()),
        base(room()),
        base_g(room()),
        d(room()),
        t_break(room()),
        newton(room()),
        ws(room() * static_cast<std::size_t>(p.memory)),
        wy(ws.size()),
        matrices(static_cast<std::size_t>(2 * p.memory * p.memory + saddle::numbers(p.memory))),
        sy{matrices.data(), p.memory},
        ss{sy.entry + p.memory * p.memory, p.memory},
        middle(saddle::in(ss.entry + p.memory * p.memory, p.memory)) {}

  lbfgsb_result run() {
    team.each(n, [&](index_t j) { x[j] = kernel::clamp(x[j], lower[j], upper[j]); });
    constexpr T infinite = std::numeric_limits<T>::infinity();
    bounded = team.count(n, [&](index_t j) { return lower[j] > -infinite || upper[j] < infinite; }) > 0;
    boxed = team.count(n, [&](index_t j) { return lower[j] > -infinite && upper[j] < infinite; }) == n;
    evaluate();
    if (!finite()) return ended(lbfgsb_status::non_finite);
    if (projected_gradient() <= parameters.gradient_tolerance) return ended(lbfgsb_status::small_gradient);
    while (out.status == lbfgsb_status::running) {
      if (iterate()) continue;
      // No step in this direction: the memory is dropped, and the next direction is the projected steepest one.
      if (pairs == 0) return ended(lbfgsb_status::line_search);
      forget();
    }
    return out;
  }

private:
  using real = double;
  static constexpr int most = lbfgsb_parameters::most_memory;

  std::size_t room() const { return static_cast<std::size_t>(n); }
  T* s(int i) { return ws.data() + i * n; }
  T* y(int i) { return wy.data() + i * n; }
  real dot(const T* a, const T* b) const {
    return team.template sum<real>(n, [=](index_t j) { return real(a[j]) * real(b[j]); });
  }
  void evaluate() {
    value = objective(static_cast<const T*>(x), g.data());
    ++out.evaluations;
  }
  bool finite() const {
    constexpr real most_value = std::numeric_limits<real>::max();
    return kernel::absolute(value) <= most_value && kernel::absolute(dot(g.data(), g.data())) <= most_value;
  }
  real projected_gradient() const {
    return team.template max<real>(n, [&](index_t j) {
      const T step = g[std::size_t(j)] < T(0) ? kernel::maximum(x[j] - upper[j], g[std::size_t(j)])
                                              : kernel::minimum(x[j] - lower[j], g[std::size_t(j)]);
      return real(kernel::absolute(step));
    });
  }
  lbfgsb_result ended(lbfgsb_status status) {
    out.status = status;
    out.value = value;
    out.projected_gradient = n > 0 ? projected_gradient() : 0;
    return out;
  }
  void forget() {
    pairs = oldest = 0;
    theta = 1;
  }
  /// Which of the pairs in slots i and j is newer? The one of the greater number.
  int age(int slot) const { return (slot + parameters.memory - oldest) % parameters.memory; }
  /// (v, w) ← M·(v, w).
  void by_middle(real* v, real* w) const { middle.solve(pairs, v, w); }

  /// One iteration: direction, line search, update. False where the direction leads nowhere.
  bool iterate() {
    std::copy(x, x + n, base.begin());
    if (bounded || pairs == 0) {
      if (!cauchy_point()) return false;
    } else {
      std::fill(c_y, c_y + pairs, 0.0);
      std::fill(c_s, c_s + pairs, 0.0);
    }
    if (pairs > 0 && !subspace_minimum()) {
      std::copy(base.begin(), base.end(), x);
      return false;
    }
    return search();
  }

  /// The first local minimiser of the model along the projected steepest descent path (Byrd et al. 1995, Algorithm CP),
  /// into x; c = Wᵀ(x − base).
  bool cauchy_point() {
    for (index_t j = 0; j < n; ++j) {
      const T gradient = g[std::size_t(j)];
      T at = std::numeric_limits<T>::infinity();
      if (gradient < T(0)) at = (upper[j] - x[j]) / -gradient;
      if (gradient > T(0)) at = (x[j] - lower[j]) / gradient;
      t_break[std::size_t(j)] = at;
      d[std::size_t(j)] = at > T(0) ? -gradient : T(0);
    }
    std::vector<index_t> order;
    for (index_t j = 0; j < n; ++j)
      if (d[std::size_t(j)] != T(0) && t_break[std::size_t(j)] < std::numeric_limits<T>::infinity()) order.push_back(j);
    std::stable_sort(order.begin(), order.end(),
                     [&](index_t a, index_t b) { return t_break[std::size_t(a)] < t_break[std::size_t(b)]; });

    real p_y[most], p_s[most], v[most], w[most];
    for (int i = 0; i < pairs; ++i) {
      p_y[i] = dot(y(i), d.data());
      p_s[i] = theta * dot(s(i), d.data());
      c_y[i] = c_s[i] = 0;
    }
    real slope = -dot(d.data(), d.data());
    real bend = -theta * slope - product(p_y, p_s, p_y, p_s);
    const real least_bend = std::numeric_limits<real>::epsilon() * bend;
    // Also false for NaN: the model is no longer convex in this precision.
    if (!(bend > 0)) return false;
    real step = -slope / bend, passed = 0;
    index_t moving = team.count(n, [&](index_t j) { return d[std::size_t(j)] != T(0); });
    for (const index_t b : order) {
      const real interval = real(t_break[std::size_t(b)]) - passed;
      if (step < interval) break;
      const T bound = d[std::size_t(b)] > T(0) ? upper[b] : lower[b];
      const real gradient = real(g[std::size_t(b)]), moved = real(bound) - real(x[b]);
      passed = real(t_break[std::size_t(b)]);
      d[std::size_t(b)] = T(0);
      x[b] = bound;
      for (int i = 0; i < pairs; ++i) {
        c_y[i] += interval * p_y[i];
        c_s[i] += interval * p_s[i];
        v[i] = real(y(i)[b]);
        w[i] = theta * real(s(i)[b]);
      }
      if (--moving == 0) {
        step = 0;
        break;
      }
      slope += interval * bend + gradient * gradient + theta * gradient * moved - gradient * product(v, w, c_y, c_s);
      bend -= theta * gradient * gradient + 2 * gradient * product(v, w, p_y, p_s) +
              gradient * gradient * product(v, w, v, w);
      bend = kernel::maximum(least_bend, bend);
      for (int i = 0; i < pairs; ++i) {
        p_y[i] += gradient * v[i];
        p_s[i] += gradient * w[i];
      }
      step = -slope / bend;
    }
    step = kernel::maximum(step, 0.0);
    for (int i = 0; i < pairs; ++i) {
      c_y[i] += step * p_y[i];
      c_s[i] += step * p_s[i];
    }
    const T length = T(passed + step);
    for (index_t j = 0; j < n; ++j)
      if (d[std::size_t(j)] != T(0)) x[j] = moved(x[j], length * d[std::size_t(j)], lower[j], upper[j]);
    return true;
  }

  /// (a, b)ᵀ·M·(v, w).
  real product(const real* a, const real* b, const real* v, const real* w) const {
    if (pairs == 0) return 0;
    real a_out[most], b_out[most];
    std::copy(a, a + pairs, a_out);
    std::copy(b, b + pairs, b_out);
    by_middle(a_out, b_out);
    real sum = 0;
    for (int i = 0; i < pairs; ++i) sum += a_out[i] * v[i] + b_out[i] * w[i];
    return sum;
  }

  /// u[j] + row j of [Y S]·(v, w).
  T add_pairs(T u, const real* v, const real* w, index_t j) const {
    for (int first = 0; first < pairs; first += lbfgsb_parameters::pairs_a_pass) {
      real sum = real(u);
      for (int i = first; i < pairs && i < first + lbfgsb_parameters::pairs_a_pass; ++i)
        sum += v[i] * real(wy[std::size_t(i * n + j)]) + w[i] * real(ws[std::size_t(i * n + j)]);
      u = T(sum);
    }
    return u;
  }

  bool is_free(index_t j) const { return lower[j] < x[j] && x[j] < upper[j]; }

  /// The model's minimiser over the variables that the Cauchy point x leaves free, back into the box (Byrd et al. 1995,
  /// section 5.1; the projection of Morales & Nocedal 2011, and the truncated step where it does not descend).
  bool subspace_minimum() {
    std::vector<std::uint8_t> free(room());
    index_t count = 0;
    for (index_t j = 0; j < n; ++j) count += free[std::size_t(j)] = is_free(j) ? 1 : 0;
    if (count == 0) return true;
    // Sums in T are enough for the matrices: the pairs are rounded to T themselves.
    const auto over = [&](std::uint8_t which, const T* a, const T* b) {
      return real(
          team.template sum<T>(n, [&](index_t j) { return free[std::size_t(j)] == which ? a[j] * b[j] : T(0); }));
    };
    std::vector<real> memory(static_cast<std::size_t>(saddle::numbers(pairs)));
    const saddle system = saddle::in(memory.data(), pairs);
    for (int i = 0; i < pairs; ++i)
      for (int j = 0; j < pairs; ++j) {
        if (j <= i) {
          system.p(i, j) = (i == j ? sy(i, i) : real(0)) + over(1, y(i), y(j)) / theta;
          system.q(i, j) = theta * over(0, s(i), s(j));
        }
        system.e(i, j) = age(i) > age(j) ? over(0, s(i), y(j)) : -over(1, s(i), y(j));
      }
    if (!system.factor(pairs)) return false;

    real v[most], w[most];
    std::copy(c_y, c_y + pairs, v);
    std::copy(c_s, c_s + pairs, w);
    by_middle(v, w);
    for (int i = 0; i < pairs; ++i) w[i] *= theta;
    // The model's downhill direction at the Cauchy point.
    for (index_t j = 0; j < n; ++j) {
      const T start = T(-theta * real(x[j] - base[std::size_t(j)]) - real(g[std::size_t(j)]));
      newton[std::size_t(j)] = free[std::size_t(j)] != 0 ? add_pairs(start, v, w, j) : T(0);
    }
    for (int i = 0; i < pairs; ++i) {
      v[i] = dot(y(i), newton.data());
      w[i] = theta * dot(s(i), newton.data());
    }
    system.solve(pairs, v, w);
    const real scale = 1 / (theta * theta);
    for (int i = 0; i < pairs; ++i) {
      v[i] *= scale;
      w[i] *= scale * theta;
    }
    for (index_t j = 0; j < n; ++j) {
      const T start = T(real(newton[std::size_t(j)]) / theta);
      newton[std::size_t(j)] = free[std::size_t(j)] != 0 ? add_pairs(start, v, w, j) : T(0);
    }

    const auto projected = [&](index_t j) { return moved(x[j], newton[std::size_t(j)], lower[j], upper[j]); };
    const real descent = team.template sum<real>(
        n, [&](index_t j) { return real(projected(j) - base[std::size_t(j)]) * real(g[std::size_t(j)]); });
    if (descent <= 0) {
      for (index_t j = 0; j < n; ++j) x[j] = projected(j);
      return true;
    }
    real share = 1;
    for (index_t j = 0; j < n; ++j)
      share = kernel::minimum(share, room_along(x[j], newton[std::size_t(j)], lower[j], upper[j]));
    for (index_t j = 0; j < n; ++j) x[j] = moved(x[j], T(share) * newton[std::size_t(j)], lower[j], upper[j]);
    return true;
  }

  /// From `base` towards x, where f and its gradient g are those of `base`.
  bool search() {
    for (index_t j = 0; j < n; ++j) d[std::size_t(j)] = x[j] - base[std::size_t(j)];
    base_g = g;
    const real base_value = value;
    const real slope = dot(g.data(), d.data());
    const real length = kernel::square_root(dot(d.data(), d.data()));
    real longest = 1e10;
    if (bounded) {
      if (out.steps == 0) {
        longest = 1;
      } else {
        for (index_t j = 0; j < n; ++j)
          longest = kernel::minimum(longest, room_along(base[std::size_t(j)], d[std::size_t(j)], lower[j], upper[j]));
      }
    }
    const auto back = [&] {
      std::copy(base.begin(), base.end(), x);
      g = base_g;
      value = base_value;
    };
    if (!(slope < 0)) { // also NaN
      back();
      return false;
    }
    more_thuente line;
    const real first = out.steps == 0 && !boxed ? kernel::minimum(1 / length, longest) : kernel::minimum(1.0, longest);
    line.start(value, slope, first, longest);
    for (int trial = 0;; ++trial) {
      const real step = line.step;
      // At the first trial of step 1, x stands there already, on its bounds to the bit.
      if (trial > 0 || step != 1)
        for (index_t j = 0; j < n; ++j)
          x[j] = moved(base[std::size_t(j)], T(step) * d[std::size_t(j)], lower[j], upper[j]);
      if (trial == parameters.trials) {
        back();
        const bool ends = lbfgsb_parameters::is_rounding<T>(value, slope);
        if (ends) ended(lbfgsb_status::small_decrease);
        return ends;
      }
      if (out.evaluations >= parameters.evaluations) {
        back();
        ended(lbfgsb_status::evaluations);
        return true;
      }
      evaluate();
      const real slope_here = dot(g.data(), d.data());
      const auto verdict = line.tell(value, slope_here);
      if (verdict == more_thuente::verdict::go_on) continue;
      const real slack = parameters.least_decrease<T>(base_value, value);
      if (value > base_value) {
        const bool ends = value - base_value <= slack || lbfgsb_parameters::is_rounding<T>(base_value, slope);
        back();
        if (ends) ended(lbfgsb_status::small_decrease);
        return ends;
      }
      ++out.steps;
      if (projected_gradient() <= parameters.gradient_tolerance)
        ended(lbfgsb_status::small_gradient);
      else if (base_value - value <= slack)
        ended(lbfgsb_status::small_decrease);
      else if (out.steps >= parameters.steps)
        ended(lbfgsb_status::steps);
      else
        remember(step, slope, slope_here);
      return true;
    }
  }

  /// Takes the step and the change of the gradient into the model.
  void remember(real step, real slope, real slope_here) {
    const real curvature = step * (slope_here - slope);
    if (!(curvature > -real(std::numeric_limits<T>::epsilon()) * step * slope)) return; // also where f is not convex
    // The newest pair takes the oldest one's slot.
    const bool full = pairs == parameters.memory;
    const int last = full ? oldest : pairs++;
    if (full) oldest = (oldest + 1) % parameters.memory;
    for (index_t j = 0; j < n; ++j) {
      s(last)[j] = T(step) * d[std::size_t(j)];
      y(last)[j] = g[std::size_t(j)] - base_g[std::size_t(j)];
    }
    for (int i = 0; i < pairs; ++i) {
      sy(last, i) = i == last ? curvature : dot(s(last), y(i));
      ss(last, i) = ss(i, last) = dot(s(last), s(i));
    }
    theta = dot(y(last), y(last)) / curvature;
    for (int i = 0; i < pairs; ++i)
      for (int j = 0; j < pairs; ++j) {
        middle.p(i, j) = i == j ? sy(i, i) : 0;
        middle.e(i, j) = age(i) > age(j) ? sy(i, j) : 0;
        middle.q(i, j) = theta * ss(i, j);
      }
    if (!middle.factor(pairs)) forget();
  }

  const Team& team;
  const lbfgsb_parameters& parameters;
  Objective& objective;
  index_t n;
  T* x;
  const T *lower, *upper;
  std::vector<T> g, base, base_g, d, t_break, newton, ws, wy;
  bool bounded = false, boxed = false;
  real value = 0, theta = 1;
  int pairs = 0;
  int oldest = 0; ///< slot of the oldest pair
  std::vector<real> matrices;
  small_matrix sy, ss;       ///< SᵀY, where the row's pair is no older than the column's, and SᵀS
  saddle middle;             ///< M⁻¹, factored
  real c_y[most], c_s[most]; ///< Wᵀ(Cauchy point − base), W = [Y θS]
  lbfgsb_result out;
};

} // namespace lbfgsb_detail

/// Minimises f over the box [lower, upper] (infinite bounds allowed) from x, which is first moved into the box and
/// becomes the best point found. `objective(x, g)` returns f and writes its gradient. All sums over the n variables are
/// the team's. Evaluates only inside the box; throws argument_error for bad parameters, and nothing for numerical
/// trouble: see lbfgsb_status. Memory: (2m + 6)·n; time per iteration: O(m²·n), beside the evaluations.
///
/// Sources: Byrd, Lu, Nocedal & Zhu 1995; Zhu, Byrd, Lu & Nocedal 1997 (stopping rules); Morales & Nocedal 2011
/// (projection); Moré & Thuente 1994 (line search).
template <class Team, class T, class Objective>
lbfgsb_result lbfgsb_minimise(const Team& team, const lbfgsb_parameters& parameters, Objective objective, T* x,
                              const T* lower, const T* upper, index_t n) {
  parameters.check();
  return lbfgsb_detail::scalar<T, Team, Objective>(team, parameters, objective, x, lower, upper, n).run();
}

} // namespace advx::optimizer
