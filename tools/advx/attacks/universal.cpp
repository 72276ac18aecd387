// One perturbation for all images.
#include <advx/attack/universal_presets.hpp>

#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

namespace {

template <class Norm, class Backend>
void universal_in(shelf<Backend>& all) {
  using preset = advx::attack::batched_universal_deepfool<Norm>;
  offer<preset>(all,
                {.name = "universal" + ending<Norm>(),
                 .summary = "one perturbation for all images, put together of DeepFool's",
                 .source = "Moosavi-Dezfooli et al. 2017",
                 .targeted = false},
                {{"xi", &preset::xi, above(0), "the perturbation's length, at most, in the images' unit"},
                 {"delta",
                  &preset::delta,
                  {.lower = 0, .upper = 1, .upper_open = true},
                  "passes end when all but this share of the images is fooled"},
                 {"passes", &preset::passes, at_least(1), "over all images, at most"}});
}

} // namespace

template <class Backend>
void universal(shelf<Backend>& all) {
  universal_in<advx::norm::l2>(all);
  universal_in<advx::norm::linf>(all);
}

template void universal<backend>(shelf<backend>&);

} // namespace advx_command
