// Universal perturbations of the committed Carlini & Wagner network, of Euclidean norm 4, judged on digits that they
// were not made from: against random vectors, one image after the other against many at once; over ξ, the number of
// images and the rank; the spectrum of the images' own perturbations; and what they do to other networks.
#include <advx/attack/universal_low_rank.hpp>
#include <advx/attack/universal_presets.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "support.hpp"

namespace {

using advx::batch;
using advx::index_t;
using advx::kernel::random_stream;

constexpr double xi = 4;
constexpr index_t held_out = 500; // the sample's last digits; perturbations are made from its first ones

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

batch<float> slice(const batch<float>& all, index_t first, index_t count) {
  batch<float> out(count, all.cols());
  std::copy_n(all.row(first), count * all.cols(), out.data());
  return out;
}

/// A normal vector of length ξ.
batch<float> random_vector(index_t size, std::uint32_t k) {
  batch<float> v(1, size);
  double squares = 0;
  for (index_t j = 0; j < size; ++j) {
    v.row(0)[j] = random_stream{99, k, 0}.normal<float>(j);
    squares += double(v.row(0)[j]) * double(v.row(0)[j]);
  }
  for (float& value : v.values) value *= float(xi / std::sqrt(squares));
  return v;
}

struct means {
  double made = 0, held = 0, seconds = 0, cpu = 0, rows = 0;
};

template <class Net>
struct bench {
  const Net& net;
  std::vector<advx::label_t> labels;
  batch<float> digits, held;

  bench(const Net& n, const benchmarks::digits& all)
      : net(n),
        labels(all.labels),
        digits(slice(all.images, 0, all.images.rows() - held_out)),
        held(slice(all.images, all.images.rows() - held_out, held_out)) {}

  double rate(const batch<float>& v) const { return advx::fooling_rate(net, held, v, {}, advx::backend::xtensor{}); }

