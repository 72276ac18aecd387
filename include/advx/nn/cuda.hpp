/// @file
/// Networks on backend::thrust<system::cuda>, for .cu files: the same layers and weights, linear layers by cuBLAS,
/// convolution by cuDNN where ADVX_WITH_CUDNN is defined, as the CMake target advx::nn_thrust_cuda does where it finds
/// it, otherwise as unfolded images and cuBLAS; the rest by kernels of this library. Pooling is among the latter: fused
/// with the bias and the ReLU before it, it reads and writes less than cuDNN's, and of equal values the first wins, as
/// on the host.
///
/// No pass waits for the device or allocates. Define ADVX_WITH_CUDNN in all translation units of a program or in none.
#pragma once

#include <advx/nn/cuda_device.hpp>
#include <advx/nn/cuda_session.hpp>
#include <advx/nn/sequential.hpp>

namespace advx::nn {

template <>
struct opener<backend::thrust<backend::system::cuda>> {
  using backend_type = backend::thrust<backend::system::cuda>;

  template <class Network>
  static auto session(const backend_type& backend, const Network& network, index_t capacity) {
    return open_on_device(detail::cuda_device(backend, capacity), network, capacity);
  }
  template <class Network>
  static auto training_session(const backend_type&, const Network&, index_t) {
    static_assert(sizeof(Network) == 0, "advx: networks are trained on the host: open the training session on "
                                        "backend::xtensor or backend::thrust<system::omp>");
  }
};

} // namespace advx::nn
