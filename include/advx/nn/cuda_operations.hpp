/// @file
/// What each layer and each part of a block does on a device (<advx/nn/cuda_session.hpp> says what a device is).
#pragma once

#include <advx/nn/cuda_unfolded.hpp>
#include <advx/nn/fusion.hpp>
#include <advx/nn/layer_parameters.hpp>

#include <cstdint>
#include <type_traits>

namespace advx::nn {

namespace detail {

/// What an operation's `forward` is given: images `first` and on, whose biases may be still to be added.
template <class T>
struct device_pass {
  const T* x;
  T* y;
  index_t rows;
  index_t first;
  element::bias_view<T> bias;
};
template <class T>
struct device_pullback {
  const T* dy;
  T* dx;
  index_t rows;
  element::row_map row;
};

/// Where an operation stands.
template <class T>
struct device_site {
  shape in;
  shape kept; ///< a join: what it joins with; a turn: x
  layer_parameters<T> parameters;
  index_t capacity; ///< images of a pass, at most
  index_t tile;     ///< images at once, at most
};

/// What every operation on a device says of itself.
struct device_operation_base {
  static constexpr bool identity = false; ///< nothing to compute
  static constexpr bool moves = true;     ///< y may not be x
  static constexpr bool adds_bias = false;
};

/// Without more: dropout, flatten, a ReLU that the pooling layer behind it computes, and a batch norm that the layer
/// before has taken in.
template <class Device, class T, class Layer, fusion Fusion>
struct device_operation : device_operation_base {
  static constexpr bool identity = true;
  static_assert(std::is_same_v<Layer, dropout> || std::is_same_v<Layer, flatten> || std::is_same_v<Layer, relu> ||
                std::is_same_v<Layer, batch_norm>);
  device_operation(Device&, const Layer&, const device_site<T>&) {}
};

template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, linear, Fusion> : device_operation_base {
  device_operation(Device& device, const linear& layer, const device_site<T>& site)
      : inputs(site.in.size()),
        outputs(layer.size),
        weights(device.template allocate<T>(inputs * outputs)),
        biases(device.template allocate<T>(outputs)) {
    device.upload(site.parameters.weights, inputs * outputs, weights.data());
    device.upload(site.parameters.biases, outputs, biases.data());
  }
  void forward(Device& device, const device_pass<T>& p) { // y (rows × outputs) = x · weightsᵀ
    device.multiply(column_products<T>{.m = outputs,
                                       .n = p.rows,
                                       .k = inputs,
                                       .a = {weights.data(), inputs, true},
                                       .b = {p.x, inputs},
                                       .c = p.y,
                                       .c_leading = outputs});
  }
  void pullback(Device& device, const device_pullback<T>& p) { // dx (rows × inputs) = dy · weights
    device.multiply(column_products<T>{.m = inputs,
                                       .n = p.rows,
                                       .k = outputs,
                                       .a = {weights.data(), inputs},
                                       .b = {p.dy, outputs},
                                       .c = p.dx,
                                       .c_leading = inputs});
  }
  element::bias_view<T> bias() const { return {biases.data(), 1}; }

  index_t inputs;
  index_t outputs;
  typename Device::template buffer<T> weights;
  typename Device::template buffer<T> biases;
};

template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, conv2d, Fusion> : device_operation_base {
  device_operation(Device& device, const conv2d& layer, const device_site<T>& site)
      : out(layer.output(site.in)),
        outputs(out.size()),
        kernel(device, convolution_shape(layer, site.in, false), site.parameters.weights, site.tile),
        biases(device.template allocate<T>(out.channels)) {
    device.upload(site.parameters.biases, out.channels, biases.data());
  }
  void forward(Device& device, const device_pass<T>& p) { kernel.forward(device, p.x, p.y, p.rows); }
  void pullback(Device& device, const device_pullback<T>& p) { kernel.input_gradient(device, p.dy, p.dx, p.rows); }
  element::bias_view<T> bias() const { return {biases.data(), static_cast<element::position>(out.pixels())}; }

  shape out;
  index_t outputs;
  typename Device::template convolution<T> kernel;
  typename Device::template buffer<T> biases;
};

/// An activation: adds the bias of the layer before, and keeps `State` for each value of each image.
template <class Device, class State>
struct device_activation : device_operation_base {
  static constexpr bool moves = false;
  static constexpr bool adds_bias = true;

