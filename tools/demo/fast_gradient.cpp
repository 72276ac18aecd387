#include "backend.hpp"

namespace demo {

namespace {
template <class Backend, class Norm>
void attack(bench& b, const std::string& name, double epsilon) {
  const advx::attack::fast_gradient<Norm> a{.epsilon = epsilon};
  run<Backend>(b, {name}, a, {{"epsilon", a.epsilon}}, advx::goal::untargeted{b.labels});
}
} // namespace

// Radii at which multi-step attacks succeed on most digits and single steps on some.
template <class Backend>
void fast_gradient(bench& b) {
  attack<Backend, advx::norm::l1>(b, "fgm-l1", 40);
  attack<Backend, advx::norm::l2>(b, "fgm-l2", 3);
  attack<Backend, advx::norm::linf>(b, "fgm-linf", 0.3);
}

template void fast_gradient<backend>(bench&);

} // namespace demo
