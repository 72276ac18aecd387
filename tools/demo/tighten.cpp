#include "backend.hpp"

namespace demo {

template <class Backend>
void tighten(bench& b) {
  const auto goal = advx::goal::random(b.labels, b.model.class_count(), b.how.options.seed);
  advx::attack::carlini_wagner_linf cube; // their program's numbers
  advx::attack::carlini_wagner_l0 few;
  if (!b.how.paper) {
    cube.steps = few.steps = 100;
    cube.step = few.step = 0.1;
    cube.constant = few.constant = 0.1;
    few.largest = 100;
    cube.growth = few.growth = 10;
  }
  const auto attack = [&](const char* name, const auto& a) {
    run<Backend>(b, {name}, a,
                 {{"confidence", a.confidence}, {"steps", a.steps}, {"step", a.step}, {"constant", a.constant}}, goal);
  };
  attack("cw-linf", cube);
  attack("cw-l0", few);
}

template void tighten<backend>(bench&);

} // namespace demo
