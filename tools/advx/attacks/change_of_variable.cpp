// The elastic net by a change of variable, which EAD is measured against.
#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

namespace {

template <class Optimizer, class Backend>
void by(shelf<Backend>& all, const std::string& optimizer) {
  using preset = advx::attack::elastic_net_change_of_variable<Optimizer>;
  offer<preset>(all,
                {.name = "encv-" + optimizer,
                 .summary = "the elastic net in tanh space by " + optimizer + ", for comparison with EAD",
                 .source = "Sharma 2018, section 4.3.3 and Table 5"},
                {{"beta", &preset::beta, at_least(0), "weight of the L1 distance"},
                 confidence<preset>(),
                 search_steps<preset>(),
                 steps<preset>("the optimizer's steps for each c"),
                 step<preset>("the optimizer's step length in tanh space"),
                 constant<preset>(),
                 abort_early<preset>()});
}

} // namespace

template <class Backend>
void change_of_variable(shelf<Backend>& all) {
  by<advx::optimizer::adam>(all, "adam");
  by<advx::optimizer::adagrad>(all, "adagrad");
  by<advx::optimizer::rmsprop>(all, "rmsprop");
  by<advx::optimizer::sgd>(all, "sgd");
}

template void change_of_variable<backend>(shelf<backend>&);

} // namespace advx_command
