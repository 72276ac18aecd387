/// @file
/// Exact answers for linear classifiers z = W x + b in a box: the nearest adversarial image and the least elastic-net
/// objective. What an attack finds on such a model can be held against the truth.
///
///     oracle::linear_map f{W, b};         // W: one row per class; of a linear_model<double> m: {m.layer.rows,
///     m.layer.bias} auto a = oracle::nearest_untargeted(oracle::lp::two, f, label, kappa, x0, box); auto b =
///     oracle::nearest_targeted(oracle::lp::one, f, target, kappa, x0, box);   // any number of classes a.feasible,
///     a.x, a.distance auto e = oracle::least_elastic_net_untargeted(f, label, kappa, c, beta, x0, box); e.objective,
///     e.x, e.multiplier    // c·max(0, κ − margin) + ‖δ‖₂² + β‖δ‖₁
///
/// x0 lies in the box. Untargeted success is a union of half-spaces, so the best of the single ones is exact. Targeted
/// success is their intersection: L2 by dual coordinate ascent (Hildreth) with the box handled exactly, to about 1e-12;
/// L1 and L∞ by a dense simplex. The elastic net is solved for one half-space: two classes, or untargeted.
#pragma once

#include <numeric>
#include <optional>
#include <stdexcept>

#include "vectors.hpp"

namespace oracle {

/// z = W x + b
struct linear_map {
  std::vector<vec> rows;
  vec bias;
};

/// {x : normal·x + offset ≥ κ}
struct half_space {
  vec normal;
  double offset;
  double value(const vec& x) const { return dot(normal, x) + offset; }
};

/// Where z_winner − z_loser is large.
inline half_space beats(const linear_map& f, std::size_t winner, std::size_t loser) {
  return {minus(f.rows[winner], f.rows[loser]), f.bias[winner] - f.bias[loser]};
}

struct nearest_point {
  bool feasible = false;
  vec x{};
  double distance = std::numeric_limits<double>::infinity();
};

/// The corner of the box that is deepest in the half-space.
inline vec deepest_corner(const half_space& h, const vec& x0, const box& bounds) {
  vec corner = x0;
  for (std::size_t i = 0; i < x0.size(); ++i)
    if (h.normal[i] != 0) corner[i] = h.normal[i] > 0 ? bounds.upper[i] : bounds.lower[i];
  return corner;
}

/// The nearest point of {h ≥ κ} ∩ box to x0.
/// L2: x = clip(x0 + μ·w) (stationarity of ½‖δ‖² − μ w·x in the box); L∞: x = clip(x0 + t·sign w), which is the deepest
/// point at distance t; both move monotonically deeper, so the first parameter that reaches κ is the answer.
/// L1: pixels are spent in the order of |w|, as in a fractional knapsack.
inline nearest_point nearest_in_half_space(lp p, const half_space& h, double kappa, const vec& x0, const box& bounds) {
  const std::size_t n = x0.size();
  const vec corner = deepest_corner(h, x0, bounds);
  if (h.value(corner) < kappa) return {};
  if (h.value(x0) >= kappa) return {true, x0, 0};

  vec x = x0;
  if (p == lp::one) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return std::abs(h.normal[a]) > std::abs(h.normal[b]); });
    for (std::size_t i : order) {
      const double missing = kappa - h.value(x);
      if (!(missing > 0) || h.normal[i] == 0) break;
      const double wanted = missing / h.normal[i], room = corner[i] - x0[i];
      x[i] = std::abs(wanted) < std::abs(room) ? x0[i] + wanted : corner[i];
    }
  } else {
    const auto at = [&](double t) {
      vec moved(n);
      for (std::size_t i = 0; i < n; ++i) {
        const double w = h.normal[i];
        moved[i] = bounds.clip(x0[i] + t * (p == lp::two ? w : static_cast<double>((w > 0) - (w < 0))), i);
      }
      return moved;
    };
    double most = 0; // here every pixel has reached its bound
    for (std::size_t i = 0; i < n; ++i)
      if (h.normal[i] != 0)
        most = std::max(most, 2 * std::abs(corner[i] - x0[i]) / (p == lp::two ? std::abs(h.normal[i]) : 1));
    x = at(first_where(most, [&](double t) { return t >= most || h.value(at(t)) >= kappa; }));
  }
  return {true, x, norm(p, minus(x, x0))};
}

