/// @file
/// The papers' attacks, transcribed as slowly and plainly as they are printed: one image, double, loops.
///
///     oracle::model m{scores, vjp};     // scores(x) -> z;  vjp(x, v) -> Jᵀv, J = ∂z/∂x;  or oracle::model_of(object)
///     oracle::goal  g{label, targeted}; // the target class, or the class to leave
///     auto cw  = oracle::carlini_wagner_l2(m, g, x0, box, {.search_steps = 2, .iterations = 20});
///     cw.searches[s].constant           // c of the s-th search step
///     cw.searches[s].success            // was any of its points adversarial?
///     cw.searches[s].images[k]          // the k-th point it evaluated; .margins[k], .objectives[k] belong to it
///     cw.best                           // the adversarial point nearest in L2 (std::optional)
///     auto ead = oracle::elastic_net(m, g, x0, box, {.beta = 0.01});      // also .gradient_points[k] = y_k
///     ead.best_en, ead.best_l1          // by the two decision rules
///     auto x   = oracle::fgm(m, g, x0, box, oracle::lp::two, epsilon);
///     auto run = oracle::i_fgm(m, g, x0, box, {.norm = oracle::lp::one, .epsilon = 1, .steps = 10});
///     run.images[k]                     // k steps done: images[0] is the start, images[steps] the result
///     auto pgd = oracle::pgd(m, g, x0, start, box, {...});
///
/// Conventions, where a paper leaves a choice: an image is adversarial if margin ≥ κ, without tolerance; max(0, u) has
/// slope 1 only for u > 0; of equal scores the lowest class is the largest; sign(0) = 0 and a zero gradient gives no
/// step; of equal distances the earlier point stays the best; distances are to x0 itself.
///
/// Sources: Y. Sharma, "Gradient-based adversarial attacks to deep neural networks in limited access settings" (eqs. 7
/// to 9, 16 to 20, Algorithm 4); N. Carlini & D. Wagner, "Towards evaluating the robustness of neural networks" (L2
/// attack and search for c); D. Kingma & J. Ba, "Adam" (Algorithm 1).
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "vectors.hpp"

namespace oracle {

/// A classifier, as two functions of one image.
struct model {
  std::function<vec(const vec&)> scores;
  std::function<vec(const vec&, const vec&)> vjp;
};

/// An object's member functions `scores(x)` and `vjp(x, v)`; the object must outlive the result.
template <class Object>
model model_of(const Object& object) {
  return {[&object](const vec& x) { return object.scores(x); },
          [&object](const vec& x, const vec& v) { return object.vjp(x, v); }};
}
template <class Object>
model model_of(const Object&&) = delete;

/// Become `label` (targeted), or be anything but `label` (untargeted).
struct goal {
  std::size_t label;
  bool targeted;
};

/// The highest-scoring class other than `label`.
inline std::size_t best_other(const vec& z, std::size_t label) {
  std::size_t best = label == 0 ? 1 : 0;
  for (std::size_t j = 0; j < z.size(); ++j)
    if (j != label && z[j] > z[best]) best = j;
  return best;
}

/// How far the goal is reached: Z_t − max_{j≠t} Z_j (targeted) or max_{j≠y} Z_j − Z_y (untargeted).
/// f of eq. 9 is max(−margin, −κ) = max(0, κ − margin) − κ.
inline double margin(const vec& z, goal g) {
  const double ahead = z[g.label] - z[best_other(z, g.label)];
  return g.targeted ? ahead : -ahead;
}

/// ∂margin/∂z
inline vec margin_slope(const vec& z, goal g) {
  vec slope(z.size(), 0.0);
  slope[g.label] = g.targeted ? 1 : -1;
  slope[best_other(z, g.label)] = g.targeted ? -1 : 1;
  return slope;
}

/// c·max(0, κ − margin(z)): the attacks' loss, eq. 9 shifted by the constant cκ so that it ends at 0.
inline double hinge(const vec& z, goal g, double c, double kappa) { return c * std::max(0.0, kappa - margin(z, g)); }

/// ∇_x of `hinge` at x, whose scores are z.
inline vec hinge_gradient(const model& m, const vec& x, const vec& z, goal g, double c, double kappa) {
  if (!(kappa - margin(z, g) > 0)) return vec(x.size(), 0.0);
  vec cotangent = margin_slope(z, g);
  for (double& value : cotangent) value *= -c;
  return m.vjp(x, cotangent);
}

/// An adversarial image and its size by the rule that chose it.
struct candidate {
  vec image;
  double size;
};

inline void keep_smaller(std::optional<candidate>& best, const vec& image, double size) {
  if (!best || size < best->size) best = candidate{image, size};
}

/// Carlini & Wagner's search for c ("modified binary search"): lb = 0, ub = 10¹⁰;
/// after a success ub = min(ub, c), after a failure lb = max(lb, c);
/// then c = (lb + ub)/2 as soon as ub < 10⁹, else c·10 after a failure. With 10 search steps or more the last runs at
/// ub.
class constant_search {
public:
  constant_search(double initial, int steps) : c_(initial), steps_(steps) {}

