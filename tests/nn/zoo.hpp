// What the tests of networks share: random batches, one pass, small nets with every kind of layer. CUDA's tests include
// it too: no third party here.
#pragma once

#include <advx/core/batch.hpp>
#include <advx/nn/models.hpp>

#include <cmath>
#include <numeric>
#include <vector>

namespace nn_test {

using advx::batch;
using advx::index_t;
namespace nn = advx::nn;

/// Uniform in [−1, 1).
template <class T>
batch<T> random_batch(index_t rows, index_t cols, std::uint64_t seed) {
  batch<T> result(rows, cols);
  const advx::kernel::random_stream random{seed, 0, 7};
  for (index_t i = 0; i < rows * cols; ++i)
    result.values[static_cast<std::size_t>(i)] = T(2) * random.uniform<T>(i) - T(1);
  return result;
}

inline std::vector<index_t> all_rows(index_t n) {
  std::vector<index_t> rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

/// Weights and biases away from 0, so that every unit matters; batch norms far from the identity.
template <class Network>
Network randomised(Network net, std::uint64_t seed = 5) {
  net.initialize(seed);
  for (std::size_t l = 0; l < Network::layer_count; ++l) {
    const advx::kernel::random_stream random{seed, static_cast<std::uint32_t>(l), 9};
    index_t i = 0;
    for (auto& b : net.biases(l)) b = static_cast<typename Network::scalar>(0.2 * (random.uniform<double>(i++) - 0.5));
    if (net.running_mean(l).empty()) continue;
    for (auto& w : net.weights(l)) w = static_cast<typename Network::scalar>(random.uniform<double>(i++) + 0.5);
    for (auto& m : net.running_mean(l)) m = static_cast<typename Network::scalar>(random.uniform<double>(i++) - 0.5);
    for (auto& v : net.running_variance(l))
      v = static_cast<typename Network::scalar>(random.uniform<double>(i++) + 0.1);
  }
  return net;
}

template <class T>
struct pass {
  batch<T> scores;
  batch<T> gradient;
};

/// One forward and one pullback of all rows in a new session.
template <class Network, class Backend>
auto run(const Network& net, Backend& backend, const batch<typename Network::scalar>& x,
         const batch<typename Network::scalar>& dz) {
  using T = typename Network::scalar;
  pass<T> result{batch<T>(x.rows(), net.class_count()), batch<T>(x.rows(), x.cols())};
  auto session = net.session(backend, x.rows());
  session.forward(x.view(), result.scores.view());
  session.pullback(all_rows(x.rows()), dz.view(), result.gradient.view());
  return result;
}

/// Largest difference over the largest magnitude.
template <class A, class B>
double relative_difference(const std::vector<A>& a, const std::vector<B>& b) {
  double difference = 0, magnitude = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = std::max(difference, std::abs(double(a[i]) - double(b[i])));
    magnitude = std::max(magnitude, std::abs(double(b[i])));
  }
  return magnitude == 0 ? difference : difference / magnitude;
}

/// Calls f(name, network) for nets of precision T that between them hold every layer and option.
template <class T, class F>
void for_each_network(const F& f) {
  const auto call = [&](const char* name, auto net) { f(name, randomised(net).template as<T>()); };
  using namespace nn;
  call("linear", sequential{shape{7, 1, 1}, linear{5}});
  call("linear relu", sequential{shape{9, 1, 1}, linear{13}, relu{}, linear{4}});
  call("linear sigmoid tanh", sequential{shape{9, 1, 1}, linear{70}, sigmoid{}, linear{17}, nn::tanh{}, linear{4}});
  call("flatten first", sequential{shape{2, 3, 4}, flatten{}, linear{5}});
  call("relu first", sequential{shape{2, 3, 4}, relu{}, flatten{}, linear{5}});
  call("conv", sequential{shape{1, 8, 7}, conv2d{5}, flatten{}, linear{3}});
  call("conv relu", sequential{shape{3, 8, 7}, conv2d{6}, relu{}, flatten{}, linear{3}});
  call("conv stride padding", sequential{shape{6, 9, 8}, conv2d{.channels = 5, .kernel = 3, .stride = 2, .padding = 1},
                                         relu{}, flatten{}, linear{3}});
  call("conv groups", sequential{shape{12, 7, 7}, conv2d{.channels = 18, .kernel = 3, .padding = 1, .groups = 2},
                                 nn::tanh{}, conv2d{.channels = 18, .kernel = 3, .groups = 18}, flatten{}, linear{3}});
  call("conv 5x5 then 1x1", sequential{shape{2, 9, 9}, conv2d{.channels = 8, .kernel = 5}, sigmoid{},
                                       conv2d{.channels = 9, .kernel = 1}, flatten{}, linear{3}});
  call("conv relu max pool", sequential{shape{2, 9, 9}, conv2d{8}, relu{}, max_pool2d{}, flatten{}, linear{3}});
  call("max pool odd", sequential{shape{5, 7, 9}, max_pool2d{.size = 2}, flatten{}, linear{3}});
  call("max pool overlapping",
       sequential{shape{2, 9, 9}, conv2d{4}, max_pool2d{.size = 3, .stride = 2}, flatten{}, linear{3}});
  call("average pools", sequential{shape{3, 9, 9}, average_pool2d{.size = 3, .stride = 2}, conv2d{7}, relu{},
                                   global_average_pool{}, linear{3}});
  call("no linear layer", sequential{shape{3, 6, 6}, conv2d{4}, nn::tanh{}, global_average_pool{}});
  call("scores are an image", sequential{shape{3, 6, 6}, conv2d{4}, relu{}, max_pool2d{}, flatten{}});
  call("dropout is the identity", sequential{shape{2, 4, 4}, dropout{0.3}, conv2d{4}, relu{}, dropout{}, flatten{},
                                             linear{6}, dropout{}, relu{}, linear{3}});
  call("relu6, leaky relu",
       sequential{shape{2, 5, 5}, conv2d{4}, relu6{}, flatten{}, linear{6}, leaky_relu{0.2}, linear{3}});
  call("batch norms, alone and in the layer before",
       sequential{shape{3, 6, 6}, batch_norm{}, conv2d{5}, batch_norm{}, relu{}, conv2d{.channels = 6, .kernel = 1},
                  batch_norm{}, relu{}, max_pool2d{}, flatten{}, batch_norm{.epsilon = 0.01}, linear{7}, batch_norm{},
                  sigmoid{}, linear{3}});
  call("flat batch norm", sequential{shape{2, 2, 2}, flatten{}, linear{5}, batch_norm{}, nn::tanh{}, linear{3}});
  call("softmaxes", sequential{shape{3, 4, 4}, conv2d{4}, softmax{}, flatten{}, linear{5}, softmax{}});
  call("upsampling", sequential{shape{2, 3, 4}, nearest_upsample{2}, conv2d{3}, nearest_upsample{3}, nn::tanh{},
                                flatten{}, linear{3}});
  const conv2d keeping{.channels = 3, .padding = 1};
  call("residual in residual", sequential{shape{3, 5, 6}, residual{keeping, relu{}, residual{relu{}, keeping}}, relu{},
                                          residual{nn::tanh{}}, flatten{}, linear{3}});
  call("sums of branches", sequential{shape{3, 7, 6},
                                      sum{branch{conv2d{.channels = 5, .stride = 2}, batch_norm{}, relu{},
                                                 conv2d{.channels = 5, .padding = 1}, batch_norm{}},
                                          branch{conv2d{.channels = 5, .kernel = 3, .stride = 2}, batch_norm{}}},
                                      relu{}, sum{branch{}, branch{nn::tanh{}}}, global_average_pool{}, linear{3}});
  call("dense blocks",
       sequential{shape{2, 5, 4}, dense_block{batch_norm{}, relu{}, conv2d{.channels = 3, .padding = 1}},
                  dense_block{dense_block{nn::tanh{}, keeping}, relu{}}, max_pool2d{}, flatten{},
                  dense_block{linear{4}, relu{}}, linear{3}});
  call("highways", sequential{shape{3, 3, 3}, highway{keeping, keeping, relu{}}, flatten{},
                              highway{linear{27}, linear{27}, nn::tanh{}}, linear{3}});
  call("flat blocks", sequential{shape{6, 1, 1}, residual{linear{6}, relu{}, highway{linear{6}, linear{6}, relu{}}},
                                 sum{branch{linear{4}, nn::tanh{}}, branch{linear{4}}}, dense_block{linear{3}}});
  call("scores out of a block", sequential{shape{2, 4, 5}, dropout{}, conv2d{3}, residual{relu{}, keeping}, dropout{}});
}

} // namespace nn_test
