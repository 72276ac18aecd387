/// @file
/// The papers' attacks by name: each preset is a few numbers and the recipe that they stand for.
#pragma once

#include <advx/attack/boundary.hpp>
#include <advx/attack/budget.hpp>
#include <advx/attack/greedy.hpp>
#include <advx/attack/penalty.hpp>
#include <advx/attack/tighten.hpp>
#include <advx/loss/cross_entropy.hpp>
#include <advx/loss/margin.hpp>
#include <advx/norm/elastic_net.hpp>
#include <advx/norm/hinge_linf.hpp>
#include <advx/norm/l0.hpp>
#include <advx/norm/l1.hpp>
#include <advx/norm/l2.hpp>
#include <advx/norm/linf.hpp>
#include <advx/optimizer/adagrad.hpp>
#include <advx/optimizer/adam.hpp>
#include <advx/optimizer/fista.hpp>
#include <advx/optimizer/lbfgsb.hpp>
#include <advx/optimizer/rmsprop.hpp>
#include <advx/optimizer/sgd.hpp>
#include <advx/optimizer/steepest.hpp>
#include <advx/radius/bisection.hpp>
#include <advx/radius/grid.hpp>
#include <advx/saliency/pairs.hpp>
#include <advx/search/binary.hpp>
#include <advx/search/bisection.hpp>
#include <advx/search/doubling.hpp>
#include <advx/search/line.hpp>
#include <advx/space/tanh.hpp>
#include <advx/start/uniform.hpp>
#include <advx/tightening/freeze.hpp>
#include <advx/tightening/threshold.hpp>
#include <advx/walk/nearest_boundary.hpp>
#include <advx/walk/sparse.hpp>

namespace advx::attack {

/// The direction that gradient methods take in a norm: ∇/‖∇‖ in L1 and L2, the sign in L∞ (Sharma's thesis, eqs. 7, 8).
template <class Norm>
struct usual_direction {
  using type = optimizer::direction::normalised;
};
template <>
struct usual_direction<norm::linf> {
  using type = optimizer::direction::dual;
};

/// Fast gradient method: one step of length ε from the original (Goodfellow et al. 2015).
template <class Norm>
struct fast_gradient {
  double epsilon = 0.1; ///< step length and radius, ≥ 0

  constexpr auto recipe() const {
    using direction = typename usual_direction<Norm>::type;
    return budget{Norm{}, loss::cross_entropy{}, optimizer::steepest<direction>{.step = epsilon, .steps = 1},
                  start::original{}, radius::fixed{epsilon}};
  }
};

/// Iterative fast gradient method: steps of ε/steps from the original, projected (Kurakin et al. 2017).
template <class Norm>
struct iterative_fast_gradient {
  double epsilon = 0.1; ///< radius, ≥ 0
  int steps = 10;       ///< ≥ 1
  double step = 0;      ///< step length; 0: epsilon / steps

  constexpr auto recipe() const {
    using direction = typename usual_direction<Norm>::type;
    return budget{Norm{}, loss::cross_entropy{},
                  optimizer::steepest<direction>{.step = step > 0 ? step : epsilon / steps, .steps = steps},
                  start::original{}, radius::fixed{epsilon}};
  }
};

/// Projected gradient descent from random starts (Madry et al. 2018).
template <class Norm>
struct projected_gradient {
  double epsilon = 0.1; ///< radius, ≥ 0
  int steps = 40;       ///< ≥ 1
  double step = 0;      ///< step length; 0: 2.5·epsilon / steps, which can reach any point of the ball
  int restarts = 0;     ///< further random starts for images without success, ≥ 0

  constexpr auto recipe() const {
    using direction = typename usual_direction<Norm>::type;
    return budget{Norm{},
                  loss::cross_entropy{},
                  optimizer::steepest<direction>{.step = step > 0 ? step : 2.5 * epsilon / steps, .steps = steps},
                  start::uniform{},
                  radius::fixed{epsilon},
                  restarts};
  }
};

/// Momentum iterative fast gradient method (Dong et al. 2018, Algorithm 1): the direction is that of the earlier
/// gradients' sum, each over its L1 norm, which fades by `momentum` a step.
template <class Norm>
struct momentum_iterative_fast_gradient {
  double epsilon = 0.1; ///< radius, ≥ 0
  int steps = 10;       ///< ≥ 1
  double step = 0;      ///< step length; 0: epsilon / steps
  double momentum = 1;  ///< μ ≥ 0

