/// @file
/// A line search for the strong Wolfe conditions, one function value at a time.
#pragma once

#include <advx/core/host_device.hpp>
#include <advx/kernel/math.hpp>

namespace advx::optimizer {

/// Finds a step a in [0, `longest`] with φ(a) ≤ φ(0) + `decrease`·a·φ'(0) and |φ'(a)| ≤ `curvature`·|φ'(0)|, where φ is
/// the objective along a direction of descent. It never calls the objective: `start` gives the first step to try,
/// `tell` takes φ and φ' there and gives the next one. Source: Moré & Thuente 1994 (sections 2 to 4), whose notation it
/// keeps: the interval of uncertainty has the end points `best` (least value so far) and `other`.
///
/// A value that is not finite ends the step's right to be tried again: the next one is much shorter.
struct more_thuente {
  enum class verdict {
    go_on,    ///< try `step`
    accepted, ///< both conditions hold
    limited,  ///< the best that can be had: at the longest step, or the interval is too short to be divided
  };

  double decrease = 1e-3; ///< μ in (0, `curvature`)
  double curvature = 0.9; ///< η in (0, 1)
  double narrowest = 0.1; ///< the search ends when the interval is shorter than this share of its upper end
  double step = 0;        ///< the step to try

  /// φ(0) and φ'(0) < 0; `first` is the step to try first, in (0, `longest`].
  ADVX_HOST_DEVICE constexpr void start(double value, double slope, double first, double longest) noexcept {
    step = first;
    longest_ = longest;
    value0_ = value;
    slope0_ = slope;
    best_ = other_ = {0, value, slope};
    lower_ = 0;
    upper_ = 5 * first;
    width_ = longest;
    width_before_ = 2 * longest;
    bracketed_ = false;
    auxiliary_ = true;
  }

  /// φ and φ' at `step`.
  ADVX_HOST_DEVICE verdict tell(double value, double slope) noexcept {
    constexpr double greatest = 1.7976931348623157e308;
    if (!(kernel::absolute(value) <= greatest) || !(kernel::absolute(slope) <= greatest)) {
      longest_ = best_.at + 0.5 * (step - best_.at);
      upper_ = kernel::minimum(upper_, longest_);
      step = best_.at + 0.1 * (step - best_.at);
      return verdict::go_on;
    }
    const double slope_wanted = decrease * slope0_;
    const double value_wanted = value0_ + step * slope_wanted;
    if (auxiliary_ && value <= value_wanted && slope >= kernel::minimum(decrease, curvature) * slope0_)
      auxiliary_ = false;
    if (value <= value_wanted && kernel::absolute(slope) <= -curvature * slope0_) return verdict::accepted;
    if (bracketed_ && (step <= lower_ || step >= upper_ || upper_ - lower_ <= narrowest * upper_))
      return verdict::limited;
    if (step >= longest_ && value <= value_wanted && slope <= slope_wanted) return verdict::limited;
    if (step <= 0) return verdict::limited;

    // Until some step has fulfilled the first condition, the interval is updated by ψ(a) = φ(a) − φ(0) − μ·a·φ'(0),
    // whose minimum fulfils it (section 2, the modified algorithm).
    const bool by_auxiliary = auxiliary_ && value <= best_.value && value > value_wanted;
    const double tilt = by_auxiliary ? slope_wanted : 0;
    divide({step, value - step * tilt, slope - tilt}, tilt);

    if (bracketed_) {
      // Two divisions must shorten the interval to 0.66 of its length; else it is halved.
      const double width = kernel::absolute(other_.at - best_.at);
      if (width >= 0.66 * width_before_) step = best_.at + 0.5 * (other_.at - best_.at);
      width_before_ = width_;
      width_ = width;
      lower_ = kernel::minimum(best_.at, other_.at);
      upper_ = kernel::maximum(best_.at, other_.at);
    } else {
      lower_ = step + 1.1 * (step - best_.at);
      upper_ = step + 4 * (step - best_.at);
    }
    step = kernel::clamp(step, 0.0, longest_);
    if (bracketed_ && (step <= lower_ || step >= upper_ || upper_ - lower_ <= narrowest * upper_)) step = best_.at;
    return verdict::go_on;
  }

private:
  struct sample {
    double at = 0, value = 0, slope = 0;
  };

  /// The minimiser of the parabola through both slopes.
  static ADVX_HOST_DEVICE constexpr double by_slopes(const sample& a, const sample& b) noexcept {
    return b.at + b.slope / (b.slope - a.slope) * (a.at - b.at);
  }

