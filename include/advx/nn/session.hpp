/// @file
/// The passes of a network: forward, gradient with respect to the image, gradient with respect to the parameters.
///
/// The leaves before the first linear one, or before the block that holds it (the *head*), run depth first, one image
/// through all of them, so that an image's activations stay in the second-level cache; the leaves from there on (the
/// *tail*) run on tiles of images. Neither order nor tile changes the bits of a row: every product and convolution
/// computes its rows independently. Training with batch norm, whose rows are not independent, runs leaf by leaf.
#pragma once

#include <advx/nn/batch_norm_operations.hpp>
#include <advx/nn/block_operations.hpp>
#include <advx/nn/pass_limits.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace advx::nn {

/// A network opened for one thread; made by `sequential::session`. It keeps its own copy of the weights, in the order
/// in which they are read, so the model may change or go away. No pass allocates.
///
/// `Training` adds the gradient with respect to the parameters, keeps all activations for it, and lets dropout and
/// batch norm act. `Layers` are leaves.
template <class Kernels, class T, bool Training, class... Layers>
class network_session {
  static constexpr std::size_t layer_count = sizeof...(Layers);
  using layer_pack = pack<Layers...>;
  template <std::size_t L>
  using layer_at = pack_element<L, layer_pack>;
  using leaves = detail::leaf_row<Training, Layers...>;
  template <std::size_t L>
  using operation_at = detail::operation<Kernels, T, layer_at<L>, leaves::fusion_of(L), Training>;
  static constexpr std::array<detail::block_place, layer_count> places = detail::block_places<Layers...>();

  /// Leaves before the first linear one, or before the outermost block that holds it.
  static constexpr std::size_t head_layers = [] {
    std::size_t depth = 0, open = 0;
    constexpr std::array<detail::leaf_kind, layer_count> kinds{detail::kind_of<Layers>...};
    for (std::size_t l = 0; l < layer_count; ++l) {
      if (kinds[l] == detail::leaf_kind::fork && depth++ == 0) open = l;
      if (kinds[l] == detail::leaf_kind::join) --depth;
      if (leaves::template is<linear>(l)) return depth > 0 ? open : l;
    }
    return layer_count;
  }();
  static_assert(
      [] {
        constexpr std::array<bool, layer_count> spatial{
            (std::is_same_v<Layers, conv2d> || std::is_same_v<Layers, max_pool2d> ||
             std::is_same_v<Layers, average_pool2d> || std::is_same_v<Layers, global_average_pool> ||
             std::is_same_v<Layers, nearest_upsample>)...};
        return std::find(spatial.begin() + head_layers, spatial.end(), true) == spatial.end();
      }(),
      "advx: a convolution, pooling or upsampling layer can neither follow a linear layer nor share a block with one: "
      "put it before the first linear one");

  /// Does a leaf need all images of the pass at once?
  static constexpr bool leaf_by_leaf = Training && (std::is_same_v<Layers, batch_norm> || ...);

  template <std::size_t... L>
  static auto pack_of_operations(std::index_sequence<L...>) -> pack<operation_at<L>...>;
  using operation_pack = decltype(pack_of_operations(std::index_sequence_for<Layers...>{}));
  template <std::size_t L>
  using stored_at = operation_at<L>;

  /// Does the head compute nothing? Then the tail reads the caller's images.
  static constexpr bool empty_head = []<std::size_t... L>(std::index_sequence<L...>) {
    return (stored_at<L>::identity && ... && true) &&
           (head_layers == layer_count || leaves::template is<linear>(head_layers));
  }
  (std::make_index_sequence<head_layers>{});

