/// @file
/// The passes of a network on a device that runs a step for all images at once. The device is a type, so that the same
/// code runs on CUDA (<advx/nn/cuda.hpp>) and, with loops for kernels, in the tests.
///
/// A device is a movable class with
///   buffer<T>, allocate<T>(n), upload(host, n, device);
///   tile_bytes               what the activations of one layer may take, at most, as long as they are several images';
///   copy(from, n, to)        on the device;
///   reserve(bytes), scratch() working memory that calls share; reserve is called in constructors only;
///   each(rows, count, f)     f(r, j) for r in [0, rows), j in [0, count), at once;
///   multiply(products)       column_products;
///   rows(span)               a row_map of rows that do not follow one another;
///   begin()                  before each pass;
///   convolution<T>           like unfolded_convolution.
/// All of it but `allocate` and `reserve` is ordered and waits for nothing.
#pragma once

#include <advx/nn/cuda_unfolded.hpp>
#include <advx/nn/pass_limits.hpp>
#include <advx/nn/session.hpp>

#include <array>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

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

/// What every operation on a device says of itself.
struct device_operation_base {
  static constexpr bool identity = false; ///< nothing to compute
  static constexpr bool moves = true;     ///< y may not be x
  static constexpr bool adds_bias = false;
};

/// Without more: dropout, flatten, and a ReLU that the pooling layer behind it computes.
template <class Device, class T, class Layer, fusion Fusion>
struct device_operation : device_operation_base {
  static constexpr bool identity = true;
  static_assert(std::is_same_v<Layer, dropout> || std::is_same_v<Layer, flatten> || std::is_same_v<Layer, relu>);
  device_operation(Device&, const Layer&, const shape&, const T*, const T*, index_t, index_t) {}
};

