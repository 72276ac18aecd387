/// @file
/// L-BFGS-B as an attack's optimizer.
#pragma once

#include <advx/optimizer/asks.hpp>
#include <advx/optimizer/lbfgsb_stepper.hpp>

namespace advx::optimizer {

/// Quasi-Newton steps with a limited memory inside bounds (Byrd, Lu, Nocedal & Zhu 1995; Moré & Thuente 1994): each
/// image has its own model of the curvature and its own line search, and ends when it has converged. An attack's
/// `iterations` count the evaluations. A penalty attack should not end such a run early (`abort_early`).
///
/// Memory an image: (2·memory + 4)·n values and 8·memory² + 8·memory + 4 numbers. Time per step: O(memory²·n).
struct lbfgsb {
  int memory = 10;                  ///< m, pairs of vectors that model the curvature, in [1, 30]
  int steps = 150;                  ///< iterations, ≥ 1; each makes one to `trials` evaluations, mostly one
  int evaluations = 15000;          ///< of the objective and its gradient together, ≥ 1
  double gradient_tolerance = 1e-5; ///< pgtol ≥ 0: ends where max |P(z − g) − z| is not greater
  double value_tolerance = 1e7;     ///< factr ≥ 0: ends where a step lowers f by no more, see `lbfgsb_parameters`
  int trials = 20;                  ///< evaluations in one line search, ≥ 1

  static constexpr const char* name = "lbfgsb";
  static constexpr bool needs_proximal = false;
  static constexpr bool needs_direction = false;
  static constexpr bool needs_value = true;
  static constexpr bool needs_bounds = true;
  static constexpr index_t max_points = 1;
  constexpr index_t vector_count() const noexcept { return stepper().vectors(); }
  constexpr index_t number_count() const noexcept { return stepper().numbers(); }
  /// Throws argument_error where a parameter is out of its range.
  void check() const { stepper().parameters.check(); }

  template <class T>
  struct row {
    lbfgsb_stepper::row inner{};
    bool settled = false; ///< at the end the iterate is the last point that was told
  };

  /// The next evaluation; at the end the iterate, where it is not the point that was judged last.
  template <class T>
  constexpr asks asks_for(const row<T>& r, index_t) const noexcept {
    if (r.inner.status == lbfgsb_status::running) return {1, 0, 0};
    return {0, r.settled ? 0 : 1, 0};
  }
  template <class T>
  constexpr T* point(const place<T>& p, index_t) const noexcept {
    return p.iterate;
  }
  template <class Team, class T>
  constexpr void start(const Team&, row<T>&, const place<T>&) const {}
  template <class Team, class T, class Objective>
  constexpr void tell(const Team& team, row<T>& r, const place<T>& p, const Objective& objective) const {
    const lbfgsb_stepper machine = stepper();
    const lbfgsb_place<T> at{p.iterate, p.memory, p.numbers, p.size};
    const int steps_before = r.inner.steps;
    const bool first = r.inner.evaluations == 0;
    if (first) machine.start(team, r.inner, at, objective); // the bounds are known now; the iterate is within them
    machine.tell(team, r.inner, at, objective, double(objective.value),
                 [=](index_t j) { return objective.gradient(j); });
    r.settled = first || r.inner.steps > steps_before;
  }

private:
  constexpr lbfgsb_stepper stepper() const noexcept {
    return {{memory, steps, evaluations, gradient_tolerance, value_tolerance, trials}};
  }
};

} // namespace advx::optimizer
