/// @file
/// The Thrust backend on a CUDA device: one block of threads per row, everything in a stream of the backend's own.
#pragma once

#if !defined(__CUDACC__)
#error "advx: backend::thrust<system::cuda> needs nvcc: include this in a .cu file (CMake: link advx::thrust_cuda)"
#endif
#if !defined(__CUDACC_RELAXED_CONSTEXPR__) || __cplusplus < 202002L
#error "advx: hand nvcc -std=c++20 --expt-relaxed-constexpr; the CMake target advx::thrust_cuda does"
#endif

#include <advx/backend/thrust/block_team.hpp>
#include <advx/backend/thrust/cuda_error.hpp>
#include <advx/backend/thrust/system.hpp>
#include <advx/backend/thrust/version.hpp>
#include <advx/concepts/backend.hpp>

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace advx::backend {

/// How the threads of a CUDA block meet.
struct cuda_block {
  static constexpr index_t size = 128; ///< seven rounds over MNIST's 784 columns; 16 blocks fill a multiprocessor
  static constexpr index_t group = 32;

  ADVX_HOST_DEVICE index_t rank() const {
#if defined(__CUDA_ARCH__)
    return static_cast<index_t>(threadIdx.x);
#else
    return 0;
#endif
  }
  ADVX_HOST_DEVICE void meet() const {
#if defined(__CUDA_ARCH__)
    __syncthreads();
#endif
  }
  template <class T>
  ADVX_HOST_DEVICE T exchange(T v, [[maybe_unused]] index_t distance) const {
#if defined(__CUDA_ARCH__)
    return __shfl_xor_sync(0xffffffffU, v, static_cast<int>(distance));
#else
    return v;
#endif
  }
  template <class T>
  ADVX_HOST_DEVICE T* board(index_t side) const {
    static_assert(sizeof(T) <= slot && alignof(T) <= slot);
    return reinterpret_cast<T*>(boards + side * side_bytes);
  }

  static constexpr index_t slot = 16; ///< bytes of the largest value that a reduction exchanges
  static constexpr index_t side_bytes = slot * (size / group);
  static constexpr index_t board_bytes = 2 * side_bytes;
  unsigned char* boards;
};

namespace detail {

/// Programs are parameters of a kernel, which may have 4096 bytes.
inline constexpr std::size_t program_bytes = 4000;

/// Blocks that a multiprocessor must have room for: at most 128 registers a thread.
inline constexpr int least_blocks = 4;

template <class Program>
__global__ void __launch_bounds__(static_cast<int>(cuda_block::size), least_blocks)
    run_row(const __grid_constant__ Program program, index_t first) {
  __shared__ alignas(16) unsigned char boards[cuda_block::board_bytes];
  const block_team<cuda_block> team(cuda_block{boards});
  program(team, first + static_cast<index_t>(blockIdx.x));
}

/// A stream and a pool of memory. Buffers share it, so that they may outlive the backend.
struct cuda_state {
  int device = 0;
  cudaStream_t stream = nullptr;
  cudaMemPool_t pool = nullptr;

  cuda_state() {
    int devices = 0;
    const cudaError_t answer = cudaGetDeviceCount(&devices);
    if (answer != cudaSuccess || devices == 0) {
      (void)cudaGetLastError();
      throw device_error(std::string("advx: no CUDA device: cudaGetDeviceCount: ") +
                         (answer == cudaSuccess ? "it counts 0" : cudaGetErrorString(answer)) +
                         "; use backend::thrust<system::omp> or backend::xtensor");
    }
    require_cuda(cudaGetDevice(&device), "cudaGetDevice");
    // Not synchronised with the default stream, which other parts of the program may use.
    require_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    try {
      require_cuda(cudaMemPoolCreate(&pool, &properties), "cudaMemPoolCreate");
      // Memory that was given back stays in the pool: the next allocation costs no call of the driver.
      std::uint64_t keep = UINT64_MAX;
      require_cuda(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep), "cudaMemPoolSetAttribute");
    } catch (...) {
      release();
      throw;
    }
  }
  cuda_state(const cuda_state&) = delete;
  cuda_state& operator=(const cuda_state&) = delete;
  ~cuda_state() { release(); }

  void* take(std::size_t bytes) {
    if (bytes == 0) return nullptr;
    void* memory = nullptr;
    cudaError_t answer = cudaMallocFromPoolAsync(&memory, bytes, pool, stream);
    if (answer == cudaErrorMemoryAllocation) {
      // What the pool keeps may be in pieces that are too small: give it back and ask once more.
      (void)cudaGetLastError();
      (void)cudaStreamSynchronize(stream);
      (void)cudaMemPoolTrimTo(pool, 0);
      answer = cudaMallocFromPoolAsync(&memory, bytes, pool, stream);
    }
    if (answer == cudaErrorMemoryAllocation) {
      (void)cudaGetLastError();
      std::size_t free = 0, total = 0;
      (void)cudaMemGetInfo(&free, &total);
      throw device_memory_error("advx: cudaMallocFromPoolAsync(" + in_bytes(bytes) + "): out of memory; " +
                                in_bytes(free) + " of " + in_bytes(total) + " are free: lower options.batch");
    }
    require_cuda(answer, "cudaMallocFromPoolAsync");
    return memory;
  }
  void give(void* memory) noexcept {
    if (memory != nullptr) (void)cudaFreeAsync(memory, stream); // an error here was another call's, and was told there
  }

private:
  void release() noexcept {
    if (stream != nullptr) (void)cudaStreamSynchronize(stream);
    if (pool != nullptr) (void)cudaMemPoolDestroy(pool);
    if (stream != nullptr) (void)cudaStreamDestroy(stream);
  }
};

/// Values on the device. `data()` is a pointer of the device's: the host must not follow it.
template <class T>
struct cuda_buffer {
  static_assert(std::is_trivially_copyable_v<T>, "advx: a device holds trivially copyable values only");

  cuda_buffer() = default;
  cuda_buffer(std::shared_ptr<cuda_state> state, index_t n)
      : state_(std::move(state)),
        count_(static_cast<std::size_t>(n)) {
    data_ = static_cast<T*>(state_->take(count_ * sizeof(T)));
  }
  cuda_buffer(cuda_buffer&& b) noexcept
      : state_(std::move(b.state_)),
        data_(std::exchange(b.data_, nullptr)),
        count_(std::exchange(b.count_, 0)) {}
  cuda_buffer& operator=(cuda_buffer&& b) noexcept {
    std::swap(state_, b.state_);
    std::swap(data_, b.data_);
    std::swap(count_, b.count_);
    return *this;
  }
  ~cuda_buffer() {
    if (state_) state_->give(data_);
  }

  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return count_; }

private:
  std::shared_ptr<cuda_state> state_;
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

} // namespace detail