  template <class T>
  device_activation(Device& device, const device_site<T>& site)
      : size(static_cast<element::position>(site.in.size())),
        states(device.template allocate<State>(site.capacity * site.in.size())) {}

  element::position size;
  typename Device::template buffer<State> states;
};

template <class Device, class T, fusion Fusion>
  requires(Fusion != fusion::absorbed)
struct device_operation<Device, T, relu, Fusion> : device_activation<Device, std::uint8_t> {
  device_operation(Device& device, const relu&, const device_site<T>& site)
      : device_activation<Device, std::uint8_t>(device, site) {}
  void forward(Device& device, const device_pass<T>& p) {
    device.each(p.rows, this->size, element::rectify<T>{p.x, p.y, this->size, p.bias, this->states.data(), p.first});
  }
  void pullback(Device& device, const device_pullback<T>& p) {
    device.each(p.rows, this->size, element::rectify_pullback<T>{p.dy, p.dx, this->size, this->states.data(), p.row});
  }
};

template <class Device, class T, class Function>
struct device_smooth : device_activation<Device, T> {
  using device_activation<Device, T>::device_activation;
  void forward(Device& device, const device_pass<T>& p) {
    device.each(p.rows, this->size,
                element::activate<T, Function>{p.x, p.y, this->size, p.bias, this->states.data(), p.first});
  }
  void pullback(Device& device, const device_pullback<T>& p) {
    device.each(p.rows, this->size,
                element::activate_pullback<T, Function>{p.dy, p.dx, this->size, this->states.data(), p.row});
  }
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, sigmoid, Fusion> : device_smooth<Device, T, sigmoid_function> {
  device_operation(Device& device, const sigmoid&, const device_site<T>& site)
      : device_smooth<Device, T, sigmoid_function>(device, site) {}
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, tanh, Fusion> : device_smooth<Device, T, tanh_function> {
  device_operation(Device& device, const tanh&, const device_site<T>& site)
      : device_smooth<Device, T, tanh_function>(device, site) {}
};

template <class Device, class T, class Function>
struct device_bent : device_activation<Device, std::uint8_t> {
  device_bent(Device& device, const device_site<T>& site, const Function& f)
      : device_activation<Device, std::uint8_t>(device, site),
        function(f) {}
  void forward(Device& device, const device_pass<T>& p) {
    device.each(p.rows, this->size,
                element::bend<T, Function>{p.x, p.y, this->size, p.bias, function, this->states.data(), p.first});
  }
  void pullback(Device& device, const device_pullback<T>& p) {
    device.each(p.rows, this->size,
                element::bend_pullback<T, Function>{p.dy, p.dx, this->size, function, this->states.data(), p.row});
  }
  Function function;
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, relu6, Fusion> : device_bent<Device, T, relu6_function<T>> {
  device_operation(Device& device, const relu6&, const device_site<T>& site)
      : device_bent<Device, T, relu6_function<T>>(device, site, {}) {}
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, leaky_relu, Fusion> : device_bent<Device, T, leaky_relu_function<T>> {
  device_operation(Device& device, const leaky_relu& layer, const device_site<T>& site)
      : device_bent<Device, T, leaky_relu_function<T>>(device, site, {static_cast<T>(layer.slope)}) {}
};

template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, softmax, Fusion> : device_activation<Device, T> {
  device_operation(Device& device, const softmax&, const device_site<T>& site)
      : device_activation<Device, T>(device, site),
        in(site.in) {}
  void forward(Device& device, const device_pass<T>& p) {
    device.each(p.rows, in.pixels(), element::softmax_of_pixel<T>{p.x, p.y, in, p.bias, this->states.data(), p.first});
  }
  void pullback(Device& device, const device_pullback<T>& p) {
    device.each(p.rows, in.pixels(), element::softmax_of_pixel_pullback<T>{p.dy, p.dx, in, this->states.data(), p.row});
  }
  element::plane in;
};

template <class Device, class T, fusion Fusion>
  requires(Fusion != fusion::absorbed)
struct device_operation<Device, T, batch_norm, Fusion> : device_operation_base {
  static constexpr bool moves = false;
  static constexpr bool adds_bias = true;

  device_operation(Device& device, const batch_norm& layer, const device_site<T>& site)
      : size(static_cast<element::position>(site.in.size())),
        pixels(static_cast<element::position>(site.in.pixels())),
        scale(device.template allocate<T>(site.in.channels)),
        shift(device.template allocate<T>(site.in.channels)) {
    const channel_affine<T> affine(layer, site.in.channels, site.parameters);
    device.upload(affine.scale.data(), site.in.channels, scale.data());
    device.upload(affine.shift.data(), site.in.channels, shift.data());
  }
  void forward(Device& device, const device_pass<T>& p) {
    device.each(p.rows, size,
                element::channel_multiply_add<T>{p.x, p.y, size, pixels, p.bias, scale.data(), shift.data()});
  }
  void pullback(Device& device, const device_pullback<T>& p) {
    device.each(p.rows, size, element::channel_multiply_add<T>{p.dy, p.dx, size, pixels, {}, scale.data(), nullptr});
  }

  element::position size;
  element::position pixels;
  typename Device::template buffer<T> scale;
  typename Device::template buffer<T> shift;
};

template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, nearest_upsample, Fusion> : device_operation_base {
  device_operation(Device&, const nearest_upsample& layer, const device_site<T>& site)
      : in(site.in),
        factor(static_cast<element::position>(layer.factor)) {}
  void forward(Device& device, const device_pass<T>& p) {
    device.each(p.rows, index_t{in.size()} * factor * factor, element::upsample<T>{p.x, p.y, in, factor});
  }
  void pullback(Device& device, const device_pullback<T>& p) {
    device.each(p.rows, in.size(), element::upsample_pullback<T>{p.dy, p.dx, in, factor});
  }
  element::plane in;
  element::position factor;
};

/// The windows of a pooling layer.
inline element::window pooling_window(const shape& in, const shape& out, index_t height, index_t width, index_t step) {
  const auto narrow = [](index_t v) { return static_cast<element::position>(v); };
  return {element::plane(in), element::plane(out), narrow(height), narrow(width), narrow(step), 0};
}

template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, max_pool2d, Fusion> : device_operation_base {
  static constexpr bool adds_bias = true;

  device_operation(Device& device, const max_pool2d& layer, const device_site<T>& site)
      : window(pooling_window(site.in, layer.output(site.in), layer.size, layer.size, layer.step())),
        places(device.template allocate<std::uint8_t>(site.capacity * window.out.size())) {}
  void forward(Device& device, const device_pass<T>& p) {
    device.each(p.rows, window.out.size(),
                element::largest<T>{p.x, p.y, window, Fusion == fusion::rectified, p.bias, places.data(), p.first});
  }
  void pullback(Device& device, const device_pullback<T>& p) {
    device.each(p.rows, window.in.size(), element::largest_pullback<T>{p.dy, p.dx, window, places.data(), p.row});
  }

  element::window window;
  typename Device::template buffer<std::uint8_t> places;
};

template <class Device, class T>
struct device_mean : device_operation_base {
  explicit device_mean(const element::window& w) : window(w) {}
  void forward(Device& device, const device_pass<T>& p) {
    device.each(p.rows, window.out.size(), element::mean<T>{p.x, p.y, window});
  }
  void pullback(Device& device, const device_pullback<T>& p) {
    device.each(p.rows, window.in.size(), element::mean_pullback<T>{p.dy, p.dx, window});
  }
  element::window window;
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, average_pool2d, Fusion> : device_mean<Device, T> {
  device_operation(Device&, const average_pool2d& layer, const device_site<T>& site)
      : device_mean<Device, T>(pooling_window(site.in, layer.output(site.in), layer.size, layer.size, layer.step())) {}
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, global_average_pool, Fusion> : device_mean<Device, T> {
  device_operation(Device&, const global_average_pool& layer, const device_site<T>& site)
      : device_mean<Device, T>(pooling_window(site.in, layer.output(site.in), site.in.height, site.in.width, 1)) {}
};

/// What a block keeps of a tile beside what flows through it: in a forward values, in a pullback their gradients.
template <class T>
struct device_block {
  T* kept = nullptr;    ///< the first branch's result, or x in a block of one branch
  T* skipped = nullptr; ///< x
};

/// A part of a block that has a buffer.
template <class Device, class T>
struct device_keeper : device_operation_base {
  static constexpr bool moves = false;
  static constexpr bool adds_bias = true;

  device_keeper(Device& device, const device_site<T>& site)
      : size(static_cast<element::position>(site.in.size())),
        buffer(device.template allocate<T>(site.tile * site.in.size())) {}
  /// Keeps x.
  void forward(Device& device, const device_pass<T>& p, const device_block<T>&) {
    device.each(p.rows, size, element::add_bias<T>{p.x, buffer.data(), size, p.bias});
  }

  element::position size;
  typename Device::template buffer<T> buffer;
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, fork, Fusion> : device_keeper<Device, T> {
  device_operation(Device& device, const fork&, const device_site<T>& site) : device_keeper<Device, T>(device, site) {}
  void pullback(Device& device, const device_pullback<T>& p, const device_block<T>& block) {
    device.each(p.rows, this->size, element::add_values<T>{p.dy, block.skipped, p.dx, this->size, {}});
  }
};
template <class Device, class T, bool AfterJoin, fusion Fusion>
struct device_operation<Device, T, turn<AfterJoin>, Fusion> : device_keeper<Device, T> {
  device_operation(Device& device, const turn<AfterJoin>&, const device_site<T>& site)
      : device_keeper<Device, T>(device, site),
        skipped(static_cast<element::position>(site.kept.size())) {}
  /// Leaves dx, which the join has written, where it is kept.
  void pullback(Device& device, const device_pullback<T>& p, const device_block<T>& block) {
    if constexpr (AfterJoin)
      device.each(p.rows, skipped, element::add_values<T>{p.dy, block.skipped, block.skipped, skipped, {}});
    else
      device.copy(p.dy, p.rows * skipped, block.skipped);
  }
  element::position skipped; ///< values of x
};

template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, add_join, Fusion> : device_operation_base {
  static constexpr bool moves = false;
  static constexpr bool adds_bias = true;

  device_operation(Device&, const add_join&, const device_site<T>& site)
      : size(static_cast<element::position>(site.in.size())) {}
  void forward(Device& device, const device_pass<T>& p, const device_block<T>& block) {
    device.each(p.rows, size, element::add_values<T>{p.x, block.kept, p.y, size, p.bias});
  }
  void pullback(Device& device, const device_pullback<T>& p, const device_block<T>& block) {
    device.copy(p.dy, p.rows * size, block.kept);
    if (p.dx != p.dy) device.copy(p.dy, p.rows * size, p.dx);
  }
  element::position size;
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, concatenate_join, Fusion> : device_operation_base {
  static constexpr bool adds_bias = true;

  device_operation(Device&, const concatenate_join&, const device_site<T>& site)
      : before(static_cast<element::position>(site.kept.size())),
        behind(static_cast<element::position>(site.in.size())) {}
  void forward(Device& device, const device_pass<T>& p, const device_block<T>& block) {
    device.each(p.rows, before + behind, element::concatenate<T>{block.kept, p.x, p.y, before, behind, p.bias});
  }
  void pullback(Device& device, const device_pullback<T>& p, const device_block<T>& block) {
    device.each(p.rows, before + behind, element::concatenate_pullback<T>{p.dy, block.kept, p.dx, before, behind});
  }
  element::position before; ///< values of x
  element::position behind; ///< values of the body's result
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, gate_join, Fusion> : device_activation<Device, T> {
  device_operation(Device& device, const gate_join&, const device_site<T>& site)
      : device_activation<Device, T>(device, site),
        aparts(device.template allocate<T>(site.capacity * site.in.size())) {}
  void forward(Device& device, const device_pass<T>& p, const device_block<T>& block) {
    device.each(p.rows, this->size,
                element::gate<T>{p.x, block.kept, block.skipped, p.y, this->size, p.bias, this->states.data(),
                                 aparts.data(), p.first});
  }
  void pullback(Device& device, const device_pullback<T>& p, const device_block<T>& block) {
    device.each(p.rows, this->size,
                element::gate_pullback<T>{p.dy, p.dx, block.kept, block.skipped, this->size, this->states.data(),
                                          aparts.data(), p.row});
  }
  typename Device::template buffer<T> aparts;
};

} // namespace detail

} // namespace advx::nn
