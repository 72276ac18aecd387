/// @file
/// L-BFGS-B as a machine that is told values and gradients: one row of a batch.
#pragma once

#include <advx/optimizer/lbfgsb_parts.hpp>
#include <advx/optimizer/more_thuente.hpp>

namespace advx::optimizer {

/// Where a row's vectors and small matrices lie.
template <class T>
struct lbfgsb_place {
  T* x = nullptr;            ///< the iterate: the point to be evaluated, at the end the best one
  T* vectors = nullptr;      ///< `lbfgsb_stepper::vectors()` vectors of the iterate's size, one after the other
  double* numbers = nullptr; ///< `lbfgsb_stepper::numbers()` numbers
  index_t size = 0;
};

/// The program of lbfgsb_scalar.hpp for one row, resumable: `start`, then as long as the row is running evaluate f and
/// its gradient at the iterate and `tell` them; each call moves the iterate to the next point. The steps are those of
/// `lbfgsb_minimise`, to the bit where the team's sums are the same.
///
/// All work over the columns goes through the team. What is small and serial (the 2m × 2m systems) is done once, by one
/// `each` of length 1, in the row's own memory, where every thread of a team finds it; the scalars in `row` are the
/// same in all threads. Nothing in a row's memory needs to be set before `start`.
///
/// `Box` gives the bounds: `lower(j)` and `upper(j)`, infinite ones allowed.
///
/// Sources: as of `lbfgsb_minimise`. Memory a row: (2m + 4)·n values and 8m² + 8m + 4 numbers. Time per `tell`: three
/// passes over the columns in a line search; after a step O(m²·n), and two searches of the columns for each breakpoint
/// that the Cauchy point passes.
struct lbfgsb_stepper {
  lbfgsb_parameters parameters{};

  /// A row's scalars; trivially copyable.
  struct row {
    lbfgsb_status status = lbfgsb_status::running;
    bool bounded = false;          ///< some bound is finite
    bool boxed = false;            ///< all are
    bool searching = false;        ///< in a line search; else at the first point
    int pairs = 0;                 ///< pairs in the memory
    int oldest = 0;                ///< slot of the oldest of them
    int steps = 0;                 ///< iterations made
    int evaluations = 0;           ///< answers told
    int trials = 0;                ///< of this line search
    double value = 0;              ///< f at the last point that a step has reached
    double slope = 0;              ///< f's along the direction, there
    double theta = 1;              ///< scale of the model: B = θI − W·M·Wᵀ, W = [Y θS]
    double projected_gradient = 0; ///< max |P(x − g) − x| at that point
    more_thuente line{};
  };

  /// How many vectors a row keeps beside its iterate: the pairs; the last point reached and its gradient; a direction;
  /// and one for breakpoints and for Newton's step.
  constexpr index_t vectors() const noexcept { return 2 * index_t{parameters.memory} + 4; }
  /// How many numbers a row keeps: two Gram matrices, two systems, eight short vectors and four scalars.
  constexpr index_t numbers() const noexcept {
    const index_t m = parameters.memory;
    return 2 * m * m + 2 * lbfgsb_detail::saddle::numbers(parameters.memory) + 8 * m + 4;
  }

  /// Moves the iterate into the box; it is to be evaluated there.
  template <class Team, class T, class Box>
  constexpr void start(const Team& team, row& r, const lbfgsb_place<T>& p, const Box& box) const {
    constexpr T infinite = std::numeric_limits<T>::infinity();
    r = row{};
    team.each(p.size, [=, x = p.x](index_t j) { x[j] = kernel::clamp(x[j], box.lower(j), box.upper(j)); });
    const index_t some =
        team.count(p.size, [=](index_t j) { return box.lower(j) > -infinite || box.upper(j) < infinite; });
    const index_t both =
        team.count(p.size, [=](index_t j) { return box.lower(j) > -infinite && box.upper(j) < infinite; });
    r.bounded = some > 0;
    r.boxed = both == p.size;
  }

