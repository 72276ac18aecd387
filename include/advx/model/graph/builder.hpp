/// @file
/// Builds a network operator by operator. Arrays are named by *views*: the same values may be seen with other extents,
/// or stored with the channels last, as convolutions and pools like them; the builder inserts the few operators that
/// move values between the two layouts, and leaves out what only changes extents.
#pragma once

#include <advx/model/graph/arithmetic.hpp>
#include <advx/model/graph/convolution.hpp>
#include <advx/model/graph/movement.hpp>
#include <advx/model/graph/network.hpp>
#include <advx/model/graph/pooling.hpp>
#include <advx/model/graph/product.hpp>
#include <advx/model/graph/softmax.hpp>
#include <advx/model/graph/unary.hpp>

#include <map>
#include <optional>
#include <utility>

namespace advx::model::graph {

/// One image's values as an array. `dims` are channels first; where `channels_last` the values lie as dims[1], ...,
/// dims[0].
struct view {
  index_t array = 0;
  extents dims;
  bool channels_last = false;

  /// The extents as the values lie.
  extents stored() const {
    extents e = dims;
    if (channels_last) std::rotate(e.begin(), e.begin() + 1, e.end());
    return e;
  }
  /// Where axis `axis` of dims lies among the stored ones.
  std::size_t stored_axis(std::size_t axis) const noexcept {
    return !channels_last ? axis : axis == 0 ? dims.size() - 1 : axis - 1;
  }
};

/// Constants of a model.
struct constants {
  extents dims;
  std::vector<float> values;
};

/// What a model says of a window, an entry for each of its 1 to 3 spatial axes.
struct window_request {
  extents size, stride, dilation, before, after;
  bool round_up = false; ///< the last window may begin inside and end outside of the padded image
};

class builder {
public:
  /// Values that are still left of the limit.
  index_t room() const noexcept { return limit_ - total_; }

  /// The image is the view `input()`. All arrays of one image have at most `limit` values together.
  /// @throws fault for extents that are not positive
  explicit builder(const extents& image, index_t limit = most_values) : input_{0, image, false}, limit_(limit) {
    for (const index_t e : image)
      if (e < 1) throw fault("the image's extents are " + to_string(image) + "; each must be at least 1");
    net_.sizes.push_back(room_for(image));
    total_ = net_.sizes[0];
  }

  const view& input() const noexcept { return input_; }

  /// Constants as an array of each image. @throws fault where their number is not that of the extents
  view constant(constants c) {
    if (size_of(c.dims) != static_cast<index_t>(c.values.size()))
      throw fault(std::to_string(c.values.size()) + " constants for the extents " + to_string(c.dims));
    const extents dims = c.dims;
    return add<described<source, source_numbers>>({input_}, dims, false,
                                                  source_numbers{std::move(c.values), net_.sizes[0]});
  }

  // Element by element ------------------------------------------------------------------------------------------------

  template <class F>
  view apply(const view& x, const F& function) {
    return add<typename unary<F>::description>({x}, x.dims, x.channels_last,
                                               unary_numbers<F>{size_of(x.dims), function, true});
  }

  /// scale·x + shift; both broadcast against x. None of either stands for 1, or 0.
  view affine(const view& x, const std::optional<constants>& scale, const std::optional<constants>& shift) {
    extents to = x.dims;
    for (const auto* c : {&scale, &shift})
      if (*c) to = broadcast(to, (*c)->dims);
    const view from = expand(x, to);
    const extents stored = from.stored();
    affine_numbers n{.size = size_of(to), .period = 1, .scale = {}, .shift = {}};
    const auto period_of = [&](const constants& c) {
      view pattern{0, aligned(c.dims, to.size()), from.channels_last};
      const extents e = pattern.stored();
      std::size_t first = 0;
      while (first < e.size() && e[first] == 1) ++first;
      return size_between(stored, first, stored.size());
    };
    for (const auto* c : {&scale, &shift})
      if (*c) n.period = std::max(n.period, period_of(**c));
    const auto spread = [&](const constants& c) {
      const constants as_stored = store(c, to.size(), from.channels_last);
      const extents repeated = tail(stored, n.period);
      const std::vector<std::int32_t> places = broadcast_places(tail(as_stored.dims, repeated.size()), repeated);
      std::vector<float> values(places.size());
      for (std::size_t i = 0; i < places.size(); ++i) values[i] = as_stored.values[static_cast<std::size_t>(places[i])];
      return values;
    };
    if (scale) n.scale = spread(*scale);
    if (shift) n.shift = spread(*shift);
    return add<described<graph::affine, affine_numbers>>({from}, to, from.channels_last, std::move(n));
  }

