/// @file
/// What both forms of L-BFGS-B share: parameters, how a run ends, and the small matrices of the limited-memory model.
#pragma once

#include <advx/core/host_device.hpp>
#include <advx/core/require.hpp>
#include <advx/core/types.hpp>
#include <advx/kernel/math.hpp>

#include <cstdint>
#include <limits>

namespace advx::optimizer {

/// Parameters of L-BFGS-B. The tolerances are those that its authors' drivers and SciPy share, the memory and the
/// trials SciPy's, the steps Tabacof & Valle's (2016).
struct lbfgsb_parameters {
  static constexpr int most_memory = 30;
  /// Sums over the pairs, in a vector of the images' type, are rounded to it after each so many pairs.
  static constexpr int pairs_a_pass = 4;

  int memory = 10;                  ///< m, pairs of vectors that model the curvature, in [1, 30]
  int steps = 150;                  ///< iterations, ≥ 1
  int evaluations = 15000;          ///< of the objective and its gradient together, ≥ 1
  double gradient_tolerance = 1e-5; ///< pgtol ≥ 0: ends where max |P(x − g) − x| is not greater
  /// factr ≥ 0: ends where a step lowers f by no more than factr·2⁻⁵²·max(|f|, |f before|, 1), or where that is above 0
  /// and the computation's own type is coarser, by no more than one unit of it; 0: where f does not fall.
  double value_tolerance = 1e7;
  int trials = 20; ///< evaluations in one line search, ≥ 1

  /// How little f, computed in T, may fall in a step from `before` to `after` before the run ends.
  template <class T>
  ADVX_HOST_DEVICE constexpr double least_decrease(double before, double after) const noexcept {
    if (value_tolerance == 0) return 0;
    const double least = kernel::maximum(value_tolerance * std::numeric_limits<double>::epsilon(),
                                         double(std::numeric_limits<T>::epsilon()));
    return least * scale(before, after);
  }
  /// A line search that finds no lower point ends the run, if the slope promised no more than a rounding of f: neither
  /// would another direction's.
  template <class T>
  static ADVX_HOST_DEVICE constexpr bool is_rounding(double value, double slope) noexcept {
    return -slope <= double(std::numeric_limits<T>::epsilon()) * scale(value, value);
  }

  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    constexpr const char* who = "optimizer::lbfgsb";
    ::advx::detail::require(memory >= 1 && memory <= most_memory, who, "memory", "memory >= 1 && memory <= 30", memory);
    ::advx::detail::require(steps >= 1, who, "steps", "steps >= 1", steps);
    ::advx::detail::require(evaluations >= 1, who, "evaluations", "evaluations >= 1", evaluations);
    ::advx::detail::require(gradient_tolerance >= 0, who, "gradient_tolerance", "gradient_tolerance >= 0",
                            gradient_tolerance);
    ::advx::detail::require(value_tolerance >= 0, who, "value_tolerance", "value_tolerance >= 0", value_tolerance);
    ::advx::detail::require(trials >= 1, who, "trials", "trials >= 1", trials);
  }

private:
  static ADVX_HOST_DEVICE constexpr double scale(double a, double b) noexcept {
    return kernel::maximum(kernel::maximum(kernel::absolute(a), kernel::absolute(b)), 1.0);
  }
};

/// How a run of L-BFGS-B stands. Whatever the end, the iterate is the best point that a step has reached.
enum class lbfgsb_status : std::uint8_t {
  running,
  small_gradient, ///< the projected gradient is within `gradient_tolerance`
  small_decrease, ///< the last step lowered f by no more than `value_tolerance` allows
  steps,          ///< all iterations are made
  evaluations,    ///< all evaluations are made
  line_search,    ///< no lower point along the projected gradient: rounding, or a gradient that is not f's
  non_finite,     ///< f or its gradient is not finite at the start
};

