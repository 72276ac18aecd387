/// @file
/// Attacks by random search and evolution, over models that answer scores, by name.
#pragma once

#include <advx/attack/population.hpp>
#include <advx/attack/random_search.hpp>
#include <advx/loss/by_goal.hpp>
#include <advx/loss/cross_entropy.hpp>
#include <advx/loss/log_margin.hpp>
#include <advx/loss/probability.hpp>
#include <advx/norm/l0.hpp>
#include <advx/norm/l2.hpp>
#include <advx/norm/linf.hpp>
#include <advx/optimizer/differential_evolution.hpp>
#include <advx/optimizer/genetic.hpp>
#include <advx/optimizer/squares.hpp>
#include <advx/space/cube.hpp>
#include <advx/space/pixel_tuples.hpp>

namespace advx::attack {

/// The one-pixel attack (Su, Vargas & Sakurai 2019), for one or a few pixels: differential evolution of their positions
/// and values for the least probability of the label, or the greatest of the target. An image takes up to
/// 1 + population·(steps + 1) queries. It ends when a success is as certain as `below` or `above` asks; the result is
/// the first success with the fewest coordinates, `other_rankings[0]` the most certain one.
struct one_pixel {
  int pixels = 1;               ///< that may change, ≥ 1 and at most the image's
  int population = 400;         ///< ≥ 4
  int steps = 100;              ///< generations after the first, ≥ 1
  int channels = 1;             ///< planes of an image, ≥ 1: 3 for RGB
  int width = 0;                ///< of a plane; 0: it is square if it can be, else one row
  double difference = 0.5;      ///< F in (0, 2]
  double dither = 0;            ///< each generation has its own F in [difference, difference + dither]
  double crossover = 1;         ///< CR in [0, 1]; 1: none
  bool from_best = false;       ///< true: mutants of the fittest member (best1bin)
  double below = 0.1;           ///< untargeted: ends where the label's probability is lower; Su et al. have 0.05
  double above = 0.5;           ///< targeted: ends where the target's probability is higher; Su et al. have 0.9
  bool stop_at_success = false; ///< true: ends at the first success
  int levels = 256;             ///< values of a channel; 0: any

  constexpr auto recipe() const {
    return attack::population{
        norm::l0{},
        loss::probability{below, above},
        optimizer::differential_evolution{population, steps, difference, dither, crossover, from_best},
        space::pixel_tuples{{channels, width}, levels},
        start::population{},
        radius::fixed{double(pixels) * channels},
        stop_at_success};
  }
};

/// GenAttack (Alzantot et al. 2019): a genetic algorithm in the L∞ ball for the greatest log odds of the target, or the
/// least ones of the label. Ends with the first success. An image takes up to 1 + population + (population − 1)·steps
/// queries, since the fittest of a generation is not asked for again.
struct gen_attack {
  double epsilon = 0.3;   ///< δmax, radius, ≥ 0
  int population = 6;     ///< ≥ 2
  int steps = 20000;      ///< generations after the first, ≥ 1; 20,000 of 6 are about 100,000 queries
  double mutation = 0.05; ///< ρ in [0, 1]
  double range = 1;       ///< α in (0, 1], of mutations: a share of epsilon
  double temperature = 1; ///< > 0, of the softmax that draws parents
  bool adapts = false;    ///< true: ρ and α fall where the search gains nothing, and `mutation`, `range` are not used
  int patience = 100;     ///< generations without gain after which they fall, ≥ 1

  constexpr auto recipe() const {
    return attack::population{norm::linf{},
                              loss::probability{},
                              optimizer::genetic{population, steps, mutation, range, temperature, adapts, patience},
                              space::cube{},
                              start::population{},
                              radius::fixed{epsilon},
                              true};
  }
};

/// The Square attack (Andriushchenko et al. 2020): random search by squares, in L∞ or L2; lowers the margin of the
/// label over the best other class, or the cross-entropy of the target. An image takes up to 1 + steps queries, and
/// none after its first success.
template <class Norm>
struct square {
  double epsilon = 0.1; ///< radius, ≥ 0
  int steps = 5000;     ///< points, ≥ 1
  double share = 0.8;   ///< p, the first square's share of an image, in (0, 1]; for ImageNet 0.05 (L∞) and 0.1 (L2)
  int channels = 1;     ///< planes of an image, ≥ 1: 3 for RGB
  int width = 0;        ///< of a plane; 0: it is square if it can be, else one row

  constexpr auto recipe() const {
    return random_search{Norm{}, loss::by_goal<loss::log_margin, loss::cross_entropy>{},
                         optimizer::squares{share, {channels, width}}, radius::fixed{epsilon}, steps};
  }
};
using square_linf = square<norm::linf>;
using square_l2 = square<norm::l2>;

} // namespace advx::attack