  constexpr auto recipe() const {
    using direction = typename usual_direction<Norm>::type;
    return budget{
        Norm{}, loss::cross_entropy{},
        optimizer::steepest<direction>{.step = step > 0 ? step : epsilon / steps, .steps = steps, .momentum = momentum},
        start::original{}, radius::fixed{epsilon}};
  }
};

/// The largest radius of the grids of Sharma's thesis, Table 4, each of 1,000 points: 0.001, ..., 1 in L∞, 1, ..., 1000
/// in L1, 0.01, ..., 10 in L2.
template <class Norm>
inline constexpr double grid_epsilon = 1;
template <>
inline constexpr double grid_epsilon<norm::l1> = 1000;
template <>
inline constexpr double grid_epsilon<norm::l2> = 10;

/// The least ε of a grid with which FGM (`steps` = 1) or I-FGM succeeds (Sharma's thesis, section 4.3.1 and Table 4).
/// An image takes up to 2·points queries for each step.
template <class Norm, int Steps>
struct fast_gradient_grid {
  double epsilon = grid_epsilon<Norm>; ///< the largest radius, ≥ 0
  int points = 1000;                   ///< radii, ≥ 1: epsilon·k/points
  int steps = Steps;                   ///< ≥ 1; their length is the radius / steps

  constexpr auto recipe() const {
    using direction = typename usual_direction<Norm>::type;
    return budget{Norm{}, loss::cross_entropy{},
                  optimizer::steepest<direction>{.step = epsilon / steps, .steps = steps}, start::original{},
                  radius::grid{epsilon, points}};
  }
};

/// The same by bisection between the largest radius that fails and the least that succeeds, with far fewer queries; the
/// least ε of all only where every larger one succeeds too.
template <class Norm, int Steps>
struct fast_gradient_bisection {
  double epsilon = grid_epsilon<Norm>;          ///< the largest radius, > 0
  double first = grid_epsilon<Norm> / 128;      ///< the first radius, in (0, epsilon]
  double tolerance = grid_epsilon<Norm> / 1000; ///< how exactly the least radius is found, > 0
  int steps = Steps;                            ///< ≥ 1; their length is the radius / steps

  constexpr auto recipe() const {
    using direction = typename usual_direction<Norm>::type;
    return budget{Norm{}, loss::cross_entropy{},
                  optimizer::steepest<direction>{.step = epsilon / steps, .steps = steps}, start::original{},
                  radius::bisection{epsilon, first, tolerance}};
  }
};

using fgm_l1 = fast_gradient<norm::l1>;
using fgm_l2 = fast_gradient<norm::l2>;
using fgm_linf = fast_gradient<norm::linf>;
using ifgm_l1 = iterative_fast_gradient<norm::l1>;
using ifgm_l2 = iterative_fast_gradient<norm::l2>;
using ifgm_linf = iterative_fast_gradient<norm::linf>;
using mi_fgm_l1 = momentum_iterative_fast_gradient<norm::l1>;
using mi_fgm_l2 = momentum_iterative_fast_gradient<norm::l2>;
using mi_fgm_linf = momentum_iterative_fast_gradient<norm::linf>;
using fgm_grid_l1 = fast_gradient_grid<norm::l1, 1>;
using fgm_grid_l2 = fast_gradient_grid<norm::l2, 1>;
using fgm_grid_linf = fast_gradient_grid<norm::linf, 1>;
using ifgm_grid_l1 = fast_gradient_grid<norm::l1, 10>;
using ifgm_grid_l2 = fast_gradient_grid<norm::l2, 10>;
using ifgm_grid_linf = fast_gradient_grid<norm::linf, 10>;
using fgm_bisection_l1 = fast_gradient_bisection<norm::l1, 1>;
using fgm_bisection_l2 = fast_gradient_bisection<norm::l2, 1>;
using fgm_bisection_linf = fast_gradient_bisection<norm::linf, 1>;
using ifgm_bisection_l1 = fast_gradient_bisection<norm::l1, 10>;
using ifgm_bisection_l2 = fast_gradient_bisection<norm::l2, 10>;
using ifgm_bisection_linf = fast_gradient_bisection<norm::linf, 10>;
using pgd_l1 = projected_gradient<norm::l1>;
using pgd_l2 = projected_gradient<norm::l2>;
using pgd_linf = projected_gradient<norm::linf>;

/// Carlini & Wagner's L2 attack (2017, section VI-A). Defaults: the papers' 9 × 1,000 of Sharma's thesis.
struct carlini_wagner_l2 {
  double confidence = 0;  ///< κ ≥ 0
  int search_steps = 9;   ///< values of c, ≥ 1
  int steps = 1000;       ///< Adam's steps for each, ≥ 1
  double step = 1e-2;     ///< Adam's step length in tanh space, > 0
  double constant = 1e-3; ///< first c, > 0
  bool abort_early = true;

