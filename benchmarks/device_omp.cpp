#include <advx/nn/thrust.hpp>
#include <advx/thrust.hpp>

#include <algorithm>
#include <ctime>

#include "device.hpp"

namespace device_suite {

namespace {

using backend = advx::backend::thrust_omp;

/// CPU time of all threads.
class cpu_clock {
public:
  cpu_clock(const backend&, double& sum) : sum_(&sum) {}
  static double now() { return double(std::clock()) / CLOCKS_PER_SEC; }
  void start() { started_ = now(); }
  void stop() { *sum_ += now() - started_; }

private:
  double* sum_;
  double started_ = 0;
};

} // namespace

report on_omp(const setting& s) {
  report r{"OpenMP, " + std::to_string(omp_get_max_threads()) + " threads", 0, measure<backend, cpu_clock>(s)};
  const backend there;
  constexpr advx::index_t n = advx::index_t{1} << 26;
  const auto from = there.allocate<float>(n);
  auto to = there.allocate<float>(n);
  for (int k = 0; k < 5; ++k) {
    const auto start = std::chrono::steady_clock::now();
    there.upload(from.data(), n, to.data());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    r.bandwidth = std::max(r.bandwidth, 2 * double(n) * sizeof(float) / seconds);
  }
  return r;
}

} // namespace device_suite
