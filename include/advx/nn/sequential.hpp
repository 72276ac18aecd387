/// @file
/// Networks: a row of layers, composed at compile time.
#pragma once

#include <advx/core/score_scale.hpp>
#include <advx/nn/session.hpp>

#include <cmath>

namespace advx::nn {

/// Layers one after the other, with their parameters; a differentiable model whose scores are logits.
///
///     nn::sequential net{nn::shape{1, 28, 28}, nn::flatten{},
///                        nn::linear{.size = 100}, nn::sigmoid{}, nn::linear{.size = 10}};
///
/// `T` is float where it is not said: `nn::sequential<double, nn::flatten, nn::linear>`. An image is its channels ×
/// height × width values in that order. Sessions may be opened on any thread; while one is being opened nobody may
/// change the parameters.
template <class T, class... Layers>
class sequential {
  static_assert(sizeof...(Layers) > 0, "advx: a network needs at least one layer");

public:
  using scalar = T;
  static constexpr score_scale scale = score_scale::logits;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = true;
  static constexpr std::size_t layer_count = sizeof...(Layers);

  /// Checks every layer's shape and calls `initialize(0)`.
  /// @throws argument_error naming the layer's position, its kind and the sizes that do not fit
  explicit sequential(const shape& input, const Layers&... layers) : layers_(layers...) {
    if (input.channels < 1 || input.height < 1 || input.width < 1)
      throw argument_error("advx: a network's input has the shape " + to_string(input) +
                           "; every extent must be at least 1");
    shapes_[0] = input;
    for_each_layer([&]<std::size_t L>(const auto& layer) {
      if (const std::string fault = layer.fault(shapes_[L]); !fault.empty())
        throw argument_error("advx: layer " + std::to_string(L) + " (" + layer.name + "): " + fault);
      shapes_[L + 1] = layer.output(shapes_[L]);
      offsets_[L] = count_;
      if constexpr (detail::has_parameters<std::remove_cvref_t<decltype(layer)>>) {
        weight_shapes_[L] = layer.weight_shape(shapes_[L]);
        weight_counts_[L] = 1;
        for (const index_t extent : weight_shapes_[L]) weight_counts_[L] *= extent;
        count_ += weight_counts_[L] + weight_shapes_[L][0];
      }
    });
    parameters_.resize(static_cast<std::size_t>(count_));
    initialize(0);
  }

  index_t input_size() const noexcept { return shapes_[0].size(); }
  index_t class_count() const noexcept { return shapes_[layer_count].size(); }
  const std::tuple<Layers...>& layers() const noexcept { return layers_; }
  /// The shape that goes into layer l; that of the scores for l = layer_count.
  const shape& shape_at(std::size_t l) const noexcept { return shapes_[l]; }

  /// All parameters: each layer's weights, then its biases.
  std::span<T> parameters() noexcept { return parameters_; }
  std::span<const T> parameters() const noexcept { return parameters_; }
  /// Layer l's weights, in the order of `weight_shape(l)`; empty for a layer without parameters.
  std::span<T> weights(std::size_t l) noexcept {
    return std::span(parameters_).subspan(at(offsets_[l]), at(weight_counts_[l]));
  }
  std::span<const T> weights(std::size_t l) const noexcept {
    return std::span(parameters_).subspan(at(offsets_[l]), at(weight_counts_[l]));
  }
  std::span<T> biases(std::size_t l) noexcept {
    return std::span(parameters_).subspan(at(offsets_[l] + weight_counts_[l]), bias_count(l));
  }
  std::span<const T> biases(std::size_t l) const noexcept {
    return std::span(parameters_).subspan(at(offsets_[l] + weight_counts_[l]), bias_count(l));
  }
  /// Outputs × inputs (linear), channels × inputs / groups × kernel × kernel (conv2d), or empty.
  const std::vector<index_t>& weight_shape(std::size_t l) const noexcept { return weight_shapes_[l]; }

