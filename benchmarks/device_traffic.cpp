// What the attacks' row programs read and write, beside the model: every load and store is counted as it happens. This
// file is compiled with the calls that a thread sanitizer would count by, which access_hooks.cpp answers instead.
#include <advx/nn/thrust.hpp>
#include <advx/nn/weights.hpp>
#include <advx/thrust.hpp>

#include <cstdio>
#include <cstdlib>

#include "access_hooks.hpp"
#include "device.hpp"
#include "support.hpp"

namespace {

using advx::index_t;

/// Does the program belong to a tick? (The others fill the slots and verify, once an image.)
template <class Program>
inline constexpr bool in_tick = false;
template <class Stage>
inline constexpr bool in_tick<advx::attack::detail::place_points<Stage>> = true;
template <class Stage>
inline constexpr bool in_tick<advx::attack::detail::judge_points<Stage>> = true;
template <class Stage>
inline constexpr bool in_tick<advx::attack::detail::step_slots<Stage>> = true;
template <class Program>
inline constexpr bool is_step = false;
template <class Stage>
inline constexpr bool is_step<advx::attack::detail::step_slots<Stage>> = true;

/// A backend that watches the accesses of a tick's launches to its memory.
struct watched : advx::backend::thrust_cpp {
  template <class T>
  buffer<T> allocate(index_t n) const {
    auto b = advx::backend::thrust_cpp::allocate<T>(n);
    accesses::watch(b.data(), static_cast<std::size_t>(n) * sizeof(T));
    return b;
  }
  template <class Program>
  void rows(index_t n, const Program& program) const {
    if constexpr (in_tick<Program>) {
      accesses::begin_launch();
      if constexpr (is_step<Program>) steps += n;
    }
    advx::backend::thrust_cpp::rows(n, program);
    if constexpr (in_tick<Program>) accesses::end_launch(is_step<Program>);
  }
  static inline index_t steps = 0;
};

/// The network's sessions are those of the backend that is watched.
struct network {
  using scalar = float;
  static constexpr advx::score_scale scale = device_suite::network::scale;
  static constexpr bool row_invariant = true;

  const device_suite::network& inner;

  index_t input_size() const { return inner.input_size(); }
  index_t class_count() const { return inner.class_count(); }
  auto session(watched& backend, index_t capacity) const {
    advx::backend::thrust_cpp& host = backend;
    return inner.session(host, capacity);
  }
};

} // namespace

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "data";
  const index_t images = argc > 2 ? std::atol(argv[2]) : 16;
  auto net = advx::nn::carlini_wagner_mnist();
  advx::nn::load(data + "/weights/carlini_wagner_mnist.npz", net);
  const benchmarks::digits sample(data, images);
  std::printf("bytes per row-step (an image's step: its points placed, judged, stepped), %lld images of %lld values\n",
              static_cast<long long>(images), static_cast<long long>(sample.images.cols()));
  std::printf("%-9s %10s %14s %10s %10s %16s\n", "attack", "row-steps", "loaded+stored", "moved", "fewest",
              "moved / fewest");
  device_suite::each_attack([&](const char* name, const auto& attack) {
    accesses::forget();
    watched::steps = 0;
    (void)advx::run(attack, network{net}, sample.images, advx::goal::untargeted{sample.labels}, {}, watched{});
    const accesses::totals t = accesses::counted();
    const double n = double(watched::steps);
    std::printf("%-9s %10.0f %14.0f %10.0f %10.0f %16.2f\n", name, n, double(t.accessed) / n, double(t.moved) / n,
                double(t.fewest) / n, double(t.moved) / double(t.fewest));
    std::fflush(stdout);
  });
  std::printf("moved: what a launch finds nowhere but in memory, read once and written once (a row stays in a block's\n"
              "cache); fewest: the same, were a tick's three launches one. Passes of the model are not counted.\n");
  return 0;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
