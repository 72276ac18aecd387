#include <advx/attack/query_presets.hpp>

#include "backend.hpp"

namespace demo {

template <class Backend>
void questions(bench& b) {
  const advx::goal::untargeted away{b.labels};
  const auto attack = [&](const char* name, const auto& a, const parameters& numbers) {
    run<Backend>(b, {name}, a, numbers, away);
  };
  const advx::attack::square_l2 round{.epsilon = 2.5, .steps = 1000};
  attack("square-l2", round, {{"epsilon", round.epsilon}, {"steps", round.steps}});
  const advx::attack::square_linf square{.epsilon = 0.3, .steps = 1000};
  attack("square-linf", square, {{"epsilon", square.epsilon}, {"steps", square.steps}});
  const advx::attack::gen_attack genes{.epsilon = 0.3, .steps = b.how.paper ? 20000 : 1000};
  attack("gen-attack", genes, {{"epsilon", genes.epsilon}, {"steps", genes.steps}, {"population", genes.population}});

  advx::attack::one_pixel few{.pixels = 5};
  advx::attack::zoo_adam zoo{};
  advx::attack::hop_skip_jump_l2 walk{};
  if (!b.how.paper) {
    few.population = 100;
    few.steps = 20;
    zoo.search_steps = 2;
    zoo.steps = 60;
    zoo.step = 0.1;
    zoo.constant = 1;
    walk.steps = 10;
  }
  attack("one-pixel", few, {{"pixels", few.pixels}, {"population", few.population}, {"steps", few.steps}});
  attack("zoo-adam", zoo,
         {{"search_steps", zoo.search_steps}, {"steps", zoo.steps}, {"step", zoo.step}, {"constant", zoo.constant}});
  attack("hop-skip-jump-l2", walk, {{"steps", walk.steps}, {"probes", walk.probes}});
}

template void questions<backend>(bench&);

} // namespace demo
