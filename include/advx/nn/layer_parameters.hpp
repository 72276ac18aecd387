/// @file
/// The parameters of one layer as sessions get them, and batch norm as what it is once its statistics are fixed: a
/// multiply-add for each channel.
#pragma once

#include <advx/nn/layers.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace advx::nn::detail {

/// Null where the layer has none. Batch norm has a value of each for each channel.
template <class T>
struct layer_parameters {
  const T* weights = nullptr;
  const T* biases = nullptr;
  const T* means = nullptr;
  const T* variances = nullptr;
};

/// Channel c becomes scale[c]·x + shift[c].
template <class T>
struct channel_affine {
  std::vector<T> scale, shift;

  channel_affine(const batch_norm& layer, index_t channels, const layer_parameters<T>& p) {
    for (index_t c = 0; c < channels; ++c) {
      const double factor = p.weights[c] / std::sqrt(p.variances[c] + layer.epsilon);
      scale.push_back(static_cast<T>(factor));
      shift.push_back(static_cast<T>(p.biases[c] - p.means[c] * factor));
    }
  }
};

/// The weights of a convolution or linear layer that have taken in the batch norm behind it.
template <class T>
struct normalised_weights {
  std::vector<T> weights, biases;

  /// `extents` are those of the weights, the output channels first.
  normalised_weights(const layer_parameters<T>& p, const std::vector<index_t>& extents, const batch_norm& layer,
                     const layer_parameters<T>& norm) {
    const index_t channels = extents[0];
    index_t each = 1;
    for (std::size_t axis = 1; axis < extents.size(); ++axis) each *= extents[axis];
    weights.assign(p.weights, p.weights + channels * each);
    biases.assign(p.biases, p.biases + channels);
    for (index_t c = 0; c < channels; ++c) {
      const double factor = norm.weights[c] / std::sqrt(norm.variances[c] + layer.epsilon);
      for (index_t i = c * each; i < (c + 1) * each; ++i) {
        T& w = weights[static_cast<std::size_t>(i)];
        w = static_cast<T>(w * factor);
      }
      T& b = biases[static_cast<std::size_t>(c)];
      b = static_cast<T>((b - norm.means[c]) * factor + norm.biases[c]);
    }
  }
};

} // namespace advx::nn::detail