  /// f and its gradient at the iterate, `gradient(j)` column j's (it may depend on the iterate, and is not asked for
  /// after that has moved). Moves the iterate to the next point; when the row's status is no longer `running`, it is
  /// the result.
  template <class Team, class T, class Box, class Gradient>
  constexpr void tell(const Team& team, row& r, const lbfgsb_place<T>& p, const Box& box, double value,
                      Gradient gradient) const {
    if (r.status != lbfgsb_status::running) return;
    const parts<T> at = parts_of(p);
    ++r.evaluations;
    if (!r.searching) {
      first_point(team, r, at, box, value, gradient);
    } else {
      const real slope =
          team.template sum<real>(at.size, [=, d = at.d](index_t j) { return real(gradient(j)) * real(d[j]); });
      const real step = r.line.step;
      const bool go_on = r.line.tell(value, slope) == more_thuente::verdict::go_on;
      if (go_on && r.trials < parameters.trials) {
        trial(team, r, at, box);
        return;
      }
      if (go_on || value > r.value)
        no_step(team, r, at, value, go_on);
      else
        take_step(team, r, at, box, value, gradient, step, slope);
    }
    while (r.status == lbfgsb_status::running && !direction(team, r, at, box)) {
      if (r.pairs == 0) r.status = lbfgsb_status::line_search;
      forget(r);
    }
  }

private:
  using real = double;
  using saddle = lbfgsb_detail::saddle;
  using small_matrix = lbfgsb_detail::small_matrix;

  /// The row's memory by name.
  template <class T>
  struct parts {
    index_t size;
    T* x;
    T *base, *base_g; ///< the last point reached, and f's gradient there
    T* d;             ///< the projected steepest descent, then the line search's direction
    T* t;             ///< breakpoints, then Newton's step
    T* pairs;         ///< s and y, in turn
    real* scalar;     ///< what one thread has to tell the others
    real *c_y, *c_s;  ///< Wᵀ(x − base) at the Cauchy point
    real *p_y, *p_s;  ///< Wᵀd
    real *v, *w;      ///< right-hand sides and solutions
    real *v2, *w2;
    small_matrix sy, ss; ///< SᵀY, where the row's pair is no older than the column's, and SᵀS
    saddle middle;       ///< M⁻¹, factored
    saddle system;       ///< of the subspace

    constexpr T* s(int slot) const noexcept { return pairs + index_t{2} * slot * size; }
    constexpr T* y(int slot) const noexcept { return s(slot) + size; }

    // For one thread:
    /// (v2, w2) ← M·(a, b).
    constexpr void by_middle(int k, const real* a, const real* b) const noexcept {
      for (int i = 0; i < k; ++i) {
        v2[i] = a[i];
        w2[i] = b[i];
      }
      middle.solve(k, v2, w2);
    }
    /// (v2, w2)ᵀ·(a, b).
    constexpr real product(int k, const real* a, const real* b) const noexcept {
      real sum = 0;
      for (int i = 0; i < k; ++i) sum += v2[i] * a[i] + w2[i] * b[i];
      return sum;
    }
  };

  template <class T>
  constexpr parts<T> parts_of(const lbfgsb_place<T>& p) const noexcept {
    const int m = parameters.memory;
    const index_t n = p.size;
    real* const c = p.numbers + 4;
    real* const matrices = c + 8 * m;
    real* const middle = matrices + 2 * m * m;
    return {n,
            p.x,
            p.vectors,
            p.vectors + n,
            p.vectors + 2 * n,
            p.vectors + 3 * n,
            p.vectors + 4 * n,
            p.numbers,
            c,
            c + m,
            c + 2 * m,
            c + 3 * m,
            c + 4 * m,
            c + 5 * m,
            c + 6 * m,
            c + 7 * m,
            {matrices, m},
            {matrices + m * m, m},
            saddle::in(middle, m),
            saddle::in(middle + saddle::numbers(m), m)};
  }

  /// The slot of the i-th pair by age, the oldest first.
  constexpr int by_age(const row& r, int i) const noexcept { return (r.oldest + i) % parameters.memory; }

