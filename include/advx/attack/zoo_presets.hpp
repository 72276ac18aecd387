/// @file
/// Attacks by questions alone by name: ZOO on scores, HopSkipJump on labels.
#pragma once

#include <advx/attack/boundary.hpp>
#include <advx/attack/penalty.hpp>
#include <advx/loss/log_margin.hpp>
#include <advx/norm/l2.hpp>
#include <advx/norm/linf.hpp>
#include <advx/optimizer/coordinate_descent.hpp>
#include <advx/search/binary.hpp>
#include <advx/space/hierarchical.hpp>
#include <advx/space/tanh.hpp>
#include <advx/walk/hop_skip_jump.hpp>

namespace advx::attack {

/// ZOO: Carlini & Wagner's L2 attack on a model of scores, by coordinate descent on differences (Chen et al. 2017;
/// Sharma's thesis, chapter 3). An image takes up to 1 + search_steps · steps · (2·coordinates + 1) queries.
///
/// `Solver`: how a step is made; `Space`: space::pixels, as the papers have it for MNIST, space::tanh (CIFAR-10),
/// space::resized, hierarchical or dct (ImageNet).
template <optimizer::coordinate_solver Solver, class Space = space::pixels>
struct zoo {
  double confidence = 0;    ///< κ ≥ 0, in the unit of the scores
  int search_steps = 9;     ///< values of c, ≥ 1
  int steps = 3000;         ///< for each, ≥ 1
  double step = 1e-2;       ///< step length η, > 0
  double constant = 1e-2;   ///< first c, > 0
  int coordinates = 128;    ///< a step, in [1, 128]
  double difference = 1e-4; ///< h > 0; for scores in float optimizer::coordinate_descent::float_difference is safer
  bool reset = true;        ///< of Adam's states at a run's first success
  bool importance = false;  ///< important pixels first; in a space that knows the image's shape
  bool abort_early = true;  ///< ends a run that has not lowered its objective for 100 steps
  Space space{};

  constexpr auto recipe() const {
    return penalty{norm::l2{},
                   loss::log_margin{confidence},
                   optimizer::coordinate_descent{.step = step,
                                                 .steps = steps,
                                                 .coordinates = coordinates,
                                                 .solver = Solver,
                                                 .difference = difference,
                                                 .reset = reset,
                                                 .importance = importance},
                   space,
                   search::binary{.constant = constant, .steps = search_steps},
                   list<>{},
                   abort_early};
  }
};
using zoo_adam = zoo<optimizer::coordinate_solver::adam>;
using zoo_newton = zoo<optimizer::coordinate_solver::newton>;
using zoo_mixed = zoo<optimizer::coordinate_solver::mixed>;
/// In another space: `zoo_adam_in<space::tanh>`.
template <class Space>
using zoo_adam_in = zoo<optimizer::coordinate_solver::adam, Space>;

/// HopSkipJump in L2 or L∞ (Chen, Jordan & Wainwright 2020), on a model of labels. It walks until its steps are made or
/// `options.budget.queries` answers are used up; 64 steps take about 35,000.
template <class Norm>
struct hop_skip_jump {
  int steps = 64;   ///< ≥ 1
  int probes = 100; ///< of the first estimate of the boundary's normal, ≥ 2; the t-th has √t times as many
  batch_view<const float> starts{}; ///< an adversarial image for each image, as targets need; none: uniform noise

  constexpr auto recipe() const {
    walk::hop_skip_jump walking{.steps = steps, .probes = probes, .starts = starts};
    if (walking.most_probes < probes) walking.most_probes = probes;
    return boundary{Norm{}, walking};
  }
};
using hop_skip_jump_l2 = hop_skip_jump<norm::l2>;
using hop_skip_jump_linf = hop_skip_jump<norm::linf>;

} // namespace advx::attack