  constexpr auto recipe() const {
    return penalty{norm::l2{},
                   loss::margin{confidence},
                   optimizer::adam{.step = step, .steps = steps},
                   space::tanh{},
                   search::binary{.constant = constant, .steps = search_steps},
                   list<>{},
                   abort_early};
  }
};

/// Carlini & Wagner's L∞ attack (2017, section VI-C): c·margin + Σ max(0, |δ| − τ) in tanh space, and τ falls to 0.9 of
/// the distance of each success within it. Numbers as in their program.
struct carlini_wagner_linf {
  double confidence = 0;       ///< κ ≥ 0
  int steps = 1000;            ///< Adam's steps for each c, ≥ 1
  double step = 5e-3;          ///< Adam's step length in tanh space, > 0
  double constant = 1e-5;      ///< first c, > 0
  double largest = 20;         ///< c stays below it, > constant
  double growth = 2;           ///< of c where a run fails, > 1
  double factor = 0.9;         ///< of τ, in (0, 1)
  double finest = 1.0 / 256.0; ///< τ's least value, a share of the box's width, ≥ 0
  bool abort_early = true;

  constexpr auto recipe() const {
    return tighten{tightening::threshold{factor, finest},
                   penalty{norm::hinge_linf{}, loss::margin{confidence}, optimizer::adam{.step = step, .steps = steps},
                           space::tanh{}, search::doubling{constant, largest, growth}, list<>{}, abort_early}};
  }
};

/// Carlini & Wagner's L0 attack (2017, section VI-B): their L2 attack up to its first success, which then loses the
/// coordinates whose change tells least; until it fails. Numbers as in their program.
struct carlini_wagner_l0 {
  double confidence = 0;  ///< κ ≥ 0
  int steps = 1000;       ///< Adam's steps for each c, ≥ 1
  double step = 1e-2;     ///< Adam's step length in tanh space, > 0
  double constant = 1e-3; ///< first c, > 0
  double largest = 2e6;   ///< c stays below it, > constant
  double growth = 2;      ///< of c where a run fails, > 1
  double share = 0.3;     ///< of the square root of the changed coordinates, which are given up at a time, > 0
  double negligible = 1e-2; ///< |δ|·|∂margin| beyond which they are given up one by one, in the unit of the scores, ≥ 0
  bool abort_early = true;

  constexpr auto recipe() const {
    return tighten{tightening::freeze{share, negligible},
                   penalty{norm::l2{}, loss::margin{confidence}, optimizer::adam{.step = step, .steps = steps},
                           space::tanh{}, search::doubling{constant, largest, growth}, list<>{}, abort_early}};
  }
};

/// DeepFool (Moosavi-Dezfooli et al. 2016) in L1, L2 or L∞.
template <class Norm>
struct deepfool {
  double overshoot = 0.02;                       ///< η ≥ 0
  int steps = 50;                                ///< at most, ≥ 1
  int classes = 10;                              ///< the best so many of the original, its own included, in [2, 32]
  walk::bounds inside = walk::bounds::each_step; ///< `at_end`: the papers' walk, `clipped`: that of most programs
  double step = 0.8; ///< share of the way to the linearised boundary that a step goes, in (0, 1]; the papers' is 1

  constexpr auto recipe() const {
    return boundary{Norm{}, walk::nearest_boundary{overshoot, steps, classes, inside, step}};
  }
};
using deepfool_l1 = deepfool<norm::l1>;
using deepfool_l2 = deepfool<norm::l2>;
using deepfool_linf = deepfool<norm::linf>;

/// SparseFool (Modas et al. 2019).
struct sparsefool {
  double lambda = 3;                                      ///< λ ≥ 1
  double delta = std::numeric_limits<double>::infinity(); ///< the most that a coordinate changes, > 0
  double overshoot = 0.02;                                ///< ε ≥ 0
  int steps = 20;                                         ///< boundaries, ≥ 1
  int classes = 10;                                       ///< of DeepFool's inside, in [2, 32]

  constexpr auto recipe() const {
    return boundary{norm::l0{}, walk::sparse{lambda, delta, overshoot, steps, {.classes = classes}}};
  }
};

/// Jacobian-based saliency map attack (Papernot et al. 2016).
struct jsma {
  double theta = 1;    ///< θ, what is added to a coordinate, in the images' unit; negative: taken away; not 0
  double gamma = 1;    ///< γ, share of the coordinates that may change, in (0, 1]
  bool repeat = false; ///< true: a coordinate may change again until it has reached the box

