/// @file
/// Zeroth-order coordinate descent: the optimizer of ZOO.
#pragma once

#include <advx/core/require.hpp>
#include <advx/optimizer/coordinate_machine.hpp>

namespace advx::optimizer {

/// How coordinate descent makes a step of a coordinate's slope g and curvature h.
enum class coordinate_solver {
  adam,   ///< Adam's step with the coordinate's own moments and step count (Chen et al. 2017, Algorithm 2)
  newton, ///< −η·g/h, or −η·g where h < 0 (Algorithm 3)
  mixed,  ///< Newton's where h ≥ 0, Adam's where h < 0 (their program)
};

/// Stochastic coordinate descent over a model of scores (Chen et al. 2017, Algorithms 1–3; Sharma's thesis, section 3.2
/// and appendix A.1). Each step draws `coordinates` variables, asks for the objective at z ± `difference`·e_k for each
/// and at z, and changes all of them: 2·coordinates + 1 answers a step. Draws are a function of seed, image and the
/// draws before.
///
/// Only attack::penalty takes it, with any loss, in space::pixels, tanh, resized, hierarchical or dct. What the penalty
/// itself adds to a difference is taken from the points and not from the model: it has no rounding error of the
/// model's.
struct coordinate_descent {
  double step = 1e-2;    ///< step length η > 0
  int steps = 1000;      ///< ≥ 1
  int coordinates = 128; ///< variables a step, in [1, 128]; no more than there are
  coordinate_solver solver = coordinate_solver::adam;
  /// h > 0, in the unit of z. The paper's, 1e-4, is for a model that computes in double: scores in float are rounded by
  /// about 1e-6, which makes an error of 1e-6/h in slopes and 4e-6/h² in curvatures; `float_difference` balances it.
  double difference = 1e-4;
  double beta1 = 0.9;    ///< in [0, 1)
  double beta2 = 0.999;  ///< in [0, 1)
  double epsilon = 1e-8; ///< > 0, beside √v̂
  /// Smaller curvatures count as this, and negative ones as 1, as in the papers' program; 0: as in Algorithm 3, where
  /// curvatures ≤ 0 count as 1. ≥ 0
  double least_curvature = 0.1;
  bool reset = true; ///< Adam's states are forgotten after the first step from a point where the loss is 0
  /// Draws variables in proportion to the greatest |y| of their region, 8 × 8 to a channel (thesis, section 3.2.4). In
  /// a hierarchy from its second level on. Needs a space that knows the image's shape: resized, hierarchical or dct.
  bool importance = false;
  /// A run ends, or goes over to the space's next level, where the least objective has not fallen by 0.01 % in so many
  /// steps, if the recipe says `abort_early`. ≥ 1
  int patience = 100;

  static constexpr double float_difference = 1e-2;
  static constexpr const char* name = "coordinate_descent";
  static constexpr bool needs_proximal = false;
  static constexpr bool needs_direction = false;
  static constexpr attack::access access = attack::access::scores;

  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    const auto need = [](bool holds, const char* field, const char* rule, double value) {
      ::advx::detail::require(holds, "optimizer::coordinate_descent", field, rule, value);
    };
    need(step > 0, "step", "step > 0", step);
    need(steps >= 1, "steps", "steps >= 1", steps);
    need(coordinates >= 1 && coordinates <= detail::most_coordinates, "coordinates", "1 <= coordinates <= 128",
         coordinates);
    need(difference > 0, "difference", "difference > 0", difference);
    need(beta1 >= 0 && beta1 < 1, "beta1", "beta1 >= 0 && beta1 < 1", beta1);
    need(beta2 >= 0 && beta2 < 1, "beta2", "beta2 >= 0 && beta2 < 1", beta2);
    need(epsilon > 0, "epsilon", "epsilon > 0", epsilon);
    need(least_curvature >= 0, "least_curvature", "least_curvature >= 0", least_curvature);
    need(patience >= 1, "patience", "patience >= 1", patience);
  }

  /// What a coordinate's memory is: Adam's moments, and β₁ᵗ and β₂ᵗ of its own step count t.
  template <class T>
  struct memory {
    T *mean, *square;
    double *decay1, *decay2;
  };

  /// The change of variable k for slope g and curvature h; brings its memory up to date.
  template <class T>
  constexpr double change(const memory<T>& m, index_t k, double g, double h) const {
    const double newton = -step * g / curvature(h);
    if (solver == coordinate_solver::newton) return newton;
    const double mean = beta1 * double(m.mean[k]) + (1 - beta1) * g;
    const double square = beta2 * double(m.square[k]) + (1 - beta2) * g * g;
    m.mean[k] = T(mean);
    m.square[k] = T(square);
    m.decay1[k] *= beta1;
    m.decay2[k] *= beta2;
    if (solver == coordinate_solver::mixed && h >= 0) return newton;
    const double corrected = kernel::square_root(1 - m.decay2[k]) / (1 - m.decay1[k]);
    return -step * corrected * mean / (kernel::square_root(square) + epsilon);
  }

  template <class Recipe, class T>
  using machine = coordinate_machine<Recipe, T>;

private:
  constexpr double curvature(double h) const {
    if (h < 0 || (h <= 0 && !(least_curvature > 0))) return 1;
    return h < least_curvature ? least_curvature : h;
  }
};

} // namespace advx::optimizer
