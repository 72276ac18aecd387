/// @file
/// What a network's session needs of a CUDA device: kernels of element-wise functions, cuBLAS's products, rows that are
/// to be gathered. Everything runs in the backend's stream.
#pragma once

#include <advx/backend/thrust/cuda.hpp>
#include <advx/nn/cuda_unfolded.hpp>
#if defined(ADVX_WITH_CUDNN)
#include <advx/nn/cuda_dnn.hpp>
#endif

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>

namespace advx::nn::detail {

/// Calls f(r, j) for every r below `rows` and j below `count`.
template <class F>
__global__ void __launch_bounds__(element::thread_grid::threads)
    each_value(const __grid_constant__ F f, index_t rows, index_t count) {
  element::thread_place{blockIdx.x, blockIdx.y, threadIdx.x, threadIdx.y, blockDim.x, blockDim.y}.run(rows, count, f);
}

/// Throws device_error unless `answer` is success. `call` names what was called.
inline void require_cublas(cublasStatus_t answer, const char* call) {
  if (answer == CUBLAS_STATUS_SUCCESS) return;
  const std::string message = std::string("advx: ") + call + ": " + cublasGetStatusString(answer);
  if (answer == CUBLAS_STATUS_ALLOC_FAILED) throw device_memory_error(message + "; lower options.batch");
  throw device_error(message);
}

/// The numbers of rows on their way to the device, in page-locked memory, so that no pass waits for the copy.
class gathered_rows {
public:
  gathered_rows(const backend::thrust<backend::system::cuda>& backend, index_t capacity)
      : device_rows(backend.allocate<index_t>(capacity)) {
    void* memory = nullptr;
    backend::require_cuda(cudaMallocHost(&memory, static_cast<std::size_t>(capacity) * sizeof(index_t)),
                          "cudaMallocHost");
    host_rows.reset(static_cast<index_t*>(memory));
    cudaEvent_t event = nullptr;
    backend::require_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    copied.reset(event);
  }

  /// Copies at once, unless the copy before, which mostly was done long ago, still reads the page-locked memory.
  const index_t* copy(std::span<const index_t> rows, cudaStream_t stream) {
    backend::require_cuda(cudaEventSynchronize(copied.get()), "cudaEventSynchronize");
    std::copy(rows.begin(), rows.end(), host_rows.get());
    backend::require_cuda(
        cudaMemcpyAsync(device_rows.data(), host_rows.get(), rows.size_bytes(), cudaMemcpyHostToDevice, stream),
        "cudaMemcpyAsync(rows)");
    backend::require_cuda(cudaEventRecord(copied.get(), stream), "cudaEventRecord");
    return device_rows.data();
  }

private:
  struct memory_deleter {
    void operator()(index_t* p) const noexcept { (void)cudaFreeHost(p); }
  };
  struct event_deleter {
    void operator()(CUevent_st* e) const noexcept {
      (void)cudaEventSynchronize(e);
      (void)cudaEventDestroy(e);
    }
  };

  backend::thrust<backend::system::cuda>::buffer<index_t> device_rows;
  std::unique_ptr<index_t[], memory_deleter> host_rows;
  std::unique_ptr<CUevent_st, event_deleter> copied; ///< goes before the memory does
};

/// The device of nn::device_session. Each has its own handles of the libraries, so that sessions share nothing.
class cuda_device {
public:
  using backend_type = backend::thrust<backend::system::cuda>;
  static constexpr index_t tile_bytes = index_t{1} << 28;

  template <class T>
  using buffer = backend_type::buffer<T>;
#if defined(ADVX_WITH_CUDNN)
  template <class T>
  using convolution = dnn_convolution<cuda_device, T>;
#else
  template <class T>
  using convolution = unfolded_convolution<cuda_device, T>;
#endif

  /// For sessions of `capacity` rows.
  cuda_device(const backend_type& backend, index_t capacity)
      : backend_(backend),
        rows_(backend, std::max<index_t>(capacity, 1)),
        // What cuBLAS recommends for Hopper; its own would be allocated in a pass.
        products_memory_(backend.allocate<unsigned char>(index_t{32} << 20)) {
    cublasHandle_t handle = nullptr;
    require_cublas(cublasCreate(&handle), "cublasCreate");
    products_.reset(handle);
    require_cublas(cublasSetStream(handle, backend.stream()), "cublasSetStream");
    require_cublas(cublasSetWorkspace(handle, products_memory_.data(), products_memory_.size()), "cublasSetWorkspace");
    // Full float products: cuBLAS takes TF32 only where it is told to.
    require_cublas(
        cublasSetMathMode(
            handle, static_cast<cublasMath_t>(CUBLAS_DEFAULT_MATH | CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)),
        "cublasSetMathMode");
  }

