// The committed network under the papers' settings (C&W and EAD: 9 searches of 1,000 steps), random targets, beside
// table 6 of Sharma's thesis. Her network has the same layers but other weights, and her digits are 1,000: figures of
// the same kind, not the same experiment.
#include "table6.hpp"

#include <advx/nn/weights.hpp>

#include <cstdlib>

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "data";
  const int digits = argc > 2 ? std::atoi(argv[2]) : 30;
  auto net = advx::nn::carlini_wagner_mnist();
  advx::nn::load(data + "/weights/carlini_wagner_mnist.npz", net);
  const benchmarks::digits d(data, digits);
  const auto goal = advx::goal::random(d.labels, net.class_count());

  std::printf("%d digits, random targets, means over successes   | Sharma's thesis, table 6, MNIST, average case\n",
              digits);
  std::printf("%-18s %6s %8s %7s %7s  | %6s %8s %7s %7s\n", "attack", "ASR %", "L1", "L2", "Linf", "ASR %", "L1", "L2",
              "Linf");
  bool all = true;
  const auto attack = [&](const auto& a, auto... lines) {
    const auto r = advx::run(a, net, d.images, goal, {}, advx::backend::xtensor{});
    std::size_t k = 0;
    const auto line = [&](const char* name, const table6::published& p) {
      table6::tally t;
      t.add_all(k == 0 ? static_cast<const advx::outcome<advx::batch<float>>&>(r) : r.other_rankings.at(k - 1));
      ++k;
      table6::print(name, t, p);
      all = all && t.successes == t.images;
    };
    (line(lines.first, lines.second), ...);
  };
  using table6::published;
  attack(advx::attack::carlini_wagner_l2{}, std::pair{"C&W (L2)", published{100, 22.46, 1.972, 0.514}});
  table6::fast_gradients(net, d.images, goal);
  attack(advx::attack::elastic_net{}, std::pair{"EAD (EN rule)", published{100, 17.4, 2.001, 0.594}},
         std::pair{"EAD (L1 rule)", published{100, 14.11, 2.211, 0.768}});
  if (!all) std::fprintf(stderr, "C&W or EAD failed on an image: they must not\n");
  return all ? 0 : 1;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
