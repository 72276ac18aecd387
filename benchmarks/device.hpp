// The device suite: attacks on the C&W network, timed inside and outside the model, on any backend of Thrust.
#pragma once

#include <advx/advx.hpp>
#include <advx/nn/models.hpp>

#include <chrono>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace device_suite {

using network = decltype(advx::nn::carlini_wagner_mnist());

struct setting {
  const network& model;
  const advx::batch<float>& images;
  const std::vector<advx::label_t>& labels;
  advx::index_t batch = 0;
};

/// What was measured of one attack.
struct figures {
  const char* attack;
  double seconds;    ///< wall time of the whole run
  double total;      ///< the same by the clock that times the model: CPU seconds on hosts, wall seconds on a device
  double model;      ///< ... and the part of it inside the model's passes
  std::int64_t rows; ///< points that the model was asked for, without verification
  double successes;  ///< share of the images
};

/// A backend's figures. `bandwidth` is that of a copy of large arrays, in bytes read and written per second.
struct report {
  std::string machine;
  double bandwidth = 0;
  std::vector<figures> attacks;
};

/// Calls f(name, attack) for each attack of the suite.
template <class F>
void each_attack(const F& f) {
  // A radius at which few images succeed, so that the others take all their steps.
  f("pgd-linf", advx::attack::pgd_linf{.epsilon = 0.02, .steps = 40});
  f("cw-l2", advx::attack::carlini_wagner_l2{.search_steps = 2, .steps = 100, .step = 0.1, .constant = 0.1});
  f("ead", advx::attack::elastic_net{.search_steps = 2, .steps = 100, .step = 0.1, .constant = 0.1});
}

/// A model whose passes a clock times: `Clock(backend, sum)` adds what lies between its start() and stop() to the sum,
/// at the latest when it ends.
template <class Model, class Clock>
struct timed {
  using scalar = advx::scalar_of<Model>;
  static constexpr advx::score_scale scale = Model::scale;
  static constexpr bool concurrent = false, row_invariant = advx::is_row_invariant<Model>;

  const Model& model;
  double& seconds;

  advx::index_t input_size() const { return model.input_size(); }
  advx::index_t class_count() const { return model.class_count(); }

  template <class Backend>
  struct session_type {
    static constexpr bool row_invariant = advx::is_row_invariant_on<Model, Backend>;

    advx::session_of<Model, Backend> inner;
    Clock clock;

    void forward(advx::batch_view<const scalar> x, advx::batch_view<scalar> z) {
      clock.start();
      inner.forward(x, z);
      clock.stop();
    }
    void pullback(std::span<const advx::index_t> rows, advx::batch_view<const scalar> c, advx::batch_view<scalar> g) {
      clock.start();
      inner.pullback(rows, c, g);
      clock.stop();
    }
  };
  template <class Backend>
  session_type<Backend> session(Backend& backend, advx::index_t capacity) const {
    return {model.session(backend, capacity), Clock(backend, seconds)};
  }
};

/// Runs the suite. `Clock::now()` is the time by the clock that times the model.
template <class Backend, class Clock>
std::vector<figures> measure(const setting& s) {
  std::vector<figures> found;
  each_attack([&](const char* name, const auto& attack) {
    advx::options options;
    options.batch = s.batch;
    double model = 0;
    const auto wall = std::chrono::steady_clock::now();
    const double before = Clock::now();
    const auto r = advx::run(attack, timed<network, Clock>{s.model, model}, s.images, advx::goal::untargeted{s.labels},
                             options, Backend{});
    const double total = Clock::now() - before;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
    found.push_back({name, seconds, total, model, std::accumulate(r.queries.begin(), r.queries.end(), std::int64_t{0}),
                     r.success_rate()});
  });
  return found;
}

/// The suite on a backend; each is compiled in a translation unit of its own. @throws device_error without a device
report on_omp(const setting& s);
report on_cuda(const setting& s);

} // namespace device_suite
