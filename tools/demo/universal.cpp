#include <advx/attack/universal_presets.hpp>

#include "backend.hpp"

namespace demo {

namespace {

template <class Backend, class Attack>
void attack(bench& b, const char* name, const Attack& a) {
  run<Backend>(b, {name}, a, {{"xi", a.xi}, {"passes", a.passes}}, advx::goal::untargeted{b.labels});
}

} // namespace

template <class Backend>
void universal(bench& b) {
  attack<Backend>(b, "universal-l2", advx::attack::batched_universal_l2{.xi = 4});
  attack<Backend>(b, "universal-linf", advx::attack::batched_universal_linf{.xi = 0.3});
}

template void universal<backend>(bench&);

} // namespace demo
