// The white-box family beside C&W's L2 attack, on the committed network with random targets: L-BFGS and Algorithm 1 of
// Tabacof & Valle by their mean L2, C&W's L∞ attack, and C&W's L0 attack against a greedy removal from the L2 images:
// in the order of |δ|, a pixel returns to the original wherever the image stays adversarial.
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "support.hpp"

namespace {

using network = decltype(advx::nn::carlini_wagner_mnist());

struct means {
  double success = 0, l0 = 0, l1 = 0, l2 = 0, linf = 0;
};
template <class Result>
means print(const char* name, const Result& r, double seconds) {
  means m;
  double queries = 0;
  for (std::size_t i = 0; i < r.success.size(); ++i) {
    queries += double(r.queries[i]);
    if (r.success[i] == 0) continue;
    m.success += 1;
    m.l0 += r.l0[i];
    m.l1 += r.l1[i];
    m.l2 += r.l2[i];
    m.linf += r.linf[i];
  }
  for (double* sum : {&m.l0, &m.l1, &m.l2, &m.linf}) *sum /= std::max(1.0, m.success);
  m.success /= double(r.success.size());
  std::printf("%-22s %6.1f %7.1f %7.2f %7.3f %7.4f %9.0f %8.1f\n", name, 100 * m.success, m.l0, m.l1, m.l2, m.linf,
              queries / double(r.success.size()), seconds);
  std::fflush(stdout);
  return m;
}

/// Mean number of pixels that remain.
template <class Outcome>
double greedy_removal(const network& net, const benchmarks::digits& d, const advx::goal::targeted& goal,
                      const Outcome& from) {
  const advx::index_t rows = d.images.rows(), n = d.images.cols(), classes = net.class_count();
  advx::backend::xtensor backend;
  auto session = net.session(backend, rows);
  advx::batch<float> images = from.images, scores(rows, classes);
  std::vector<std::vector<advx::index_t>> order(static_cast<std::size_t>(rows));
  for (advx::index_t i = 0; i < rows; ++i) {
    auto& mine = order[std::size_t(i)];
    mine.resize(std::size_t(n));
    std::iota(mine.begin(), mine.end(), advx::index_t{0});
    const auto change = [&](advx::index_t j) { return std::abs(images.row(i)[j] - d.images.row(i)[j]); };
    std::stable_sort(mine.begin(), mine.end(), [&](auto a, auto b) { return change(a) < change(b); });
  }
  for (std::size_t k = 0; k < std::size_t(n); ++k) {
    std::vector<float> former;
    for (advx::index_t i = 0; i < rows; ++i) {
      float& pixel = images.row(i)[order[std::size_t(i)][k]];
      former.push_back(pixel);
      pixel = d.images.row(i)[order[std::size_t(i)][k]];
    }
    session.forward(std::as_const(images).view(), scores.view());
    for (advx::index_t i = 0; i < rows; ++i) {
      const float* z = scores.row(i);
      if (std::max_element(z, z + classes) - z != goal.targets[std::size_t(i)])
        images.row(i)[order[std::size_t(i)][k]] = former[std::size_t(i)];
    }
  }
  double left = 0;
  for (advx::index_t i = 0; i < rows; ++i)
    for (advx::index_t j = 0; j < n; ++j) left += images.row(i)[j] != d.images.row(i)[j];
  return left / double(rows);
}

} // namespace

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "data";
  const benchmarks::digits d(data, argc > 2 ? std::atoi(argv[2]) : 30);
  auto net = advx::nn::carlini_wagner_mnist();
  advx::nn::load(data + "/weights/carlini_wagner_mnist.npz", net);
  const auto goal = advx::goal::random(d.labels, net.class_count());

  std::printf("%lld digits, random targets; means over successes\n", static_cast<long long>(d.images.rows()));
  std::printf("%-22s %6s %7s %7s %7s %7s %9s %8s\n", "attack", "ASR %", "L0", "L1", "L2", "Linf", "queries", "CPU s");
  const auto attack = [&](const char* name, const auto& a) {
    const double before = benchmarks::cpu_seconds();
    auto r = advx::run(a, net, d.images, goal, {}, advx::backend::xtensor{});
    return std::pair{print(name, r, benchmarks::cpu_seconds() - before), std::move(r)};
  };
  const auto [l2, images] = attack("C&W L2 (9 x 1,000)", advx::attack::carlini_wagner_l2{});
  const auto lbfgs = attack("L-BFGS", advx::attack::lbfgs{}).first;
  const auto tabacof = attack("Tabacof & Valle", advx::attack::tabacof_valle{}).first;
  const auto linf = attack("C&W Linf", advx::attack::carlini_wagner_linf{}).first;
  const auto l0 = attack("C&W L0", advx::attack::carlini_wagner_l0{}).first;
  const double greedy = greedy_removal(net, d, goal, images);
  std::printf("mean L2, L-BFGS / C&W L2            %.3f\n", lbfgs.l2 / l2.l2);
  std::printf("mean L2, Tabacof & Valle / C&W L2   %.3f\n", tabacof.l2 / l2.l2);
  std::printf("mean Linf, C&W Linf / C&W L2        %.3f\n", linf.linf / l2.linf);
  std::printf("mean L0, C&W L0 / greedy removal    %.1f / %.1f = %.3f\n", l0.l0, greedy, l0.l0 / greedy);
  return 0;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
