// Attacks on scores, on the committed digits and networks: differential evolution against an exhaustive search of one
// pixel, success and queries, and what the attacks cost beside the model's passes.
#include <advx/attack/query_presets.hpp>

#include <atomic>
#include <cmath>
#include <cstdlib>

#include "overhead.hpp"

namespace {

using advx::index_t;
using advx::label_t;

double odds(const float* z, index_t classes, label_t label) {
  double others = 0;
  for (index_t k = 0; k < classes; ++k)
    if (k != label) others += std::exp(double(z[k]) - double(z[label]));
  return -std::log(others);
}
double probability(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

/// A model that remembers the least log odds of a label among all images that it has seen.
template <class Model>
struct watching {
  using scalar = float;
  static constexpr advx::score_scale scale = Model::scale;
  static constexpr bool concurrent = false, row_invariant = true;
  const Model& model;
  label_t label;
  double& least;

  index_t input_size() const { return model.input_size(); }
  index_t class_count() const { return model.class_count(); }
  template <class Backend>
  auto session(Backend& backend, index_t capacity) const {
    struct watcher {
      advx::session_of<Model, Backend> inner;
      watching of;
      void forward(advx::batch_view<const float> x, advx::batch_view<float> z) {
        inner.forward(x, z);
        for (index_t i = 0; i < z.rows; ++i) of.least = std::min(of.least, odds(z.row(i), z.cols, of.label));
      }
    };
    return watcher{model.session(backend, capacity), *this};
  }
};

/// All pixels with all of 256 values.
template <class Model>
double exhaustive(const Model& model, const float* x, label_t label) {
  advx::backend::xtensor backend;
  const index_t n = model.input_size();
  auto session = model.session(backend, 256);
  advx::batch<float> images(256, n), scores(256, model.class_count());
  for (index_t i = 0; i < 256; ++i) std::copy_n(x, n, images.row(i));
  double least = 1e9;
  for (index_t j = 0; j < n; ++j) {
    for (index_t level = 0; level < 256; ++level) images.row(level)[j] = float(level) / 255.F;
    session.forward(images.view().as_const(), scores.view());
    for (index_t i = 0; i < 256; ++i) least = std::min(least, odds(scores.row(i), scores.cols(), label));
    for (index_t i = 0; i < 256; ++i) images.row(i)[j] = x[j];
  }
  return least;
}

template <class Model>
void compare_with_all(const char* network, const Model& model, const benchmarks::digits& data, index_t count) {
  std::printf("\nleast probability of the label by one pixel, %s: all 784 x 256, and differential evolution\n",
              network);
  std::printf("%5s %12s %9s %12s %9s %9s\n", "image", "all", "log odds", "evolution", "log odds", "queries");
  int near = 0;
  for (index_t i = 0; i < count; ++i) {
    const label_t label = data.labels[static_cast<std::size_t>(i)];
    const double best = exhaustive(model, data.images.row(i), label);
    double least = 1e9;
    const auto r = advx::run(advx::attack::one_pixel{.below = 0}, watching<Model>{model, label, least},
                             data.images.view().slice(i, 1), advx::goal::untargeted{std::vector<label_t>{label}}, {},
                             advx::backend::xtensor{});
    near += probability(least) <= 1.01 * probability(best);
    std::printf("%5td %12.5e %9.4f %12.5e %9.4f %9lld\n", i, probability(best), best, probability(least), least,
                static_cast<long long>(r.queries[0]));
  }
  std::printf("within 1 %%: %d of %td\n", near, count);
}

template <class Model, class Attack>
void report(const char* network, const char* name, const Model& model, const Attack& attack,
            const benchmarks::digits& data, bool targeted) {
  const double before = benchmarks::cpu_seconds();
  const auto r =
      targeted
          ? advx::run(attack, model, data.images, advx::goal::next(data.labels, 10), {}, advx::backend::xtensor{})
          : advx::run(attack, model, data.images, advx::goal::untargeted{data.labels}, {}, advx::backend::xtensor{});
  const double seconds = benchmarks::cpu_seconds() - before;
  std::vector<double> queries, of_successes;
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < r.success.size(); ++i) {
    wrong += r.status[i] == advx::status::already_adversarial;
    queries.push_back(double(r.queries[i]));
    if (r.status[i] == advx::status::success) of_successes.push_back(double(r.queries[i]));
  }
  const double mean = std::accumulate(queries.begin(), queries.end(), 0.0) / double(queries.size());
  std::printf("%-8s %-24s %-11s %7.1f%% %6zu %10.0f %12.0f %6.2f %8.3f %9.1f\n", network, name,
              targeted ? "targeted" : "untargeted", 100 * r.success_rate(), wrong, mean,
              of_successes.empty() ? 0 : benchmarks::median(of_successes), r.mean_over_successes(r.l0),
              r.mean_over_successes(r.linf), seconds);
  std::fflush(stdout);
}

template <class Model>
void success(const char* network, const Model& model, const benchmarks::digits& data) {
  using advx::attack::one_pixel;
  for (const bool targeted : {false, true})
    for (const int pixels : {1, 3, 5}) {
      const std::string name = "one_pixel, " + std::to_string(pixels);
      report(network, name.c_str(), model, one_pixel{.pixels = pixels}, data, targeted);
      if (!targeted)
        report(network, (name + ", first").c_str(), model, one_pixel{.pixels = pixels, .stop_at_success = true}, data,
               targeted);
    }
  for (const bool targeted : {false, true}) {
    report(network, "square_linf 0.1", model, advx::attack::square_linf{.epsilon = 0.1}, data, targeted);
    report(network, "square_l2 2", model, advx::attack::square_l2{.epsilon = 2}, data, targeted);
    report(network, "gen_attack 0.3, 10,000", model, advx::attack::gen_attack{.epsilon = 0.3, .steps = 2000}, data,
           targeted);
  }
}

template <class Model>
void costs(const char* network, const Model& model, const benchmarks::digits& data) {
  const auto cost = [&](const char* name, const auto& attack) {
    overhead::measure(network, name, model, attack, data.images, data.labels, 1, 5);
  };
  cost("pixel", advx::attack::one_pixel{.steps = 20, .below = 0});
  cost("pixels", advx::attack::one_pixel{.pixels = 5, .steps = 20, .below = 0});
  cost("square", advx::attack::square_linf{.epsilon = 0.01, .steps = 500});
  cost("square2", advx::attack::square_l2{.epsilon = 0.1, .steps = 500});
  cost("genetic", advx::attack::gen_attack{.epsilon = 0.01, .steps = 100});
}

} // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s DATA all|success|cost [IMAGES] [mlp|cw]\n", argv[0]);
    return 2;
  }
  const std::string folder = argv[1], what = argv[2];
  const index_t count = argc > 3 ? std::atoi(argv[3]) : 0;
  const auto on = [&](const char* network, const auto& model) {
    if (what == "all") {
      compare_with_all(network, model, {folder, count > 0 ? count : 10}, count > 0 ? count : 10);
    } else if (what == "success") {
      std::printf("%-8s %-24s %-11s %8s %6s %10s %12s %6s %8s %9s\n", "network", "attack", "goal", "success", "wrong",
                  "queries", "of successes", "L0", "Linf", "seconds");
      success(network, model, {folder, count > 0 ? count : 200});
    } else {
      std::printf("%-8s %-6s %7s %10s %10s %12s %12s %9s\n", "network", "attack", "threads", "pullbacks", "forwards",
                  "attack [s]", "bare [s]", "ratio");
      costs(network, model, {folder, count > 0 ? count : 20});
    }
  };
  if (argc > 4 && argv[4] == std::string("cw")) {
    auto net = advx::nn::carlini_wagner_mnist();
    advx::nn::load(folder + "/weights/carlini_wagner_mnist.npz", net);
    on("cw", net);
  } else {
    auto net = advx::nn::mlp_sigmoid();
    advx::nn::load(folder + "/weights/mlp_mnist.npz", net);
    on("mlp", net);
  }
  return 0;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