  /// Section 4: a safeguarded step from the interval's ends and the trial `t`, and the next interval. The values of all
  /// three are of the same function: `tilt` is taken from, and given back to, the ends.
  ADVX_HOST_DEVICE void divide(const sample& t, double tilt) noexcept {
    sample l = tilted(best_, -tilt), u = tilted(other_, -tilt);
    const bool same_sign = t.slope * (l.slope / kernel::absolute(l.slope)) >= 0;
    const double theta = 3 * (l.value - t.value) / (t.at - l.at) + l.slope + t.slope;
    const double scale =
        kernel::maximum(kernel::absolute(theta), kernel::maximum(kernel::absolute(l.slope), kernel::absolute(t.slope)));
    const double square = theta / scale * (theta / scale) - l.slope / scale * (t.slope / scale);
    const double root = scale * kernel::square_root(kernel::maximum(0.0, square));
    double next = 0;
    if (t.value > l.value) { // case 1: a higher value; the minimum is between
      const double gamma = t.at < l.at ? -root : root;
      const double r = (gamma - l.slope + theta) / (gamma - l.slope + gamma + t.slope);
      const double cubic = l.at + r * (t.at - l.at);
      const double quadratic = l.at + l.slope / ((l.value - t.value) / (t.at - l.at) + l.slope) / 2 * (t.at - l.at);
      next =
          kernel::absolute(cubic - l.at) < kernel::absolute(quadratic - l.at) ? cubic : cubic + (quadratic - cubic) / 2;
      bracketed_ = true;
    } else if (!same_sign) { // case 2: a lower value, slopes of opposite sign; the minimum is between
      const double gamma = t.at > l.at ? -root : root;
      const double r = (gamma - t.slope + theta) / (gamma - t.slope + gamma + l.slope);
      const double cubic = t.at + r * (l.at - t.at);
      const double secant = by_slopes(l, t);
      next = kernel::absolute(cubic - t.at) > kernel::absolute(secant - t.at) ? cubic : secant;
      bracketed_ = true;
    } else if (kernel::absolute(t.slope) < kernel::absolute(l.slope)) { // case 3: lower, same sign, flatter
      const double gamma = t.at > l.at ? -root : root;
      const double r = (gamma - t.slope + theta) / (gamma + (l.slope - t.slope) + gamma);
      // The cubic is used only if it goes to infinity in the direction of the step, or its minimum lies beyond it.
      const double cubic = r < 0 && gamma != 0 ? t.at + r * (l.at - t.at) : (t.at > l.at ? upper_ : lower_);
      const double secant = by_slopes(l, t);
      const bool cubic_nearer = kernel::absolute(cubic - t.at) < kernel::absolute(secant - t.at);
      if (bracketed_) {
        next = cubic_nearer ? cubic : secant;
        const double most = t.at + 0.66 * (u.at - t.at);
        next = t.at > l.at ? kernel::minimum(most, next) : kernel::maximum(most, next);
      } else {
        next = kernel::clamp(cubic_nearer ? secant : cubic, lower_, upper_);
      }
    } else if (bracketed_) { // case 4: lower, same sign, no flatter
      const double theta_u = 3 * (t.value - u.value) / (u.at - t.at) + u.slope + t.slope;
      const double scale_u = kernel::maximum(kernel::absolute(theta_u),
                                             kernel::maximum(kernel::absolute(u.slope), kernel::absolute(t.slope)));
      const double square_u = theta_u / scale_u * (theta_u / scale_u) - u.slope / scale_u * (t.slope / scale_u);
      const double root_u = scale_u * kernel::square_root(kernel::maximum(0.0, square_u));
      const double gamma = t.at > u.at ? -root_u : root_u;
      const double r = (gamma - t.slope + theta_u) / (gamma - t.slope + gamma + u.slope);
      next = t.at + r * (u.at - t.at);
    } else {
      next = t.at > l.at ? upper_ : lower_;
    }
    if (t.value > l.value) {
      u = t;
    } else {
      if (!same_sign) u = l;
      l = t;
    }
    best_ = tilted(l, tilt);
    other_ = tilted(u, tilt);
    step = next;
  }

  static ADVX_HOST_DEVICE constexpr sample tilted(const sample& s, double by) noexcept {
    return {s.at, s.value + s.at * by, s.slope + by};
  }

  double longest_ = 0, value0_ = 0, slope0_ = 0;
  sample best_, other_;
  double lower_ = 0, upper_ = 0; ///< the trial must lie between
  double width_ = 0, width_before_ = 0;
  bool bracketed_ = false;
  bool auxiliary_ = true; ///< the first stage
};

} // namespace advx::optimizer