  view combine(arithmetic kind, const view& a, const view& b) {
    const extents to = broadcast(a.dims, b.dims);
    const bool commutes = kind != arithmetic::subtract && kind != arithmetic::divide;
    if (commutes && size_of(a.dims) < size_of(b.dims)) return combine(kind, b, a);
    view x = expand(a, to);
    view y = b.dims.size() == to.size() ? b : reshape(b, aligned(b.dims, to.size()));
    if (x.channels_last != y.channels_last) {
      x = last(x);
      y = last(y);
    }
    // The second operand may repeat where its first extents are 1; otherwise it is spread out.
    const extents whole = x.stored(), part = y.stored();
    std::size_t first = 0;
    while (first < part.size() && part[first] == 1) ++first;
    if (!std::equal(part.begin() + static_cast<index_t>(first), part.end(),
                    whole.begin() + static_cast<index_t>(first)))
      y = expand(y, to);
    const index_t size = size_of(to);
    return add<described<pairwise, pairwise_numbers>>(
        {x, y}, to, x.channels_last, pairwise_numbers{.kind = kind, .size = size, .period = size_of(y.dims)});
  }

  // Products ----------------------------------------------------------------------------------------------------------

  /// x (…, depth) · weights (depth × columns) + bias (columns values, or none).
  view multiply(const view& x, constants weights, std::vector<float> bias) {
    const view from = plain(x);
    if (from.dims.empty() || weights.dims.size() != 2 || from.dims.back() != weights.dims[0])
      throw fault("a product of values of extents " + to_string(x.dims) + " with weights of " +
                  to_string(weights.dims) + "; the last extent must be the weights' first");
    extents to = from.dims;
    to.back() = weights.dims[1];
    size_of(to);
    if (!bias.empty() && static_cast<index_t>(bias.size()) != to.back())
      throw fault("a product has " + std::to_string(bias.size()) + " biases for " + std::to_string(to.back()) +
                  " columns; give one a column");
    product_numbers n{.lines = size_between(from.dims, 0, from.dims.size() - 1),
                      .depth = weights.dims[0],
                      .columns = weights.dims[1],
                      .weights = std::move(weights.values),
                      .bias = std::move(bias)};
    return add<described<product, product_numbers>>({from}, to, false, std::move(n));
  }

  /// a (…, height × depth) · b (…, depth × width), the first extents broadcast.
  view multiply(const view& a, const view& b) {
    view x = plain(a), y = plain(b);
    if (x.dims.size() < 2 || y.dims.size() < 2 || x.dims.back() != y.dims[y.dims.size() - 2])
      throw fault("a product of matrices of extents " + to_string(a.dims) + " and " + to_string(b.dims) +
                  "; the first one's last extent must be the second one's last but one");
    const auto outer = [](const view& v) { return extents(v.dims.begin(), v.dims.end() - 2); };
    const extents shared = broadcast(outer(x), outer(y));
    const auto with = [&](index_t p, index_t q) {
      extents e = shared;
      e.insert(e.end(), {p, q});
      return e;
    };
    const index_t height = x.dims[x.dims.size() - 2], depth = x.dims.back(), width = y.dims.back();
    x = expand(x, with(height, depth));
    y = expand(y, with(depth, width));
    return add<described<matrices, matrices_numbers>>({x, y}, with(height, width), false,
                                                      matrices_numbers{size_of(shared), height, depth, width});
  }

  // Windows -----------------------------------------------------------------------------------------------------------