template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, linear, Fusion> : device_operation_base {
  device_operation(Device& device, const linear& layer, const shape& in, const T* host_weights, const T* host_biases,
                   index_t, index_t)
      : inputs(in.size()),
        outputs(layer.size),
        weights(device.template allocate<T>(inputs * outputs)),
        biases(device.template allocate<T>(outputs)) {
    device.upload(host_weights, inputs * outputs, weights.data());
    device.upload(host_biases, outputs, biases.data());
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
  device_operation(Device& device, const conv2d& layer, const shape& in, const T* host_weights, const T* host_biases,
                   index_t, index_t tile)
      : out(layer.output(in)),
        outputs(out.size()),
        kernel(device, convolution_shape(layer, in, false), host_weights, tile),
        biases(device.template allocate<T>(out.channels)) {
    device.upload(host_biases, out.channels, biases.data());
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

  device_activation(Device& device, const shape& in, index_t capacity)
      : size(static_cast<element::position>(in.size())),
        states(device.template allocate<State>(capacity * in.size())) {}

  element::position size;
  typename Device::template buffer<State> states;
};

template <class Device, class T, fusion Fusion>
  requires(Fusion != fusion::absorbed)
struct device_operation<Device, T, relu, Fusion> : device_activation<Device, std::uint8_t> {
  device_operation(Device& device, const relu&, const shape& in, const T*, const T*, index_t capacity, index_t)
      : device_activation<Device, std::uint8_t>(device, in, capacity) {}
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
  device_operation(Device& device, const sigmoid&, const shape& in, const T*, const T*, index_t capacity, index_t)
      : device_smooth<Device, T, sigmoid_function>(device, in, capacity) {}
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, tanh, Fusion> : device_smooth<Device, T, tanh_function> {
  device_operation(Device& device, const tanh&, const shape& in, const T*, const T*, index_t capacity, index_t)
      : device_smooth<Device, T, tanh_function>(device, in, capacity) {}
};

/// The windows of a pooling layer.
inline element::window pooling_window(const shape& in, const shape& out, index_t height, index_t width, index_t step) {
  const auto narrow = [](index_t v) { return static_cast<element::position>(v); };
  return {element::plane(in), element::plane(out), narrow(height), narrow(width), narrow(step), 0};
}

template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, max_pool2d, Fusion> : device_operation_base {
  static constexpr bool adds_bias = true;

  device_operation(Device& device, const max_pool2d& layer, const shape& in, const T*, const T*, index_t capacity,
                   index_t)
      : window(pooling_window(in, layer.output(in), layer.size, layer.size, layer.step())),
        places(device.template allocate<std::uint8_t>(capacity * window.out.size())) {}
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
  device_operation(Device&, const average_pool2d& layer, const shape& in, const T*, const T*, index_t, index_t)
      : device_mean<Device, T>(pooling_window(in, layer.output(in), layer.size, layer.size, layer.step())) {}
};
template <class Device, class T, fusion Fusion>
struct device_operation<Device, T, global_average_pool, Fusion> : device_mean<Device, T> {
  device_operation(Device&, const global_average_pool& layer, const shape& in, const T*, const T*, index_t, index_t)
      : device_mean<Device, T>(pooling_window(in, layer.output(in), in.height, in.width, 1)) {}
};

} // namespace detail

/// A network opened on a device; the views of its passes point to the device's memory. Made by `sequential::session`.
///
/// It uploads its own copy of the weights, once. Each layer computes all images of a tile before the next layer begins;
/// a tile is what fits the device's tile_bytes, often the whole pass. Of a forward only what the gradients need is kept
/// for all images. A pullback of rows that follow one another, such as all of them, needs no gathering.
///
/// Rows are not padded, and libraries choose a product's code, and with it the last bits, by the number of rows: a row
/// may have other bits in another batch, within the roundings of its sums.
template <class Device, class T, class... Layers>
class device_session {
  static constexpr std::size_t layer_count = sizeof...(Layers);
  template <std::size_t L>
  using layer_at = std::tuple_element_t<L, std::tuple<Layers...>>;
  template <std::size_t L>
  using operation_at = detail::device_operation<Device, T, layer_at<L>, detail::fusion_of<Layers...>(L)>;
  template <std::size_t... L>
  static auto tuple_of_operations(std::index_sequence<L...>) -> std::tuple<operation_at<L>...>;
  using operation_tuple = decltype(tuple_of_operations(std::index_sequence_for<Layers...>{}));

  struct facts {
    std::size_t first_working = layer_count; ///< the first layer that computes something
    std::size_t last_working = layer_count;
    std::array<bool, layer_count> bias_taken{}; ///< does the next working layer add this one's bias?
  };
  static constexpr facts known = []<std::size_t... L>(std::index_sequence<L...>) {
    constexpr std::array<bool, layer_count> idle{operation_at<L>::identity...};
    constexpr std::array<bool, layer_count> adds{operation_at<L>::adds_bias...};
    facts result;
    bool next_adds = false;
    for (std::size_t l = layer_count; l-- > 0;) {
      if (idle[l]) continue;
      result.first_working = l;
      if (result.last_working == layer_count) result.last_working = l;
      result.bias_taken[l] = next_adds;
      next_adds = adds[l];
    }
    return result;
  }
  (std::index_sequence_for<Layers...>{});

public:
  /// The same image has the same bits only in the same place of a batch of the same size.
  static constexpr bool row_invariant = false;

  /// `network` is a sequential<T, Layers...>. @throws argument_error for a capacity below 1
  template <class Network>
  device_session(Device device, const Network& network, index_t capacity)
      : limits(network.input_size(), network.class_count(), capacity),
        device_(std::move(device)),
        tile(tile_for(network, capacity)),
        operations(make_operations(network, std::index_sequence_for<Layers...>{})) {
    for (auto& b : buffers) b = device_.template allocate<T>(tile * widest(network));
  }

  /// Writes the scores of images.rows ≤ capacity images; the views point to the device's memory.
  /// @throws argument_error for more images than the capacity, or rows of the wrong length
  void forward(batch_view<const T> images, batch_view<T> scores) {
    limits.begin_forward(images, scores);
    device_.begin();
    for (index_t first = 0; first < images.rows; first += tile) {
      const index_t rows = std::min(tile, images.rows - first);
      cursor c{images.row(first), scores.row(first)};
      element_bias bias{};
      if constexpr (known.first_working == layer_count)
        device_.copy(c.from, rows * limits.inputs, c.last);
      else
        [&]<std::size_t... L>(std::index_sequence<L...>) { (forward_layer<L>(c, bias, rows, first), ...); }
      (std::index_sequence_for<Layers...>{});
    }
  }

  /// Row i of `gradient` = Jᵀ·(row i of `cotangent`) at image rows[i] of the last `forward`, for any of its rows.
  /// `rows` is the host's.
  /// @throws argument_error for a row that the last forward did not have, or wrong shapes
  void pullback(std::span<const index_t> rows, batch_view<const T> cotangent, batch_view<T> gradient) {
    limits.check_pullback(rows, cotangent, gradient);
    if (rows.empty()) return;
    device_.begin();
    const auto row = follow_one_another(rows) ? detail::element::row_map{nullptr, rows[0]} : device_.rows(rows);
    for (index_t first = 0; first < cotangent.rows; first += tile) {
      const index_t count = std::min(tile, cotangent.rows - first);
      cursor c{cotangent.row(first), gradient.row(first)};
      if constexpr (known.first_working == layer_count)
        device_.copy(c.from, count * limits.inputs, c.last);
      else
        [&]<std::size_t... Back>(std::index_sequence<Back...>) {
          (pullback_layer<layer_count - 1 - Back>(c, count, row.from(first)), ...);
        }
      (std::index_sequence_for<Layers...>{});
    }
  }

private:
  using element_bias = detail::element::bias_view<T>;

  /// Where a pass stands: values go from the caller's memory through the two buffers in turn to the caller's memory.
  struct cursor {
    const T* from;
    T* last;
    T* own = nullptr; ///< `from`, where it is a buffer
    std::size_t next = 0;
  };

  /// Where the layer's result goes.
  T* target(cursor& c, bool moves, bool is_last) {
    if (is_last) return c.last;
    if (moves || c.own == nullptr) {
      c.own = buffers[c.next].data();
      c.next = 1 - c.next;
    }
    return c.own;
  }

  template <std::size_t L>
  void forward_layer(cursor& c, element_bias& bias, index_t rows, index_t first) {
    if constexpr (!operation_at<L>::identity) {
      auto& operation = std::get<L>(operations);
      T* y = target(c, operation.moves, L == known.last_working);
      operation.forward(device_, {c.from, y, rows, first, bias});
      bias = {};
      if constexpr (detail::has_parameters<layer_at<L>>) {
        if constexpr (known.bias_taken[L]) {
          bias = operation.bias();
        } else {
          const auto size = static_cast<detail::element::position>(operation.outputs);
          device_.each(rows, operation.outputs, detail::element::add_bias<T>{y, y, size, operation.bias()});
        }
      }
      c.from = y;
    }
  }

  template <std::size_t L>
  void pullback_layer(cursor& c, index_t rows, const detail::element::row_map& row) {
    if constexpr (!operation_at<L>::identity) {
      auto& operation = std::get<L>(operations);
      T* dx = target(c, operation.moves, L == known.first_working);
      operation.pullback(device_, {c.from, dx, rows, row});
      c.from = dx;
    }
  }

  static bool follow_one_another(std::span<const index_t> rows) {
    for (std::size_t i = 1; i < rows.size(); ++i)
      if (rows[i] != rows[0] + static_cast<index_t>(i)) return false;
    return true;
  }

  /// Values of an image in a buffer, at most; 0 where no layer needs one.
  template <class Network>
  static index_t widest(const Network& network) {
    index_t most = 0;
    for (std::size_t l = known.last_working; l > known.first_working; --l)
      most = std::max(most, network.shape_at(l).size());
    return most;
  }
  template <class Network>
  static index_t tile_for(const Network& network, index_t capacity) {
    constexpr index_t most_rows = 32768; // a CUDA grid has 65,535 rows
    const index_t bytes = std::max<index_t>(widest(network), 1) * static_cast<index_t>(sizeof(T));
    const index_t most = std::clamp<index_t>(Device::tile_bytes / bytes, 1, most_rows);
    const index_t tiles = (capacity + most - 1) / most;
    return (capacity + tiles - 1) / tiles; // of one size
  }

  template <class Network, std::size_t... L>
  operation_tuple make_operations(const Network& network, std::index_sequence<L...>) {
    for (std::size_t l = 0; l <= layer_count; ++l)
      if (network.shape_at(l).size() > std::numeric_limits<detail::element::position>::max())
        throw argument_error("advx: " + to_string(network.shape_at(l)) +
                             " values an image are more than a device's session takes, 2147483647");
    return operation_tuple{operation_at<L>(device_, std::get<L>(network.layers()), network.shape_at(L),
                                           network.weights(L).data(), network.biases(L).data(), limits.capacity,
                                           tile)...};
  }

  detail::pass_limits limits;
  Device device_;
  index_t tile; ///< images a layer computes at once, at most
  operation_tuple operations;
  std::array<typename Device::template buffer<T>, 2> buffers;
};

} // namespace advx::nn