  /// A *slot* is a buffer of activations: 0 the images, and one more for each operation that moves.
  static constexpr std::array<std::size_t, layer_count + 1> slots = []<std::size_t... L>(std::index_sequence<L...>) {
    std::array<std::size_t, layer_count + 1> result{};
    ((result[L + 1] = result[L] + (stored_at<L>::moves ? 1 : 0)), ...);
    return result;
  }
  (std::index_sequence_for<Layers...>{});
  static constexpr std::size_t slot_count = slots[layer_count] + 1;
  static constexpr std::size_t head_slot = slots[head_layers]; ///< what the head hands to the tail

public:
  /// `shapes[l]` goes into leaf l; `parameters(l)` are its detail::layer_parameters. Use `sequential::session`.
  template <class Parameters>
  network_session(const layer_pack& layers, std::span<const shape, layer_count + 1> shapes,
                  const Parameters& parameters, index_t rows)
      : operations(make_operations(layers, shapes, parameters, std::index_sequence_for<Layers...>{})),
        input(shapes[0]),
        head_output(last_spatial(shapes)),
        limits(input.size(), shapes[layer_count].size(), rows),
        tile(Training ? rows : std::min<index_t>(rows, 32)) {
    index_t bytes = 0;
    for_each([&]<std::size_t L>(auto& operation) {
      state_offsets[L] = bytes;
      bytes += (operation.state_bytes() + 63) / 64 * 64;
      sizes[slots[L + 1]] = shapes[L + 1].size();
    });
    sizes[0] = input.size();
    state_stride = bytes;
    states.resize(static_cast<std::size_t>(bytes * rows));
    for (std::size_t s = 0; s < slot_count; ++s) {
      const bool in_tail = s + 1 > head_slot;
      const bool per_row = in_tail || Training; // within the head one image's values are enough
      strides[s] = per_row ? sizes[s] : 0;
      values[s].resize(static_cast<std::size_t>(per_row ? tile * sizes[s] : sizes[s]));
      gradients[s].resize(static_cast<std::size_t>(in_tail || leaf_by_leaf ? tile * sizes[s] : sizes[s]));
    }
  }

  /// Writes the scores of images.rows ≤ capacity images.
  /// @throws argument_error for more images than the capacity, or rows of the wrong length
  void forward(batch_view<const T> images, batch_view<T> scores) {
    limits.begin_forward(images, scores);
    run_forward(images, scores, 0);
  }
  /// Continues the last forward: its images stay rows 0, 1, ..., and these follow them.
  /// @throws argument_error as `forward`, for more images together than the capacity, too
  void forward_more(batch_view<const T> images, batch_view<T> scores) requires(!Training) {
    const index_t kept = limits.last_rows;
    limits.begin_forward(images, scores, kept);
    run_forward(images, scores, kept);
  }

  /// Row i of `gradient` = Jᵀ·(row i of `cotangent`) at image rows[i] of the last `forward`, for any of its rows.
  /// @throws argument_error for a row that the last forward did not have, or wrong shapes
  void pullback(std::span<const index_t> rows, batch_view<const T> cotangent,
                batch_view<T> gradient) requires(!leaf_by_leaf) {
    limits.check_pullback(rows, cotangent, gradient);
    const auto count = static_cast<index_t>(rows.size());
    [[maybe_unused]] const typename Kernels::pass_guard guard;
    for (index_t first = 0; first < count; first += tile) {
      const index_t tile_rows = std::min(tile, count - first);
      backward<false>(rows.data() + first, cotangent.row(first), gradient.row(first), tile_rows);
    }
  }

  /// Adds the gradient with respect to the parameters, in the model's order, to `sums(l)` = {weights, biases} of layer
  /// l, for all rows of the last forward.
  template <class Sums>
  void parameter_gradient(batch_view<const T> cotangent, const Sums& sums) requires Training {
    limits.check_whole_pullback(cotangent);
    [[maybe_unused]] const typename Kernels::pass_guard guard;
    backward<true>(nullptr, cotangent.data, nullptr, limits.last_rows);
    for_each([&]<std::size_t L>(auto& operation) {
      if constexpr (detail::has_parameters<layer_at<L>>)
        operation.move_parameter_gradient(sums(L).first, sums(L).second);
    });
  }

  /// Adds `share` of the mean and of the unbiased variance that the last forward's images had at batch norm l to
  /// `sums(l)` = {means, variances}.
  template <class Sums>
  void add_statistics(double share, const Sums& sums) requires Training {
    for_each([&]<std::size_t L>(auto& operation) {
      if constexpr (std::is_same_v<layer_at<L>, batch_norm>)
        operation.add_statistics(share, sums(L).first, sums(L).second);
    });
  }

