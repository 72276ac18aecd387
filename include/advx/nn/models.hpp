/// @file
/// Networks of the papers, ready to be trained or loaded.
#pragma once

#include <advx/nn/sequential.hpp>

namespace advx::nn {

/// One linear layer: scores = W·x + b.
inline auto softmax_regression(index_t inputs = 784, index_t classes = 10) {
  return sequential{shape{inputs, 1, 1}, linear{classes}};
}

/// 784-100-100-10 with sigmoids, as in Szegedy et al. (2014).
inline auto mlp_sigmoid(index_t inputs = 784, index_t classes = 10) {
  return sequential{shape{inputs, 1, 1}, linear{100}, sigmoid{}, linear{100}, sigmoid{}, linear{classes}};
}

namespace detail {

inline auto carlini_wagner(const shape& in, index_t narrow, index_t wide, index_t hidden) {
  return sequential{in,           conv2d{narrow}, relu{}, conv2d{narrow}, relu{},    max_pool2d{2},  conv2d{wide},
                    relu{},       conv2d{wide},   relu{}, max_pool2d{2},  flatten{}, linear{hidden}, relu{},
                    dropout{0.5}, linear{hidden}, relu{}, linear{10}};
}

} // namespace detail

/// The 28 × 28 digits' network of Carlini & Wagner (2017): 2 × conv32, pool, 2 × conv64, pool, 2 × fc200, fc10; 312,202
/// parameters.
inline auto carlini_wagner_mnist() { return detail::carlini_wagner({1, 28, 28}, 32, 64, 200); }

/// The 3 × 32 × 32 images' network of Carlini & Wagner (2017): 2 × conv64, pool, 2 × conv128, pool, 2 × fc256, fc10.
inline auto carlini_wagner_cifar() { return detail::carlini_wagner({3, 32, 32}, 64, 128, 256); }

namespace detail {

/// A residual block that halves height and width.
inline auto halving_block(index_t channels) {
  return sum{branch{conv2d{.channels = channels, .stride = 2, .padding = 1}, batch_norm{}, relu{},
                    conv2d{.channels = channels, .padding = 1}, batch_norm{}},
             branch{conv2d{.channels = channels, .kernel = 1, .stride = 2}, batch_norm{}}};
}

} // namespace detail

/// A residual network with eight layers of weights for 3 × 32 × 32 images (He et al., 2016, section 4.2 with n = 1,
/// whose shape-changing blocks have 1 × 1 convolutions in the way around): 16, 32 and 64 channels, batch norm, a global
/// mean; 78,378 parameters.
inline auto resnet8_cifar(index_t classes = 10) {
  return sequential{shape{3, 32, 32},
                    conv2d{.channels = 16, .padding = 1},
                    batch_norm{},
                    relu{},
                    residual{conv2d{.channels = 16, .padding = 1}, batch_norm{}, relu{},
                             conv2d{.channels = 16, .padding = 1}, batch_norm{}},
                    relu{},
                    detail::halving_block(32),
                    relu{},
                    detail::halving_block(64),
                    relu{},
                    global_average_pool{},
                    linear{classes}};
}

} // namespace advx::nn
