#include <advx/attack/universal_presets.hpp>

#include "backend.hpp"

namespace demo {

namespace {

template <class Backend, class Attack>
void attack(bench& b, const char* name, const Attack& a) {
  advx::report::progress shown(name + std::string(" untargeted"), b.how.progress);
  const auto wall = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  const auto v = advx::find_universal(a, b.model, b.images, b.how.options, Backend{});

  // One perturbation for all digits: what it does to each, and an equal share of what it cost.
  const advx::index_t n = b.images.rows(), size = b.images.cols();
  finding f{{name, "untargeted", a.recipe().norm.name, {{"xi", a.xi}, {"passes", a.passes}}, {}, 0, 0, 0}, b.images};
  for (advx::index_t i = 0; i < n; ++i)
    for (advx::index_t j = 0; j < size; ++j)
      f.adversarial.row(i)[j] = std::clamp(b.images.row(i)[j] + v.perturbation.row(0)[j], 0.0F, 1.0F);
  Backend backend;
  advx::attack::inquiry<network, Backend> ask(b.model, backend);
  std::int64_t fooled = 0;
  ask(
      n, [&](advx::index_t i, float* to) { std::copy_n(f.adversarial.row(i), size, to); },
      [&](advx::index_t i, advx::label_t y, const float*) {
        const auto k = static_cast<std::size_t>(i);
        const auto d = advx::norm::measure(advx::backend::vector_team{}, f.adversarial.row(i), b.images.row(i), size);
        f.record.images.push_back({i, b.labels[k], y, y != b.labels[k], d.l0, d.l1, d.l2, d.linf,
                                   d.l2 / std::sqrt(double(size)), v.queries / n, v.forward_rows / n,
                                   v.pullback_rows / n, static_cast<std::int64_t>(v.fooling_rate.size())});
        fooled += y != b.labels[k] ? 1 : 0;
      });
  f.record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  f.record.model_cpu_seconds = v.model_seconds;
  f.record.cpu_seconds = double(std::clock() - cpu) / CLOCKS_PER_SEC;
  shown.update(n, n, fooled);
  b.findings.push_back(std::move(f));
}

} // namespace

template <class Backend>
void universal(bench& b) {
  attack<Backend>(b, "universal-l2", advx::attack::batched_universal_l2{.xi = 4});
  attack<Backend>(b, "universal-linf", advx::attack::batched_universal_linf{.xi = 0.3});
}

template void universal<backend>(bench&);

} // namespace demo
