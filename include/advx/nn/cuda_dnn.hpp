/// @file
/// Convolution by cuDNN. Its algorithms are fixed: those whose sums have one order and no shorter rounding (no TF32, no
/// transform), so that the same pass gives the same bits and agrees with the host to a float's roundings.
#pragma once

#include <advx/backend/thrust/cuda_error.hpp>
#include <advx/nn/convolution.hpp>

#include <cudnn.h>

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace advx::nn::detail {

/// Throws device_error unless `answer` is success. `call` names what was called.
inline void require_cudnn(cudnnStatus_t answer, const char* call) {
  if (answer == CUDNN_STATUS_SUCCESS) return;
  const std::string message = std::string("advx: ") + call + ": " + cudnnGetErrorString(answer);
  if (answer == CUDNN_STATUS_ALLOC_FAILED) throw device_memory_error(message + "; lower options.batch");
  throw device_error(message);
}

/// Owns what one of cuDNN's functions made and another one destroys.
template <auto Destroy>
struct dnn_deleter {
  template <class P>
  void operator()(P* p) const noexcept {
    (void)Destroy(p);
  }
};
template <auto Destroy, class P>
using dnn_pointer = std::unique_ptr<std::remove_pointer_t<P>, dnn_deleter<Destroy>>;

template <auto Create, auto Destroy, class P>
dnn_pointer<Destroy, P> make_dnn(const char* call) {
  P made = nullptr;
  require_cudnn(Create(&made), call);
  return dnn_pointer<Destroy, P>(made);
}

using dnn_handle = dnn_pointer<cudnnDestroy, cudnnHandle_t>;
using dnn_tensor = dnn_pointer<cudnnDestroyTensorDescriptor, cudnnTensorDescriptor_t>;
using dnn_filter = dnn_pointer<cudnnDestroyFilterDescriptor, cudnnFilterDescriptor_t>;
using dnn_description = dnn_pointer<cudnnDestroyConvolutionDescriptor, cudnnConvolutionDescriptor_t>;

inline dnn_handle make_dnn_handle(cudaStream_t stream) {
  auto handle = make_dnn<cudnnCreate, cudnnDestroy, cudnnHandle_t>("cudnnCreate");
  require_cudnn(cudnnSetStream(handle.get(), stream), "cudnnSetStream");
  return handle;
}

/// A convolution without biases of up to `rows` images. What cuDNN needs, memory among it, depends on the number of
/// images: so a call is divided into those numbers for which all was prepared, `rows` and the powers of two below it.
template <class Device, class T>
class dnn_convolution {
  static constexpr cudnnDataType_t type = std::is_same_v<T, float> ? CUDNN_DATA_FLOAT : CUDNN_DATA_DOUBLE;
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);

public:
  dnn_convolution(Device& device, const convolution_shape& numbers, const T* weights, index_t rows)
      : s(numbers),
        weights_(device.template allocate<T>(s.weight_count())),
        filter(make_dnn<cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor, cudnnFilterDescriptor_t>(
            "cudnnCreateFilterDescriptor")),
        description(
            make_dnn<cudnnCreateConvolutionDescriptor, cudnnDestroyConvolutionDescriptor, cudnnConvolutionDescriptor_t>(
                "cudnnCreateConvolutionDescriptor")) {
    device.upload(weights, s.weight_count(), weights_.data());
    const auto narrow = [](index_t v) { return static_cast<int>(v); };
    const int k = narrow(s.kernel), padding = narrow(s.padding), stride = narrow(s.stride);
    require_cudnn(cudnnSetFilter4dDescriptor(filter.get(), type, CUDNN_TENSOR_NCHW, narrow(s.out.channels),
                                             narrow(s.group_inputs()), k, k),
                  "cudnnSetFilter4dDescriptor");
    require_cudnn(cudnnSetConvolution2dDescriptor(description.get(), padding, padding, stride, stride, 1, 1,
                                                  CUDNN_CROSS_CORRELATION, type),
                  "cudnnSetConvolution2dDescriptor");
    require_cudnn(cudnnSetConvolutionGroupCount(description.get(), narrow(s.groups)), "cudnnSetConvolutionGroupCount");
    require_cudnn(cudnnSetConvolutionMathType(description.get(), CUDNN_FMA_MATH), "cudnnSetConvolutionMathType");
    add_plan(device, rows);
    index_t smaller = 1;
    while (2 * smaller < rows) smaller *= 2;
    if (rows > 1)
      for (; smaller > 0; smaller /= 2) add_plan(device, smaller);
  }

  void forward(Device& device, const T* x, T* y, index_t rows) {
    const T one = 1, zero = 0;
    for_each_piece(rows, [&](const plan& p, index_t first) {
      require_cudnn(cudnnConvolutionForward(device.dnn(), &one, p.x.get(), x + first * s.in.size(), filter.get(),
                                            weights_.data(), description.get(), p.forward, device.scratch(),
                                            p.forward_bytes, &zero, p.y.get(), y + first * s.out.size()),
                    "cudnnConvolutionForward");
    });
  }

  void input_gradient(Device& device, const T* dy, T* dx, index_t rows) {
    const T one = 1, zero = 0;
    for_each_piece(rows, [&](const plan& p, index_t first) {
      require_cudnn(cudnnConvolutionBackwardData(device.dnn(), &one, filter.get(), weights_.data(), p.y.get(),
                                                 dy + first * s.out.size(), description.get(), backward,
                                                 device.scratch(), p.backward_bytes, &zero, p.x.get(),
                                                 dx + first * s.in.size()),
                    "cudnnConvolutionBackwardData");
    });
  }

private:
  /// Of the algorithms for the input's gradient only this one adds in a fixed order without a transform.
  static constexpr cudnnConvolutionBwdDataAlgo_t backward = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;

  /// What a call for so many images needs.
  struct plan {
    index_t images;
    dnn_tensor x, y;
    cudnnConvolutionFwdAlgo_t forward = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
    std::size_t forward_bytes = 0, backward_bytes = 0;
  };

  static dnn_tensor images_of(const shape& in, index_t images) {
    auto made = make_dnn<cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor, cudnnTensorDescriptor_t>(
        "cudnnCreateTensorDescriptor");
    require_cudnn(cudnnSetTensor4dDescriptor(made.get(), CUDNN_TENSOR_NCHW, type, static_cast<int>(images),
                                             static_cast<int>(in.channels), static_cast<int>(in.height),
                                             static_cast<int>(in.width)),
                  "cudnnSetTensor4dDescriptor");
    return made;
  }

  void add_plan(Device& device, index_t images) {
    plan p{images, images_of(s.in, images), images_of(s.out, images)};
    const auto ask = [&] {
      return cudnnGetConvolutionForwardWorkspaceSize(device.dnn(), p.x.get(), filter.get(), description.get(),
                                                     p.y.get(), p.forward, &p.forward_bytes);
    };
    if (ask() != CUDNN_STATUS_SUCCESS) { // the slower form of the same sums
      p.forward = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
      require_cudnn(ask(), "cudnnGetConvolutionForwardWorkspaceSize");
    }
    require_cudnn(cudnnGetConvolutionBackwardDataWorkspaceSize(device.dnn(), filter.get(), p.y.get(), description.get(),
                                                               p.x.get(), backward, &p.backward_bytes),
                  "cudnnGetConvolutionBackwardDataWorkspaceSize");
    device.reserve(std::max(p.forward_bytes, p.backward_bytes));
    plans.push_back(std::move(p));
  }

  template <class F>
  void for_each_piece(index_t rows, const F& f) const {
    index_t first = 0;
    for (const plan& p : plans)
      for (; rows - first >= p.images; first += p.images) f(p, first);
  }

  convolution_shape s;
  typename Device::template buffer<T> weights_;
  dnn_filter filter;
  dnn_description description;
  std::vector<plan> plans; ///< the largest first
};

} // namespace advx::nn::detail