  /// x (channels, 1 to 3 spatial extents); weights are outputs × (channels / groups) × the window.
  view convolve(const view& x, const window_request& w, index_t groups, constants weights, std::vector<float> bias) {
    if (x.dims.size() < 2 || x.dims.size() > 4 || weights.dims.size() != x.dims.size() + 1)
      throw fault("a convolution of an image of extents " + to_string(x.dims) + " with weights of " +
                  to_string(weights.dims) + "; there are ones of 1 to 3 spatial extents");
    const index_t outputs = weights.dims[0];
    if (groups < 1 || outputs < 1 || outputs % groups != 0 || weights.dims[1] * groups != x.dims[0])
      throw fault("a convolution of " + std::to_string(x.dims[0]) + " channels in " + std::to_string(groups) +
                  " groups with weights of " + to_string(weights.dims) + "; channels and groups must fit");
    if (bias.empty()) bias.resize(static_cast<std::size_t>(outputs));
    if (static_cast<index_t>(bias.size()) != outputs)
      throw fault("a convolution has " + std::to_string(bias.size()) + " biases for " + std::to_string(outputs) +
                  " channels; give one a channel");
    window_request request = w;
    request.size.assign(weights.dims.begin() + 2, weights.dims.end());
    convolution_numbers n{.places = place(x, request),
                          .in_channels = x.dims[0],
                          .out_channels = outputs,
                          .groups = groups,
                          .weights = std::move(weights.values),
                          .bias = std::move(bias)};
    const extents to = spatial(x, n.places, outputs);
    return add<described<convolution, convolution_numbers>>({last(x)}, to, to.size() > 1, std::move(n));
  }

  view max_pool(const view& x, const window_request& w) { return pool<graph::max_pool>(x, w, false); }
  view mean_pool(const view& x, const window_request& w, bool counts_padding) {
    return pool<graph::mean_pool>(x, w, counts_padding);
  }

  // Axes --------------------------------------------------------------------------------------------------------------

  view softmax(const view& x, std::size_t axis, bool logarithm) {
    const extents e = x.stored();
    const std::size_t a = x.stored_axis(axis);
    return add<described<graph::softmax, softmax_numbers>>(
        {x}, x.dims, x.channels_last,
        softmax_numbers{size_between(e, 0, a), e[a], size_between(e, a + 1, e.size()), logarithm});
  }

  /// Sum over the axes, times `factor`; they stay as 1s.
  view sum(const view& x, const std::vector<std::size_t>& axes, float factor) {
    extents to = x.dims;
    for (const std::size_t a : axes) to[a] = 1;
    const view pattern{0, to, x.channels_last};
    table_numbers n{broadcast_places(pattern.stored(), x.stored()), size_of(x.dims), size_of(to), 0, factor};
    return add<described<scattering, table_numbers>>({x}, to, x.channels_last, std::move(n));
  }

  view concatenate(const std::vector<view>& parts, std::size_t axis) {
    extents to = parts.at(0).dims;
    bool any_last = false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      extents other = parts[i].dims;
      any_last = any_last || parts[i].channels_last;
      if (other.size() != to.size()) throw fault("arrays of several ranks cannot be joined");
      if (i > 0) to[axis] += other[axis];
      other[axis] = to[axis];
      if (other != to)
        throw fault("arrays of extents " + to_string(parts[0].dims) + " and " + to_string(parts[i].dims) +
                    " cannot be joined along axis " + std::to_string(axis) + "; the other extents must be equal");
    }
    size_of(to);
    std::vector<view> from;
    concat_numbers n;
    for (const view& part : parts) {
      from.push_back(any_last ? last(part) : part);
      const extents e = from.back().stored();
      const std::size_t a = from.back().stored_axis(axis);
      n.turns = size_between(e, 0, a);
      n.runs.push_back(size_between(e, a, e.size()));
    }
    return add<described<concatenation, concat_numbers>>(from, to, from[0].channels_last, std::move(n));
  }

