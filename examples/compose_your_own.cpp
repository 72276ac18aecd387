// New attacks by changing one word at a time: another optimizer, a norm and an optimizer of one's own.
//
//     compose_your_own [FOLDER]     FOLDER: the data of the project, "data" by default
#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/testing/check_norm.hpp>
#include <advx/testing/check_optimizer.hpp>
#include <advx/xtensor.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace mine {

using advx::index_t;

/// A norm: Σ √(δ² + w²) − w, which is L1 with its corner rounded off over the width w. A distance and a penalty with
/// its derivative are all that attack::penalty asks for.
struct smooth_l1 {
  double width = 0.02;

  static constexpr const char* name = "smooth_l1";
  template <class T>
  T penalty(T d) const {
    return advx::kernel::square_root(d * d + T(width * width)) - T(width);
  }
  template <class T>
  T penalty_gradient(T d) const {
    return d / advx::kernel::square_root(d * d + T(width * width));
  }
  template <class Team, class T>
  double distance(const Team& team, const T* x, const T* x0, index_t n) const {
    return team.template sum<double>(n, [=, *this](index_t j) { return penalty(double(x[j]) - double(x0[j])); });
  }
};

/// An optimizer: Nesterov's accelerated gradient. It asks for the gradient at the extrapolated point y, its iterate,
/// and keeps the last step's end z beside it.
struct nesterov {
  double step = 0.01;
  int steps = 200;
  double momentum = 0.9;

  static constexpr const char* name = "nesterov";
  static constexpr bool needs_proximal = false;
  static constexpr bool needs_direction = false;
  static constexpr index_t vectors = 1;
  template <class T>
  struct row {};

  template <class T>
  advx::optimizer::asks asks_for(const row<T>&, index_t made) const {
    return made < steps ? advx::optimizer::asks{.gradients = 1} : advx::optimizer::asks{};
  }
  template <class T>
  T* point(const advx::optimizer::place<T>& p, index_t) const {
    return p.iterate;
  }
  template <class Team, class T>
  void start(const Team& team, row<T>&, const advx::optimizer::place<T>& p) const {
    team.each(p.size, [y = p.iterate, z = p.vector(0)](index_t j) { z[j] = y[j]; });
  }
  template <class Team, class T, class Objective>
  void tell(const Team& team, row<T>&, const advx::optimizer::place<T>& p, const Objective& objective) const {
    T *y = p.iterate, *z = p.vector(0);
    team.each(p.size, [=, length = T(step), keep = T(momentum)](index_t j) {
      const T next = y[j] - length * objective.gradient(j);
      y[j] = next + keep * (next - z[j]);
      z[j] = next;
    });
    const auto project = objective.project(team, [y](index_t j) { return y[j]; });
    if constexpr (!Objective::unconstrained) team.each(p.size, [=](index_t j) { y[j] = project(j, y[j]); });
  }
};

} // namespace mine

namespace {

/// Throws where one's own policy breaks a law that the attacks rely on.
void insist(const advx::testing::report& report) {
  if (!report) throw advx::argument_error("advx: " + report.fault);
}

} // namespace

int main(int argc, char** argv) try {
  namespace attack = advx::attack;
  const std::string folder = argc > 1 ? argv[1] : "data";
  auto net = advx::nn::mlp_sigmoid();
  advx::nn::load(folder + "/weights/mlp_mnist.npz", net);
  const auto sample = advx::data::read_npz(folder + "/mnist/sample.npz");
  const auto digits = advx::data::to_unit_interval(sample.at("images"));
  auto labels = advx::data::labels(sample.at("labels"));
  labels.resize(100);
  const advx::goal::untargeted goal{labels};

  insist(advx::testing::check_norm(mine::smooth_l1{}));
  insist(advx::testing::check_optimizer(mine::nesterov{.step = 0.05, .steps = 100, .momentum = 0.5}));

  std::printf("%-46s %8s %8s %8s %8s %8s\n", "attack", "success", "L1", "L2", "Linf", "rows");
  const auto row = [&](const char* name, const auto& recipe) {
    const auto r = advx::run(recipe, net, digits.view().slice(0, 100), goal, {}, advx::backend::xtensor{});
    double rows = 0;
    for (const auto n : r.pullback_rows) rows += double(n) / double(r.pullback_rows.size());
    std::printf("%-46s %6.0f %% %8.2f %8.2f %8.2f %8.0f\n", name, 100 * r.success_rate(), r.mean_over_successes(r.l1),
                r.mean_over_successes(r.l2), r.mean_over_successes(r.linf), rows);
  };

  // The preset, and the same attack spelled out.
  const advx::norm::l2 l2{};
  const advx::loss::margin margin{};
  const advx::optimizer::adam adam{.step = 0.1, .steps = 200};
  const advx::space::tanh tanh{};
  const advx::search::binary search{.constant = 0.1, .steps = 5};
  row("Carlini & Wagner L2, the preset",
      attack::carlini_wagner_l2{.search_steps = 5, .steps = 200, .step = 0.1, .constant = 0.1});
  row("penalty{l2, margin, adam, tanh, binary}", attack::penalty{l2, margin, adam, tanh, search});

  // One word changed at a time.
  row("penalty{l2, margin, adam, pixels, binary}", attack::penalty{l2, margin, adam, advx::space::pixels{}, search});
  row("penalty{l2, margin, nesterov, pixels, binary}",
      attack::penalty{l2, margin, mine::nesterov{.step = 0.02}, advx::space::pixels{}, search});
  row("penalty{smooth_l1, margin, adam, tanh, binary}", attack::penalty{mine::smooth_l1{}, margin, adam, tanh, search});
  row("budget{linf, cross_entropy, sign, uniform}",
      attack::budget{advx::norm::linf{}, advx::loss::cross_entropy{},
                     advx::optimizer::steepest<advx::optimizer::direction::sign>{.step = 0.01, .steps = 40},
                     advx::start::uniform{}, advx::radius::fixed{0.1}});
  row("budget{linf, margin, adam, uniform}",
      attack::budget{advx::norm::linf{}, margin, advx::optimizer::adam{.step = 0.02, .steps = 40},
                     advx::start::uniform{}, advx::radius::fixed{0.1}});
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
