/// @file
/// Networks: a row of layers, composed at compile time.
#pragma once

#include <advx/core/score_scale.hpp>
#include <advx/nn/session.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace advx::nn {

/// Layers one after the other, with their parameters; a differentiable model whose scores are logits.
///
///     nn::sequential net{nn::shape{1, 28, 28}, nn::flatten{},
///                        nn::linear{.size = 100}, nn::sigmoid{}, nn::linear{.size = 10}};
///
/// `T` is float where it is not said: `nn::sequential<double, nn::flatten, nn::linear>`. An image is its channels ×
/// height × width values in that order. Sessions may be opened on any thread; while one is being opened nobody may
/// change the parameters.
///
/// Where a member takes a layer's number l, layers count as *leaves* (<advx/nn/blocks.hpp>): a block is its opening,
/// its layers and its closing. A network without blocks has one leaf a layer. Errors and files name layers by
/// `layer_name`.
template <class T, class... Layers>
class sequential {
  static_assert(sizeof...(Layers) > 0, "advx: a network needs at least one layer");

public:
  /// The pack of the leaves.
  using leaf_pack = decltype(detail::leaves_of(std::declval<const pack<Layers...>&>()));
  static constexpr std::size_t layer_count = leaf_pack::size;

private:
  template <std::size_t L>
  using leaf_at = pack_element<L, leaf_pack>;
  /// Which leaves are of one of these kinds?
  template <class... Kinds>
  static constexpr std::array<bool, layer_count> are = []<class... Leaves>(const pack<Leaves...>*) {
    const auto is_one = []<class Leaf>(const Leaf*) { return (std::is_same_v<Leaf, Kinds> || ...); };
    return std::array<bool, layer_count>{is_one(static_cast<const Leaves*>(nullptr))...};
  }(static_cast<const leaf_pack*>(nullptr));

  static constexpr bool ends_with_softmax = [] {
    std::size_t last = layer_count;
    while (last > 0 && are<flatten, dropout>[last - 1]) --last;
    return last > 0 && are<softmax>[last - 1];
  }();

public:
  using scalar = T;
  static constexpr score_scale scale = ends_with_softmax ? score_scale::probabilities : score_scale::logits;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = true;
  static constexpr bool has_batch_norm = std::ranges::count(are<batch_norm>, true) > 0;

  /// Checks every layer's shape and calls `initialize(0)`.
  /// @throws argument_error naming the layer's position, its kind and the sizes that do not fit
  explicit sequential(const shape& input, const Layers&... layers)
      : layers_{{{layers}...}},
        leaves_(detail::leaves_of(layers_)) {
    detail::unfolding_all<pack<Layers...>>::name("", names_);
    if (input.channels < 1 || input.height < 1 || input.width < 1)
      throw argument_error("advx: a network's input has the shape " + to_string(input) +
                           "; every extent must be at least 1");
    shapes_[0] = input;
    index_t statistics_count = 0;
    for_each_leaf([&]<std::size_t L>(const auto& leaf) {
      using type = leaf_at<L>;
      const auto require = [&](const std::string& fault) {
        if (!fault.empty()) throw argument_error("advx: layer " + names_[L] + " (" + leaf.name + "): " + fault);
      };
      if constexpr (detail::kind_of<type> == detail::leaf_kind::turn) {
        shapes_[L + 1] = shapes_[places_[L].fork];
      } else if constexpr (detail::kind_of<type> == detail::leaf_kind::join) {
        const shape& kept = shapes_[places_[L].kept()];
        require(leaf.fault(shapes_[L], kept, shapes_[places_[L].fork]));
        shapes_[L + 1] = leaf.output(shapes_[L], kept);
      } else {
        require(leaf.fault(shapes_[L]));
        shapes_[L + 1] = leaf.output(shapes_[L]);
      }
      offsets_[L] = count_;
      if constexpr (detail::has_parameters<type>) {
        weight_shapes_[L] = leaf.weight_shape(shapes_[L]);
        weight_counts_[L] = 1;
        for (const index_t extent : weight_shapes_[L]) weight_counts_[L] *= extent;
        count_ += weight_counts_[L] + weight_shapes_[L][0];
      }
      statistics_offsets_[L] = at(statistics_count);
      if constexpr (std::is_same_v<type, batch_norm>) statistics_count += 2 * shapes_[L].channels;
    });
    if (ends_with_softmax && !shapes_[layer_count].flat())
      throw argument_error("advx: the last layer, softmax, has an input of shape " + to_string(shapes_[layer_count]) +
                           "; probabilities of classes are flat: put nn::flatten before it");
    statistics_.resize(at(statistics_count));
    parameters_.resize(static_cast<std::size_t>(count_));
    initialize(0);
  }