  /// c of search step `step`.
  double constant(int step) const { return steps_ >= 10 && step == steps_ - 1 ? upper_ : c_; }
  /// What the step at `c` found.
  void tell(double c, bool success) {
    if (success)
      upper_ = std::min(upper_, c);
    else
      lower_ = std::max(lower_, c);
    if (upper_ < 1e9)
      c_ = (lower_ + upper_) / 2;
    else if (!success)
      c_ = c * 10;
  }

private:
  double lower_ = 0, upper_ = 1e10, c_;
  int steps_;
};

/// Gives a search step up once its objective stalls: every `iterations`/10 steps (at least 1), beginning with the
/// first, stop if the objective exceeds 0.9999 × the one at the check before. The point at which it stops still counts.
class abort_early {
public:
  explicit abort_early(int iterations) : period_(std::max(1, iterations / 10)) {}

  bool stop(int k, double objective) {
    if (k % period_ != 0) return false;
    const bool stalled = objective > 0.9999 * previous_;
    previous_ = objective;
    return stalled;
  }

private:
  int period_;
  double previous_ = std::numeric_limits<double>::infinity();
};

/// One search step: everything it evaluated, in order.
struct search_record {
  double constant = 0;
  bool success = false;
  std::vector<vec> images;          ///< the points whose success was tested
  std::vector<double> margins;      ///< at `images`
  std::vector<double> objectives;   ///< at `images`: what the attack minimises
  std::vector<vec> gradient_points; ///< elastic_net: y_k; elsewhere the gradient is taken at `images`
};

// --- Carlini & Wagner, L2 -------------------------------------------------------------------------------------------

struct carlini_wagner_parameters {
  double confidence = 0; ///< κ
  double learning_rate = 0.01;
  double initial_constant = 1e-3;
  int search_steps = 9;
  int iterations = 1000;
  bool abort = false; ///< use abort_early
  double beta1 = 0.9, beta2 = 0.999, adam_epsilon = 1e-8;
};

struct carlini_wagner_run {
  std::vector<search_record> searches;
  std::optional<candidate> best; ///< by ‖x − x0‖₂
};

/// minimise ‖x(w) − x0‖₂² + c·max(0, κ − margin(x(w))),  x(w) = mid + half·tanh(w): the box holds by itself.
inline carlini_wagner_run carlini_wagner_l2(const model& m, goal g, const vec& x0, const box& bounds,
                                            const carlini_wagner_parameters& p) {
  const std::size_t n = x0.size();
  carlini_wagner_run run;
  constant_search search(p.initial_constant, p.search_steps);

  for (int s = 0; s < p.search_steps; ++s) {
    search_record record;
    record.constant = search.constant(s);

    // Every search step starts again: w at the original image, moments at zero. 0.999999 keeps atanh finite.
    vec w(n), mid(n), half(n), first(n, 0.0), second(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      mid[i] = (bounds.upper[i] + bounds.lower[i]) / 2;
      half[i] = (bounds.upper[i] - bounds.lower[i]) / 2;
      w[i] = std::atanh((x0[i] - mid[i]) / half[i] * 0.999999);
    }

    abort_early stall(p.iterations);
    for (int k = 0; k < p.iterations; ++k) {
      // Evaluate at w_k, before the k-th update.
      vec x(n);
      for (std::size_t i = 0; i < n; ++i) x[i] = mid[i] + half[i] * std::tanh(w[i]);
      const vec z = m.scores(x);
      const double distance = norm(lp::two, minus(x, x0));
      const double objective = distance * distance + hinge(z, g, record.constant, p.confidence);
      record.images.push_back(x);
      record.margins.push_back(margin(z, g));
      record.objectives.push_back(objective);
      if (margin(z, g) >= p.confidence) {
        record.success = true;
        keep_smaller(run.best, x, distance);
      }
      if (p.abort && stall.stop(k, objective)) break;

      // ∇_w = (∇_x ‖x − x0‖² + ∇_x hinge) · ∂x/∂w,  ∂x/∂w = half·(1 − tanh²w)
      const vec loss_gradient = hinge_gradient(m, x, z, g, record.constant, p.confidence);
      for (std::size_t i = 0; i < n; ++i) {
        const double t = std::tanh(w[i]);
        const double gradient = (2 * (x[i] - x0[i]) + loss_gradient[i]) * half[i] * (1 - t * t);
        // Adam, Algorithm 1, with t = k + 1
        first[i] = p.beta1 * first[i] + (1 - p.beta1) * gradient;
        second[i] = p.beta2 * second[i] + (1 - p.beta2) * gradient * gradient;
        const double first_hat = first[i] / (1 - std::pow(p.beta1, k + 1));
        const double second_hat = second[i] / (1 - std::pow(p.beta2, k + 1));
        w[i] -= p.learning_rate * first_hat / (std::sqrt(second_hat) + p.adam_epsilon);
      }
    }
    search.tell(record.constant, record.success);
    run.searches.push_back(std::move(record));
  }
  return run;
}

// --- Elastic-net attack, Algorithm 4 --------------------------------------------------------------------------------

enum class shrink { by_beta, by_step_times_beta };

struct elastic_net_parameters {
  double confidence = 0;       ///< κ
  double learning_rate = 0.01; ///< α_0
  double beta = 1e-3;          ///< β
  double initial_constant = 1e-3;
  int search_steps = 9;
  int iterations = 1000;
  bool abort = false;                 ///< use abort_early
  bool accelerated = true;            ///< FISTA; false: ISTA, eq. 17
  shrink threshold = shrink::by_beta; ///< eq. 17 shrinks by β; the proximal map of a step α_k shrinks by α_k·β
};

struct elastic_net_run {
  std::vector<search_record> searches;
  std::optional<candidate> best_en; ///< by β‖δ‖₁ + ‖δ‖₂²
  std::optional<candidate> best_l1; ///< by ‖δ‖₁
};

/// S_β, eq. 18: the projected shrinkage of one pixel.
inline double shrinkage(double z, double original, double beta, double lower, double upper) {
  if (z - original > beta) return std::min(z - beta, upper);
  if (z - original < -beta) return std::max(z + beta, lower);
  return original;
}

/// minimise c·f(x) + β‖x − x0‖₁ + ‖x − x0‖₂² in the box (eq. 16), with g(x) = c·f(x) + ‖x − x0‖₂².
inline elastic_net_run elastic_net(const model& m, goal g, const vec& x0, const box& bounds,
                                   const elastic_net_parameters& p) {
  const std::size_t n = x0.size();
  elastic_net_run run;
  constant_search search(p.initial_constant, p.search_steps);

  for (int s = 0; s < p.search_steps; ++s) {
    search_record record;
    record.constant = search.constant(s);

    vec x = x0, y = x0; // x⁽⁰⁾ = y⁽⁰⁾ = x0
    abort_early stall(p.iterations);
    for (int k = 0; k < p.iterations; ++k) {
      const double alpha = p.learning_rate * std::sqrt(1 - static_cast<double>(k) / p.iterations);
      const double threshold = p.threshold == shrink::by_beta ? p.beta : alpha * p.beta;

      // x⁽ᵏ⁺¹⁾ = S_β(y⁽ᵏ⁾ − α_k ∇g(y⁽ᵏ⁾)). y is not confined to the box; only x is.
      record.gradient_points.push_back(y);
      const vec loss_gradient = hinge_gradient(m, y, m.scores(y), g, record.constant, p.confidence);
      vec next(n);
      for (std::size_t i = 0; i < n; ++i) {
        const double gradient = loss_gradient[i] + 2 * (y[i] - x0[i]);
        next[i] = shrinkage(y[i] - alpha * gradient, x0[i], threshold, bounds.lower[i], bounds.upper[i]);
      }

      // y⁽ᵏ⁺¹⁾ = x⁽ᵏ⁺¹⁾ + k/(k+3)·(x⁽ᵏ⁺¹⁾ − x⁽ᵏ⁾); ISTA: y⁽ᵏ⁺¹⁾ = x⁽ᵏ⁺¹⁾
      const double momentum = p.accelerated ? k / (k + 3.0) : 0.0;
      for (std::size_t i = 0; i < n; ++i) y[i] = next[i] + momentum * (next[i] - x[i]);
      x = next;

      // "the iterate x⁽ᵏ⁾ is considered as a successful adversarial example"; both decision rules
      const vec z = m.scores(x), delta = minus(x, x0);
      const double l1 = norm(lp::one, delta), en = p.beta * l1 + dot(delta, delta);
      const double objective = hinge(z, g, record.constant, p.confidence) + en;
      record.images.push_back(x);
      record.margins.push_back(margin(z, g));
      record.objectives.push_back(objective);
      if (margin(z, g) >= p.confidence) {
        record.success = true;
        keep_smaller(run.best_en, x, en);
        keep_smaller(run.best_l1, x, l1);
      }
      if (p.abort && stall.stop(k, objective)) break;
    }
    search.tell(record.constant, record.success);
    run.searches.push_back(std::move(record));
  }
  return run;
}

// --- Fast gradient methods ------------------------------------------------------------------------------------------

/// J(x, label) = −log softmax(z)_label
inline double cross_entropy(const vec& z, std::size_t label) {
  const double top = *std::max_element(z.begin(), z.end());
  double sum = 0;
  for (double value : z) sum += std::exp(value - top);
  return top + std::log(sum) - z[label];
}

/// ∂J/∂z = softmax(z) − e_label
inline vec cross_entropy_slope(const vec& z, std::size_t label) {
  const double log_sum = cross_entropy(z, label) + z[label];
  vec slope(z.size());
  for (std::size_t j = 0; j < z.size(); ++j) slope[j] = std::exp(z[j] - log_sum) - (j == label ? 1 : 0);
  return slope;
}

/// The direction of eqs. 7 and 8 at x: ∇J/‖∇J‖₁, ∇J/‖∇J‖₂ or sign ∇J; up for untargeted, down (as printed) for
/// targeted.
inline vec fgm_direction(const model& m, goal g, const vec& x, lp p) {
  vec direction = m.vjp(x, cross_entropy_slope(m.scores(x), g.label));
  const double size = p == lp::infinity ? 1 : norm(p, direction);
  for (double& value : direction) {
    if (p == lp::infinity) value = value > 0 ? 1 : value < 0 ? -1 : 0;
    value = size > 0 ? value / size : 0;
    if (g.targeted) value = -value;
  }
  return direction;
}

/// One step of length ε from x0 (eqs. 7, 8), clipped to the box.
inline vec fgm(const model& m, goal g, const vec& x0, const box& bounds, lp p, double epsilon) {
  const vec direction = fgm_direction(m, g, x0, p);
  vec x(x0.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = bounds.clip(x0[i] + epsilon * direction[i], i);
  return x;
}

/// The nearest point (Euclidean) to z in {‖x − x0‖_p ≤ ε} ∩ box; x0 lies in the box. From the Lagrangian, per pixel:
/// p = 2: clip(x0 + s·(z − x0)) with the largest s in [0, 1] that fits; p = 1: clip(x0 + soft(z − x0, λ)) with the
/// smallest λ ≥ 0 that fits; p = ∞: two clips.
inline vec project(lp p, const vec& z, const vec& x0, double epsilon, const box& bounds) {
  const std::size_t n = z.size();
  const vec move = minus(z, x0);
  const auto at = [&](double parameter) { // p = 2: parameter is 1 − s
    vec x(n);
    for (std::size_t i = 0; i < n; ++i) {
      double step = move[i];
      if (p == lp::two) step *= 1 - parameter;
      if (p == lp::one) step = std::copysign(std::max(0.0, std::abs(step) - parameter), step);
      if (p == lp::infinity) step = std::min(std::max(step, -epsilon), epsilon);
      x[i] = bounds.clip(x0[i] + step, i);
    }
    return x;
  };
  if (p == lp::infinity) return at(0);
  const double most = p == lp::two ? 1 : norm(lp::infinity, move);
  return at(first_where(most, [&](double t) { return norm(p, minus(at(t), x0)) <= epsilon; }));
}

struct budget_parameters {
  lp norm = lp::infinity;
  double epsilon = 0.1;
  int steps = 10;
  double step = 0; ///< length of one step; 0: epsilon/steps
};

struct budget_run {
  std::vector<vec> images;     ///< images[0] the start, images[k] after k steps
  std::vector<double> margins; ///< at `images`
  std::vector<double> losses;  ///< cross-entropy at `images`
};

/// x⁽ᵏ⁺¹⁾ = P(x⁽ᵏ⁾ + step·direction(x⁽ᵏ⁾)) from `start`, P onto the ε-ball around x0 and the box.
inline budget_run pgd(const model& m, goal g, const vec& x0, const vec& start, const box& bounds,
                      const budget_parameters& p) {
  budget_run run;
  const double step = p.step > 0 ? p.step : p.epsilon / p.steps;
  vec x = start;
  for (int k = 0;; ++k) {
    const vec z = m.scores(x);
    run.images.push_back(x);
    run.margins.push_back(margin(z, g));
    run.losses.push_back(cross_entropy(z, g.label));
    if (k == p.steps) return run;
    const vec direction = fgm_direction(m, g, x, p.norm);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += step * direction[i];
    x = project(p.norm, x, x0, p.epsilon, bounds);
  }
}

/// Iterated FGM: `pgd` from the original image.
inline budget_run i_fgm(const model& m, goal g, const vec& x0, const box& bounds, const budget_parameters& p) {
  return pgd(m, g, x0, x0, bounds, p);
}

} // namespace oracle
