/// @file
/// The layers: aggregates whose type is the kind and whose fields are the numbers. A layer says what shape it makes,
/// and why not if it cannot; `nn::session` holds the code that runs it.
///
/// `fault(in)` is empty for a shape that the layer accepts, otherwise the second half of an error message.
#pragma once

#include <advx/nn/shape.hpp>

#include <string>
#include <vector>

namespace advx::nn {

namespace detail {

/// Positions of a window of `size` with this stride over `extent` values and `padding` zeros at both ends.
constexpr index_t window_count(index_t extent, index_t size, index_t stride, index_t padding) noexcept {
  return (extent + 2 * padding - size) / stride + 1;
}

inline std::string window_fault(const shape& in, index_t size, index_t stride, index_t padding) {
  if (size < 1) return "the window's size is " + std::to_string(size) + "; it must be at least 1";
  if (stride < 1) return "the stride is " + std::to_string(stride) + "; it must be at least 1";
  if (padding < 0 || padding >= size)
    return "the padding is " + std::to_string(padding) + "; it must be at least 0 and less than the window's size, " +
           std::to_string(size);
  if (in.height + 2 * padding < size || in.width + 2 * padding < size)
    return "a window of size " + std::to_string(size) + " does not fit the input of shape " + to_string(in) +
           "; use a smaller window, or padding";
  return {};
}

} // namespace detail

/// y = W·x + b for flat x. W is size × inputs.
struct linear {
  index_t size = 0; ///< values that come out, at least 1

  static constexpr const char* name = "linear";
  std::string fault(const shape& in) const {
    if (size < 1) return "its size is " + std::to_string(size) + "; it must be at least 1";
    if (!in.flat()) return "its input has the shape " + to_string(in) + "; put nn::flatten before it";
    return {};
  }
  shape output(const shape&) const { return {size, 1, 1}; }
  std::vector<index_t> weight_shape(const shape& in) const { return {size, in.channels}; }
};

/// Cross-correlation with square kernels, and a bias a channel. The weights are channels × (input channels / groups) ×
/// kernel × kernel.
struct conv2d {
  index_t channels = 0; ///< channels that come out, a multiple of groups
  index_t kernel = 3;   ///< height and width of the window
  index_t stride = 1;
  index_t padding = 0; ///< zeros at each border, less than kernel
  index_t groups = 1;  ///< output channels see only the input channels of their group

  static constexpr const char* name = "conv2d";
  std::string fault(const shape& in) const {
    if (channels < 1) return "it has " + std::to_string(channels) + " channels; it needs at least 1";
    if (groups < 1 || channels % groups != 0 || in.channels % groups != 0)
      return std::to_string(groups) + " groups do not divide its " + std::to_string(channels) +
             " channels and the input's " + std::to_string(in.channels) + "; choose a common divisor";
    return detail::window_fault(in, kernel, stride, padding);
  }
  shape output(const shape& in) const {
    return {channels, detail::window_count(in.height, kernel, stride, padding),
            detail::window_count(in.width, kernel, stride, padding)};
  }
  std::vector<index_t> weight_shape(const shape& in) const { return {channels, in.channels / groups, kernel, kernel}; }
};

/// The largest value of each window; of equal ones the first gets the gradient.
struct max_pool2d {
  index_t size = 2;   ///< height and width of the window, at most 15
  index_t stride = 0; ///< 0 stands for size

  static constexpr const char* name = "max_pool2d";
  constexpr index_t step() const noexcept { return stride == 0 ? size : stride; }
  std::string fault(const shape& in) const {
    if (size > 15) return "the window's size is " + std::to_string(size) + "; it must be at most 15";
    return detail::window_fault(in, size, step(), 0);
  }
  shape output(const shape& in) const {
    return {in.channels, detail::window_count(in.height, size, step(), 0),
            detail::window_count(in.width, size, step(), 0)};
  }
};

/// The mean of each window.
struct average_pool2d {
  index_t size = 2;
  index_t stride = 0; ///< 0 stands for size

