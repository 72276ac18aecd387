/// @file
/// Does a norm obey the laws that the attacks rely on?
#pragma once

#include <advx/backend/reference/reference.hpp>
#include <advx/concepts/norm.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/testing/report.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace advx::testing {

/// What check_norm tries.
struct norm_trial {
  index_t size = 12;    ///< coordinates of an image
  index_t trials = 40;  ///< random images, and points to project
  index_t rivals = 200; ///< feasible points that each projection is compared with
  std::uint64_t seed = 1;
  double tolerance = 1e-9; ///< absolute, in double
};

namespace detail {

/// Random numbers in the order in which they are asked for.
struct dice {
  std::uint64_t seed;
  index_t thrown = 0;

  double uniform(double low, double high) {
    return low + (high - low) * kernel::random_stream{seed, 0, 0}.uniform<double>(thrown++);
  }
  std::vector<double> vector(index_t n, double low, double high) {
    std::vector<double> v(static_cast<std::size_t>(n));
    for (double& e : v) e = uniform(low, high);
    return v;
  }
};

template <class Norm>
class norm_checker {
  using vec = std::vector<double>;

public:
  norm_checker(const Norm& norm, const norm_trial& trial) : norm_(norm), trial_(trial), dice_{trial.seed} {}

  report run() {
    for (index_t k = 0; k < trial_.trials && result_.fault.empty(); ++k) {
      // Some coordinates lie on the box's bounds, as those of real images do.
      original_ = dice_.vector(trial_.size, -0.25, 1.25);
      for (double& e : original_) e = std::clamp(e, 0.0, 1.0);
      distances();
      if constexpr (norm::projectable<Norm>) projections();
      if constexpr (norm::directional<Norm>) directions();
    }
    if constexpr (norm::differentiable_penalty<Norm>) penalties();
    if constexpr (norm::proximal<Norm>) proximal_maps();
    return result_;
  }

private:
  double distance(const vec& x) const { return norm_.distance(team_, x.data(), original_.data(), trial_.size); }
  image_ref<double> image() const {
    image_ref<double> r;
    r.original = original_.data();
    r.lower = lower_.data();
    r.upper = upper_.data();
    r.size = trial_.size;
    return r;
  }
  bool expect(bool holds, const char* law, double is, double must) {
    return result_.expect(holds, [&] {
      return std::string(norm_.name) + ": " + law + " (" + exactly(is) + " against " + exactly(must) + ")";
    });
  }
  static double gap(const vec& a, const vec& b) {
    double sum = 0;
    for (std::size_t j = 0; j < a.size(); ++j) sum += (a[j] - b[j]) * (a[j] - b[j]);
    return std::sqrt(sum);
  }
  bool in_box(const vec& x) const {
    return std::all_of(x.begin(), x.end(), [](double e) { return 0 <= e && e <= 1; });
  }

  void distances() {
    const vec x = dice_.vector(trial_.size, 0, 1);
    const double there = distance(x), none = distance(original_);
    const double back = norm_.distance(team_, original_.data(), x.data(), trial_.size);
    expect(none == 0, "the distance of an image to itself is 0", none, 0);
    expect(there > 0 && kernel::is_finite(there), "the distance of two images is positive", there, 0);
    expect(there == back, "a distance is the same both ways", there, back);
  }

  /// Projection and `fit`, as the attacks use them.
  vec nearest(const vec& v, double radius) const {
    vec p = v;
    const auto project = norm_.projection(team_, image(), radius, [&v](index_t j) { return v[std::size_t(j)]; });
    for (index_t j = 0; j < trial_.size; ++j) p[std::size_t(j)] = project(j, v[std::size_t(j)]);
    norm_.fit(team_, image(), radius, p.data());
    return p;
  }

  void projections() {
    const double widest = distance(dice_.vector(trial_.size, 0, 1));
    const double radius = widest * dice_.uniform(0.05, 1.2);
    const vec v = dice_.vector(trial_.size, -0.5, 1.5), p = nearest(v, radius);
    if (!expect(in_box(p), "a projection lies in the box", *std::max_element(p.begin(), p.end()), 1)) return;
    if (!expect(distance(p) <= radius, "a projection lies in the ball, as stored", distance(p), radius)) return;
    const double again = gap(nearest(p, radius), p);
    if (!expect(again <= trial_.tolerance, "the projection of a projection is itself", again, 0)) return;
    const double best = gap(p, v);
    for (index_t k = 0; k < trial_.rivals; ++k) {
      const vec rival = feasible(v, p, radius);
      if (distance(rival) > radius || !in_box(rival)) continue;
      if (!expect(best <= gap(rival, v) + trial_.tolerance, "no point of ball and box is nearer than the projection",
                  gap(rival, v), best))
        return;
    }
    if constexpr (requires(kernel::random_stream s, double* d) { norm_.random_point(team_, index_t{}, 1.0, s, d); }) {
      const kernel::random_stream stream{trial_.seed, static_cast<std::uint32_t>(dice_.thrown), 1};
      vec x(original_.size());
      norm_.random_point(team_, trial_.size, radius, stream, x.data());
      for (std::size_t j = 0; j < x.size(); ++j) x[j] += original_[j];
      expect(distance(x) <= radius * (1 + 1e-6), "a random point lies in the ball", distance(x), radius);
    }
  }

