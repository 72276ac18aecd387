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

#include <advx/nn/cuda_operations.hpp>
#include <advx/nn/pass_limits.hpp>
#include <advx/nn/sequential.hpp>

#include <array>
#include <limits>
#include <type_traits>
#include <utility>

namespace advx::nn {

/// A network opened on a device; the views of its passes point to the device's memory. Made by `sequential::session`.
/// `Layers` are leaves.
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
  using layer_at = pack_element<L, pack<Layers...>>;
  using leaves = detail::leaf_row<false, Layers...>;
  template <std::size_t L>
  using operation_at = detail::device_operation<Device, T, layer_at<L>, leaves::fusion_of(L)>;
  static constexpr std::array<detail::block_place, layer_count> places = detail::block_places<Layers...>();
  template <std::size_t... L>
  static auto pack_of_operations(std::index_sequence<L...>) -> pack<operation_at<L>...>;
  using operation_pack = decltype(pack_of_operations(std::index_sequence_for<Layers...>{}));

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

  /// `network` is a sequential<T, ...> of these leaves. @throws argument_error for a capacity below 1
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
      constexpr detail::leaf_kind kind = detail::kind_of<layer_at<L>>;
      auto& operation = get<L>(operations);
      if constexpr (kind == detail::leaf_kind::fork || kind == detail::leaf_kind::turn) {
        operation.forward(device_, {c.from, nullptr, rows, first, bias}, block<L>());
        go_on(c, block<L>().skipped);
        bias = {};
        return;
      }
      T* y = target(c, operation.moves, L == known.last_working);
      if constexpr (kind == detail::leaf_kind::layer)
        operation.forward(device_, {c.from, y, rows, first, bias});
      else
        operation.forward(device_, {c.from, y, rows, first, bias}, block<L>());
      bias = {};
      if constexpr (detail::has_parameters<layer_at<L>> && !std::is_same_v<layer_at<L>, batch_norm>) {
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
      constexpr detail::leaf_kind kind = detail::kind_of<layer_at<L>>;
      auto& operation = get<L>(operations);
      if constexpr (kind == detail::leaf_kind::turn) {
        operation.pullback(device_, {c.from, nullptr, rows, row}, block<L>());
        go_on(c, block<L>().kept);
        return;
      }
      T* dx = target(c, operation.moves, L == known.first_working);
      if constexpr (kind == detail::leaf_kind::layer)
        operation.pullback(device_, {c.from, dx, rows, row});
      else
        operation.pullback(device_, {c.from, dx, rows, row}, block<L>());
      c.from = dx;
    }
  }

  /// The pass goes on with what a block keeps, which no layer may overwrite.
  static void go_on(cursor& c, const T* kept) {
    c.from = kept;
    c.own = nullptr;
  }

  /// What the block of part L keeps.
  template <std::size_t L>
  detail::device_block<T> block() {
    constexpr bool opens = detail::kind_of<layer_at<L>> == detail::leaf_kind::fork;
    constexpr std::size_t fork = opens ? L : places[L].fork, kept = opens ? L : places[L].kept();
    return {get<kept>(operations).buffer.data(), get<fork>(operations).buffer.data()};
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
  operation_pack make_operations(const Network& network, std::index_sequence<L...>) {
    for (std::size_t l = 0; l <= layer_count; ++l)
      if (network.shape_at(l).size() > std::numeric_limits<detail::element::position>::max())
        throw argument_error("advx: " + to_string(network.shape_at(l)) +
                             " values an image are more than a device's session takes, 2147483647");
    return operation_pack{{{make_operation<L>(network)}...}};
  }
  template <std::size_t L, class Network>
  operation_at<L> make_operation(const Network& network) {
    detail::device_site<T> site{network.shape_at(L), {}, network.parameters_of(L), limits.capacity, tile};
    if constexpr (detail::kind_of<layer_at<L>> == detail::leaf_kind::turn) site.kept = network.shape_at(places[L].fork);
    if constexpr (detail::kind_of<layer_at<L>> == detail::leaf_kind::join)
      site.kept = network.shape_at(places[L].kept());
    const auto& layer = get<L>(network.leaves());
    if constexpr (leaves::normalised(L)) {
      const detail::normalised_weights<T> with(site.parameters, network.weight_shape(L), get<L + 1>(network.leaves()),
                                               network.parameters_of(L + 1));
      site.parameters = {with.weights.data(), with.biases.data(), nullptr, nullptr};
      return operation_at<L>(device_, layer, site);
    } else {
      return operation_at<L>(device_, layer, site);
    }
  }

  detail::pass_limits limits;
  Device device_;
  index_t tile; ///< images a layer computes at once, at most
  operation_pack operations;
  std::array<typename Device::template buffer<T>, 2> buffers;
};

namespace detail {

template <class Device, class T, class Leaves>
struct device_session_of;
template <class Device, class T, class... Leaves>
struct device_session_of<Device, T, pack<Leaves...>> {
  using type = device_session<Device, T, Leaves...>;
};

} // namespace detail

/// Opens a network on a device for at most `capacity` images a pass. @throws argument_error for a capacity below 1
template <class Device, class T, class... Layers>
auto open_on_device(Device device, const sequential<T, Layers...>& network, index_t capacity) {
  using leaves = typename sequential<T, Layers...>::leaf_pack;
  return typename detail::device_session_of<Device, T, leaves>::type(std::move(device), network, capacity);
}

} // namespace advx::nn