/// The nearest x with max_{j≠label} z_j − z_label ≥ κ: the best over the other classes j.
inline nearest_point nearest_untargeted(lp p, const linear_map& f, std::size_t label, double kappa, const vec& x0,
                                        const box& bounds) {
  nearest_point best;
  for (std::size_t j = 0; j < f.rows.size(); ++j) {
    if (j == label) continue;
    const nearest_point found = nearest_in_half_space(p, beats(f, j, label), kappa, x0, bounds);
    if (found.feasible && found.distance < best.distance) best = found;
  }
  return best;
}

/// min cost·v subject to A v ≥ b, v ≥ 0, for cost ≥ 0; none if infeasible. The dual, max b·y subject to Aᵀy ≤ cost,
/// y ≥ 0, starts feasible at y = 0: dense tableau, Bland's rule (never cycles). v is read from the slacks' prices.
inline std::optional<vec> covering_program(const std::vector<vec>& A, const vec& b, const vec& cost) {
  const std::size_t m = A.size(), n = cost.size(), width = m + n + 1;
  constexpr double tiny = 1e-11;
  // Row i < n: Σ_j A_ji y_j + slack_i = cost_i. Row n: the prices −b.
  std::vector<vec> table(n + 1, vec(width, 0.0));
  std::vector<std::size_t> basis(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < m; ++j) table[i][j] = A[j][i];
    table[i][m + i] = 1;
    table[i][width - 1] = cost[i];
    basis[i] = m + i;
  }
  for (std::size_t j = 0; j < m; ++j) table[n][j] = -b[j];

  for (;;) {
    std::size_t enter = 0;
    while (enter < width - 1 && !(table[n][enter] < -tiny)) ++enter;
    if (enter == width - 1) return vec(table[n].begin() + static_cast<std::ptrdiff_t>(m), table[n].end() - 1);

    std::size_t leave = n;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < n; ++i) {
      if (!(table[i][enter] > tiny)) continue;
      const double ratio = table[i][width - 1] / table[i][enter];
      if (leave == n || ratio < least || (ratio == least && basis[i] < basis[leave])) {
        least = ratio;
        leave = i;
      }
    }
    if (leave == n) return std::nullopt; // the dual grows for ever: nothing satisfies A v ≥ b

    const double pivot = table[leave][enter];
    for (double& value : table[leave]) value /= pivot;
    for (std::size_t i = 0; i <= n; ++i) {
      const double factor = table[i][enter];
      if (i == leave || factor == 0) continue;
      for (std::size_t j = 0; j < width; ++j) table[i][j] -= factor * table[leave][j];
    }
    basis[leave] = enter;
  }
}

/// L1 and L∞ over several half-spaces as a covering program in the moves up and down, v = (up, down[, t]) ≥ 0:
/// w_j·(up − down) ≥ κ − h_j(x0), up ≤ hi − x0, down ≤ x0 − lo; L∞: up ≤ t, down ≤ t.
inline nearest_point nearest_by_program(lp p, const std::vector<half_space>& all, double kappa, const vec& x0,
                                        const box& bounds) {
  const std::size_t n = x0.size(), size = 2 * n + (p == lp::infinity ? 1 : 0);
  std::vector<vec> A;
  vec b, cost(size, p == lp::one ? 1.0 : 0.0);
  if (p == lp::infinity) cost[2 * n] = 1;
  for (const half_space& h : all) {
    vec row(size, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      row[i] = h.normal[i];
      row[n + i] = -h.normal[i];
    }
    A.push_back(row);
    b.push_back(kappa - h.value(x0));
  }
  for (std::size_t i = 0; i < 2 * n; ++i) {
    vec room(size, 0.0);
    room[i] = -1;
    A.push_back(room);
    b.push_back(i < n ? x0[i] - bounds.upper[i] : bounds.lower[i - n] - x0[i - n]);
    if (p == lp::infinity) {
      vec below(size, 0.0);
      below[i] = -1;
      below[2 * n] = 1;
      A.push_back(below);
      b.push_back(0);
    }
  }
  const std::optional<vec> v = covering_program(A, b, cost);
  if (!v) return {};
  vec x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = bounds.clip(x0[i] + (*v)[i] - (*v)[n + i], i);
  return {true, x, norm(p, minus(x, x0))};
}

