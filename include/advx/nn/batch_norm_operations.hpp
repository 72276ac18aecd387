/// @file
/// The code that runs batch norm: in a pass of an attack a multiply-add for each channel, or nothing where the layer
/// before has taken it in; in training the statistics of the images of the pass.
#pragma once

#include <advx/nn/layer_parameters.hpp>
#include <advx/nn/operations.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace advx::nn::detail {

template <class Kernels, class T>
struct operation<Kernels, T, batch_norm, fusion::absorbed, false> : identity_operation {
  operation(const batch_norm&, const shape&, const layer_parameters<T>&) {}
};

template <class Kernels, class T, fusion Fusion>
struct operation<Kernels, T, batch_norm, Fusion, false> : operation_base {
  static constexpr bool moves = false;

  operation(const batch_norm& layer, const shape& in, const layer_parameters<T>& p)
      : size(in.size()),
        channels(in.channels),
        affine(layer, in.channels, p) {}

  template <class State>
  void forward(const T*, T* y, index_t rows, const State&) const {
    const T *scale = affine.scale.data(), *shift = affine.shift.data();
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (T* pixel = y; pixel != y + rows * size; pixel += channels)
        for (index_t c = 0; c < channels; ++c) pixel[c] = pixel[c] * scale[c] + shift[c];
    });
  }
  template <class State>
  void pullback(const T*, T* dx, index_t rows, const State&) const {
    const T* scale = affine.scale.data();
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (T* pixel = dx; pixel != dx + rows * size; pixel += channels)
        for (index_t c = 0; c < channels; ++c) pixel[c] *= scale[c];
    });
  }

  index_t size;
  index_t channels;
  channel_affine<T> affine;
};

/// Sums run in double, over the images and pixels in their order. A pullback follows `add_parameter_gradient` for the
/// same images, whose sums it needs, and takes the input of the forward.
template <class Kernels, class T, fusion Fusion>
struct operation<Kernels, T, batch_norm, Fusion, true> : operation_base {
  operation(const batch_norm& layer, const shape& in, const layer_parameters<T>& p)
      : channels(in.channels),
        pixels(in.pixels()),
        epsilon(layer.epsilon),
        weights(p.weights, p.weights + channels),
        biases(p.biases, p.biases + channels),
        mean(weights.size()),
        variance(weights.size()),
        inverse(weights.size()),
        weight_sum(weights.size()),
        bias_sum(weights.size()) {}

  template <class State>
  void forward(const T* x, T* y, index_t rows, const State&) {
    const index_t n = rows * pixels;
    count = n;
    mean_of(n, mean, [&](index_t p, std::size_t c) { return double(x[p * channels + index_t(c)]); });
    mean_of(n, variance, [&](index_t p, std::size_t c) {
      const double apart = x[p * channels + index_t(c)] - mean[c];
      return apart * apart;
    });
    for (std::size_t c = 0; c < mean.size(); ++c) inverse[c] = 1 / std::sqrt(variance[c] + epsilon);
    for_each(n, [&](index_t i, std::size_t c) { y[i] = static_cast<T>(normal(x[i], c) * weights[c] + biases[c]); });
  }
  void add_parameter_gradient(const T* x, const T* dy, index_t rows) {
    const index_t n = rows * pixels;
    mean_of(n, bias_sum, [&](index_t p, std::size_t c) { return double(dy[p * channels + index_t(c)]); });
    mean_of(n, weight_sum, [&](index_t p, std::size_t c) {
      const index_t i = p * channels + index_t(c);
      return dy[i] * normal(x[i], c);
    });
  }
  /// dx = γ·(dy − mean(dy) − x̂·mean(dy·x̂)) / √(variance + epsilon), x̂ the normalised x.
  void pullback(const T* x, const T* dy, T* dx, index_t rows) const {
    for_each(rows * pixels, [&](index_t i, std::size_t c) {
      const double inner = dy[i] - bias_sum[c] - normal(x[i], c) * weight_sum[c];
      dx[i] = static_cast<T>(weights[c] * inverse[c] * inner);
    });
  }
  void move_parameter_gradient(T* to_weights, T* to_biases) {
    for (std::size_t c = 0; c < mean.size(); ++c) {
      to_weights[c] += static_cast<T>(weight_sum[c] * double(count));
      to_biases[c] += static_cast<T>(bias_sum[c] * double(count));
    }
  }
  /// Adds `share` of the last forward's mean and unbiased variance.
  void add_statistics(double share, double* means, double* variances) const {
    const double unbiased = count > 1 ? double(count) / double(count - 1) : 1;
    for (std::size_t c = 0; c < mean.size(); ++c) {
      means[c] += share * mean[c];
      variances[c] += share * unbiased * variance[c];
    }
  }

private:
  double normal(T x, std::size_t c) const { return (x - mean[c]) * inverse[c]; }

  /// f(position, channel) for the values of n pixels
  template <class F>
  void for_each(index_t n, const F& f) const {
    for (index_t i = 0, p = 0; p < n; ++p)
      for (std::size_t c = 0; c < mean.size(); ++c, ++i) f(i, c);
  }
  /// result[c] = the mean of f(pixel, c)
  template <class F>
  void mean_of(index_t n, std::vector<double>& result, const F& f) const {
    std::fill(result.begin(), result.end(), 0.0);
    for (index_t p = 0; p < n; ++p)
      for (std::size_t c = 0; c < result.size(); ++c) result[c] += f(p, c);
    for (double& value : result) value /= double(n);
  }

  index_t channels;
  index_t pixels;
  double epsilon;
  std::vector<double> weights, biases;
  std::vector<double> mean, variance, inverse; ///< of the last forward, and 1 / √(variance + epsilon)
  std::vector<double> weight_sum, bias_sum;    ///< means of dy·x̂ and dy
  index_t count = 0;                           ///< values of a channel in the last forward
};

} // namespace advx::nn::detail
