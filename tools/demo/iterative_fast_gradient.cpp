#include "backend.hpp"

namespace demo {

namespace {
template <class Backend, class Norm>
void attack(bench& b, const std::string& name, double epsilon) {
  const advx::attack::iterative_fast_gradient<Norm> a{.epsilon = epsilon};
  run<Backend>(b, {name}, a, {{"epsilon", a.epsilon}, {"steps", a.steps}, {"step", a.epsilon / a.steps}},
               advx::goal::untargeted{b.labels});
}
} // namespace

// Radii at which multi-step attacks succeed on most digits and single steps on some.
template <class Backend>
void iterative_fast_gradient(bench& b) {
  attack<Backend, advx::norm::l1>(b, "ifgm-l1", 40);
  attack<Backend, advx::norm::l2>(b, "ifgm-l2", 3);
  attack<Backend, advx::norm::linf>(b, "ifgm-linf", 0.3);
}

template void iterative_fast_gradient<backend>(bench&);

} // namespace demo
