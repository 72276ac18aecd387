// FGM, I-FGM and MI-FGM: one recipe with different numbers.
#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

namespace {

template <class Norm, class Backend>
void in(shelf<Backend>& all) {
  using single = advx::attack::fast_gradient<Norm>;
  using iterative = advx::attack::iterative_fast_gradient<Norm>;
  using momentum = advx::attack::momentum_iterative_fast_gradient<Norm>;
  offer<single>(all,
                {.name = "fgm" + ending<Norm>(),
                 .summary = "fast gradient method: one step to the edge of the ball",
                 .source = "Goodfellow et al. 2015"},
                {epsilon<single>()});
  offer<iterative>(all,
                   {.name = "ifgm" + ending<Norm>(),
                    .summary = "iterative fast gradient method: small steps from the original",
                    .source = "Kurakin et al. 2017"},
                   {epsilon<iterative>(), steps<iterative>("gradient steps"),
                    step<iterative>("step length; 0: epsilon / steps", at_least(0))});
  offer<momentum>(
      all,
      {.name = "mi-fgm" + ending<Norm>(),
       .summary = "momentum iterative fast gradient method: steps along the sum of the gradients so far",
       .source = "Dong et al. 2018, Algorithm 1"},
      {epsilon<momentum>(),
       steps<momentum>("gradient steps"),
       step<momentum>("step length; 0: epsilon / steps", at_least(0)),
       {"momentum", &momentum::momentum, at_least(0), "what is left of the earlier gradients' sum after a step"}});
}

} // namespace

template <class Backend>
void fast_gradient(shelf<Backend>& all) {
  in<advx::norm::l1>(all);
  in<advx::norm::l2>(all);
  in<advx::norm::linf>(all);
}

template void fast_gradient<backend>(shelf<backend>&);

} // namespace advx_command
