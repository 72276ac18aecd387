// Success and mean distances of the attacks, beside published figures of the same kind.
#pragma once

#include <advx/nn/models.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

#include <cstdio>

#include "support.hpp"

namespace table6 {

using network = decltype(advx::nn::carlini_wagner_mnist());

/// A line of Sharma's thesis (2017), table 6: MNIST, average case.
struct published {
  double success, l1, l2, linf;
};

/// Sums over successes.
struct tally {
  double images = 0, successes = 0, l1 = 0, l2 = 0, linf = 0;

  template <class Outcome>
  void add(const Outcome& o, std::size_t i) {
    successes += 1;
    l1 += o.l1[i];
    l2 += o.l2[i];
    linf += o.linf[i];
  }
  template <class Outcome>
  void add_all(const Outcome& o) {
    images += double(o.success.size());
    for (std::size_t i = 0; i < o.success.size(); ++i)
      if (o.success[i] != 0) add(o, i);
  }
};

inline void print(const char* name, const tally& t, const published& p) {
  const double n = t.successes > 0 ? t.successes : 1;
  std::printf("%-18s %6.1f %8.2f %7.3f %7.3f  | %6.1f %8.2f %7.3f %7.3f\n", name, 100 * t.successes / t.images,
              t.l1 / n, t.l2 / n, t.linf / n, p.success, p.l1, p.l2, p.linf);
  std::fflush(stdout);
}

/// FGM and I-FGM in L1, L2 and L∞: for each image the least radius of a grid at which the attack succeeds.
void fast_gradients(const network& model, const advx::batch<float>& images, const advx::goal::targeted& goal);

} // namespace table6