  /// A point that is likely to be feasible: from the original towards some point, in some coordinates, as far as the
  /// ball allows; every other time a step away from the projection.
  vec feasible(const vec& v, const vec& p, double radius) {
    vec towards = dice_.uniform(0, 1) < 0.5 ? v : dice_.vector(trial_.size, 0, 1);
    const bool near_by = dice_.uniform(0, 1) < 0.5;
    const double share = dice_.uniform(0, 1), step = near_by ? dice_.uniform(0, 0.1) : 1;
    vec x = near_by ? p : original_;
    for (std::size_t j = 0; j < x.size(); ++j)
      if (dice_.uniform(0, 1) < share) x[j] = std::clamp(x[j] + step * (towards[j] - x[j]), 0.0, 1.0);
    for (int halved = 0; halved < 30 && distance(x) > radius; ++halved)
      for (std::size_t j = 0; j < x.size(); ++j) x[j] = 0.8 * x[j] + 0.2 * (near_by ? p : original_)[j];
    return x;
  }

  template <class Make>
  vec direction(const Make& make, const vec& g) const {
    const auto get = [&g](index_t j) { return g[std::size_t(j)]; };
    const auto along = make(get);
    vec d(g.size());
    for (index_t j = 0; j < trial_.size; ++j) d[std::size_t(j)] = along(j, g[std::size_t(j)]);
    return d;
  }
  double length(const vec& d) const {
    const vec zero(d.size());
    return norm_.distance(team_, d.data(), zero.data(), trial_.size);
  }

  void directions() {
    const auto normalised = [&](auto get) { return norm_.template normalised<double>(team_, trial_.size, get); };
    const auto dual = [&](auto get) { return norm_.template dual<double>(team_, trial_.size, get); };
    const vec g = dice_.vector(trial_.size, -1, 1), zero(g.size());
    const vec unit = direction(normalised, g), best = direction(dual, g);
    expect(std::abs(length(unit) - 1) <= 1e-6, "the normalised gradient has length 1", length(unit), 1);
    expect(std::abs(length(best) - 1) <= 1e-6, "the dual direction has length 1", length(best), 1);
    expect(direction(normalised, zero) == zero && direction(dual, zero) == zero,
           "a zero gradient gives a zero direction", length(direction(dual, zero)), 0);
    const auto rise = [&](const vec& d) {
      double sum = 0;
      for (std::size_t j = 0; j < d.size(); ++j) sum += g[j] * d[j];
      return sum;
    };
    // The gradient itself, its signs, its coordinates alone, and random directions.
    for (index_t k = -2; k < trial_.size + trial_.rivals; ++k) {
      vec towards = g;
      if (k >= trial_.size) towards = dice_.vector(trial_.size, -1, 1);
      for (index_t j = 0; j < trial_.size && k < trial_.size && k > -2; ++j)
        towards[std::size_t(j)] = k < 0 || k == j ? kernel::sign(g[std::size_t(j)]) : 0;
      const vec rival = direction(normalised, towards);
      if (!expect(rise(best) >= rise(rival) - trial_.tolerance, "no direction of length 1 rises more than the dual one",
                  rise(rival), rise(best)))
        return;
    }
  }

  /// The gradient of the penalty by differences, away from a kink at 0.
  void penalties() {
    const double h = 1e-6;
    for (index_t k = 0; k < trial_.rivals; ++k) {
      const double d = dice_.uniform(0.01, 1) * (k % 2 == 0 ? 1 : -1);
      const double slope = (norm_.penalty(d + h) - norm_.penalty(d - h)) / (2 * h);
      if (!expect(std::abs(norm_.penalty_gradient(d) - slope) <= 1e-6, "penalty_gradient is the derivative of penalty",
                  norm_.penalty_gradient(d), slope))
        return;
    }
    const double none = norm_.penalty(0.0);
    expect(none == 0, "the penalty of no change is 0", none, 0);
  }

  /// shrink(d, t) minimises ½(u − d)² + t·(penalty(u) − its smooth part), against a grid of u. The smooth part is the
  /// integral of `smooth_gradient`; Simpson's rule is exact up to cubic gradients.
  void proximal_maps() {
    const auto rough = [&](double u) {
      const double smooth =
          u / 6 * (norm_.smooth_gradient(0.0) + 4 * norm_.smooth_gradient(u / 2) + norm_.smooth_gradient(u));
      return norm_.penalty(u) - norm_.penalty(0.0) - smooth;
    };
    for (index_t k = 0; k < trial_.trials; ++k) {
      const double d = dice_.uniform(-1.5, 1.5), t = dice_.uniform(0, 0.7), u = norm_.shrink(d, t);
      const auto objective = [&](double at) { return (at - d) * (at - d) / 2 + t * rough(at); };
      for (int i = -400; i <= 400; ++i)
        if (!expect(objective(u) <= objective(i / 200.0) + trial_.tolerance, "shrink minimises its proximal objective",
                    objective(u), objective(i / 200.0)))
          return;
    }
  }

  const Norm& norm_;
  norm_trial trial_;
  dice dice_;
  backend::reference_team team_{};
  vec original_;
  vec lower_ = vec(static_cast<std::size_t>(trial_.size), 0.0),
      upper_ = vec(static_cast<std::size_t>(trial_.size), 1.0);
  report result_;
};

} // namespace detail

/// The laws of a norm, for the capabilities that it has (concepts/norm.hpp), in double, on random images in [0, 1]:
///
///  - a distance is 0 to the image itself, positive to others, and the same both ways;
///  - a projection lies in box and ball as stored, stays where it is when projected again, and no feasible point is
///    nearer;
///  - a random point lies in the ball;
///  - directions have length 1, a zero gradient has direction 0, and no direction rises more than the dual one;
///  - `penalty_gradient` is the derivative of `penalty`;
///  - `shrink` minimises the proximal objective of what `smooth_gradient` leaves of `penalty`.
///
/// Costs milliseconds.
template <norm::measurable Norm>
report check_norm(const Norm& norm, const norm_trial& trial = {}) {
  return detail::norm_checker<Norm>(norm, trial).run();
}

} // namespace advx::testing
