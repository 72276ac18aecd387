#include "backend.hpp"

namespace demo {

namespace {
template <class Backend, class Attack>
void attack(bench& b, const std::string& name, const Attack& a) {
  const parameters numbers{{"search_steps", a.search_steps}, {"steps", a.steps}, {"constant", a.constant}};
  run<Backend>(b, {name}, a, numbers, advx::goal::random(b.labels, b.model.class_count(), b.how.options.seed));
}
} // namespace

template <class Backend>
void lbfgs(bench& b) {
  advx::attack::lbfgs szegedy;
  advx::attack::tabacof_valle algorithm1;
  if (!b.how.paper) {
    szegedy.search_steps = 6;
    szegedy.steps = algorithm1.steps = 60;
    szegedy.constant = 0.1;
    algorithm1.constant = 0.2;
  }
  attack<Backend>(b, "lbfgs", szegedy);
  attack<Backend>(b, "tabacof", algorithm1);
}

template void lbfgs<backend>(bench&);

} // namespace demo