  template <class Team, class T>
  static constexpr real dot(const Team& team, index_t n, const T* a, const T* b) {
    return team.template sum<real>(n, [=](index_t j) { return real(a[j]) * real(b[j]); });
  }
  /// Two vectors of a scalar product.
  template <class T>
  struct factors {
    const T *a, *b;
  };
  /// out[e] = a·b of `of(e)`, for e in [0, count), added up in Sum.
  template <class Sum, class Team, class Of>
  static constexpr void dots(const Team& team, index_t n, int count, real* out, Of of) {
    for (int e = 0; e < count; ++e) {
      const auto f = of(e);
      const real product = real(team.template sum<Sum>(n, [=](index_t j) { return Sum(f.a[j]) * Sum(f.b[j]); }));
      once(team, [=] { out[e] = product; });
    }
  }
  /// (v, w) ← Wᵀu.
  template <class Team, class T>
  constexpr void by_pairs(const Team& team, const row& r, const parts<T>& at, const T* u, real* v, real* w) const {
    const int k = r.pairs;
    dots<real>(team, at.size, k, v, [&](int i) { return factors<T>{at.y(i), u}; });
    dots<real>(team, at.size, k, w, [&](int i) { return factors<T>{at.s(i), u}; });
    once(team, [=, theta = r.theta] {
      for (int i = 0; i < k; ++i) w[i] *= theta;
    });
  }
  /// u ← u + [Y S]·(v, w) where `take(j)`, else 0. Some pairs a pass, so that the loop over columns is the inner one.
  template <class Team, class T, class Take>
  static constexpr void add_pairs(const Team& team, const parts<T>& at, int k, T* u, Take take) {
    constexpr int some = lbfgsb_parameters::pairs_a_pass;
    for (int first = 0; first < k; first += some) {
      const T* y[some] = {};
      const T* s[some] = {};
      real v[some] = {}, w[some] = {}; // 0 beyond the last pair
      for (int i = 0; i < some; ++i) {
        const bool there = first + i < k;
        y[i] = at.y(there ? first + i : 0);
        s[i] = at.s(there ? first + i : 0);
        v[i] = there ? at.v[first + i] : 0;
        w[i] = there ? at.w[first + i] : 0;
      }
      team.each(at.size, [=](index_t j) {
        real sum = real(u[j]);
        for (int i = 0; i < some; ++i) sum += v[i] * real(y[i][j]) + w[i] * real(s[i][j]);
        u[j] = T(sum);
      });
    }
    team.each(at.size, [=](index_t j) { u[j] = take(j) ? u[j] : T(0); });
  }
  /// By one thread, for all.
  template <class Team, class F>
  static constexpr void once(const Team& team, F f) {
    team.each(1, [=](index_t) { f(); });
  }
  /// A number that `once` has written. Read by the thread that writes, so that no thread is late when it is written
  /// again.
  template <class Team>
  static constexpr real told(const Team& team, const real* from) {
    return team.template sum<real>(1, [=](index_t) { return *from; });
  }

  template <class Team, class T>
  static constexpr void back(const Team& team, const parts<T>& at) {
    team.each(at.size, [x = at.x, base = at.base](index_t j) { x[j] = base[j]; });
  }
  static constexpr void forget(row& r) noexcept {
    r.pairs = r.oldest = 0;
    r.theta = 1;
  }

  template <class Team, class T, class Box, class Gradient>
  constexpr void first_point(const Team& team, row& r, const parts<T>& at, const Box& box, real value,
                             Gradient gradient) const {
    r.value = value;
    reach(team, r, at, box, gradient);
    const real square = dot(team, at.size, at.base_g, at.base_g);
    constexpr real most = std::numeric_limits<real>::max();
    if (!(kernel::absolute(value) <= most && square <= most))
      r.status = lbfgsb_status::non_finite;
    else if (r.projected_gradient <= parameters.gradient_tolerance)
      r.status = lbfgsb_status::small_gradient;
  }

  /// The line search has failed, or ended at a `value` above the one before it, which may be no more than rounding. The
  /// next direction is the projected steepest one.
  template <class Team, class T>
  constexpr void no_step(const Team& team, row& r, const parts<T>& at, real value, bool failed) const {
    back(team, at);
    const bool as_low = !failed && value - r.value <= parameters.least_decrease<T>(r.value, value);
    if (as_low || lbfgsb_parameters::is_rounding<T>(r.value, r.slope))
      r.status = lbfgsb_status::small_decrease;
    else if (r.pairs == 0)
      r.status = lbfgsb_status::line_search;
    forget(r);
  }

  template <class Team, class T, class Box, class Gradient>
  constexpr void take_step(const Team& team, row& r, const parts<T>& at, const Box& box, real value, Gradient gradient,
                           real step, real slope) const {
    const real decrease = r.value - value, least = parameters.least_decrease<T>(r.value, value);
    ++r.steps;
    r.value = value;
    remember(team, r, at, gradient, step, slope);
    reach(team, r, at, box, gradient);
    if (r.projected_gradient <= parameters.gradient_tolerance)
      r.status = lbfgsb_status::small_gradient;
    else if (decrease <= least)
      r.status = lbfgsb_status::small_decrease;
    else if (r.steps >= parameters.steps)
      r.status = lbfgsb_status::steps;
  }

