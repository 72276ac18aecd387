// Forward and input gradient of the Carlini-Wagner MNIST network: advx::nn on backend::xtensor against libtorch in the
// same process, one thread each, in alternating pairs.
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>

#include <cmath>
#include <cstdio>
#include <numeric>
#include <utility>

#include "passes_torch.hpp"
#include "support.hpp"

namespace {

/// Greatest difference, relative to the greatest value of `b`.
double difference(std::span<const float> a, std::span<const float> b) {
  double most = a.size() == b.size() && !b.empty() ? 0 : HUGE_VAL, scale = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    most = std::max(most, std::abs(double(a[i]) - double(b[i])));
    scale = std::max(scale, std::abs(double(b[i])));
  }
  return scale > 0 ? most / scale : HUGE_VAL;
}

template <class F>
double milliseconds_per_image(int repetitions, advx::index_t rows, const F& pass) {
  const double before = benchmarks::cpu_seconds();
  for (int k = 0; k < repetitions; ++k) pass();
  return 1e3 * (benchmarks::cpu_seconds() - before) / (repetitions * double(rows));
}

} // namespace

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "data";
  const int pairs = argc > 2 ? std::max(1, std::atoi(argv[2])) : 11;
  auto net = advx::nn::carlini_wagner_mnist();
  advx::nn::load(data + "/weights/carlini_wagner_mnist.npz", net);
  std::vector<passes::layer_values> layers;
  for (std::size_t l = 0; l < net.layer_count; ++l)
    if (!net.weights(l).empty()) layers.push_back({std::as_const(net).weights(l), std::as_const(net).biases(l)});
  passes::torch_network torch(layers);

  std::printf("libtorch %s; CPU ms per image, medians of %d pairs; ratio = libtorch / advx, median of the pairs'\n",
              passes::torch_version(), pairs);
  std::printf("%6s %10s %10s %8s %8s %8s %12s %12s\n", "batch", "advx", "libtorch", "ratio", "least", "most",
              "scores diff.", "grad. diff.");
  bool agree = true;
  for (const advx::index_t rows : {1, 10, 100}) {
    const benchmarks::digits d(data, rows);
    advx::backend::xtensor backend;
    auto session = net.session(backend, rows);
    advx::batch<float> scores(rows, net.class_count()), cotangent(rows, net.class_count()),
        gradient(rows, net.input_size());
    for (advx::index_t i = 0; i < rows; ++i) { // that of the margin, the loss of most attacks
      const advx::label_t own = d.labels[static_cast<std::size_t>(i)];
      cotangent.row(i)[own] = 1;
      cotangent.row(i)[(own + 1) % net.class_count()] = -1;
    }
    std::vector<advx::index_t> all(static_cast<std::size_t>(rows));
    std::iota(all.begin(), all.end(), advx::index_t{0});
    const auto own = [&] {
      session.forward(d.images.view(), scores.view());
      session.pullback(all, cotangent.view().as_const(), gradient.view());
    };
    const auto other = [&] { torch.forward_pullback(d.images.data(), cotangent.data(), long(rows)); };

    own();
    other();
    const double score_difference = difference(scores.values, torch.scores());
    const double gradient_difference = difference(gradient.values, torch.gradient());
    if (!(score_difference <= 1e-4 && gradient_difference <= 1e-4)) {
      std::fprintf(stderr, "batch %lld: the networks do not agree to 1e-4: scores %.1e, gradients %.1e\n",
                   static_cast<long long>(rows), score_difference, gradient_difference);
      agree = false;
      continue;
    }
    const int repetitions = std::max(3, int(300 / rows));
    milliseconds_per_image(repetitions, rows, own); // both warm up
    milliseconds_per_image(repetitions, rows, other);
    std::vector<double> a, b, ratios;
    for (int k = 0; k < pairs; ++k) {
      const bool own_first = k % 2 == 0; // neither always runs on the other's caches
      if (own_first) a.push_back(milliseconds_per_image(repetitions, rows, own));
      b.push_back(milliseconds_per_image(repetitions, rows, other));
      if (!own_first) a.push_back(milliseconds_per_image(repetitions, rows, own));
      ratios.push_back(b.back() / a.back());
    }
    const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
    std::printf("%6lld %10.4f %10.4f %8.2f %8.2f %8.2f %12.1e %12.1e\n", static_cast<long long>(rows),
                benchmarks::median(a), benchmarks::median(b), benchmarks::median(ratios), *least, *most,
                score_difference, gradient_difference);
    std::fflush(stdout);
  }
  return agree ? 0 : 1;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
