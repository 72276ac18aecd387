#include "backend.hpp"

namespace demo {

template <class Backend>
void elastic_net(bench& b) {
  advx::attack::elastic_net a; // the papers' 9 × 1,000
  if (!b.how.paper) a = {.search_steps = 5, .steps = 200, .step = 0.1, .constant = 0.1};
  const parameters numbers{
      {"beta", a.beta}, {"confidence", a.confidence}, {"search_steps", a.search_steps}, {"steps", a.steps},
      {"step", a.step}, {"constant", a.constant}};
  run<Backend>(b, {"ead-en", "ead-l1"}, a, numbers, advx::goal::untargeted{b.labels});
  run<Backend>(b, {"ead-en", "ead-l1"}, a, numbers,
               advx::goal::random(b.labels, b.model.class_count(), b.how.options.seed));
}

template void elastic_net<backend>(bench&);

} // namespace demo