  /// For each axis `counts` values from `starts` on, `steps` (not 0) apart.
  view slice(const view& x, const extents& starts, const extents& steps, const extents& counts) {
    const view from = x;
    const extents strides = strides_of(from.stored());
    extents steps_in(x.dims.size()), to(x.dims.size());
    index_t start = 0;
    for (std::size_t axis = 0; axis < x.dims.size(); ++axis) {
      const std::size_t a = from.stored_axis(axis);
      start += starts[axis] * strides[a];
      steps_in[a] = steps[axis] * strides[a];
      to[a] = counts[axis];
    }
    if (counts == x.dims && std::all_of(steps.begin(), steps.end(), [](index_t s) { return s == 1; })) return x;
    table_numbers n = table(x.dims, counts);
    for_each_element(to, steps_in, start, [&](index_t position, index_t i) {
      n.places[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(position);
    });
    return add<described<gathering, table_numbers>>({from}, counts, from.channels_last, std::move(n));
  }

  /// Along `axis` the values at `places`, each in [0, extent), seen as extents `shape`.
  view take(const view& x, std::size_t axis, const extents& places, const extents& shape) {
    const view from = plain(x);
    extents to(from.dims.begin(), from.dims.begin() + static_cast<index_t>(axis));
    const index_t outer = size_between(from.dims, 0, axis), extent = from.dims[axis];
    const index_t inner = size_between(from.dims, axis + 1, from.dims.size());
    to.insert(to.end(), shape.begin(), shape.end());
    to.insert(to.end(), from.dims.begin() + static_cast<index_t>(axis) + 1, from.dims.end());
    table_numbers n = table(x.dims, to);
    auto entry = n.places.begin();
    for (index_t o = 0; o < outer; ++o)
      for (const index_t p : places)
        for (index_t i = 0; i < inner; ++i) *entry++ = static_cast<std::int32_t>((o * extent + p) * inner + i);
    return add<described<gathering, table_numbers>>({from}, to, false, std::move(n));
  }

  /// Values before and behind each axis: `place(position, extent)` says which of the axis stands at a position that may
  /// be outside of it, or −1 for `fill`.
  template <class Place>
  view pad(const view& x, const extents& before, const extents& after, float fill, const Place& place_of) {
    extents to = x.dims;
    for (std::size_t a = 0; a < to.size(); ++a) to[a] += before[a] + after[a];
    const view pattern{0, to, x.channels_last};
    const extents e = pattern.stored(), strides = strides_of(x.stored());
    table_numbers n = table(x.dims, to, fill);
    extents at(e.size(), 0);
    std::vector<std::size_t> axis_of(e.size());
    for (std::size_t a = 0; a < e.size(); ++a) axis_of[x.stored_axis(a)] = a;
    for (std::int32_t& entry : n.places) {
      index_t position = 0;
      for (std::size_t s = 0; s < e.size() && position >= 0; ++s) {
        const index_t p = place_of(at[s] - before[axis_of[s]], x.dims[axis_of[s]]);
        position = p < 0 ? -1 : position + p * strides[s];
      }
      entry = static_cast<std::int32_t>(position);
      for (std::size_t s = e.size(); s-- > 0;) {
        if (++at[s] < e[s]) break;
        at[s] = 0;
      }
    }
    return add<described<gathering, table_numbers>>({x}, to, x.channels_last, std::move(n));
  }

  /// Axis i of the result is axis order[i] of x.
  view transpose(const view& x, const std::vector<std::size_t>& order) {
    const view from = plain(x);
    const extents strides = strides_of(from.dims);
    extents to, steps;
    for (const std::size_t axis : order) {
      to.push_back(from.dims[axis]);
      steps.push_back(strides[axis]);
    }
    table_numbers n = table(to, to);
    bool moves = false;
    for_each_element(to, steps, 0, [&](index_t position, index_t i) {
      n.places[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(position);
      moves = moves || position != i;
    });
    if (!moves) return {from.array, to, false};
    return add<described<gathering, table_numbers>>({from}, to, false, std::move(n));
  }

  /// The same values with other extents. @throws fault where their number differs
  view reshape(const view& x, const extents& to) {
    if (size_of(to) != size_of(x.dims))
      throw fault("values of extents " + to_string(x.dims) + " cannot be seen as " + to_string(to) +
                  "; the number of values must be the same");
    return {plain(x).array, to, false};
  }

  /// The values repeated along axes of extent 1. @throws fault where that does not give `to`
  view expand(const view& x, const extents& to) {
    if (x.dims == to) return x;
    if (broadcast(x.dims, to) != to)
      throw fault("values of extents " + to_string(x.dims) + " cannot be repeated to " + to_string(to));
    view from = x;
    if (aligned(x.dims, to.size()).size() != x.dims.size()) from = reshape(x, aligned(x.dims, to.size()));
    if (from.dims == to) return from;
    const view pattern{0, to, from.channels_last};
    room_for(to);
    table_numbers n{broadcast_places(from.stored(), pattern.stored()), size_of(x.dims), size_of(to)};
    return add<described<gathering, table_numbers>>({from}, to, from.channels_last, std::move(n));
  }

  // The end -----------------------------------------------------------------------------------------------------------

  /// Fuses what can be, and leaves out what the scores do not need.
  network finish(const view& scores) {
    net_.output = plain(scores).array;
    drop_unused();
    fuse();
    drop_unused();
    return std::move(net_);
  }

private:
  template <class Description, class Numbers>
  view add(const std::vector<view>& inputs, const extents& dims, bool channels_last, Numbers&& numbers) {
    const index_t size = room_for(dims);
    total_ += size;
    node made{
        std::make_unique<Description>(std::forward<Numbers>(numbers)), {}, static_cast<index_t>(net_.sizes.size())};
    for (const view& v : inputs) made.inputs.push_back(v.array);
    net_.sizes.push_back(size);
    net_.nodes.push_back(std::move(made));
    return {net_.nodes.back().output, dims, channels_last};
  }

  /// The size of another array. @throws fault for none, or too many values, before they are allocated
  index_t room_for(const extents& dims) const {
    const index_t size = size_of(dims);
    if (size < 1)
      throw fault("an array of extents " + to_string(dims) + " has no values; each extent must be at least 1");
    if (size > limit_ - total_)
      throw fault("the arrays of one image have more than " + std::to_string(limit_) +
                  " values together; use a smaller model");
    return size;
  }
  table_numbers table(const extents& from, const extents& to, float fill = 0) const {
    table_numbers n{{}, size_of(from), room_for(to), fill};
    n.places.resize(static_cast<std::size_t>(n.outputs));
    return n;
  }

  /// Extents of a layout with the channels last are the same where there is one channel, or one position.
  static bool alike(const extents& dims) {
    return dims.size() < 2 || dims[0] == 1 || size_between(dims, 1, dims.size()) == 1;
  }
  view plain(const view& x) {
    return x.channels_last ? relaid(x, false, size_between(x.dims, 1, x.dims.size()), x.dims[0]) : x;
  }
  view last(const view& x) {
    if (x.channels_last || x.dims.size() < 2) return x;
    return relaid(x, true, x.dims[0], size_between(x.dims, 1, x.dims.size()));
  }
  view relaid(const view& x, bool channels_last, index_t height, index_t width) {
    if (alike(x.dims) || size_of(x.dims) == 0) return {x.array, x.dims, channels_last};
    const auto [found, is_new] = relaid_.try_emplace({x.array, height}, 0);
    if (is_new)
      found->second = add<described<flip, flip_numbers>>({x}, x.dims, channels_last, flip_numbers{height, width}).array;
    return {found->second, x.dims, channels_last};
  }

  /// Constants as they go with an array that is stored so, with `rank` extents.
  static constants store(const constants& c, std::size_t rank, bool channels_last) {
    constants result{aligned(c.dims, rank), c.values};
    if (!channels_last || alike(result.dims)) {
      if (channels_last) result.dims = view{0, result.dims, true}.stored();
      return result;
    }
    const index_t pixels = size_between(result.dims, 1, rank), channels = result.dims[0];
    for (index_t p = 0; p < pixels; ++p)
      for (index_t k = 0; k < channels; ++k)
        result.values[static_cast<std::size_t>(p * channels + k)] = c.values[static_cast<std::size_t>(k * pixels + p)];
    result.dims = view{0, result.dims, true}.stored();
    return result;
  }
  static extents tail(const extents& e, std::size_t count) { return {e.end() - static_cast<index_t>(count), e.end()}; }
  /// The last extents, which make `count` values.
  static extents tail(const extents& e, index_t count) {
    std::size_t first = e.size();
    index_t n = 1;
    while (first > 0 && n < count) n *= e[--first];
    return {e.begin() + static_cast<index_t>(first), e.end()};
  }

  /// A model's window over x. @throws fault for numbers out of range
  static window place(const view& x, const window_request& w) {
    if (x.dims.size() < 2 || x.dims.size() > 4)
      throw fault("windows over an image of extents " + to_string(x.dims) + "; it must have channels and 1 to 3 more");
    const std::size_t rank = x.dims.size() - 1;
    window to;
    for (const extents* list : {&w.size, &w.stride, &w.dilation, &w.before, &w.after})
      if (list->size() != rank)
        throw fault("a window's size, strides, dilations and paddings need " + std::to_string(rank) +
                    " entries each; one list has " + to_string(*list));
    constexpr index_t most = index_t{1} << 24;
    for (std::size_t i = 0; i < rank; ++i) {
      const auto in_range = [&](index_t v, index_t least, const char* what) {
        if (v < least || v > most)
          throw fault(std::string("a window's ") + what + " is " + std::to_string(v) + "; it must be in " +
                      std::to_string(least) + ".." + std::to_string(most));
        return v;
      };
      const std::size_t o = 3 - rank + i;
      to.in[o] = x.dims[i + 1];
      to.size[o] = in_range(w.size[i], 1, "size");
      to.stride[o] = in_range(w.stride[i], 1, "stride");
      to.dilation[o] = in_range(w.dilation[i], 1, "dilation");
      to.before[o] = in_range(w.before[i], 0, "padding");
      to.after[o] = in_range(w.after[i], 0, "padding");
      const index_t span = (to.size[o] - 1) * to.dilation[o] + 1;
      const index_t room = to.in[o] + to.before[o] + to.after[o] - span;
      if (room < 0)
        throw fault("a window that spans " + std::to_string(span) + " values does not fit " + std::to_string(to.in[o]) +
                    " values and their padding");
      to.out[o] = room / to.stride[o] + 1;
      // A window that would begin in the padding behind the image is none.
      if (w.round_up && room % to.stride[o] != 0 && to.out[o] * to.stride[o] < to.in[o] + to.before[o]) ++to.out[o];
    }
    size_of({to.size[0], to.size[1], to.size[2]});
    return to;
  }
  static extents spatial(const view& x, const window& w, index_t channels) {
    extents to{channels};
    for (std::size_t i = 4 - x.dims.size(); i < 3; ++i) to.push_back(w.out[i]);
    size_of(to);
    return to;
  }
  template <template <class> class Pool>
  view pool(const view& x, const window_request& w, bool counts_padding) {
    pool_numbers n{place(x, w), x.dims.empty() ? 0 : x.dims[0], counts_padding};
    const extents to = spatial(x, n.places, x.dims[0]);
    return add<described<Pool, pool_numbers>>({last(x)}, to, true, std::move(n));
  }

  // Fusion ------------------------------------------------------------------------------------------------------------

  template <class Description>
  static Description* as(node& n) {
    return dynamic_cast<Description*>(n.what.get());
  }
  using convolution_node = described<convolution, convolution_numbers>;
  using product_node = described<product, product_numbers>;
  using affine_node = described<graph::affine, affine_numbers>;
  using relu_node = unary<function::relu>::description;
  using flip_node = described<flip, flip_numbers>;

  void fuse() {
    std::vector<std::size_t> writer(net_.sizes.size(), none), readers(net_.sizes.size(), 0);
    for (const node& n : net_.nodes)
      for (const index_t a : n.inputs) ++readers[static_cast<std::size_t>(a)];
    ++readers[static_cast<std::size_t>(net_.output)];
    for (std::size_t i = 0; i < net_.nodes.size(); ++i) {
      node& n = net_.nodes[i];
      const auto input = static_cast<std::size_t>(n.inputs[0]);
      node* before = writer[input] != none && readers[input] == 1 ? &net_.nodes[writer[input]] : nullptr;
      writer[static_cast<std::size_t>(n.output)] = i;
      if (before == nullptr) continue;
      if (auto* f = as<affine_node>(n)) {
        auto* c = as<convolution_node>(*before);
        auto* p = as<product_node>(*before);
        const bool folded = c != nullptr ? fold(c->numbers, f->numbers) : p != nullptr && fold(p->numbers, f->numbers);
        if (folded) { // the node before writes the result
          before->output = n.output;
          writer[static_cast<std::size_t>(n.output)] = writer[input];
          n.output = n.inputs[0];
          n.inputs.clear(); // nothing reads what it writes: drop_unused takes it away
          n.inputs.push_back(0);
        }
      } else if (auto* r = as<relu_node>(n)) {
        auto* c = as<convolution_node>(*before);
        if (c != nullptr) c->numbers.rectified = r->numbers.function.rectified = true;
      } else if (auto* p = as<product_node>(n)) {
        auto* turned = as<flip_node>(*before);
        if (turned != nullptr && p->numbers.lines == 1) {
          permute(p->numbers, turned->numbers);
          n.inputs[0] = before->inputs[0];
        }
      }
    }
  }
  static float at(const std::vector<float>& values, std::size_t i, float otherwise) {
    return values.empty() ? otherwise : values[i % values.size()];
  }
  /// scale·(W·x + b) + shift is another W·x + b.
  static bool fold(convolution_numbers& c, const affine_numbers& f) {
    if (c.out_channels % f.period != 0) return false;
    const std::size_t run = c.weights.size() / static_cast<std::size_t>(c.out_channels);
    for (std::size_t o = 0; o < c.bias.size(); ++o) {
      for (std::size_t i = 0; i < run; ++i) c.weights[o * run + i] *= at(f.scale, o, 1);
      c.bias[o] = c.bias[o] * at(f.scale, o, 1) + at(f.shift, o, 0);
    }
    return true;
  }
  static bool fold(product_numbers& p, const affine_numbers& f) {
    if (p.columns == 0 || p.columns % f.period != 0) return false;
    p.bias.resize(static_cast<std::size_t>(p.columns));
    for (std::size_t i = 0; i < p.weights.size(); ++i)
      p.weights[i] *= at(f.scale, i % static_cast<std::size_t>(p.columns), 1);
    for (std::size_t o = 0; o < p.bias.size(); ++o) p.bias[o] = p.bias[o] * at(f.scale, o, 1) + at(f.shift, o, 0);
    return true;
  }
  /// Reads the product's input as it was before it was flipped.
  static void permute(product_numbers& p, const flip_numbers& f) {
    const std::vector<float> from = p.weights;
    for (index_t k = 0; k < p.depth; ++k) { // input k came from (k % height, k / height)
      const index_t was = k % f.height * f.width + k / f.height;
      std::copy_n(from.begin() + k * p.columns, p.columns, p.weights.begin() + was * p.columns);
    }
  }

  void drop_unused() {
    std::vector<bool> needed(net_.sizes.size(), false);
    needed[static_cast<std::size_t>(net_.output)] = true;
    std::vector<bool> kept(net_.nodes.size(), false);
    for (std::size_t i = net_.nodes.size(); i-- > 0;) {
      if (!needed[static_cast<std::size_t>(net_.nodes[i].output)]) continue;
      needed[static_cast<std::size_t>(net_.nodes[i].output)] = false; // the last one that writes it counts
      kept[i] = true;
      for (const index_t a : net_.nodes[i].inputs) needed[static_cast<std::size_t>(a)] = true;
    }
    std::size_t count = 0;
    for (std::size_t i = 0; i < kept.size(); ++i)
      if (kept[i]) {
        if (count != i) net_.nodes[count] = std::move(net_.nodes[i]);
        ++count;
      }
    net_.nodes.resize(count);
  }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  view input_;
  network net_;
  index_t limit_;
  index_t total_ = 0;
  std::map<std::pair<index_t, index_t>, index_t> relaid_; ///< (array, height) → the flipped array
};

} // namespace advx::model::graph