  /// The random numbers of dropout in the next forward: a function of seed, step, layer and image.
  void set_dropout(std::uint64_t seed, std::uint32_t step, index_t first_image) requires Training {
    for_each([&]<std::size_t L>(auto& operation) {
      if constexpr (std::is_same_v<layer_at<L>, dropout>) {
        operation.seed = seed;
        operation.stream = step * static_cast<std::uint32_t>(layer_count) + static_cast<std::uint32_t>(L);
        operation.first_image = first_image;
      }
    });
  }

private:
  template <class Parameters, std::size_t... L>
  static operation_pack make_operations(const layer_pack& layers, std::span<const shape, layer_count + 1> shapes,
                                        const Parameters& parameters, std::index_sequence<L...>) {
    [[maybe_unused]] const typename Kernels::pass_guard guard;
    return operation_pack{{{make_operation<L>(layers, shapes, parameters)}...}};
  }

  template <std::size_t L, class Parameters>
  static operation_at<L> make_operation(const layer_pack& layers, std::span<const shape, layer_count + 1> shapes,
                                        const Parameters& parameters) {
    const layer_at<L>& layer = get<L>(layers);
    if constexpr (std::is_same_v<layer_at<L>, batch_norm>) {
      return operation_at<L>(layer, shapes[L], parameters(L));
    } else if constexpr (detail::has_parameters<layer_at<L>>) {
      // The head leaves its values with the channels last; the first linear layer's weights follow that order.
      const shape from = L == head_layers && !empty_head ? last_spatial(shapes) : shape{};
      const auto place = [from](index_t k) {
        return from.flat() ? k : k % from.pixels() * from.channels + k / from.pixels();
      };
      const detail::layer_parameters<T> p = parameters(L);
      if constexpr (leaves::normalised(L)) {
        const detail::normalised_weights<T> with(p, layer.weight_shape(shapes[L]), get<L + 1>(layers),
                                                 parameters(L + 1));
        return operation_at<L>(layer, shapes[L], with.weights.data(), with.biases.data(), place);
      } else {
        return operation_at<L>(layer, shapes[L], p.weights, p.biases, place);
      }
    } else if constexpr (detail::kind_of<layer_at<L>> == detail::leaf_kind::turn) {
      return operation_at<L>(layer, shapes[L], shapes[places[L].fork]);
    } else if constexpr (detail::kind_of<layer_at<L>> == detail::leaf_kind::join) {
      return operation_at<L>(layer, shapes[L], shapes[places[L].kept()]);
    } else if constexpr (detail::kind_of<layer_at<L>> == detail::leaf_kind::fork) {
      return operation_at<L>(layer, shapes[L], shapes[L]);
    } else {
      return operation_at<L>(layer, shapes[L]);
    }
  }

  /// The shape of the head's result before it was flattened, or that of its flat values in the model's order.
  static shape last_spatial(std::span<const shape, layer_count + 1> shapes) {
    constexpr std::array<bool, layer_count> flattens{std::is_same_v<Layers, flatten>...};
    shape result = shapes[0];
    for (std::size_t l = 0; l != head_layers; ++l)
      if (leaves::fusion_of(l) == detail::fusion::ordered || (!flattens[l] && shapes[l + 1] != shapes[l]))
        result = shapes[l + 1];
    return result;
  }

  template <class F>
  void for_each(const F& f) {
    [&]<std::size_t... L>(std::index_sequence<L...>) { (f.template operator()<L>(get<L>(operations)), ...); }
    (std::index_sequence_for<Layers...>{});
  }