  template <class T>
  buffer<T> allocate(index_t n) const {
    return backend_.allocate<T>(n);
  }
  template <class T>
  void upload(const T* host, index_t n, T* device) const {
    backend_.upload(host, n, device);
  }
  template <class T>
  void copy(const T* from, index_t n, T* to) const {
    backend::require_cuda(
        cudaMemcpyAsync(to, from, static_cast<std::size_t>(n) * sizeof(T), cudaMemcpyDeviceToDevice, backend_.stream()),
        "cudaMemcpyAsync(device to device)");
  }
  void reserve(std::size_t bytes) {
    if (bytes <= scratch_.size()) return;
    scratch_ = {}; // gives the smaller memory back first
    scratch_ = backend_.allocate<unsigned char>(static_cast<index_t>(bytes));
  }
  unsigned char* scratch() { return scratch_.data(); }

  /// Threads begin on device 0, whichever the backend's is.
  void begin() const { backend::require_cuda(cudaSetDevice(backend_.device()), "cudaSetDevice"); }

  template <class F>
  void each(index_t rows, index_t count, const F& f) const {
    if (rows == 0 || count == 0) return;
    const element::thread_grid grid(rows, count);
    each_value<<<dim3(grid.blocks_x, grid.blocks_y), dim3(grid.wide, grid.high), 0, backend_.stream()>>>(f, rows,
                                                                                                         count);
    backend::require_cuda(cudaGetLastError(), "starting a kernel over values");
  }

  template <class T>
  void multiply(const column_products<T>& p) const {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    const auto narrow = [](index_t v) { return static_cast<int>(v); };
    const auto op = [](bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
    const T one = 1, zero = 0;
    const auto single = [&](auto function, const char* name) {
      require_cublas(function(products_.get(), op(p.a.transposed), op(p.b.transposed), narrow(p.m), narrow(p.n),
                              narrow(p.k), &one, p.a.data, narrow(p.a.leading), p.b.data, narrow(p.b.leading), &zero,
                              p.c, narrow(p.c_leading)),
                     name);
    };
    const auto batched = [&](auto function, const char* name) {
      require_cublas(function(products_.get(), op(p.a.transposed), op(p.b.transposed), narrow(p.m), narrow(p.n),
                              narrow(p.k), &one, p.a.data, narrow(p.a.leading), p.a.stride, p.b.data,
                              narrow(p.b.leading), p.b.stride, &zero, p.c, narrow(p.c_leading), p.c_stride,
                              narrow(p.count)),
                     name);
    };
    if constexpr (std::is_same_v<T, float>) {
      if (p.count == 1) return single(cublasSgemm, "cublasSgemm");
      batched(cublasSgemmStridedBatched, "cublasSgemmStridedBatched");
    } else {
      if (p.count == 1) return single(cublasDgemm, "cublasDgemm");
      batched(cublasDgemmStridedBatched, "cublasDgemmStridedBatched");
    }
  }

  element::row_map rows(std::span<const index_t> rows) { return {rows_.copy(rows, backend_.stream()), 0}; }

#if defined(ADVX_WITH_CUDNN)
  cudnnHandle_t dnn() {
    if (dnn_ == nullptr) dnn_ = make_dnn_handle(backend_.stream()); // in the constructor of the first convolution
    return dnn_.get();
  }
#endif

private:
  struct products_deleter {
    void operator()(cublasContext* handle) const noexcept { (void)cublasDestroy(handle); }
  };

  backend_type backend_;
  gathered_rows rows_;
  buffer<unsigned char> products_memory_;
  buffer<unsigned char> scratch_;
  std::unique_ptr<cublasContext, products_deleter> products_;
#if defined(ADVX_WITH_CUDNN)
  dnn_handle dnn_;
#endif
};

} // namespace advx::nn::detail
