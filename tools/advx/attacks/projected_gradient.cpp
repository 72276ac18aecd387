#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

namespace {

template <class Norm, class Backend>
void in(shelf<Backend>& all) {
  using preset = advx::attack::projected_gradient<Norm>;
  offer<preset>(
      all,
      {.name = "pgd" + ending<Norm>(),
       .summary = "projected gradient descent from random starts in the ball",
       .source = "Madry et al. 2018"},
      {epsilon<preset>(),
       steps<preset>("gradient steps"),
       step<preset>("step length; 0: 2.5 epsilon / steps, which can reach any point of the ball", at_least(0)),
       {"restarts", &preset::restarts, at_least(0), "further random starts for images without success"}});
}

} // namespace

template <class Backend>
void projected_gradient(shelf<Backend>& all) {
  in<advx::norm::l1>(all);
  in<advx::norm::l2>(all);
  in<advx::norm::linf>(all);
}

template void projected_gradient<backend>(shelf<backend>&);

} // namespace advx_command