  /// Images whose states begin at `state_row`.
  void run_forward(batch_view<const T> images, batch_view<T> scores, index_t state_row) {
    [[maybe_unused]] const typename Kernels::pass_guard guard;
    for (index_t first = 0; first < images.rows; first += tile) {
      const index_t rows = std::min(tile, images.rows - first);
      if constexpr (leaf_by_leaf) {
        if constexpr (empty_head)
          std::copy_n(images.row(first), rows * input.size(), value(0, 0));
        else
          for (index_t i = 0; i < rows; ++i) (void)head_input(images.row(first + i), i);
        forward_leaves<0, layer_count>(value(0, 0), 0, state_row + first, rows);
      } else {
        if constexpr (!empty_head)
          for (index_t i = 0; i < rows; ++i)
            forward_leaves<0, head_layers>(head_input(images.row(first + i), i), i, state_row + first + i, 1);
        forward_leaves<head_layers, layer_count>(empty_head ? images.row(first) : value(head_slot, 0), 0,
                                                 state_row + first, rows);
        if constexpr (empty_head && Training) std::copy_n(images.row(first), rows * input.size(), values[0].data());
      }
      read_scores(scores.row(first), images.row(first), rows);
    }
  }

  std::byte* state(std::size_t layer, index_t row) noexcept {
    return states.data() + row * state_stride + state_offsets[layer];
  }
  T* value(std::size_t slot, index_t row) noexcept { return values[slot].data() + row * strides[slot]; }
  /// Must the images be copied with their channels last?
  bool reorders() const noexcept { return input.channels > 1 && input.pixels() > 1; }

  /// The input of the head's first layer: the caller's image where that is possible, otherwise its copy.
  const T* head_input(const T* image, index_t row) {
    // A block reads its input again in the end.
    constexpr bool in_place = !stored_at<first_working>::moves || std::is_same_v<layer_at<first_working>, detail::fork>;
    if (reorders())
      detail::to_channels_last(input, image, value(0, row));
    else if (in_place || Training)
      std::copy_n(image, input.size(), value(0, row));
    else
      return image;
    return value(0, row);
  }

  /// The head's first layer that computes something.
  static constexpr std::size_t first_working = []<std::size_t... L>(std::index_sequence<L...>) {
    std::size_t result = 0;
    bool found = false;
    ((found = found || !stored_at<L>::identity, result += found ? 0 : 1), ...);
    return result < layer_count ? result : 0;
  }
  (std::make_index_sequence<head_layers>{});

  /// Leaves First to Last − 1 of `rows` images, whose values are kept from `row` on and whose states from `first` on.
  template <std::size_t First, std::size_t Last>
  void forward_leaves(const T* x, index_t row, index_t first, index_t rows) {
    [&]<std::size_t... L>(std::index_sequence<L...>) { ((x = forward_leaf<First + L>(x, row, first, rows)), ...); }
    (std::make_index_sequence<Last - First>{});
  }

  template <std::size_t L>
  const T* forward_leaf(const T* x, index_t row, index_t first, index_t rows) {
    auto& operation = get<L>(operations);
    T* y = value(slots[L + 1], row);
    [[maybe_unused]] const auto state_of = [&](index_t i) { return state(L, first + i); };
    if constexpr (detail::kind_of<layer_at<L>> == detail::leaf_kind::layer)
      operation.forward(x, y, rows, state_of);
    else
      operation.forward(x, y, rows, state_of, block_buffers<L>([&](std::size_t slot) { return value(slot, row); }));
    return stored_at<L>::identity ? x : y;
  }

  /// What part L of a block reads or writes beside its own; `buffer(slot)` is where a slot's values, or gradients, lie.
  template <std::size_t L, class Buffer>
  static detail::block_buffers<T> block_buffers(const Buffer& buffer) {
    if constexpr (places[L].fork == detail::block_place::none)
      return {};
    else
      return {buffer(slots[places[L].kept()]), buffer(slots[places[L].fork])};
  }

  void read_scores(T* scores, const T* images, index_t rows) {
    const T* from = slot_count == 1 && empty_head ? images : values[slot_count - 1].data();
    const index_t outputs = limits.outputs;
    for (index_t i = 0; i < rows; ++i, from += outputs, scores += outputs)
      if (head_layers == layer_count && !empty_head)
        detail::to_channels_first(head_output, from, scores);
      else
        std::copy_n(from, outputs, scores);
  }