  /// The iterate becomes the last point reached.
  template <class Team, class T, class Box, class Gradient>
  static constexpr void reach(const Team& team, row& r, const parts<T>& at, const Box& box, Gradient gradient) {
    T *x = at.x, *base = at.base, *g = at.base_g;
    team.each(at.size, [=](index_t j) {
      base[j] = x[j];
      g[j] = gradient(j);
    });
    r.projected_gradient = kernel::maximum(0.0, team.template max<real>(at.size, [=](index_t j) {
      const T step =
          g[j] < T(0) ? kernel::maximum(x[j] - box.upper(j), g[j]) : kernel::minimum(x[j] - box.lower(j), g[j]);
      return real(kernel::absolute(step));
    }));
  }

  /// Sets up a line search towards the model's minimiser in the box, and its first trial. False, with x = base, where
  /// that is no descent.
  template <class Team, class T, class Box>
  constexpr bool direction(const Team& team, row& r, const parts<T>& at, const Box& box) const {
    if (r.bounded || r.pairs == 0) {
      if (!cauchy_point(team, r, at, box)) return false;
    } else {
      once(team, [=, k = r.pairs] {
        for (int i = 0; i < k; ++i) at.c_y[i] = at.c_s[i] = 0;
      });
    }
    if (r.pairs > 0 && !subspace_minimum(team, r, at, box)) {
      back(team, at);
      return false;
    }
    team.each(at.size, [=, x = at.x, base = at.base, d = at.d](index_t j) { d[j] = x[j] - base[j]; });
    r.slope = dot(team, at.size, at.base_g, at.d);
    if (!(r.slope < 0)) { // also NaN
      back(team, at);
      return false;
    }
    real longest = 1e10;
    if (r.bounded && r.steps == 0) longest = 1;
    if (r.bounded && r.steps > 0)
      longest = kernel::minimum(longest, -team.template max<real>(at.size, [=](index_t j) {
        return -lbfgsb_detail::room_along(at.base[j], at.d[j], box.lower(j), box.upper(j));
      }));
    real first = kernel::minimum(1.0, longest);
    if (r.steps == 0 && !r.boxed)
      first = kernel::minimum(1 / kernel::square_root(dot(team, at.size, at.d, at.d)), longest);
    r.line.start(r.value, r.slope, first, longest);
    r.trials = 0;
    r.searching = true;
    trial(team, r, at, box);
    return true;
  }

  /// Moves the iterate to the line search's next trial.
  template <class Team, class T, class Box>
  constexpr void trial(const Team& team, row& r, const parts<T>& at, const Box& box) const {
    if (r.evaluations >= parameters.evaluations) {
      back(team, at);
      r.status = lbfgsb_status::evaluations;
      return;
    }
    // At the first trial of step 1, x stands there already, on its bounds to the bit.
    if (r.trials > 0 || r.line.step != 1)
      team.each(at.size, [=, step = T(r.line.step), x = at.x, base = at.base, d = at.d](index_t j) {
        x[j] = lbfgsb_detail::moved(base[j], step * d[j], box.lower(j), box.upper(j));
      });
    ++r.trials;
  }

