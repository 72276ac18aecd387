// The public Fashion-MNIST case: a Carlini-Wagner network and 100 images whose attacks by other libraries are known.
// Needs a folder with fashion_cw.npz (weights) and inputs.npz (images, labels).
#include <advx/attack/population_presets.hpp>
#include <advx/data/npz.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

#include <cstdio>
#include <numeric>

#include "support.hpp"

namespace {

auto load(const std::string& folder) {
  auto net = advx::nn::carlini_wagner_mnist();
  const auto file = advx::data::read_npz(folder + "/fashion_cw.npz");
  std::size_t next = 0; // the arrays stand in the layers' order: weight, bias, weight, ...
  for (std::size_t l = 0; l < net.layer_count; ++l) {
    if (net.weights(l).empty()) continue;
    for (auto to : {net.weights(l), net.biases(l)}) {
      const auto values = file.arrays.at(next++).second.as<float>();
      if (values.size() != to.size())
        throw advx::file_error("advx: fashion_cw.npz: array " + std::to_string(next - 1) + " has another size");
      std::copy(values.begin(), values.end(), to.begin());
    }
  }
  return net;
}

double mean(const std::vector<double>& values, const std::vector<std::uint8_t>& success) {
  double sum = 0, n = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (success[i] != 0) {
      sum += values[i];
      n += 1;
    }
  return n > 0 ? sum / n : 0;
}

/// CPU seconds of what torchattacks does one image after the other, at its settings, on the first images.
template <class Network>
int seconds(const Network& net, const advx::batch<float>& images, const std::vector<advx::label_t>& labels) {
  const auto measure = [&](const char* name, const auto& attack, advx::index_t n, bool targeted) {
    advx::batch<float> some = images;
    some.values.resize(static_cast<std::size_t>(n * images.cols()));
    some.row_count = n;
    const std::vector<advx::label_t> theirs(labels.begin(), labels.begin() + n);
    advx::options o;
    o.threads = 1;
    std::vector<double> times;
    for (int k = 0; k < 5; ++k) {
      const double before = benchmarks::cpu_seconds();
      const auto r =
          targeted
              ? advx::run(attack, net, some, advx::goal::next(theirs, net.class_count()), o, advx::backend::xtensor{})
              : advx::run(attack, net, some, advx::goal::untargeted{theirs}, o, advx::backend::xtensor{});
      times.push_back((benchmarks::cpu_seconds() - before) / double(n));
      if (k == 4)
        std::printf("%-12s %4lld images: %.5f CPU s each, success %.1f %%, L0 %.1f, L2 %.4f\n", name,
                    static_cast<long long>(n), benchmarks::median(times), 100 * r.success_rate(), mean(r.l0, r.success),
                    mean(r.l2, r.success));
    }
  };
  measure("DeepFool", advx::attack::deepfool_l2{}, 20, false);
  measure("SparseFool", advx::attack::sparsefool{.steps = 10}, 5, false);
  measure("JSMA", advx::attack::jsma{.gamma = 0.1}, 3, true);
  return 0;
}

/// One pixel: how many images any of the 784 x 2 changes to an end of the box fools, and what differential evolution
/// finds, over ten seeds, with torchattacks' 103 queries an image and with the paper's up to 40,401.
template <class Network>
int pixel(const Network& net, const advx::batch<float>& images, const std::vector<advx::label_t>& labels) {
  using advx::index_t;
  advx::backend::xtensor backend;
  const index_t n = images.cols(), classes = net.class_count();
  auto session = net.session(backend, 2 * n);
  advx::batch<float> ends(2 * n, n), scores(2 * n, classes);
  int fooled = 0;
  for (index_t i = 0; i < images.rows(); ++i) {
    for (index_t k = 0; k < 2 * n; ++k) {
      std::copy_n(images.row(i), n, ends.row(k));
      ends.row(k)[k / 2] = static_cast<float>(k % 2);
    }
    session.forward(ends.view().as_const(), scores.view());
    bool any = false;
    for (index_t k = 0; k < 2 * n; ++k)
      any = any || std::max_element(scores.row(k), scores.row(k) + classes) - scores.row(k) !=
                       labels[static_cast<std::size_t>(i)];
    fooled += any ? 1 : 0;
  }
  std::printf("one pixel at 0 or 1, all 1,568: %d of %td images\n", fooled, images.rows());
  const auto seeds = [&](const char* name, const advx::attack::one_pixel& attack, std::int64_t queries, int count) {
    std::printf("%-28s", name);
    double successes = 0, asked = 0;
    for (int seed = 0; seed < count; ++seed) {
      advx::options o;
      o.seed = static_cast<std::uint64_t>(seed);
      o.budget.queries = queries;
      const auto r = advx::run(attack, net, images, advx::goal::untargeted{labels}, o, advx::backend::xtensor{});
      successes += 100 * r.success_rate() / count;
      asked += double(std::accumulate(r.queries.begin(), r.queries.end(), std::int64_t{0})) / count;
      std::printf(" %3.0f", 100 * r.success_rate());
      std::fflush(stdout);
    }
    std::printf("  mean %.1f %%, %.0f queries\n", successes, asked);
  };
  seeds("20 x 5, best1bin", {.population = 20, .steps = 5, .from_best = true, .stop_at_success = true}, 103, 10);
  seeds("400 x 100, the paper's", {.stop_at_success = true}, 40401, 1);
  return 0;
}

} // namespace