  static constexpr const char* name = "average_pool2d";
  constexpr index_t step() const noexcept { return stride == 0 ? size : stride; }
  std::string fault(const shape& in) const { return detail::window_fault(in, size, step(), 0); }
  shape output(const shape& in) const {
    return {in.channels, detail::window_count(in.height, size, step(), 0),
            detail::window_count(in.width, size, step(), 0)};
  }
};

/// The mean of each channel.
struct global_average_pool {
  static constexpr const char* name = "global_average_pool";
  std::string fault(const shape&) const { return {}; }
  shape output(const shape& in) const { return {in.channels, 1, 1}; }
};

/// In training each value is zeroed with probability `rate` and otherwise multiplied by 1 / (1 − rate); an attack or
/// an evaluation sees the identity.
struct dropout {
  double rate = 0.5; ///< in [0, 1)

  static constexpr const char* name = "dropout";
  std::string fault(const shape&) const {
    return rate >= 0 && rate < 1 ? std::string{} : "the rate is " + std::to_string(rate) + "; it must be in [0, 1)";
  }
  shape output(const shape& in) const { return in; }
};

/// y = (x − mean)·γ / √(variance + epsilon) + β for each channel (Ioffe & Szegedy, 2015). γ are the layer's weights, β
/// its biases.
///
/// An attack or an evaluation takes the running mean and variance, and a convolution or linear layer just before takes
/// the whole into its weights. Training takes those of the images that a session passes at once (all pixels; the
/// variance divides by their number), and `train` moves the running ones: running ← (1 − momentum)·running +
/// momentum·batch, where the batch's variance divides by one less, as in PyTorch.
struct batch_norm {
  double momentum = 0.1; ///< of the running mean and variance, in (0, 1]
  double epsilon = 1e-5; ///< above 0

  static constexpr const char* name = "batch_norm";
  std::string fault(const shape&) const {
    if (!(momentum > 0 && momentum <= 1))
      return "the momentum is " + std::to_string(momentum) + "; it must be above 0 and at most 1";
    return epsilon > 0 ? std::string{} : "epsilon is " + std::to_string(epsilon) + "; it must be above 0";
  }
  shape output(const shape& in) const { return in; }
  std::vector<index_t> weight_shape(const shape& in) const { return {in.channels}; }
};

/// Each pixel becomes factor × factor pixels.
struct nearest_upsample {
  index_t factor = 2; ///< in [1, 64]

  static constexpr const char* name = "nearest_upsample";
  std::string fault(const shape&) const {
    return factor >= 1 && factor <= 64 ? std::string{}
                                       : "the factor is " + std::to_string(factor) + "; it must be in [1, 64]";
  }
  shape output(const shape& in) const { return {in.channels, in.height * factor, in.width * factor}; }
};

/// eˣ over its sum, over each pixel's channels. As the last layer it makes the network's scores probabilities, which
/// the network's type says; it then needs a flat input. Train the network without it, and load the weights into one
/// with it.
struct softmax {
  static constexpr const char* name = "softmax";
  std::string fault(const shape&) const { return {}; }
  shape output(const shape& in) const { return in; }
};

/// Channels × height × width values as one vector, in that order.
struct flatten {
  static constexpr const char* name = "flatten";
  std::string fault(const shape&) const { return {}; }
  shape output(const shape& in) const { return {in.size(), 1, 1}; }
};

namespace detail {

/// A function of each value.
struct activation {
  std::string fault(const shape&) const { return {}; }
  shape output(const shape& in) const { return in; }
};

} // namespace detail

/// max(0, x); its gradient at 0 is 0.
struct relu : detail::activation {
  static constexpr const char* name = "relu";
};
/// min(max(0, x), 6); its gradient at 0 and 6 is 0.
struct relu6 : detail::activation {
  static constexpr const char* name = "relu6";
};
/// x where it is above 0, otherwise slope·x; its gradient at 0 is the slope.
struct leaky_relu {
  double slope = 0.01; ///< finite

  static constexpr const char* name = "leaky_relu";
  std::string fault(const shape&) const {
    return slope - slope == 0 ? std::string{} : "the slope is " + std::to_string(slope) + "; it must be finite";
  }
  shape output(const shape& in) const { return in; }
};
/// 1 / (1 + e⁻ˣ)
struct sigmoid : detail::activation {
  static constexpr const char* name = "sigmoid";
};
struct tanh : detail::activation {
  static constexpr const char* name = "tanh";
};

namespace detail {

/// Has the layer weights and biases? (Of batch norm: γ and β.)
template <class Layer>
concept has_parameters = requires(const Layer& layer, const shape& in) {
  layer.weight_shape(in);
};

} // namespace detail

} // namespace advx::nn