  /// The first local minimiser of the model along the projected steepest descent path (Byrd et al. 1995, Algorithm CP),
  /// into x; c = Wᵀ(x − base). False where the model is not convex in this precision.
  template <class Team, class T, class Box>
  constexpr bool cauchy_point(const Team& team, const row& r, const parts<T>& at, const Box& box) const {
    constexpr T infinite = std::numeric_limits<T>::infinity();
    const int k = r.pairs;
    const real theta = r.theta;
    T *x = at.x, *d = at.d, *t = at.t;
    const T* g = at.base_g;
    team.each(at.size, [=](index_t j) {
      T until = infinite;
      if (g[j] < T(0)) until = (box.upper(j) - x[j]) / -g[j];
      if (g[j] > T(0)) until = (x[j] - box.lower(j)) / g[j];
      d[j] = until > T(0) ? -g[j] : T(0);
      t[j] = d[j] != T(0) ? until : infinite; // where it no longer moves, it has no breakpoint
    });
    index_t moving = team.count(at.size, [=](index_t j) { return d[j] != T(0); });
    index_t breakpoints = team.count(at.size, [=](index_t j) { return t[j] < infinite; });
    by_pairs(team, r, at, d, at.p_y, at.p_s);
    const real square = dot(team, at.size, d, d);
    // The path's slope and bend lie in scalar[0] and [1], the step to its minimum in [2].
    once(team, [=] {
      for (int i = 0; i < k; ++i) at.c_y[i] = at.c_s[i] = 0;
      at.by_middle(k, at.p_y, at.p_s);
      at.scalar[0] = -square;
      at.scalar[1] = theta * square - at.product(k, at.p_y, at.p_s);
    });
    const real bend = told(team, at.scalar + 1);
    if (!(bend > 0)) return false; // also NaN
    const real least_bend = std::numeric_limits<real>::epsilon() * bend;
    real step = square / bend, passed = 0;
    for (; breakpoints > 0; --breakpoints) {
      // Mostly the first breakpoint is not reached, and which variable's it is need not be known.
      const T until = -team.template max<T>(at.size, [=](index_t j) { return -t[j]; });
      const real interval = real(until) - passed;
      if (step < interval) break;
      const index_t b =
          -team.template max<index_t>(at.size, [=, none = -at.size](index_t j) { return t[j] == until ? -j : none; });
      passed = real(until);
      --moving;
      once(team, [=, last = moving == 0] {
        const T bound = d[b] > T(0) ? box.upper(b) : box.lower(b);
        const real gradient = real(g[b]), moved = real(bound) - real(x[b]);
        d[b] = T(0);
        t[b] = infinite;
        x[b] = bound;
        for (int i = 0; i < k; ++i) {
          at.c_y[i] += interval * at.p_y[i];
          at.c_s[i] += interval * at.p_s[i];
          at.v[i] = real(at.y(i)[b]);
          at.w[i] = theta * real(at.s(i)[b]);
        }
        at.scalar[2] = 0;
        if (last) return;
        real &slope = at.scalar[0], &bent = at.scalar[1];
        at.by_middle(k, at.v, at.w);
        slope +=
            interval * bent + gradient * gradient + theta * gradient * moved - gradient * at.product(k, at.c_y, at.c_s);
        bent -= theta * gradient * gradient + 2 * gradient * at.product(k, at.p_y, at.p_s) +
                gradient * gradient * at.product(k, at.v, at.w);
        bent = kernel::maximum(least_bend, bent);
        for (int i = 0; i < k; ++i) {
          at.p_y[i] += gradient * at.v[i];
          at.p_s[i] += gradient * at.w[i];
        }
        at.scalar[2] = -slope / bent;
      });
      step = told(team, at.scalar + 2);
      if (moving == 0) break;
    }
    step = kernel::maximum(step, 0.0);
    once(team, [=] {
      for (int i = 0; i < k; ++i) {
        at.c_y[i] += step * at.p_y[i];
        at.c_s[i] += step * at.p_s[i];
      }
    });
    team.each(at.size, [=, length = T(passed + step)](index_t j) {
      if (d[j] != T(0)) x[j] = lbfgsb_detail::moved(x[j], length * d[j], box.lower(j), box.upper(j));
    });
    return true;
  }