  index_t input_size() const noexcept { return shapes_[0].size(); }
  index_t class_count() const noexcept { return shapes_[layer_count].size(); }
  const pack<Layers...>& layers() const noexcept { return layers_; }
  /// The layers with their blocks unfolded.
  const leaf_pack& leaves() const noexcept { return leaves_; }
  /// The shape that goes into layer l; that of the scores for l = layer_count.
  const shape& shape_at(std::size_t l) const noexcept { return shapes_[l]; }
  /// "3" for a layer, "4.0" for the first one of the block that is layer 4, "4" for that block's opening and closing.
  const std::string& layer_name(std::size_t l) const noexcept { return names_[l]; }

  /// All parameters: each layer's weights, then its biases; of batch norm γ, then β.
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
  /// Batch norm's mean and variance of each channel, which evaluations take; empty for other layers. `train` moves
  /// them.
  std::span<T> running_mean(std::size_t l) noexcept { return statistic(statistics_, l, 0); }
  std::span<const T> running_mean(std::size_t l) const noexcept { return statistic(statistics_, l, 0); }
  std::span<T> running_variance(std::size_t l) noexcept { return statistic(statistics_, l, 1); }
  std::span<const T> running_variance(std::size_t l) const noexcept { return statistic(statistics_, l, 1); }
  /// Outputs × inputs (linear), channels × inputs / groups × kernel × kernel (conv2d), channels (batch_norm), or empty.
  const std::vector<index_t>& weight_shape(std::size_t l) const noexcept { return weight_shapes_[l]; }