  constexpr auto recipe() const { return greedy{norm::l0{}, saliency::pairs{theta, gamma, repeat}}; }
};

/// L-BFGS (Szegedy et al. 2014, section 4.1; Sharma's thesis, eq. 6): ‖δ‖₂² + c·cross-entropy by L-BFGS-B in the box,
/// for the least c that a line search finds.
struct lbfgs {
  int search_steps = 10;  ///< the most values of c, ≥ 1
  int steps = 150;        ///< iterations for each, ≥ 1
  double constant = 1e-2; ///< first c, > 0
  int memory = 10;        ///< pairs of vectors in the model of the curvature, in [1, 30]

  constexpr auto recipe() const {
    return penalty{norm::l2{},
                   loss::cross_entropy{},
                   optimizer::lbfgsb{.memory = memory, .steps = steps},
                   space::pixels{},
                   search::line{.constant = constant, .steps = search_steps},
                   list<>{},
                   false};
  }
};

/// Tabacof & Valle 2016, Algorithm 1: as `lbfgs`, but c is doubled until a run succeeds and then found by bisection,
/// and each run starts where the one before has ended. They attack images that were standardised by the training set's
/// mean and deviation σ: attack such images in the box ((0 − mean)/σ, (1 − mean)/σ), or, for distances in pixels, the
/// network behind model::normalise, where the same c weighs σ² as much.
struct tabacof_valle {
  int search_steps = 40;  ///< the most values of c, ≥ 1
  int steps = 150;        ///< iterations for each, ≥ 1
  double constant = 0.02; ///< first c, > 0: twice the ε to which it is then found
  int memory = 15;        ///< pairs of vectors in the model of the curvature, in [1, 30]

  constexpr auto recipe() const {
    return penalty{norm::l2{},
                   loss::cross_entropy{},
                   optimizer::lbfgsb{.memory = memory, .steps = steps},
                   space::pixels{},
                   search::bisection{.constant = constant, .width = constant / 2, .steps = search_steps},
                   list<>{},
                   false};
  }
};

/// EAD (Chen et al. 2018; Sharma's thesis, Algorithm 4): FISTA on c·margin + ‖δ‖₂² + β‖δ‖₁. One run serves both of its
/// decision rules: the result is ranked by the elastic net, `other_rankings[0]` by L1.
struct elastic_net {
  double beta = 1e-3;     ///< β ≥ 0, weight of L1
  double confidence = 0;  ///< κ ≥ 0
  int search_steps = 9;   ///< values of c, ≥ 1
  int steps = 1000;       ///< FISTA's steps for each, ≥ 1
  double step = 1e-2;     ///< first step length, > 0
  double constant = 1e-3; ///< first c, > 0
  bool abort_early = true;

  constexpr auto recipe() const {
    return penalty{norm::elastic_net{beta},
                   loss::margin{confidence},
                   optimizer::fista{.step = step, .steps = steps},
                   space::pixels{},
                   search::binary{.constant = constant, .steps = search_steps},
                   list<norm::l1>{},
                   abort_early};
  }
};

/// The elastic net by change of variable, which EAD is measured against (Sharma's thesis, section 4.3.3 and Table 5):
/// a gradient optimizer descends c·margin + ‖δ‖₂² + β‖δ‖₁ in tanh space, where the L1 part has but a subgradient and
/// nothing makes δ sparse. `Optimizer`: optimizer::adam, adagrad, rmsprop or sgd. Ranked as EAD is.
template <class Optimizer = optimizer::adam>
struct elastic_net_change_of_variable {
  double beta = 1e-3;             ///< β ≥ 0, weight of L1
  double confidence = 0;          ///< κ ≥ 0
  int search_steps = 9;           ///< values of c, ≥ 1
  int steps = 1000;               ///< the optimizer's steps for each, ≥ 1
  double step = Optimizer{}.step; ///< the optimizer's step length in tanh space, > 0
  double constant = 1e-3;         ///< first c, > 0
  bool abort_early = true;

  constexpr auto recipe() const {
    Optimizer descending{};
    descending.step = step;
    descending.steps = steps;
    return penalty{norm::elastic_net{beta},
                   loss::margin{confidence},
                   descending,
                   space::tanh{},
                   search::binary{.constant = constant, .steps = search_steps},
                   list<norm::l1>{},
                   abort_early};
  }
};

} // namespace advx::attack
