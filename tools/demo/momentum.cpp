#include "backend.hpp"

namespace demo {

namespace {
template <class Backend, class Norm>
void attack(bench& b, const std::string& norm, double epsilon) {
  const advx::attack::momentum_iterative_fast_gradient<Norm> a{.epsilon = epsilon};
  run<Backend>(b, {"mi-fgm-" + norm}, a, {{"epsilon", a.epsilon}, {"steps", a.steps}, {"step", a.epsilon / a.steps}},
               advx::goal::untargeted{b.labels});
  const advx::attack::fast_gradient_bisection<Norm, 10> least{.epsilon = 2 * epsilon};
  run<Backend>(b, {"ifgm-bisection-" + norm}, least, {{"epsilon", least.epsilon}, {"steps", least.steps}},
               advx::goal::untargeted{b.labels});
}
} // namespace

// With momentum at the radii of I-FGM, and I-FGM at the least radius that succeeds.
template <class Backend>
void momentum(bench& b) {
  attack<Backend, advx::norm::l1>(b, "l1", 40);
  attack<Backend, advx::norm::l2>(b, "l2", 3);
  attack<Backend, advx::norm::linf>(b, "linf", 0.3);
}

template void momentum<backend>(bench&);

} // namespace demo
