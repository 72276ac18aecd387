// Attacks on a linear model whose passes are row programs, so that they run on every backend.
#pragma once

#include <advx/advx.hpp>

#include <string>
#include <vector>

namespace cuda_tests {

using advx::index_t;

/// Scores W·x with small weights of both signs.
struct linear {
  using scalar = float;
  static constexpr advx::score_scale scale = advx::score_scale::logits;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = true;

  index_t inputs = 784, classes = 10;

  index_t input_size() const { return inputs; }
  index_t class_count() const { return classes; }
  std::vector<float> weights() const {
    std::vector<float> w;
    for (index_t k = 0; k < classes; ++k)
      for (index_t j = 0; j < inputs; ++j) w.push_back(float((k * 37 + j * 11 + k * j) % 23) / 23.0F - 0.5F);
    return w;
  }

  struct forward_row {
    const float *weights, *images;
    float* scores;
    index_t inputs, classes;
    template <class Team>
    constexpr void operator()(const Team& team, index_t r) const {
      for (index_t k = 0; k < classes; ++k) {
        const float sum = team.template sum<float>(
            inputs, [w = weights + k * inputs, x = images + r * inputs](index_t j) { return w[j] * x[j]; });
        team.each(1, [at = scores + r * classes + k, sum](index_t) { *at = sum; });
      }
    }
  };
  struct pull_row {
    const float *weights, *cotangent;
    float* gradient;
    index_t inputs, classes;
    template <class Team>
    constexpr void operator()(const Team& team, index_t r) const {
      team.each(inputs, [=, *this](index_t j) {
        float sum = 0;
        for (index_t k = 0; k < classes; ++k) sum += weights[k * inputs + j] * cotangent[r * classes + k];
        gradient[r * inputs + j] = sum;
      });
    }
  };

  template <class Backend>
  auto session(Backend& backend, index_t) const {
    struct session_type {
      Backend on;
      typename Backend::template buffer<float> weights;
      index_t inputs, classes;
      void forward(advx::batch_view<const float> x, advx::batch_view<float> z) {
        on.rows(x.rows, forward_row{weights.data(), x.data, z.data, inputs, classes});
      }
      void pullback(std::span<const index_t>, advx::batch_view<const float> v, advx::batch_view<float> g) {
        on.rows(v.rows, pull_row{weights.data(), v.data, g.data, inputs, classes});
      }
    };
    const auto host = weights();
    session_type s{backend, backend.template allocate<float>(inputs * classes), inputs, classes};
    backend.upload(host.data(), inputs * classes, s.weights.data());
    return s;
  }
};

/// What is left of a run.
struct attacked {
  std::vector<float> images;
  std::vector<char> success;
  std::vector<double> distance;
  std::vector<std::int64_t> queries;
};

/// Attack `name` on `images` images, a batch of 64 at a time. `one_step`: a single step from the images.
template <class Backend>
attacked attack_linear(const std::string& name, index_t images, bool one_step) {
  namespace attack = advx::attack;
  const linear model;
  advx::batch<float> x(images, model.inputs);
  for (index_t i = 0; i < images; ++i)
    for (index_t j = 0; j < model.inputs; ++j) x.row(i)[j] = float((i * 131 + j * 29 + (i * j) % 71) % 101) / 100.0F;
  const auto w = model.weights();
  std::vector<int> labels;
  for (index_t i = 0; i < images; ++i) {
    std::vector<float> z(std::size_t(model.classes), 0.0F);
    for (std::size_t k = 0; k < z.size(); ++k)
      for (index_t j = 0; j < model.inputs; ++j)
        z[k] += w[k * std::size_t(model.inputs) + std::size_t(j)] * x.row(i)[j];
    labels.push_back(int(std::max_element(z.begin(), z.end()) - z.begin()));
  }
  advx::options settings;
  settings.batch = 64;
  settings.threads = 1;
  const auto on = [&](const auto& a) {
    const auto r = advx::run(a, model, x, advx::goal::untargeted{labels}, settings, Backend{});
    attacked out{r.images.values, {}, {}, {}};
    out.success.assign(r.success.begin(), r.success.end());
    out.distance = r.l2;
    out.queries.assign(r.queries.begin(), r.queries.end());
    return out;
  };
  const int steps = one_step ? 1 : 30, searches = one_step ? 1 : 4;
  if (name == "pgd_l1") return on(attack::ifgm_l1{.epsilon = 3, .steps = steps});
  if (name == "pgd_l2") return on(attack::ifgm_l2{.epsilon = 0.5, .steps = steps});
  if (name == "pgd_linf") return on(attack::ifgm_linf{.epsilon = 0.02, .steps = steps});
  if (name == "carlini_wagner")
    return on(attack::carlini_wagner_l2{.search_steps = searches, .steps = steps, .step = 0.05, .constant = 0.1});
  return on(attack::elastic_net{.search_steps = searches, .steps = steps, .step = 0.05, .constant = 0.1});
}

/// On the device.
attacked attack_on_device(const std::string& name, index_t images, bool one_step);

} // namespace cuda_tests
