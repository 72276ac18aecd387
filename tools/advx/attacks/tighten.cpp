// Carlini & Wagner's attacks in L-infinity and L0, which repeat another one under a constraint that tightens.
#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

template <class Backend>
void tighten(shelf<Backend>& all) {
  using cube = advx::attack::carlini_wagner_linf;
  offer<cube>(all,
              {.name = "cw-linf",
               .summary = "Carlini & Wagner's L-infinity attack: changes beyond a threshold that falls are penalised",
               .source = "Carlini & Wagner 2017, section VI-C"},
              {confidence<cube>(),
               steps<cube>("Adam's steps for each c"),
               step<cube>("Adam's step length in tanh space"),
               constant<cube>(),
               {"largest", &cube::largest, above(0), "c stays below it; it must be above constant"},
               {"growth", &cube::growth, above(1), "of c where a run fails"},
               {"factor",
                &cube::factor,
                {.lower = 0, .upper = 1, .lower_open = true, .upper_open = true},
                "of the threshold after each success"},
               {"finest", &cube::finest, at_least(0), "the threshold's least value, a share of the box's width"},
               abort_early<cube>()});
  using few = advx::attack::carlini_wagner_l0;
  offer<few>(all,
             {.name = "cw-l0",
              .summary = "Carlini & Wagner's L0 attack: their L2 attack gives up the values that tell least",
              .source = "Carlini & Wagner 2017, section VI-B"},
             {confidence<few>(),
              steps<few>("Adam's steps for each c"),
              step<few>("Adam's step length in tanh space"),
              constant<few>(),
              {"largest", &few::largest, above(0), "c stays below it; it must be above constant"},
              {"growth", &few::growth, above(1), "of c where a run fails"},
              {"share", &few::share, above(0), "of the square root of the changed values, given up at a time"},
              {"negligible", &few::negligible, at_least(0),
               "|change| * |slope of the margin| beyond which values are given up one by one"},
              abort_early<few>()});
}

template void tighten<backend>(shelf<backend>&);

} // namespace advx_command
