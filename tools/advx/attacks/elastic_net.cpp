// EAD: one run finds what both of its decision rules choose.
#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

template <class Backend>
void elastic_net(shelf<Backend>& all) {
  using preset = advx::attack::elastic_net;
  const auto rule = [&](const char* name, const char* summary, int ranking) {
    offer<preset>(all,
                  {.name = name,
                   .summary = summary,
                   .source = "Chen et al. 2018; Sharma 2018, Algorithm 4",
                   .run = "ead",
                   .ranking = ranking},
                  {{"beta", &preset::beta, at_least(0), "weight of the L1 distance"},
                   confidence<preset>(),
                   search_steps<preset>(),
                   steps<preset>("FISTA's steps for each c"),
                   step<preset>("FISTA's first step length"),
                   constant<preset>(),
                   abort_early<preset>()});
  };
  rule("ead-en", "elastic-net attack, images chosen by the elastic-net distance", 0);
  rule("ead-l1", "elastic-net attack, images chosen by the L1 distance", 1);
}

template void elastic_net<backend>(shelf<backend>&);

} // namespace advx_command
