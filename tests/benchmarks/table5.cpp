// Table 5 of Sharma's thesis in small: EAD's L1 falls with β, that of the change of variable does not.
#include "table5.hpp"

#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>

#include <catch2/catch.hpp>

#include "support.hpp"

TEST_CASE("EAD's L1 falls as beta rises, and that of the change of variable does not", "[benchmarks]") {
  auto net = advx::nn::carlini_wagner_mnist();
  advx::nn::load(ADVX_DATA "/weights/carlini_wagner_mnist.npz", net);
  const benchmarks::digits d(ADVX_DATA, 4);
  const auto goal = advx::goal::random(d.labels, net.class_count());
  const std::vector<double> betas{0, 1e-3, 1e-2};
  const auto with = [](auto attack) {
    attack.search_steps = 5;
    attack.steps = 200;
    attack.constant = 0.1;
    return [attack](double beta, double step) {
      auto one = attack;
      one.beta = beta;
      one.step = step;
      return one;
    };
  };
  const std::vector<table5::method> all{
      table5::measure("EAD", 0.01, betas, with(advx::attack::elastic_net{}), net, d.images, goal),
      table5::measure("Adam", 0.05, betas, with(advx::attack::elastic_net_change_of_variable<>{}), net, d.images,
                      goal)};
  for (const table5::method& m : all)
    for (const table5::figures& f : m.sweep) {
      INFO(m.name << ", beta " << f.beta << ": success " << f.success << ", L1 " << f.l1);
      CHECK(f.success == 1);
    }
  INFO("kept of the L1 at beta 0: " << table5::kept(all[0]) << ", " << table5::kept(all[1]));
  CHECK(table5::trend::holds(all));
}
