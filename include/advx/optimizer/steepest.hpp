/// @file
/// Steps of a given length along a direction that the norm makes of the gradient.
#pragma once

#include <advx/core/require.hpp>
#include <advx/kernel/all_finite.hpp>
#include <advx/kernel/gradient_norm.hpp>
#include <advx/kernel/math.hpp>
#include <advx/optimizer/asks.hpp>

namespace advx::optimizer {

/// How a gradient becomes a direction of unit length.
namespace direction {
/// g / ‖g‖ in the attack's norm.
struct normalised {
  static constexpr const char* name = "normalised";
  template <class T, class Norm, class Team, class Get>
  constexpr auto operator()(const Norm& norm, const Team& team, index_t n, Get g) const {
    return norm.template normalised<T>(team, n, g);
  }
};
/// The direction of unit length that changes the loss most: sign g in L∞, one coordinate in L1.
struct dual {
  static constexpr const char* name = "dual";
  template <class T, class Norm, class Team, class Get>
  constexpr auto operator()(const Norm& norm, const Team& team, index_t n, Get g) const {
    return norm.template dual<T>(team, n, g);
  }
};
/// sign g, whatever the norm is.
struct sign {
  static constexpr const char* name = "sign";
  template <class T, class Norm, class Team, class Get>
  constexpr auto operator()(const Norm&, const Team&, index_t, Get) const {
    return [](index_t, T g) { return kernel::sign(g); };
  }
};
} // namespace direction

/// x⁺ = projection(x − step·direction(gradient)): FGM with one step from the original, I-FGM and PGD with more
/// (Goodfellow et al. 2015; Kurakin et al. 2017; Madry et al. 2018).
template <class Direction = direction::dual>
struct steepest {
  double step = 0.01;  ///< step length ≥ 0, in the unit of the norm
  int steps = 40;      ///< ≥ 1
  double momentum = 0; ///< weight of the earlier steps' gradients, each over its L1 norm (Dong et al. 2018); 0: none
  Direction direction{};

  static constexpr const char* name = "steepest";
  static constexpr bool needs_proximal = false;
  static constexpr bool needs_direction = true;
  static constexpr index_t vectors = 1; // the accumulated gradient
  static constexpr index_t max_points = 1;
  static constexpr bool moves = true, checks = true;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(step >= 0, "optimizer::steepest", "step", "step >= 0", step);
    ::advx::detail::require(steps >= 1, "optimizer::steepest", "steps", "steps >= 1", steps);
    ::advx::detail::require(momentum >= 0, "optimizer::steepest", "momentum", "momentum >= 0", momentum);
  }

  template <class T>
  struct row {};

  template <class T>
  constexpr asks asks_for(const row<T>&, index_t made) const noexcept {
    return made < steps ? asks{1, 0, 0} : asks{0, 1, 0};
  }
  template <class T>
  constexpr T* point(const place<T>& p, index_t) const noexcept {
    return p.iterate;
  }
  template <class Team, class T>
  constexpr void start(const Team& team, row<T>&, const place<T>& p) const {
    if (momentum == 0) return;
    team.each(p.size, [g = p.vector(0)](index_t j) { g[j] = T(0); });
  }
  template <class Team, class T, class Objective>
  constexpr bool tell(const Team& team, row<T>&, const place<T>& p, const Objective& objective) const {
    if (momentum == 0) return advance(team, p, objective, [=](index_t j) { return objective.gradient(j); });
    T* sum = p.vector(0);
    const T inverse = kernel::inverse_l1<T>(team, p.size, [=](index_t j) { return objective.gradient(j); });
    team.each(p.size, [=, keep = T(momentum)](index_t j) { sum[j] = keep * sum[j] + inverse * objective.gradient(j); });
    return advance(team, p, objective, [sum](index_t j) { return sum[j]; });
  }

private:
  template <class Team, class T, class Objective, class Get>
  constexpr bool advance(const Team& team, const place<T>& p, const Objective& objective, Get g) const {
    T* x = p.iterate;
    const T* from = p.from;
    const T length = T(step * objective.step_scale);
    const auto towards = objective.template direction<Direction>(team, direction, g);
    const auto moved = [=](index_t j) { return from[j] - length * towards(j, g(j)); };
    const auto project = objective.project(team, moved);
    return kernel::each_finite<T>(team, p.size, [=](index_t j) {
      x[j] = project(j, moved(j));
      return g(j);
    });
  }
};

} // namespace advx::optimizer
