// ZOO on the committed MLP with random targets: success, mean L2 against Carlini & Wagner's attack on the same images,
// and the CPU time of a query beside a bare forward pass; then the ablation of Sharma's thesis, Table 3, at a small
// scale: all techniques, and each of them left out.
//
//     bench-zoo [FOLDER] [DIGITS] [PART]     FOLDER: the data of the project, "data"; PART: adam (ZOO-Adam alone),
//     compare (all solvers), overhead, ablation, or cw (the Carlini & Wagner network, 3 searches); none: all but adam,
//     cw
#include <advx/attack/zoo_presets.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

#include <cstdio>
#include <cstdlib>

#include "support.hpp"

namespace {

using advx::index_t;
using mlp = decltype(advx::nn::mlp_sigmoid());
using carlini_wagner = decltype(advx::nn::carlini_wagner_mnist());
namespace attack = advx::attack;

template <class Network>
struct scene {
  Network net;
  benchmarks::digits digits;
  advx::goal::targeted goal;

  scene(Network untrained, const std::string& data, const char* weights, index_t count)
      : net(std::move(untrained)),
        digits(data, count) {
    advx::nn::load(data + "/weights/" + weights, net);
    goal = advx::goal::random(digits.labels, net.class_count());
  }

  /// One line; returns the result.
  template <class Attack>
  auto operator()(const char* name, const Attack& a, const std::vector<double>* other = nullptr) const {
    const double before = benchmarks::cpu_seconds();
    advx::options one;
    one.threads = 1;
    auto r = advx::run(a, net, digits.images, goal, one, advx::backend::xtensor{});
    const double seconds = benchmarks::cpu_seconds() - before;
    double queries = 0, l2 = 0, theirs = 0, both = 0;
    for (std::size_t i = 0; i < r.success.size(); ++i) {
      queries += double(r.queries[i]);
      if (r.success[i] == 0 || other == nullptr) continue;
      l2 += r.l2[i];
      theirs += (*other)[i];
      both += 1;
    }
    std::printf("%-40s %6.1f %8.4f %8.4f %11.0f %9.2f %9.3f\n", name, 100 * r.success_rate(),
                r.mean_over_successes(r.l2), both > 0 ? l2 / theirs : 1.0, queries / double(r.success.size()),
                1e6 * seconds / queries, r.model_seconds > 0 ? seconds / r.model_seconds : 0.0);
    std::fflush(stdout);
    return r;
  }
  static void head() {
    std::printf("%-40s %6s %8s %8s %11s %9s %9s\n", "attack", "ASR %", "mean L2", "/ C&W", "queries", "us/query",
                "/ model");
  }
};

void compare(const scene<mlp>& s, const std::string& part) {
  constexpr double safe = advx::optimizer::coordinate_descent::float_difference;
  using adam_tanh = attack::zoo_adam_in<advx::space::tanh>;
  std::printf("%td digits, random targets, one thread; \"/ model\": CPU time over that of the model's passes\n",
              s.digits.images.rows());
  s.head();
  const auto cw = s("C&W L2 (9 x 1,000, white box)", attack::carlini_wagner_l2{});
  const auto* l2 = &cw.l2;
  s("ZOO-Adam, h = 1e-4", attack::zoo_adam{}, l2);
  if (part != "adam") {
    s("ZOO-Adam, h = 1e-2", attack::zoo_adam{.difference = safe}, l2);
    s("ZOO-Adam in tanh, h = 1e-2", adam_tanh{.steps = 1000, .step = 0.1, .difference = safe}, l2);
    s("ZOO-Newton, h = 1e-4", attack::zoo_newton{.steps = 1000, .step = 0.1}, l2);
    s("ZOO-Newton, h = 1e-2", attack::zoo_newton{.steps = 1000, .step = 0.1, .difference = safe}, l2);
    s("ZOO-mixed, h = 1e-2", attack::zoo_mixed{.steps = 1000, .step = 0.1, .difference = safe}, l2);
  }
}

void on_carlini_wagner(const scene<carlini_wagner>& s) {
  std::printf("%td digits, random targets, one thread, the Carlini & Wagner network\n", s.digits.images.rows());
  s.head();
  const auto cw = s("C&W L2 (9 x 1,000, white box)", attack::carlini_wagner_l2{});
  s("ZOO-Adam, 3 searches", attack::zoo_adam{.search_steps = 3}, &cw.l2);
  s("ZOO-Newton, 3 searches", attack::zoo_newton{.search_steps = 3, .steps = 1000, .step = 0.1}, &cw.l2);
}

/// CPU time of a query against that of a row in bare forward passes of 100 rows, by turns: medians of nine pairs.
void overhead(const scene<mlp>& s) {
  constexpr index_t rows = 100, passes = 2000;
  const index_t images = 2;
  advx::goal::targeted goal = s.goal;
  goal.labels.resize(std::size_t(images));
  goal.targets.resize(std::size_t(images));
  advx::backend::xtensor backend;
  auto session = s.net.session(backend, rows);
  advx::batch<float> points(rows, s.digits.images.cols()), scores(rows, s.net.class_count());
  for (index_t i = 0; i < rows; ++i)
    std::copy_n(s.digits.images.row(i % s.digits.images.rows()), points.cols(), points.row(i));
  std::vector<double> bare, query, ratio;
  advx::options one;
  one.threads = 1;
  for (int k = 0; k < 9; ++k) {
    double before = benchmarks::cpu_seconds();
    for (index_t p = 0; p < passes; ++p) session.forward(points.view().as_const(), scores.view());
    bare.push_back(1e6 * (benchmarks::cpu_seconds() - before) / double(passes * rows));
    before = benchmarks::cpu_seconds();
    const auto r = advx::run(attack::zoo_adam{.search_steps = 1, .steps = 400, .abort_early = false}, s.net,
                             s.digits.images.view().slice(0, images), goal, one, advx::backend::xtensor{});
    query.push_back(1e6 * (benchmarks::cpu_seconds() - before) / double(r.queries[0] + r.queries[1]));
    ratio.push_back(query.back() / bare.back());
  }
  std::printf("\nA query of ZOO-Adam: %.2f us; a row of a bare forward pass of %td: %.2f us; their ratio: %.3f\n",
              benchmarks::median(query), rows, benchmarks::median(bare), benchmarks::median(ratio));
}

void ablation(const scene<mlp>& s) {
  using space = advx::space::hierarchical<>;
  using zoo = attack::zoo_adam_in<space>;
  const space levels{.image = {1, 28, 28}, .levels = {{{7, 7}, {14, 14, 100}, {28, 28, 300}}}};
  const space full{.image = {1, 28, 28}, .levels = {{{28, 28}}}};
  zoo all{.search_steps = 1,
          .steps = 600,
          .constant = 3,
          .coordinates = 32,
          .difference = advx::optimizer::coordinate_descent::float_difference,
          .importance = true,
          .abort_early = false,
          .space = levels};
  std::printf(
      "\nThe techniques of the thesis' Table 3: 600 steps of 32 variables at c = 3, 7 x 7 variables, 14 x 14 from "
      "step 100, 28 x 28 from step 300\n");
  s.head();
  s("all techniques", all);
  zoo one = all;
  one.space = full;
  s("no hierarchy", one);
  one = all;
  one.importance = false;
  s("no importance sampling", one);
  one = all;
  one.reset = false;
  s("no reset of Adam's states", one);
}

} // namespace

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "data", part = argc > 3 ? argv[3] : "";
  const index_t count = argc > 2 ? std::atoi(argv[2]) : 20;
  if (part == "cw") {
    on_carlini_wagner({advx::nn::carlini_wagner_mnist(), data, "carlini_wagner_mnist.npz", count});
    return 0;
  }
  const scene<mlp> s(advx::nn::mlp_sigmoid(), data, "mlp_mnist.npz", count);
  if (part.empty() || part == "adam" || part == "compare") compare(s, part);
  if (part.empty() || part == "overhead") overhead(s);
  if (part.empty() || part == "ablation") ablation(s);
  return 0;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
