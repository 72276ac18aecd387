#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

template <class Backend>
void carlini_wagner(shelf<Backend>& all) {
  using preset = advx::attack::carlini_wagner_l2;
  offer<preset>(all,
                {.name = "cw-l2",
                 .summary = "Carlini & Wagner's L2 attack: the nearest adversarial image, by Adam in tanh space",
                 .source = "Carlini & Wagner 2017, section VI-A"},
                {confidence<preset>(), search_steps<preset>(), steps<preset>("Adam's steps for each c"),
                 step<preset>("Adam's step length in tanh space"), constant<preset>(), abort_early<preset>()});
}

template void carlini_wagner<backend>(shelf<backend>&);

} // namespace advx_command
