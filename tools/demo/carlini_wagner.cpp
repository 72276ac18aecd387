#include "backend.hpp"

namespace demo {

template <class Backend>
void carlini_wagner(bench& b) {
  advx::attack::carlini_wagner_l2 a; // the papers' 9 × 1,000
  if (!b.how.paper) a = {.search_steps = 5, .steps = 200, .step = 0.1, .constant = 0.1};
  const parameters numbers{{"confidence", a.confidence},
                           {"search_steps", a.search_steps},
                           {"steps", a.steps},
                           {"step", a.step},
                           {"constant", a.constant}};
  run<Backend>(b, {"cw-l2"}, a, numbers, advx::goal::untargeted{b.labels});
  run<Backend>(b, {"cw-l2"}, a, numbers, advx::goal::random(b.labels, b.model.class_count(), b.how.options.seed));
}

template void carlini_wagner<backend>(bench&);

} // namespace demo