  /// The model's minimiser over the variables that the Cauchy point x leaves free, back into the box (Byrd et al. 1995,
  /// section 5.1; the projection of Morales & Nocedal 2011, and the truncated step where it does not descend). False
  /// where the model is not convex in this precision.
  template <class Team, class T, class Box>
  constexpr bool subspace_minimum(const Team& team, const row& r, const parts<T>& at, const Box& box) const {
    const int k = r.pairs;
    const real theta = r.theta;
    T *x = at.x, *newton = at.t;
    const T *base = at.base, *g = at.base_g;
    const auto free = [=](index_t j) { return box.lower(j) < x[j] && x[j] < box.upper(j); };
    if (team.count(at.size, free) == 0) return true;
    for (int a = 0; a < k; ++a) {
      const int i = by_age(r, a), older = a + 1; // i's own pair counts as older
      // The free part of y and the fixed part of s, so that each sum reads two vectors only.
      T *y_free = at.d, *s_fixed = at.t;
      team.each(at.size, [=, s = at.s(i), y = at.y(i)](index_t j) {
        y_free[j] = free(j) ? y[j] : T(0);
        s_fixed[j] = free(j) ? T(0) : s[j];
      });
      // Most of the time goes here. Sums in T are enough: the pairs are rounded to T themselves.
      dots<T>(team, at.size, 4 * older, at.v, [&](int e) {
        const int j = by_age(r, e % older);
        return e < older       ? factors<T>{y_free, at.y(j)}
               : e < 2 * older ? factors<T>{s_fixed, at.s(j)}
               : e < 3 * older ? factors<T>{y_free, at.s(j)}
                               : factors<T>{s_fixed, at.y(j)};
      });
      once(team, [=, this, first = r.oldest, sums = at.v] {
        for (int b = 0; b < older; ++b) {
          const int j = (first + b) % parameters.memory;
          at.system.p(i, j) = at.system.p(j, i) = (i == j ? at.sy(i, i) : real(0)) + sums[b] / theta;
          at.system.q(i, j) = at.system.q(j, i) = theta * sums[older + b];
          at.system.e(i, j) = sums[3 * older + b];
          at.system.e(j, i) = -sums[2 * older + b]; // on the diagonal too
        }
      });
    }
    once(team, [=] {
      at.scalar[0] = at.system.factor(k) ? 1 : 0;
      for (int i = 0; i < k; ++i) {
        at.v[i] = at.c_y[i];
        at.w[i] = at.c_s[i];
      }
      at.middle.solve(k, at.v, at.w);
      for (int i = 0; i < k; ++i) at.w[i] *= theta;
    });
    if (told(team, at.scalar) == 0) return false;
    // The model's downhill direction at the Cauchy point.
    team.each(at.size, [=](index_t j) { newton[j] = T(-theta * real(x[j] - base[j]) - real(g[j])); });
    add_pairs(team, at, k, newton, free);
    by_pairs(team, r, at, newton, at.v, at.w);
    once(team, [=, scale = 1 / (theta * theta)] {
      at.system.solve(k, at.v, at.w);
      for (int i = 0; i < k; ++i) {
        at.v[i] *= scale;
        at.w[i] *= scale * theta;
      }
    });
    team.each(at.size, [=](index_t j) { newton[j] = T(real(newton[j]) / theta); });
    add_pairs(team, at, k, newton, free);
    const auto projected = [=](index_t j, T share) {
      return lbfgsb_detail::moved(x[j], share * newton[j], box.lower(j), box.upper(j));
    };
    const real descent =
        team.template sum<real>(at.size, [=](index_t j) { return real(projected(j, T(1)) - base[j]) * real(g[j]); });
    T share = 1;
    if (!(descent <= 0))
      share = T(kernel::minimum(1.0, -team.template max<real>(at.size, [=](index_t j) {
        return -lbfgsb_detail::room_along(x[j], newton[j], box.lower(j), box.upper(j));
      })));
    team.each(at.size, [=](index_t j) { x[j] = projected(j, share); });
    return true;
  }

  /// Takes the step and the change of the gradient into the model.
  template <class Team, class T, class Gradient>
  constexpr void remember(const Team& team, row& r, const parts<T>& at, Gradient gradient, real step,
                          real slope) const {
    const real curvature = step * (slope - r.slope);
    if (!(curvature > -real(std::numeric_limits<T>::epsilon()) * step * r.slope)) return; // also where f is not convex
    // The newest pair takes the oldest one's slot.
    const int m = parameters.memory;
    const bool full = r.pairs == m;
    const int last = full ? r.oldest : r.pairs++, k = r.pairs;
    if (full) r.oldest = (r.oldest + 1) % m;
    T *s = at.s(last), *y = at.y(last);
    team.each(at.size, [=, d = at.d, g = at.base_g](index_t j) {
      s[j] = T(step) * d[j];
      y[j] = gradient(j) - g[j];
    });
    dots<real>(team, at.size, k, &at.sy(last, 0), [&](int i) { return factors<T>{s, at.y(i)}; });
    dots<real>(team, at.size, k, &at.ss(last, 0), [&](int i) { return factors<T>{s, at.s(i)}; });
    r.theta = dot(team, at.size, y, y) / curvature;
    once(team, [=, theta = r.theta, oldest = r.oldest] {
      at.sy(last, last) = curvature;
      for (int i = 0; i < k; ++i) at.ss(i, last) = at.ss(last, i);
      for (int i = 0; i < k; ++i)
        for (int j = 0; j < k; ++j) {
          const bool newer = (i + m - oldest) % m > (j + m - oldest) % m;
          at.middle.p(i, j) = i == j ? at.sy(i, i) : 0;
          at.middle.e(i, j) = newer ? at.sy(i, j) : 0;
          at.middle.q(i, j) = theta * at.ss(i, j);
        }
      at.scalar[0] = at.middle.factor(k) ? 1 : 0;
    });
    if (told(team, at.scalar) == 0) forget(r);
  }
};

} // namespace advx::optimizer