int main(int argc, char** argv) try {
  const std::string part = argc == 3 ? argv[2] : "";
  if (argc < 2 || argc > 3 || (argc == 3 && part != "seconds" && part != "pixel")) {
    std::fprintf(stderr, "usage: %s FOLDER [seconds|pixel]\n", argv[0]);
    return 2;
  }
  const std::string folder = argv[1];
  const auto net = load(folder);
  const auto file = advx::data::read_npz(folder + "/inputs.npz");
  const auto stored = file.arrays.at(0).second.to<float>();
  const auto labels = file.arrays.at(1).second.to<advx::label_t>();
  advx::batch<float> images(static_cast<advx::index_t>(labels.size()), net.input_size());
  images.values.assign(stored.begin(), stored.end());

  if (part == "seconds") return seconds(net, images, labels);
  if (part == "pixel") return pixel(net, images, labels);
  std::printf("%-22s %8s %8s %8s %8s %8s %10s %10s\n", "attack", "success", "L0", "L1", "L2", "Linf", "pullbacks",
              "forwards");
  const auto report = [&](const char* name, const auto& attack) {
    const auto r = advx::run(attack, net, images, advx::goal::untargeted{labels}, {}, advx::backend::xtensor{});
    const auto line = [&](const std::string& n, const auto& o) {
      std::printf("%-22s %7.1f%% %8.2f %8.4f %8.4f %8.4f %10lld %10lld\n", n.c_str(), 100 * o.success_rate(),
                  mean(o.l0, o.success), mean(o.l1, o.success), mean(o.l2, o.success), mean(o.linf, o.success),
                  static_cast<long long>(std::accumulate(r.pullback_rows.begin(), r.pullback_rows.end(), 0LL)),
                  static_cast<long long>(std::accumulate(r.forward_rows.begin(), r.forward_rows.end(), 0LL)));
    };
    line(name, r);
    for (const auto& o : r.other_rankings) line(std::string(name) + ", " + o.ranking + " rule", o);
  };
  // C&W at the settings of the known figures; EAD at a shorter step from a greater c, which needs fewer rows.
  report("fgm-linf 0.1", advx::attack::fgm_linf{.epsilon = 0.1});
  report("pgd-linf 0.1 x 40", advx::attack::pgd_linf{.epsilon = 0.1, .steps = 40});
  report("cw-l2 5 x 200",
         advx::attack::carlini_wagner_l2{.search_steps = 5, .steps = 200, .step = 0.1, .constant = 0.1});
  report("ead, step .1 c .1", advx::attack::elastic_net{.search_steps = 5, .steps = 200, .step = 0.1, .constant = 0.1});
  report("ead 5 x 200", advx::attack::elastic_net{.search_steps = 5, .steps = 200, .step = 0.01, .constant = 1});
  report("deepfool-l2", advx::attack::deepfool_l2{});
  report("deepfool-linf", advx::attack::deepfool_linf{});
  report("deepfool-l1", advx::attack::deepfool_l1{});
  report("sparsefool", advx::attack::sparsefool{});
  report("jsma", advx::attack::jsma{});
  return 0;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
