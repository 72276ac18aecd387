#include "backend.hpp"

namespace demo {

namespace {
template <class Backend, class Norm>
void attack(bench& b, const std::string& name, double epsilon) {
  const advx::attack::projected_gradient<Norm> a{.epsilon = epsilon};
  run<Backend>(
      b, {name}, a,
      {{"epsilon", a.epsilon}, {"steps", a.steps}, {"step", 2.5 * a.epsilon / a.steps}, {"restarts", a.restarts}},
      advx::goal::untargeted{b.labels});
}
} // namespace

// Radii at which multi-step attacks succeed on most digits and single steps on some.
template <class Backend>
void projected_gradient(bench& b) {
  attack<Backend, advx::norm::l1>(b, "pgd-l1", 40);
  attack<Backend, advx::norm::l2>(b, "pgd-l2", 3);
  attack<Backend, advx::norm::linf>(b, "pgd-linf", 0.3);
}

template void projected_gradient<backend>(bench&);

} // namespace demo
