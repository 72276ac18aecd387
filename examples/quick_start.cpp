#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

#include <cstdio>

int main() {
  auto net = advx::nn::carlini_wagner_mnist();
  advx::nn::load("data/weights/carlini_wagner_mnist.npz", net);
  const auto sample = advx::data::read_npz("data/mnist/sample.npz");
  const auto x = advx::data::to_unit_interval(sample.at("images"));
  auto y = advx::data::labels(sample.at("labels"));
  y.resize(50); // the first 50 digits
  const advx::attack::carlini_wagner_l2 attack{.search_steps = 5, .steps = 200, .step = 0.1, .constant = 0.1};
  const auto r = advx::run(attack, net, x.view().slice(0, 50), advx::goal::untargeted{y}, {}, advx::backend::xtensor{});
  std::printf("success %.0f %%, mean L2 distance %.1f\n", 100 * r.success_rate(), r.mean_over_successes(r.l2));
}