  template <class Attack>
  auto found(const Attack& a, index_t images, std::uint64_t seed = 0) const {
    return advx::find_universal(a, net, slice(digits, 0, images), {.seed = seed}, advx::backend::xtensor{});
  }
  template <class Attack>
  means over_seeds(const Attack& a, index_t images, int seeds) const {
    means m;
    for (int s = 0; s < seeds; ++s) {
      const double wall = wall_seconds(), cpu = benchmarks::cpu_seconds();
      const auto r = found(a, images, std::uint64_t(s));
      m.seconds += (wall_seconds() - wall) / seeds;
      m.cpu += (benchmarks::cpu_seconds() - cpu) / seeds;
      m.rows += double(r.forward_rows + r.pullback_rows) / seeds;
      m.made += r.best_rate() / seeds;
      m.held += rate(r.perturbation) / seeds;
    }
    return m;
  }
};

void print(const char* name, const means& m) {
  std::printf("%-18s %9.1f %11.1f %9.2f %9.2f %9.0f\n", name, 100 * m.made, 100 * m.held, m.seconds, m.cpu, m.rows);
  std::fflush(stdout);
}

/// Sequential, batched and random, at one ξ. True where the requirements hold.
template <class Bench>
bool compare(const Bench& b, index_t images, int passes, int seeds) {
  std::printf("%lld images, %d passes, ||v||_2 <= %g, means of %d seeds; fooling rates in %%\n",
              static_cast<long long>(images), passes, xi, seeds);
  std::printf("%-18s %9s %11s %9s %9s %9s\n", "", "on these", "held-out", "seconds", "CPU s", "rows");
  const advx::attack::universal_l2 one{.xi = xi, .delta = 0, .passes = passes};
  const advx::attack::batched_universal_l2 many{.xi = xi, .delta = 0, .passes = passes};
  const means s = b.over_seeds(one, images, seeds), t = b.over_seeds(many, images, seeds);
  print("one by one", s);
  print("together", t);
  double best = 0, mean = 0;
  for (std::uint32_t k = 0; k < 20; ++k) {
    const double rate = b.rate(random_vector(b.held.cols(), k));
    best = std::max(best, rate);
    mean += rate / 20;
  }
  std::printf("20 random vectors: best %.1f, mean %.1f\n", 100 * best, 100 * mean);
  const bool beats = std::min(s.held, t.held) >= 3 * best, equals = t.held >= s.held - 0.01,
             faster = t.seconds < s.seconds;
  std::printf("held-out / best random      %5.1f and %.1f  (>= 3: %s)\n", s.held / best, t.held / best,
              beats ? "holds" : "fails");
  std::printf("together - one by one       %+5.1f points   (>= -1: %s)\n", 100 * (t.held - s.held),
              equals ? "holds" : "fails");
  std::printf("seconds, one by one / together %.2f       (> 1: %s)\n\n", s.seconds / t.seconds,
              faster ? "holds" : "fails");
  std::fflush(stdout);
  return beats && equals && faster;
}

template <class Bench>
void sweeps(const Bench& b) {
  std::printf("over xi, 200 images, 2 passes, together: on these, held-out\n");
  for (const double radius : {1.0, 2.0, 3.0, 4.0, 6.0, 8.0}) {
    const auto r = b.found(advx::attack::batched_universal_l2{.xi = radius, .delta = 0, .passes = 2}, 200);
    std::printf("  xi %4g  %5.1f %5.1f\n", radius, 100 * r.best_rate(), 100 * b.rate(r.perturbation));
    std::fflush(stdout);
  }
  std::printf("over |X|, xi %g, 2 passes, together: on these, held-out\n", xi);
  for (const index_t images : {20, 50, 100, 200, 500}) {
    const auto r = b.found(advx::attack::batched_universal_l2{.xi = xi, .delta = 0, .passes = 2}, images);
    std::printf("  |X| %4lld  %5.1f %5.1f\n", static_cast<long long>(images), 100 * r.best_rate(),
                100 * b.rate(r.perturbation));
    std::fflush(stdout);
  }
  std::printf("\n");
}

/// Fooling rate against rank; each image is attacked once, and the coefficients are drawn ten times.
template <class Bench, class Attack>
void ranks(const Bench& b, const char* name, const Attack& attack, bool failures, bool spectrum) {
  const index_t images = 200, size = b.digits.cols();
  const batch<float> x = slice(b.digits, 0, images);
  const std::vector<advx::label_t> labels(b.labels.begin(), b.labels.begin() + images);
  const auto own = advx::run(attack, b.net, x, advx::goal::untargeted{labels}, {}, advx::backend::xtensor{});
  batch<float> changes(images, size);
  changes.row_count = 0;
  for (index_t i = 0; i < images; ++i) {
    if (own.success[std::size_t(i)] == 0 && !failures) continue;
    float* to = changes.row(changes.row_count++);
    for (index_t j = 0; j < size; ++j) to[j] = own.images.row(i)[j] - x.row(i)[j];
  }
  std::printf(
      "%s: %lld perturbations; over 10 draws mean and best held-out rate\n  rank  ||v||_2 = %g    as drawn, ||v||_2\n",
      name, static_cast<long long>(changes.rows()), xi);
  std::vector<double> values;
  for (const int rank : {1, 3, 10, 30, 100}) {
    double mean[2] = {}, best[2] = {}, length = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      batch<float> v(1, size);
      advx::aggregate::low_rank{.rank = rank}.add(std::as_const(changes).view(), seed, v.data(), values);
      double squares = 0;
      for (const float e : v.values) squares += double(e) * double(e);
      length += std::sqrt(squares) / 10;
      for (const bool scaled : {false, true}) {
        if (scaled)
          for (float& e : v.values) e *= float(xi / std::sqrt(squares));
        const double rate = b.rate(v);
        mean[scaled ? 0 : 1] += rate / 10;
        best[scaled ? 0 : 1] = std::max(best[scaled ? 0 : 1], rate);
      }
    }
    std::printf("  %4d  %5.1f %5.1f      %5.1f %5.1f  %5.1f\n", rank, 100 * mean[0], 100 * best[0], 100 * mean[1],
                100 * best[1], length);
    std::fflush(stdout);
  }
  if (!spectrum) return;
  // Against random rows of the same lengths.
  batch<float> random(changes.rows(), size);
  for (index_t i = 0; i < random.rows(); ++i) {
    const batch<float> direction = random_vector(size, std::uint32_t(100 + i));
    double squares = 0;
    for (index_t j = 0; j < size; ++j) squares += double(changes.row(i)[j]) * double(changes.row(i)[j]);
    for (index_t j = 0; j < size; ++j) random.row(i)[j] = direction.row(0)[j] * float(std::sqrt(squares) / xi);
  }
  const auto noise = advx::aggregate::decompose(std::as_const(random).view()).values;
  std::printf("singular values, of these perturbations and of random ones of the same lengths\n");
  for (const std::size_t i : {1u, 2u, 3u, 5u, 10u, 20u, 50u, 100u, 200u})
    if (i <= values.size()) std::printf("  %4zu  %7.3f  %7.3f\n", i, values[i - 1], double(noise[i - 1]));
  std::printf("\n");
}

} // namespace

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "data";
  const int passes = argc > 2 ? std::atoi(argv[2]) : 3;
  auto net = advx::nn::carlini_wagner_mnist();
  advx::nn::load(data + "/weights/carlini_wagner_mnist.npz", net);
  const benchmarks::digits all(data, 1000);
  const bench b(net, all);

  const bool good = compare(b, 200, passes, 5);
  sweeps(b);
  ranks(b, "Algorithm 2 (DeepFool)", advx::attack::deepfool_l2{}, false, true);
  ranks(b, "Algorithm 3 (sign, 0.1)", advx::attack::fgm_linf{.epsilon = 0.1}, true, false);
  ranks(b, "Algorithm 4 (least sign)", advx::attack::fgm_bisection_linf{}, false, false);

  auto mlp = advx::nn::mlp_sigmoid();
  advx::nn::load(data + "/weights/mlp_mnist.npz", mlp);
  auto softmax = advx::nn::softmax_regression();
  advx::nn::load(data + "/weights/softmax_mnist.npz", softmax);
  const bench m(mlp, all);
  const bench s(softmax, all);
  std::printf("\ntransfer, xi %g, 200 images: made for (row), held-out rate of (column)\n", xi);
  std::printf("%-10s %8s %8s %8s\n", "", "C&W", "MLP", "softmax");
  const auto row = [&](const char* name, const auto& from) {
    const auto r = from.found(advx::attack::batched_universal_l2{.xi = xi, .delta = 0, .passes = 3}, 200);
    std::printf("%-10s %8.1f %8.1f %8.1f\n", name, 100 * b.rate(r.perturbation), 100 * m.rate(r.perturbation),
                100 * s.rate(r.perturbation));
  };
  row("C&W", b);
  row("MLP", m);
  row("softmax", s);
  if (!good) std::fprintf(stderr, "a requirement fails: see above\n");
  return good ? 0 : 1;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
