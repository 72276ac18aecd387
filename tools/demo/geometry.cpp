#include "backend.hpp"

namespace demo {

template <class Backend>
void geometry(bench& b) {
  const advx::goal::untargeted away{b.labels};
  const auto walk = [&](const char* name, const auto& a) {
    run<Backend>(b, {name}, a, {{"overshoot", a.overshoot}, {"steps", a.steps}, {"step", a.step}}, away);
  };
  walk("deepfool-l1", advx::attack::deepfool_l1{});
  walk("deepfool-l2", advx::attack::deepfool_l2{});
  walk("deepfool-linf", advx::attack::deepfool_linf{});
  // The same, for images that survive being stored in 8 bits.
  const advx::attack::deepfool_l2 nearest;
  run<Backend>(b, {"deepfool-l2-8bit"}, advx::attack::on_lattice{nearest},
               {{"overshoot", nearest.overshoot}, {"steps", nearest.steps}, {"step", nearest.step}, {"levels", 256}},
               away);
  const advx::attack::sparsefool few;
  run<Backend>(b, {"sparsefool"}, few, {{"overshoot", few.overshoot}, {"steps", few.steps}, {"lambda", few.lambda}},
               away);
  const advx::attack::jsma pairs;
  const parameters numbers{{"theta", pairs.theta}, {"gamma", pairs.gamma}};
  run<Backend>(b, {"jsma"}, pairs, numbers, away);
  run<Backend>(b, {"jsma"}, pairs, numbers, advx::goal::random(b.labels, b.model.class_count(), b.how.options.seed));
}

template void geometry<backend>(bench&);

} // namespace demo
