// Attacks that ask for scores or labels alone: what a network would stand against somebody who cannot look inside.
#include <advx/attack/population_presets.hpp>
#include <advx/attack/zoo_presets.hpp>

#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

namespace {

template <advx::optimizer::coordinate_solver Solver, class Backend>
void zoo_by(shelf<Backend>& all, const char* name, const char* summary) {
  using preset = advx::attack::zoo<Solver>;
  offer<preset>(all, {.name = name, .summary = summary, .source = "Chen et al. 2017; Sharma 2018, chapter 3"},
                {confidence<preset>(),
                 search_steps<preset>(),
                 steps<preset>("steps for each c"),
                 step<preset>("step length"),
                 constant<preset>(),
                 {"coordinates", &preset::coordinates, between(1, 128), "values that a step estimates and changes"},
                 {"difference", &preset::difference, above(0), "h of the differences"},
                 {"reset", &preset::reset, {}, "forgets Adam's states at a run's first success"},
                 abort_early<preset>()});
}

template <class Norm, class Backend>
void square_in(shelf<Backend>& all) {
  using preset = advx::attack::square<Norm>;
  offer<preset>(all,
                {.name = "square" + ending<Norm>(),
                 .summary = "the Square attack: random search by squares, on scores",
                 .source = "Andriushchenko et al. 2020"},
                {epsilon<preset>(),
                 steps<preset>("points that are asked for, at most"),
                 {"share",
                  &preset::share,
                  {.lower = 0, .upper = 1, .lower_open = true},
                  "the first square's share of an image"}});
}

template <class Norm, class Backend>
void hop_skip_jump_in(shelf<Backend>& all) {
  using preset = advx::attack::hop_skip_jump<Norm>;
  offer<preset>(all,
                {.name = "hop-skip-jump" + ending<Norm>(),
                 .summary = "HopSkipJump: a walk along the boundary that asks for labels alone",
                 .source = "Chen, Jordan & Wainwright 2020",
                 .targeted = false},
                {steps<preset>("steps along the boundary; 64 take about 35,000 queries"),
                 {"probes", &preset::probes, at_least(2), "of the first estimate of the boundary's normal"}});
}

} // namespace

template <class Backend>
void questions(shelf<Backend>& all) {
  using advx::optimizer::coordinate_solver;
  zoo_by<coordinate_solver::adam>(all, "zoo-adam",
                                  "ZOO: Carlini & Wagner's L2 attack on scores, by Adam on differences");
  zoo_by<coordinate_solver::newton>(all, "zoo-newton", "ZOO: the same by Newton's steps");
  zoo_by<coordinate_solver::mixed>(all, "zoo-mixed",
                                   "ZOO: the same by Newton's steps where the curvature allows, else Adam's");
  using pixel = advx::attack::one_pixel;
  offer<pixel>(
      all,
      {.name = "one-pixel",
       .summary = "differential evolution of one or a few pixels' places and values, on scores",
       .source = "Su, Vargas & Sakurai 2019"},
      {{"pixels", &pixel::pixels, at_least(1), "that may change"},
       {"population", &pixel::population, at_least(4), "candidates of a generation"},
       steps<pixel>("generations after the first"),
       {"difference", &pixel::difference, {.lower = 0, .upper = 2, .lower_open = true}, "weight F of a difference"},
       {"dither", &pixel::dither, at_least(0), "each generation has its own F, up to so much larger"},
       {"crossover", &pixel::crossover, between(0, 1), "share of a mutant that is taken"},
       {"from_best", &pixel::from_best, {}, "mutants of the fittest candidate"},
       {"below", &pixel::below, between(0, 1), "untargeted: ends where the label's probability is lower"},
       {"above", &pixel::above, between(0, 1), "targeted: ends where the target's probability is higher"},
       {"stop_at_success", &pixel::stop_at_success, {}, "ends at the first success"},
       {"levels", &pixel::levels, at_least(0), "values of a channel; 0: any"}});
  using genes = advx::attack::gen_attack;
  offer<genes>(
      all,
      {.name = "gen-attack",
       .summary = "GenAttack: a genetic algorithm in the ball, on scores",
       .source = "Alzantot et al. 2019"},
      {epsilon<genes>(),
       {"population", &genes::population, at_least(2), "candidates of a generation"},
       steps<genes>("generations after the first"),
       {"mutation", &genes::mutation, between(0, 1), "share of the values that mutate"},
       {"range", &genes::range, {.lower = 0, .upper = 1, .lower_open = true}, "of mutations, a share of epsilon"},
       {"temperature", &genes::temperature, above(0), "of the softmax that draws parents"},
       {"adapts", &genes::adapts, {}, "mutation and range fall where the search gains nothing"},
       {"patience", &genes::patience, at_least(1), "generations without gain after which they fall"}});
  square_in<advx::norm::l2>(all);
  square_in<advx::norm::linf>(all);
  hop_skip_jump_in<advx::norm::l2>(all);
  hop_skip_jump_in<advx::norm::linf>(all);
}

template void questions<backend>(shelf<backend>&);

} // namespace advx_command
