/// @file
/// Universal perturbations by name. Those by singular vectors are in <advx/attack/universal_low_rank.hpp>.
#pragma once

#include <advx/attack/presets.hpp>
#include <advx/attack/universal.hpp>

namespace advx::attack {

/// Moosavi-Dezfooli et al. 2017, Algorithm 1, with DeepFool inside as in their program: at most 10 steps, the papers'
/// full step. One image after the other.
template <class Norm>
struct universal_deepfool {
  double xi = usual_xi<Norm>; ///< ξ > 0, radius of the ball
  double delta = 0.2;         ///< δ in [0, 1): passes end when the fooling rate is at least 1 − δ
  int passes = 10;            ///< over all images, at most, ≥ 1
  deepfool<Norm> attack{.steps = 10, .step = 1};

  constexpr auto recipe() const {
    return universal<deepfool<Norm>, Norm, aggregate::one_by_one>{attack, {}, xi, delta, passes, {}};
  }
};
using universal_l2 = universal_deepfool<norm::l2>;
using universal_linf = universal_deepfool<norm::linf>;

/// The same with many images attacked at once.
template <class Norm>
struct batched_universal_deepfool {
  double xi = usual_xi<Norm>; ///< ξ > 0, radius of the ball
  double delta = 0.2;         ///< δ in [0, 1): passes end when the fooling rate is at least 1 − δ
  int passes = 10;            ///< over all images, at most, ≥ 1
  aggregate::together aggregate{};
  deepfool<Norm> attack{.steps = 10, .step = 1};

  constexpr auto recipe() const {
    return universal<deepfool<Norm>, Norm, aggregate::together>{attack, {}, xi, delta, passes, aggregate};
  }
};
using batched_universal_l2 = batched_universal_deepfool<norm::l2>;
using batched_universal_linf = batched_universal_deepfool<norm::linf>;

} // namespace advx::attack
