/// @file
/// Wu & Huberman's universal perturbations by singular vectors. They need LAPACK: link advx::nn_xtensor.
#pragma once

#include <advx/aggregate/low_rank.hpp>
#include <advx/attack/presets.hpp>
#include <advx/attack/universal.hpp>

namespace advx::attack {

/// Wu & Huberman 2017, Algorithm 2: every image's least perturbation by itself, put together by aggregate::low_rank.
/// Their attack is COBYLA, which takes no gradients; any of least norm will do, and on model::finite_difference so does
/// DeepFool without gradients.
template <class Attack = deepfool_l2, class Norm = norm::l2>
struct wu_huberman_2 {
  Attack attack{};
  aggregate::low_rank aggregate{};
  double xi = std::numeric_limits<double>::infinity(); ///< > 0; the papers' v is on no ball

  constexpr auto recipe() const {
    return universal<Attack, Norm, aggregate::low_rank>{attack, {}, xi, 0, 1, aggregate};
  }
};

/// Algorithm 3: the images' fast gradient signs of length ε, whether or not they change the class.
template <class Norm = norm::l2>
struct wu_huberman_3 {
  double epsilon = 0.1; ///< ε ≥ 0
  aggregate::low_rank aggregate{.failures = true};
  double xi = std::numeric_limits<double>::infinity(); ///< > 0; the papers' v is on no ball

  constexpr auto recipe() const {
    return universal<fgm_linf, Norm, aggregate::low_rank>{{.epsilon = epsilon}, {}, xi, 0, 1, aggregate};
  }
};

/// Algorithm 4: the fast gradient sign of the least length that changes the class, found by bisection. Images that none
/// up to the greatest changes are left out.
template <class Norm = norm::l2>
struct wu_huberman_4 {
  fgm_bisection_linf attack{};
  aggregate::low_rank aggregate{};
  double xi = std::numeric_limits<double>::infinity(); ///< > 0; the papers' v is on no ball

  constexpr auto recipe() const {
    return universal<fgm_bisection_linf, Norm, aggregate::low_rank>{attack, {}, xi, 0, 1, aggregate};
  }
};

} // namespace advx::attack
