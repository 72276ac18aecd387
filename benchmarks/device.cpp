// Attacks on the C&W network on a CUDA device, or with OpenMP where there is none: seconds, rows per second, share
// outside the model, bandwidth.
#include "device.hpp"

#include <advx/nn/weights.hpp>

#include <cstdio>
#include <cstdlib>

#include "support.hpp"

namespace {

device_suite::report run(const device_suite::setting& s, const std::string& backend) {
#if defined(ADVX_BENCH_CUDA)
  if (backend != "thrust-omp") {
    try {
      return device_suite::on_cuda(s);
    } catch (const advx::device_error& missing) {
      if (!backend.empty()) throw;
      std::printf("thrust-cuda is not used: %s\n", missing.what());
    }
  }
#else
  if (backend == "thrust-cuda") throw advx::argument_error("advx: this program was built without CUDA");
#endif
  return device_suite::on_omp(s);
}

} // namespace

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "data";
  const advx::index_t images = argc > 2 ? std::atol(argv[2]) : 10000, batch = argc > 3 ? std::atol(argv[3]) : images;
  auto net = advx::nn::carlini_wagner_mnist();
  advx::nn::load(data + "/weights/carlini_wagner_mnist.npz", net);
  // The sample's digits, again and again.
  const benchmarks::digits sample(data, 500);
  benchmarks::digits all = sample;
  all.images = advx::batch<float>(images, sample.images.cols());
  all.labels.clear();
  for (advx::index_t i = 0; i < images; ++i) {
    const advx::index_t k = i % sample.images.rows();
    std::copy_n(sample.images.row(k), sample.images.cols(), all.images.row(i));
    all.labels.push_back(sample.labels[static_cast<std::size_t>(k)]);
  }
  const auto r = run({net, all.images, all.labels, batch}, argc > 4 ? argv[4] : "");
  std::printf("%s; %lld images, batch %lld; copies move %.1f GB/s (read + written)\n", r.machine.c_str(),
              static_cast<long long>(images), static_cast<long long>(batch), 1e-9 * r.bandwidth);
  std::printf("%-9s %9s %12s %12s %10s %16s\n", "attack", "success %", "seconds", "rows/s", "outside %",
              "B/row outside");
  for (const auto& f : r.attacks)
    std::printf("%-9s %9.1f %12.3f %12.0f %10.2f %16.0f\n", f.attack, 100 * f.successes, f.seconds,
                double(f.rows) / f.seconds, 100 * (1 - f.model / f.total),
                (1 - f.model / f.total) * f.seconds * r.bandwidth / double(f.rows));
  std::printf(
      "rows: points that the model was asked for (EAD: up to two a step). B/row outside: the bytes that copies\n"
      "would move in the time outside the model; beside it belongs what bench-device-traffic counts\n");
  return 0;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
