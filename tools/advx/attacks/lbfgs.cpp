#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

namespace {

template <class Preset, class Backend>
void put(shelf<Backend>& all, description d) {
  offer<Preset>(all, std::move(d),
                {search_steps<Preset>(),
                 steps<Preset>("iterations for each c"),
                 constant<Preset>(),
                 {"memory", &Preset::memory, between(1, 30), "pairs of vectors in the model of the curvature"}});
}

} // namespace

template <class Backend>
void lbfgs(shelf<Backend>& all) {
  put<advx::attack::lbfgs>(
      all, {.name = "lbfgs",
            .summary = "squared L2 distance + c * cross-entropy by L-BFGS-B, the least c by a line search",
            .source = "Szegedy et al. 2014, section 4.1"});
  put<advx::attack::tabacof_valle>(
      all, {.name = "tabacof",
            .summary = "the same with c by bisection, each run starting where the last has ended",
            .source = "Tabacof & Valle 2016, Algorithm 1"});
}

template void lbfgs<backend>(shelf<backend>&);

} // namespace advx_command