namespace lbfgsb_detail {

/// from + move in [lower, upper]; on its bound, to the bit, where no more than rounding is missing. A variable that is
/// stopped a rounding before its bound would count as free, but has no room: it would hold the next line search, of all
/// variables, at step 1.
template <class T>
ADVX_HOST_DEVICE constexpr T moved(T from, T move, T lower, T upper) noexcept {
  const T to = kernel::clamp(from + move, lower, upper), bound = move < T(0) ? lower : upper;
  const T rounding = 4 * std::numeric_limits<T>::epsilon() * (kernel::absolute(from) + kernel::absolute(move));
  return move != T(0) && kernel::absolute(bound - to) <= rounding ? bound : to;
}
/// How many times `along` fits between `from` and its bound: 1, to the bit, where it leads there.
template <class T>
ADVX_HOST_DEVICE constexpr double room_along(T from, T along, T lower, T upper) noexcept {
  if (along == T(0)) return std::numeric_limits<double>::infinity();
  return double(((along > T(0) ? upper : lower) - from) / along);
}

/// A view of a small square matrix, row after row.
struct small_matrix {
  double* entry = nullptr;
  int stride = 0;
  ADVX_HOST_DEVICE constexpr double& operator()(int i, int j) const noexcept { return entry[i * stride + j]; }
};

/// The lower Cholesky factor of the leading k × k part of a, in place; false where that is not positive definite in
/// this precision.
ADVX_HOST_DEVICE inline bool cholesky(const small_matrix& a, int k) noexcept {
  for (int j = 0; j < k; ++j) {
    double pivot = a(j, j);
    for (int l = 0; l < j; ++l) pivot -= a(j, l) * a(j, l);
    // Also false for a pivot that is NaN or infinite.
    if (!(pivot > 0 && pivot <= std::numeric_limits<double>::max())) return false;
    const double root = kernel::square_root(pivot);
    a(j, j) = root;
    for (int i = j + 1; i < k; ++i) {
      double sum = a(i, j);
      for (int l = 0; l < j; ++l) sum -= a(i, l) * a(j, l);
      a(i, j) = sum / root;
    }
  }
  return true;
}

/// v ← L⁻¹v.
ADVX_HOST_DEVICE constexpr void forward_solve(const small_matrix& l, int k, double* v) noexcept {
  for (int i = 0; i < k; ++i) {
    double sum = v[i];
    for (int j = 0; j < i; ++j) sum -= l(i, j) * v[j];
    v[i] = sum / l(i, i);
  }
}
/// v ← L⁻ᵀv.
ADVX_HOST_DEVICE constexpr void backward_solve(const small_matrix& l, int k, double* v) noexcept {
  for (int i = k - 1; i >= 0; --i) {
    double sum = v[i];
    for (int j = i + 1; j < k; ++j) sum -= l(j, i) * v[j];
    v[i] = sum / l(i, i);
  }
}

/// The symmetric indefinite system [−P Eᵀ; E Q] of order 2k, P and Q + E·P⁻¹·Eᵀ positive definite: the middle matrix
/// M⁻¹ of the compact form and the one that subspace minimisation solves are both of this kind (Byrd, Lu, Nocedal & Zhu
/// 1995, eqs. 3.4 and 5.11). Only the lower triangles of P and Q are read.
struct saddle {
  small_matrix p; ///< P; after `factor` its Cholesky factor
  small_matrix e; ///< E; after `factor` E·L⁻ᵀ, where P = L·Lᵀ
  small_matrix q; ///< Q; after `factor` the Cholesky factor of Q + E·P⁻¹·Eᵀ

  /// How many numbers it needs for k ≤ m.
  static constexpr index_t numbers(int m) noexcept { return index_t{3} * m * m; }
  static ADVX_HOST_DEVICE constexpr saddle in(double* memory, int m) noexcept {
    return {{memory, m}, {memory + m * m, m}, {memory + 2 * m * m, m}};
  }

  /// False where the system is not of this kind in this precision. Costs 4k³/3.
  ADVX_HOST_DEVICE bool factor(int k) const noexcept {
    if (!cholesky(p, k)) return false;
    for (int i = 0; i < k; ++i) forward_solve(p, k, &e(i, 0));
    for (int i = 0; i < k; ++i)
      for (int j = 0; j <= i; ++j)
        for (int l = 0; l < k; ++l) q(i, j) += e(i, l) * e(j, l);
    return cholesky(q, k);
  }

  /// (v, w) ← the solution for the right-hand side (v, w). Costs 4k².
  ADVX_HOST_DEVICE constexpr void solve(int k, double* v, double* w) const noexcept {
    // −P·a + Eᵀ·b = v and E·a + Q·b = w: (Q + E·P⁻¹·Eᵀ)·b = w + E·P⁻¹·v, then a = P⁻¹·(Eᵀ·b − v).
    forward_solve(p, k, v);
    for (int i = 0; i < k; ++i)
      for (int j = 0; j < k; ++j) w[i] += e(i, j) * v[j];
    forward_solve(q, k, w);
    backward_solve(q, k, w);
    for (int j = 0; j < k; ++j) {
      double sum = -v[j];
      for (int i = 0; i < k; ++i) sum += e(i, j) * w[i];
      v[j] = sum;
    }
    backward_solve(p, k, v);
  }
};

} // namespace lbfgsb_detail

} // namespace advx::optimizer
