// The parameters that many presets share, described once. Defaults are the presets' own.
#pragma once

#include "shelf.hpp"

namespace advx_command {

template <class P>
field<P> epsilon() {
  return {"epsilon", &P::epsilon, at_least(0), "radius of the ball that images stay in, in the images' unit"};
}
template <class P>
field<P> steps(const char* meaning) {
  return {"steps", &P::steps, at_least(1), meaning};
}
template <class P>
field<P> step(const char* meaning, range legal = above(0)) {
  return {"step", &P::step, legal, meaning};
}
template <class P>
field<P> confidence() {
  return {"confidence", &P::confidence, at_least(0), "margin (kappa) that a success needs, in the unit of the logits"};
}
template <class P>
field<P> constant() {
  return {"constant", &P::constant, above(0), "the first c, the weight of the loss"};
}
template <class P>
field<P> search_steps() {
  return {"search_steps", &P::search_steps, at_least(1), "values of c that are tried, at most"};
}
template <class P>
field<P> abort_early() {
  return {"abort_early", &P::abort_early, {}, "ends a run whose objective no longer falls"};
}

} // namespace advx_command