  /// Pulls a tile back; `rows` names its images (null: the first ones in order).
  template <bool Parameters>
  void backward(const index_t* rows, const T* cotangent, T* gradient, index_t count) {
    const auto row_of = [rows](index_t i) { return rows == nullptr ? i : rows[i]; };
    const index_t outputs = limits.outputs;
    T* top = gradients[slot_count - 1].data();
    for (index_t i = 0; i < count; ++i)
      if (head_layers == layer_count && !empty_head)
        detail::to_channels_last(head_output, cotangent + i * outputs, top + i * outputs);
      else
        std::copy_n(cotangent + i * outputs, outputs, top + i * outputs);
    // With nothing before it, the first linear layer writes where the caller wants the gradient.
    constexpr bool direct = empty_head && head_layers < layer_count && !Parameters;
    constexpr std::size_t tail_begin = leaf_by_leaf ? 0 : head_layers;
    [&]<std::size_t... Back>(std::index_sequence<Back...>) {
      (backward_leaf<Parameters, layer_count - 1 - Back>(
           [&](std::size_t slot) { return direct && slot == 0 ? gradient : gradients[slot].data(); }, count, 0, row_of),
       ...);
    }
    (std::make_index_sequence<layer_count - tail_begin>{});
    if constexpr (direct || leaf_by_leaf) return;
    if constexpr (empty_head && Parameters) return;
    for (index_t i = 0; i < count; ++i) {
      [&]<std::size_t... Back>(std::index_sequence<Back...>) {
        (backward_leaf<Parameters, head_layers - 1 - Back>([&](std::size_t slot) { return head_gradient(slot, i); }, 1,
                                                           i, [&](index_t) { return row_of(i); }),
         ...);
      }
      (std::make_index_sequence<head_layers>{});
      if constexpr (!Parameters) {
        if (reorders() && !empty_head)
          detail::to_channels_first(input, head_gradient(0, i), gradient + i * input.size());
        else
          std::copy_n(head_gradient(0, i), input.size(), gradient + i * input.size());
      }
    }
  }

  T* head_gradient(std::size_t slot, index_t i) noexcept {
    return gradients[slot].data() + (slot >= head_slot ? i * sizes[slot] : 0);
  }

  /// `gradient_at(slot)` is where the gradients of a slot's values lie; `first` is the row of the tile at which the
  /// input's values are kept (training).
  template <bool Parameters, std::size_t L, class GradientAt, class RowOf>
  void backward_leaf(const GradientAt& gradient_at, index_t rows, [[maybe_unused]] index_t first, const RowOf& row_of) {
    auto& operation = get<L>(operations);
    T *dy = gradient_at(slots[L + 1]), *dx = gradient_at(slots[L]);
    [[maybe_unused]] const auto state_of = [&](index_t i) { return state(L, row_of(i)); };
    if constexpr (Parameters && detail::has_parameters<layer_at<L>>)
      operation.add_parameter_gradient(value(slots[L], first), dy, rows);
    // Nobody asks for the gradient below the first layer with parameters while the parameters are trained.
    if constexpr (!Parameters || needed_below[L]) {
      if constexpr (leaf_by_leaf && std::is_same_v<layer_at<L>, batch_norm>)
        operation.pullback(value(slots[L], first), dy, dx, rows);
      else if constexpr (detail::kind_of<layer_at<L>> == detail::leaf_kind::layer)
        operation.pullback(dy, dx, rows, state_of);
      else
        operation.pullback(dy, dx, rows, state_of, block_buffers<L>(gradient_at));
    }
  }

  /// Has a layer before this one parameters?
  static constexpr std::array<bool, layer_count> needed_below = []<std::size_t... L>(std::index_sequence<L...>) {
    std::array<bool, layer_count> result{};
    bool found = false;
    ((result[L] = found, found = found || detail::has_parameters<layer_at<L>>), ...);
    return result;
  }
  (std::index_sequence_for<Layers...>{});

  operation_pack operations;
  shape input;
  shape head_output;
  detail::pass_limits limits;
  index_t tile;
  std::array<index_t, slot_count> sizes{};
  std::array<index_t, slot_count> strides{};
  std::array<detail::aligned_vector<T>, slot_count> values;
  std::array<detail::aligned_vector<T>, slot_count> gradients;
  std::array<index_t, layer_count> state_offsets{};
  index_t state_stride = 0;
  detail::aligned_vector<std::byte> states;
};

} // namespace advx::nn