  /// Draws the weights, uniform in ±√(6 / inputs) before a ReLU (He et al., 2015) and in ±√(6 / (inputs + outputs))
  /// before anything else (Glorot & Bengio, 2010), where inputs and outputs are those of one unit. Biases are 0.
  void initialize(std::uint64_t seed) {
    for (std::size_t l = 0; l < layer_count; ++l) {
      if (weight_shapes_[l].empty()) continue;
      const index_t inputs = weight_counts_[l] / weight_shapes_[l][0];
      const index_t outputs = inputs / weight_shapes_[l][1] * weight_shapes_[l][0];
      const bool before_relu = activates_[l];
      const double bound = std::sqrt(6.0 / static_cast<double>(before_relu ? inputs : inputs + outputs));
      const kernel::random_stream random{seed, static_cast<std::uint32_t>(l), 0};
      index_t i = 0;
      for (T& w : weights(l)) w = static_cast<T>(bound * (2 * random.uniform<double>(i++) - 1));
      std::ranges::fill(biases(l), T(0));
    }
  }

  /// Opens the network for one thread and at most `capacity` images a pass.
  /// @throws argument_error for a capacity below 1
  template <class Backend>
  auto session(Backend& backend, index_t capacity) const {
    return opener<std::remove_const_t<Backend>>::session(backend, *this, capacity);
  }
  /// The same with the gradient with respect to the parameters.
  template <class Backend>
  auto training_session(Backend& backend, index_t capacity) const {
    return opener<std::remove_const_t<Backend>>::training_session(backend, *this, capacity);
  }
  /// The session that runs on the host with these kernels; for `opener`.
  template <class Kernels, bool Training>
  auto open(index_t capacity) const {
    const auto parameters = [this](std::size_t l) { return std::pair{weights(l).data(), biases(l).data()}; };
    return network_session<Kernels, T, Training, Layers...>(layers_, shapes_, parameters, capacity);
  }

  /// Positions of layer l's weights and biases within `parameters()`.
  std::pair<index_t, index_t> parameter_offsets(std::size_t l) const noexcept {
    return {offsets_[l], offsets_[l] + weight_counts_[l]};
  }

  /// The same network in another precision.
  template <class U>
  sequential<U, Layers...> as() const {
    auto result =
        std::apply([&](const Layers&... layers) { return sequential<U, Layers...>(shapes_[0], layers...); }, layers_);
    std::ranges::transform(parameters_, result.parameters().begin(), [](T v) { return static_cast<U>(v); });
    return result;
  }

private:
  template <class F>
  void for_each_layer(const F& f) {
    [&]<std::size_t... L>(std::index_sequence<L...>) { (f.template operator()<L>(std::get<L>(layers_)), ...); }
    (std::index_sequence_for<Layers...>{});
  }

  static constexpr std::size_t at(index_t i) noexcept { return static_cast<std::size_t>(i); }
  std::size_t bias_count(std::size_t l) const noexcept {
    return weight_shapes_[l].empty() ? 0 : at(weight_shapes_[l][0]);
  }

  /// Is the next activation behind layer l a ReLU?
  static constexpr std::array<bool, layer_count> activates_ = [] {
    constexpr std::array<bool, layer_count> relus{std::is_same_v<Layers, relu>...};
    constexpr std::array<bool, layer_count> stops{
        (std::is_same_v<Layers, sigmoid> || std::is_same_v<Layers, tanh> || detail::has_parameters<Layers>)...};
    std::array<bool, layer_count> result{};
    bool next = false;
    for (std::size_t l = layer_count; l-- > 0;) {
      result[l] = next;
      next = relus[l] || (next && !stops[l]);
    }
    return result;
  }();

  std::tuple<Layers...> layers_;
  std::array<shape, layer_count + 1> shapes_{};
  std::array<index_t, layer_count> offsets_{};
  std::array<index_t, layer_count> weight_counts_{};
  std::array<std::vector<index_t>, layer_count> weight_shapes_;
  index_t count_ = 0;
  std::vector<T> parameters_;
};

template <class... Layers>
sequential(shape, Layers...) -> sequential<float, Layers...>;

} // namespace advx::nn
