#include <advx/nn/cuda.hpp>
#include <advx/thrust_cuda.hpp>

#include <algorithm>

#include "device.hpp"

namespace device_suite {

namespace {

using backend = advx::backend::thrust_cuda;
using advx::backend::require_cuda;

/// Events around the passes, in the backend's stream: nothing waits for them before the session ends.
class event_clock {
public:
  event_clock(const backend& b, double& sum) : there_(b), sum_(&sum) {}
  event_clock(event_clock&& other) noexcept
      : there_(other.there_),
        sum_(other.sum_),
        marks_(std::exchange(other.marks_, {})) {}
  event_clock(const event_clock&) = delete;
  ~event_clock() {
    (void)cudaStreamSynchronize(there_.stream());
    for (std::size_t i = 0; i + 1 < marks_.size(); i += 2) {
      float milliseconds = 0;
      if (cudaEventElapsedTime(&milliseconds, marks_[i], marks_[i + 1]) == cudaSuccess) *sum_ += 1e-3 * milliseconds;
    }
    for (const cudaEvent_t mark : marks_) (void)cudaEventDestroy(mark);
  }
  static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  void start() { record(); }
  void stop() { record(); }

private:
  void record() {
    cudaEvent_t mark{};
    require_cuda(cudaEventCreate(&mark), "cudaEventCreate");
    marks_.push_back(mark);
    require_cuda(cudaEventRecord(mark, there_.stream()), "cudaEventRecord");
  }

  backend there_;
  double* sum_;
  std::vector<cudaEvent_t> marks_;
};

} // namespace

report on_cuda(const setting& s) {
  const backend there;
  cudaDeviceProp properties{};
  require_cuda(cudaGetDeviceProperties(&properties, there.device()), "cudaGetDeviceProperties");
  report r{properties.name, 0, {}};
  {
    constexpr advx::index_t n = advx::index_t{1} << 28;
    const auto from = there.allocate<float>(n);
    auto to = there.allocate<float>(n);
    for (int k = 0; k < 5; ++k) {
      double seconds = 0;
      {
        event_clock clock(there, seconds);
        clock.start();
        require_cuda(cudaMemcpyAsync(to.data(), from.data(), std::size_t(n) * sizeof(float), cudaMemcpyDeviceToDevice,
                                     there.stream()),
                     "cudaMemcpyAsync(device to device)");
        clock.stop();
      }
      r.bandwidth = std::max(r.bandwidth, 2 * double(n) * sizeof(float) / seconds);
    }
  }
  // Libraries load and choose their code in the first passes: those of a few images, untimed.
  advx::batch<float> few(std::min<advx::index_t>(s.images.rows(), 64), s.images.cols());
  std::copy_n(s.images.data(), few.rows() * few.cols(), few.data());
  const std::vector<advx::label_t> labels(s.labels.begin(), s.labels.begin() + few.rows());
  (void)measure<backend, event_clock>({s.model, few, labels, s.batch});
  r.attacks = measure<backend, event_clock>(s);
  return r;
}

} // namespace device_suite