  /// Draws the weights, uniform in ±√(6 / inputs) before a ReLU (He et al., 2015) and in ±√(6 / (inputs + outputs))
  /// before anything else (Glorot & Bengio, 2010), where inputs and outputs are those of one unit. Biases are 0, those
  /// of a highway's gate −1. Batch norm begins with γ = 1, β = 0, mean 0 and variance 1.
  void initialize(std::uint64_t seed) {
    for (std::size_t l = 0; l < layer_count; ++l) {
      if (weight_shapes_[l].empty()) continue;
      std::ranges::fill(biases(l), gates_[l] ? T(-1) : T(0));
      if (is_batch_norm(l)) {
        std::ranges::fill(weights(l), T(1));
        std::ranges::fill(running_mean(l), T(0));
        std::ranges::fill(running_variance(l), T(1));
        continue;
      }
      const index_t inputs = weight_counts_[l] / weight_shapes_[l][0];
      const index_t outputs = inputs / weight_shapes_[l][1] * weight_shapes_[l][0];
      const bool before_relu = activates_[l];
      const double bound = std::sqrt(6.0 / static_cast<double>(before_relu ? inputs : inputs + outputs));
      const kernel::random_stream random{seed, static_cast<std::uint32_t>(l), 0};
      index_t i = 0;
      for (T& w : weights(l)) w = static_cast<T>(bound * (2 * random.uniform<double>(i++) - 1));
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
    const auto parameters = [this](std::size_t l) { return parameters_of(l); };
    return [&]<class... Leaves>(const pack<Leaves...>& leaves) {
      return network_session<Kernels, T, Training, Leaves...>(leaves, shapes_, parameters, capacity);
    }(leaves_);
  }
  /// Layer l's parameters for a session.
  detail::layer_parameters<T> parameters_of(std::size_t l) const noexcept {
    return {weights(l).data(), biases(l).data(), running_mean(l).data(), running_variance(l).data()};
  }

  /// Positions of layer l's weights and biases within `parameters()`.
  std::pair<index_t, index_t> parameter_offsets(std::size_t l) const noexcept {
    return {offsets_[l], offsets_[l] + weight_counts_[l]};
  }

  /// The same network in another precision.
  template <class U>
  sequential<U, Layers...> as() const {
    auto result =
        apply([&](const Layers&... layers) { return sequential<U, Layers...>(shapes_[0], layers...); }, layers_);
    std::ranges::transform(parameters_, result.parameters().begin(), [](T v) { return static_cast<U>(v); });
    for (std::size_t l = 0; l < layer_count; ++l) {
      std::ranges::transform(running_mean(l), result.running_mean(l).begin(), [](T v) { return static_cast<U>(v); });
      std::ranges::transform(running_variance(l), result.running_variance(l).begin(),
                             [](T v) { return static_cast<U>(v); });
    }
    return result;
  }

private:
  template <class F>
  void for_each_leaf(const F& f) {
    [&]<std::size_t... L>(std::index_sequence<L...>) { (f.template operator()<L>(get<L>(leaves_)), ...); }
    (std::make_index_sequence<layer_count>{});
  }

  static constexpr std::size_t at(index_t i) noexcept { return static_cast<std::size_t>(i); }
  std::size_t bias_count(std::size_t l) const noexcept {
    return weight_shapes_[l].empty() ? 0 : at(weight_shapes_[l][0]);
  }
  static bool is_batch_norm(std::size_t l) noexcept { return are<batch_norm>[l]; }
  template <class Values>
  auto statistic(Values& values, std::size_t l, std::size_t which) const noexcept {
    const std::size_t channels = is_batch_norm(l) ? bias_count(l) : 0;
    return std::span(values).subspan(statistics_offsets_[l] + which * channels, channels);
  }

  static constexpr std::array<detail::block_place, layer_count> places_ = []<class... Leaves>(const pack<Leaves...>*) {
    return detail::block_places<Leaves...>();
  }(static_cast<const leaf_pack*>(nullptr));

  /// Is the next activation behind layer l a ReLU of some kind? Behind the end of a block's first branch stands what
  /// stands behind the block.
  static constexpr std::array<bool, layer_count> activates_ = [] {
    std::array<bool, layer_count> result{}, at_turn{};
    bool next = false;
    for (std::size_t l = layer_count; l-- > 0;) {
      if (places_[l].turn == l) next = at_turn[l];
      result[l] = next;
      if (places_[l].turn < l) at_turn[places_[l].turn] = next; // a join
      const bool stops = are<sigmoid, tanh, softmax, linear, conv2d>[l];
      next = are<relu, relu6, leaky_relu>[l] || (next && !stops);
    }
    return result;
  }();
  /// Is layer l a highway's gate?
  static constexpr std::array<bool, layer_count> gates_ = [] {
    std::array<bool, layer_count> result{};
    for (std::size_t l = 1; l < layer_count; ++l) result[l - 1] = are<detail::gate_join>[l];
    return result;
  }();

  pack<Layers...> layers_;
  leaf_pack leaves_;
  std::vector<std::string> names_;
  std::array<shape, layer_count + 1> shapes_{};
  std::array<index_t, layer_count> offsets_{};
  std::array<index_t, layer_count> weight_counts_{};
  std::array<std::vector<index_t>, layer_count> weight_shapes_;
  index_t count_ = 0;
  std::vector<T> parameters_;
  std::array<std::size_t, layer_count> statistics_offsets_{};
  std::vector<T> statistics_; ///< each batch norm's means, then its variances
};

template <class... Layers>
sequential(shape, Layers...) -> sequential<float, Layers...>;

} // namespace advx::nn
