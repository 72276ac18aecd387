// DeepFool and SparseFool, which walk to the nearest linearised boundary, and JSMA.
#include <limits>

#include "backend.hpp"
#include "parameters.hpp"

namespace advx_command {

namespace {

template <class Norm, class Backend>
void deepfool_in(shelf<Backend>& all) {
  using preset = advx::attack::deepfool<Norm>;
  offer<preset>(
      all,
      {.name = "deepfool" + ending<Norm>(),
       .summary = "walk to the nearest linearised boundary of the class",
       .source = "Moosavi-Dezfooli et al. 2016",
       .targeted = false},
      {{"overshoot", &preset::overshoot, at_least(0), "how far beyond the boundary, a share of the way"},
       steps<preset>("steps, at most"),
       {"classes", &preset::classes, between(2, advx::walk::most_classes),
        "so many of the original's best classes may be walked to, its own included"},
       {"inside", &preset::inside, {}, "where the box is kept: at each step, by clipping each point, at the end"},
       step<preset>("share of the way to the linearised boundary that a step goes; the paper's is 1",
                    {.lower = 0, .upper = 1, .lower_open = true})});
}

} // namespace

template <class Backend>
void geometry(shelf<Backend>& all) {
  deepfool_in<advx::norm::l1>(all);
  deepfool_in<advx::norm::l2>(all);
  deepfool_in<advx::norm::linf>(all);
  using sparse = advx::attack::sparsefool;
  offer<sparse>(all,
                {.name = "sparsefool",
                 .summary = "DeepFool's boundary, reached by changing few values",
                 .source = "Modas et al. 2019",
                 .targeted = false},
                {{"lambda", &sparse::lambda, at_least(1), "how far beyond DeepFool's boundary is aimed"},
                 {"delta", &sparse::delta, above(0), "the most that a value changes; inf: as far as the box goes"},
                 {"overshoot", &sparse::overshoot, at_least(0), "how far beyond the boundary, a share of the way"},
                 steps<sparse>("boundaries, at most"),
                 {"classes", &sparse::classes, between(2, advx::walk::most_classes),
                  "so many of the original's best classes may be walked to, its own included"}});
  using pairs = advx::attack::jsma;
  offer<pairs>(
      all,
      {.name = "jsma",
       .summary = "Jacobian-based saliency map attack: the most telling pair of values first",
       .source = "Papernot et al. 2016"},
      {{"theta", &pairs::theta, {}, "what is added to a value, in the images' unit; not 0"},
       {"gamma", &pairs::gamma, {.lower = 0, .upper = 1, .lower_open = true}, "share of the values that may change"},
       {"repeat", &pairs::repeat, {}, "a value may change again until it has reached the box"}});
}

template void geometry<backend>(shelf<backend>&);

} // namespace advx_command