/// The calling thread's current CUDA device, with a stream and a pool of memory of its own. Copies share both; two
/// backends that were made apart run side by side.
///
/// Every member is ordered after those called before it. `rows`, `allocate` and the end of a buffer do not wait for the
/// device; `download` and `synchronize` do. An error of a kernel shows in the next call that waits.
template <>
struct thrust<system::cuda> {
  static constexpr const char* name = "thrust-cuda";
  static constexpr bool lockstep = true;
  static constexpr index_t suitable_batch = 1024; ///< rows that fill the device
  /// `rows` and `allocate` return at once, and the host cannot follow a buffer's pointers.
  static constexpr bool asynchronous = true;

  /// @throws device_error where there is no CUDA device.
  thrust() : state_(std::make_shared<detail::cuda_state>()) {}

  template <class T>
  using buffer = detail::cuda_buffer<T>;

  /// n zeros. @throws device_memory_error where they do not fit.
  template <class T>
  buffer<T> allocate(index_t n) const {
    select();
    buffer<T> b(state_, n);
    if (n > 0) require_cuda(cudaMemsetAsync(b.data(), 0, b.size() * sizeof(T), stream()), "cudaMemsetAsync");
    return b;
  }
  /// The host's values may change after the call, unless they stand in page-locked memory: that must wait for
  /// `synchronize`.
  template <class T>
  void upload(const T* host, index_t n, T* device) const {
    copy(host, n, device, cudaMemcpyHostToDevice, "cudaMemcpyAsync(host to device)");
  }
  /// Waits until the values are there.
  template <class T>
  void download(const T* device, index_t n, T* host) const {
    copy(device, n, host, cudaMemcpyDeviceToHost, "cudaMemcpyAsync(device to host)");
    synchronize();
  }
  /// What a row program is given on the device. There is nothing that the host could call it for.
  block_team<cuda_block> team() const noexcept { return block_team<cuda_block>(cuda_block{nullptr}); }

  /// Starts `program(team, r)` once for each row r in [0, n), a block of threads each, and returns at once. Every
  /// thread of the block runs the whole program; what follows from the team's answers is the same in all of them.
  template <class Program>
  void rows(index_t n, const Program& program) const {
    static_assert(std::is_trivially_copyable_v<Program>, "advx: a row program must be trivially copyable: pointers and "
                                                         "numbers, no containers");
    static_assert(sizeof(Program) <= detail::program_bytes, "advx: a row program must be at most 4000 bytes long");
    select();
    constexpr index_t most = 2147483647; // blocks of one launch
    for (index_t first = 0; first < n; first += most) {
      const auto blocks = static_cast<unsigned>(std::min(n - first, most));
      detail::run_row<<<blocks, static_cast<unsigned>(cuda_block::size), 0, stream()>>>(program, first);
      require_cuda(cudaGetLastError(), "starting a kernel over rows");
    }
  }
  /// Waits for all that was started. @throws device_error for what failed in it.
  void synchronize() const { require_cuda(cudaStreamSynchronize(stream()), "cudaStreamSynchronize"); }

  cudaStream_t stream() const noexcept { return state_->stream; }
  int device() const noexcept { return state_->device; }
  /// The stream and the pool themselves, for what must outlive the backend.
  const std::shared_ptr<detail::cuda_state>& state() const noexcept { return state_; }

private:
  /// Threads begin on device 0, whichever the backend's is.
  void select() const { require_cuda(cudaSetDevice(state_->device), "cudaSetDevice"); }

  template <class T>
  void copy(const T* from, index_t n, T* to, cudaMemcpyKind kind, const char* call) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (n <= 0) return;
    select();
    require_cuda(cudaMemcpyAsync(to, from, static_cast<std::size_t>(n) * sizeof(T), kind, stream()), call);
  }

  std::shared_ptr<detail::cuda_state> state_;
};
static_assert(backend_like<thrust<system::cuda>>);

} // namespace advx::backend
