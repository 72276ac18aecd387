/// @file
/// What a network's leaves know of their neighbours.
#pragma once

#include <advx/nn/blocks.hpp>

#include <array>
#include <cstddef>
#include <type_traits>

namespace advx::nn::detail {

/// How a layer is computed together with its neighbours.
enum class fusion {
  none,
  rectified, ///< convolution: the next layer is a ReLU. ReLU: the layer before has done it. Maximum: a ReLU is before
             ///< it
  absorbed,  ///< ReLU: the pooling layer behind it does it. Batch norm: it is in the weights of the layer before
  ordered,   ///< flatten: what follows needs the values in the model's order
};

/// Leaves in a row. In training batch norm stays a layer of its own.
template <bool Training, class... Leaves>
struct leaf_row {
  static constexpr std::size_t count = sizeof...(Leaves);

  template <class Kind>
  static constexpr bool is(std::size_t position) {
    constexpr std::array<bool, count> kinds{std::is_same_v<Leaves, Kind>...};
    return position < count && kinds[position];
  }

  /// Does the layer take the batch norm behind it into its weights?
  static constexpr bool normalised(std::size_t position) {
    return !Training && (is<conv2d>(position) || is<linear>(position)) && is<batch_norm>(position + 1);
  }

  static constexpr fusion fusion_of(std::size_t position) {
    const auto next = [](std::size_t l) { return l + (normalised(l) ? 2 : 1); };
    const auto before = [](std::size_t l) { // `count` for none
      if (l >= 2 && normalised(l - 2)) return l - 2;
      return l >= 1 ? l - 1 : count;
    };
    if (is<batch_norm>(position)) return position > 0 && normalised(position - 1) ? fusion::absorbed : fusion::none;
    if (is<relu>(position)) {
      if (is<max_pool2d>(next(position))) return fusion::absorbed;
      return is<conv2d>(before(position)) ? fusion::rectified : fusion::none;
    }
    if (is<max_pool2d>(position)) return is<relu>(before(position)) ? fusion::rectified : fusion::none;
    if (is<conv2d>(position)) {
      const std::size_t after = next(position);
      return is<relu>(after) && !is<max_pool2d>(next(after)) ? fusion::rectified : fusion::none;
    }
    if (is<flatten>(position)) {
      std::size_t l = position + 1;
      while (keeps_any_order(l)) ++l;
      return l < count && !is<linear>(l) ? fusion::ordered : fusion::none;
    }
    return fusion::none;
  }

private:
  /// Is the layer the same function of each value?
  static constexpr bool keeps_any_order(std::size_t l) {
    return is<flatten>(l) || is<dropout>(l) || is<relu>(l) || is<relu6>(l) || is<leaky_relu>(l) || is<sigmoid>(l) ||
           is<tanh>(l);
  }
};

} // namespace advx::nn::detail
