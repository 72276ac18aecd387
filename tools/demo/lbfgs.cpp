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
  attack<Backend>(b, "lbfgs", advx::attack::lbfgs{});
  attack<Backend>(b, "tabacof", advx::attack::tabacof_valle{});
}

template void lbfgs<backend>(bench&);

} // namespace demo
