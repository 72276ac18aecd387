// The networks that run_network knows by name.
#pragma once

#include <stdexcept>
#include <string>

#include "nn/zoo.hpp"

namespace cuda_tests {

/// Calls f(network) for the network of this name.
template <class F>
auto with_network(const std::string& name, const F& f) {
  using namespace advx::nn;
  if (name == "softmax_regression") return f(nn_test::randomised(softmax_regression()));
  if (name == "mlp_sigmoid") return f(nn_test::randomised(mlp_sigmoid()));
  if (name == "carlini_wagner_mnist") return f(nn_test::randomised(carlini_wagner_mnist()));
  if (name == "strided")
    return f(nn_test::randomised(sequential{
        shape{4, 13, 11}, conv2d{.channels = 6, .kernel = 3, .padding = 1, .groups = 2}, relu{}, max_pool2d{2},
        conv2d{.channels = 5, .kernel = 3, .stride = 2, .padding = 2}, sigmoid{}, flatten{}, linear{4}}));
  throw std::invalid_argument(name);
}

} // namespace cuda_tests
