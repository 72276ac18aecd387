// Overhead of attacks over the bare model: CPU time of the attack ÷ CPU time of the very same passes without it.
#pragma once

#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/xtensor.hpp>

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "support.hpp"

namespace overhead {

/// Rows of one forward pass (0: none, a further pullback of the pass before), and of the pullback after it (0: none).
struct pass {
  advx::index_t forward = 0, pullback = 0;
};

/// The passes of each session of a run, in order.
struct log {
  std::mutex mutex;
  std::vector<std::vector<pass>> sessions;
};

/// A network that writes down the size of every pass.
template <class Model>
struct recorded {
  using scalar = advx::scalar_of<Model>;
  static constexpr advx::score_scale scale = Model::scale;
  static constexpr bool concurrent = true, row_invariant = true;

  const Model& model;
  log& passes;

  advx::index_t input_size() const { return model.input_size(); }
  advx::index_t class_count() const { return model.class_count(); }
  template <class Backend>
  auto session(Backend& backend, advx::index_t capacity) const {
    struct recorder {
      advx::session_of<Model, Backend> inner;
      log* to;
      std::vector<pass> own;
      recorder(advx::session_of<Model, Backend> s, log* l) : inner(std::move(s)), to(l) {}
      recorder(recorder&&) = default;
      ~recorder() {
        if (own.empty()) return;
        const std::lock_guard lock(to->mutex);
        to->sessions.push_back(std::move(own));
      }
      void forward(advx::batch_view<const scalar> x, advx::batch_view<scalar> z) {
        own.push_back({x.rows, 0});
        inner.forward(x, z);
      }
      void pullback(std::span<const advx::index_t> rows, advx::batch_view<const scalar> c, advx::batch_view<scalar> g) {
        if (own.back().pullback > 0) own.push_back({0, 0}); // the next row of a Jacobian
        own.back().pullback = static_cast<advx::index_t>(rows.size());
        inner.pullback(rows, c, g);
      }
    };
    return recorder(model.session(backend, capacity), &passes);
  }
};

using benchmarks::cpu_seconds, benchmarks::digits, benchmarks::median;

/// The one attack that is measured; empty: all.
inline std::string only;

/// CPU seconds of the recorded passes on the bare model, on as many threads as recorded them.
template <class Model>
double replay(const Model& model, const std::vector<std::vector<pass>>& sessions, const advx::batch<float>& images,
              int threads) {
  const double before = cpu_seconds();
  const auto play = [&](std::size_t first) {
    for (std::size_t s = first; s < sessions.size(); s += static_cast<std::size_t>(threads)) {
      advx::index_t most = 1;
      for (const pass& p : sessions[s]) most = std::max(most, p.forward);
      advx::backend::xtensor backend;
      auto session = model.session(backend, most);
      advx::batch<float> x(most, model.input_size()), z(most, model.class_count()), c(most, model.class_count()),
          g(most, model.input_size());
      for (advx::index_t i = 0; i < most; ++i) {
        std::copy_n(images.row(i % images.rows()), images.cols(), x.row(i));
        c.row(i)[i % c.cols()] = 1;
        c.row(i)[(i + 1) % c.cols()] = -1;
      }
      std::vector<advx::index_t> rows(static_cast<std::size_t>(most));
      std::iota(rows.begin(), rows.end(), advx::index_t{0});
      for (const pass& p : sessions[s]) {
        if (p.forward > 0) session.forward(x.view().as_const().slice(0, p.forward), z.view().slice(0, p.forward));
        if (p.pullback > 0)
          session.pullback(std::span(rows).first(static_cast<std::size_t>(p.pullback)),
                           c.view().as_const().slice(0, p.pullback), g.view().slice(0, p.pullback));
      }
    }
  };
  if (threads == 1) {
    play(0);
  } else {
    std::vector<std::thread> pool;
    for (int t = 0; t < threads; ++t) pool.emplace_back(play, static_cast<std::size_t>(t));
    for (std::thread& t : pool) t.join();
  }
  return cpu_seconds() - before;
}

/// Paired runs of one attack and of its bare passes; prints medians and their ratio.
template <class Model, class Attack>
void measure(const char* network, const char* name, const Model& model, const Attack& attack,
             const advx::batch<float>& images, const std::vector<advx::label_t>& labels, int threads, int pairs) {
  if (!only.empty() && only != name) return;
  advx::options options;
  options.threads = threads;
  const advx::goal::untargeted goal{labels};
  log passes;
  advx::run(attack, recorded<Model>{model, passes}, images, goal, options, advx::backend::xtensor{});
  std::vector<double> attacked, bare, ratios;
  std::int64_t pulled = 0, forwarded = 0;
  for (int k = 0; k < pairs; ++k) {
    const double before = cpu_seconds();
    const auto r = advx::run(attack, model, images, goal, options, advx::backend::xtensor{});
    attacked.push_back(cpu_seconds() - before);
    bare.push_back(replay(model, passes.sessions, images, threads));
    ratios.push_back(attacked.back() / bare.back());
    pulled = std::accumulate(r.pullback_rows.begin(), r.pullback_rows.end(), std::int64_t{0});
    forwarded = std::accumulate(r.forward_rows.begin(), r.forward_rows.end(), std::int64_t{0});
  }
  std::printf("%-8s %-10s %7d %10lld %10lld %12.4f %12.4f %9.3f\n", network, name, threads,
              static_cast<long long>(pulled), static_cast<long long>(forwarded), median(attacked), median(bare),
              median(ratios));
  std::fflush(stdout);
}

template <class Model>
void measure_all(const char* network, const Model& model, const advx::batch<float>& images,
                 const std::vector<advx::label_t>& labels, int pairs) {
  for (int threads : {1, 2}) {
    measure(network, "pgd", model, advx::attack::projected_gradient<advx::norm::linf>{.epsilon = 0.02, .steps = 40},
            images, labels, threads, pairs);
    measure(network, "cw", model,
            advx::attack::carlini_wagner_l2{.search_steps = 5, .steps = 200, .step = 0.1, .constant = 0.1}, images,
            labels, threads, pairs);
    measure(network, "ead", model,
            advx::attack::elastic_net{.search_steps = 5, .steps = 200, .step = 0.1, .constant = 0.1}, images, labels,
            threads, pairs);
  }
}

// One translation unit per network.
void softmax_regression(const std::string& data, int pairs);
void mlp(const std::string& data, int pairs);
void carlini_wagner(const std::string& data, int pairs);

} // namespace overhead