/// The nearest x with z_target − max_{j≠target} z_j ≥ κ.
inline nearest_point nearest_targeted(lp p, const linear_map& f, std::size_t target, double kappa, const vec& x0,
                                      const box& bounds) {
  std::vector<half_space> all;
  for (std::size_t j = 0; j < f.rows.size(); ++j)
    if (j != target) all.push_back(beats(f, target, j));
  if (all.size() == 1) return nearest_in_half_space(p, all[0], kappa, x0, bounds);
  if (p != lp::two) return nearest_by_program(p, all, kappa, x0, bounds);
  if (!nearest_by_program(lp::infinity, all, kappa, x0, bounds).feasible) return {};

  // The dual of min ½‖x − x0‖² in the box with w_j·x + b_j ≥ κ: x(μ) = clip(x0 + Σ μ_j w_j), μ ≥ 0, and the slope along
  // μ_j is κ − h_j(x(μ)). Maximise one μ_j after the other until none moves.
  vec mu(all.size(), 0.0);
  const auto at = [&] {
    vec x(x0.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      double moved = x0[i];
      for (std::size_t j = 0; j < all.size(); ++j) moved += mu[j] * all[j].normal[i];
      x[i] = bounds.clip(moved, i);
    }
    return x;
  };
  for (int sweep = 0; sweep < 100000; ++sweep) {
    double change = 0;
    for (std::size_t j = 0; j < all.size(); ++j) {
      const double before = mu[j];
      const auto reached = [&](double value) {
        mu[j] = value;
        return all[j].value(at()) >= kappa;
      };
      double enough = std::max(1.0, 2 * before); // some μ_j is enough: it drives each pixel that counts to j's corner
      while (!reached(enough) && enough < 1e12) enough *= 2;
      mu[j] = first_where(enough, [&](double value) { return value >= enough || reached(value); });
      change = std::max(change, std::abs(mu[j] - before));
    }
    if (change <= 1e-14 * std::max(1.0, norm(lp::infinity, mu))) break;
  }
  const vec x = at();
  for (std::size_t j = 0; j < all.size(); ++j) { // primal feasibility and complementary slackness
    const double slack = all[j].value(x) - kappa;
    if (slack < -1e-9 || mu[j] * slack > 1e-9) throw std::runtime_error("nearest_targeted: the dual did not converge");
  }
  return {true, x, norm(lp::two, minus(x, x0))};
}

/// min over the box of c·max(0, κ − h(x)) + ‖x − x0‖₂² + β‖x − x0‖₁.
struct elastic_net_minimum {
  double objective = std::numeric_limits<double>::infinity();
  vec x{};
  double multiplier = 0; ///< θ in [0, 1]: the slope of the hinge at x that makes x stationary
};

/// c·max(0, u) = max over θ in [0, 1] of θ·c·u; for a given θ each pixel is on its own:
/// δ_i = soft(θ c w_i, β)/2, clipped to the box. h grows with θ, so the smallest θ that reaches κ (else 1) is optimal.
inline elastic_net_minimum least_elastic_net(const half_space& h, double kappa, double c, double beta, const vec& x0,
                                             const box& bounds) {
  const auto at = [&](double theta) {
    vec x(x0.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double pull = theta * c * h.normal[i];
      const double delta = std::copysign(std::max(0.0, std::abs(pull) - beta) / 2, pull);
      x[i] = bounds.clip(x0[i] + delta, i);
    }
    return x;
  };
  elastic_net_minimum out;
  out.multiplier = first_where(1, [&](double theta) { return theta >= 1 || h.value(at(theta)) >= kappa; });
  out.x = at(out.multiplier);
  const vec delta = minus(out.x, x0);
  out.objective = c * std::max(0.0, kappa - h.value(out.x)) + dot(delta, delta) + beta * norm(lp::one, delta);
  return out;
}

/// The same with the untargeted margin max_{j≠label} z_j − z_label: the best over the other classes j.
inline elastic_net_minimum least_elastic_net_untargeted(const linear_map& f, std::size_t label, double kappa, double c,
                                                        double beta, const vec& x0, const box& bounds) {
  elastic_net_minimum best;
  for (std::size_t j = 0; j < f.rows.size(); ++j) {
    if (j == label) continue;
    elastic_net_minimum found = least_elastic_net(beats(f, j, label), kappa, c, beta, x0, bounds);
    if (found.objective < best.objective) best = std::move(found);
  }
  return best;
}

} // namespace oracle
