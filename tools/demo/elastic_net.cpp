#include "demo.hpp"

namespace demo {

void elastic_net(bench& b) {
  advx::attack::elastic_net a; // the papers' 9 × 1,000
  if (!b.how.paper) a = {.search_steps = 5, .steps = 200, .step = 0.1, .constant = 0.1};
  const parameters numbers{
      {"beta", a.beta}, {"confidence", a.confidence}, {"search_steps", a.search_steps}, {"steps", a.steps},
      {"step", a.step}, {"constant", a.constant}};
  b.run({"ead-en", "ead-l1"}, a, numbers, advx::goal::untargeted{b.labels});
  b.run({"ead-en", "ead-l1"}, a, numbers, advx::goal::random(b.labels, b.model.class_count(), b.how.options.seed));
}

} // namespace demo
