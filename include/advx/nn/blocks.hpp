/// @file
/// Blocks: layers with a way around them. A network unfolds its blocks into a row of *leaves*: a block's opening
/// (fork), its layers, where it has a second branch a turn back to the block's input, and its closing (join). So
/// parameters, sessions and fusions know leaves only, and a block may hold blocks.
///
/// A block's layers are named by their position in it: "4.0" is the first layer of the block that is layer 4.
#pragma once

#include <advx/core/pack.hpp>
#include <advx/nn/layers.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

namespace advx::nn {

namespace detail {

template <class... Body>
constexpr void check_body() {
  static_assert((!std::is_same_v<Body, flatten> && ... && true),
                "advx: nn::flatten cannot stand in a block: it changes the shape; put it before or after the block");
}

} // namespace detail

/// y = x + body(x) (He et al., 2016). The body keeps the shape.
///
///     nn::residual{nn::conv2d{.channels = 16, .padding = 1}, nn::relu{}, nn::conv2d{.channels = 16, .padding = 1}}
template <class... Body>
struct residual {
  static_assert(sizeof...(Body) > 0, "advx: nn::residual needs at least one layer");
  explicit constexpr residual(const Body&... layers) : body{{{layers}...}} { detail::check_body<Body...>(); }
  pack<Body...> body;
};

/// y = [x, body(x)], the channels of x before those of the body (Huang et al., 2017). The body keeps height and width.
template <class... Body>
struct dense_block {
  static_assert(sizeof...(Body) > 0, "advx: nn::dense_block needs at least one layer");
  explicit constexpr dense_block(const Body&... layers) : body{{{layers}...}} { detail::check_body<Body...>(); }
  pack<Body...> body;
};

/// y = t·body(x) + (1 − t)·x with t = sigmoid(gate(x)) (Srivastava et al., 2015). Gate (one layer, linear or conv2d)
/// and body keep the shape. The gate's biases begin at −1, so that most of x passes.
///
///     nn::highway{nn::linear{50}, nn::linear{50}, nn::relu{}}     the first layer is the gate
template <class Gate, class... Body>
struct highway {
  static_assert(sizeof...(Body) > 0, "advx: nn::highway needs a gate and at least one layer");
  static_assert(std::is_same_v<Gate, linear> || std::is_same_v<Gate, conv2d>,
                "advx: nn::highway's first layer is its gate: nn::linear or nn::conv2d");
  explicit constexpr highway(const Gate& first, const Body&... layers) : gate(first), body{{{layers}...}} {
    detail::check_body<Body...>();
  }
  Gate gate;
  pack<Body...> body;
};

/// One of the ways of a `sum`; without layers, x itself.
template <class... Body>
struct branch {
  explicit constexpr branch(const Body&... layers) : body{{{layers}...}} { detail::check_body<Body...>(); }
  pack<Body...> body;
};

/// y = first(x) + second(x): a residual block whose way around has layers, too, as where the shape changes.
template <class First, class Second>
class sum;
template <class... A, class... B>
class sum<branch<A...>, branch<B...>> {
public:
  constexpr sum(const branch<A...>& one, const branch<B...>& other) : first(one), second(other) {}
  branch<A...> first;
  branch<B...> second;
};
template <class... A, class... B>
sum(branch<A...>, branch<B...>) -> sum<branch<A...>, branch<B...>>;

namespace detail {

/// What a leaf is: a layer, or a part of a block.
enum class leaf_kind { layer, fork, turn, join };

/// Opens a block. What goes in, x, is kept for its turn and its join.
struct fork {
  static constexpr leaf_kind kind = leaf_kind::fork;
  static constexpr const char* name = "block";
  std::string fault(const shape&) const { return {}; }
  shape output(const shape& in) const { return in; }
};

/// Keeps what goes in, the first branch's result, for the join, and begins the second branch with x. With `AfterJoin`
/// the join, too, has a gradient for x.
template <bool AfterJoin>
struct turn {
  static constexpr leaf_kind kind = leaf_kind::turn;
  static constexpr const char* name = "block";
};

/// Closes a block: joins what goes in with `kept`, the first branch's result, or x in a block of one branch.
struct add_join {
  static constexpr leaf_kind kind = leaf_kind::join;
  const char* name = "";
  std::string fault(const shape& in, const shape& kept, const shape&) const {
    if (in == kept) return {};
    return "it adds " + to_string(in) + " values to " + to_string(kept) +
           "; let both ways make the same shape (nn::sum takes layers for both)";
  }
  shape output(const shape& in, const shape&) const { return in; }
};
struct concatenate_join {
  static constexpr leaf_kind kind = leaf_kind::join;
  static constexpr const char* name = "dense_block";
  std::string fault(const shape& in, const shape& kept, const shape&) const {
    if (in.height == kept.height && in.width == kept.width) return {};
    return "its body makes " + to_string(in) + " of " + to_string(kept) + "; the body must keep height and width";
  }
  shape output(const shape& in, const shape& kept) const { return {kept.channels + in.channels, in.height, in.width}; }
};
/// What goes in is the gate's value before its sigmoid.
struct gate_join {
  static constexpr leaf_kind kind = leaf_kind::join;
  static constexpr const char* name = "highway";
  std::string fault(const shape& in, const shape& kept, const shape& skipped) const {
    if (in == skipped && kept == skipped) return {};
    return "of " + to_string(skipped) + " its gate makes " + to_string(in) + " and its body " + to_string(kept) +
           "; both must keep the shape";
  }
  shape output(const shape& in, const shape&) const { return in; }
};

template <class Leaf>
inline constexpr leaf_kind kind_of = [] {
  if constexpr (requires { Leaf::kind; })
    return Leaf::kind;
  else
    return leaf_kind::layer;
}();

/// How a layer unfolds into leaves, and what they are called where the layer is called `at`.
template <class Layer>
struct unfolding {
  static auto leaves(const Layer& layer) { return pack<Layer>{{{layer}}}; }
  static void name(const std::string& at, std::vector<std::string>& names) { names.push_back(at); }
};

template <class Layers>
struct unfolding_all;
template <class... Layers>
struct unfolding_all<pack<Layers...>> {
  static auto leaves(const pack<Layers...>& layers) {
    return apply([](const Layers&... each) { return (unfolding<Layers>::leaves(each) + ... + pack<>{}); }, layers);
  }
  /// `before` is put before the positions.
  static void name(const std::string& before, std::vector<std::string>& names) {
    std::size_t position = 0;
    (unfolding<Layers>::name(before + std::to_string(position++), names), ...);
  }
};
template <class... Layers>
auto leaves_of(const pack<Layers...>& layers) {
  return unfolding_all<pack<Layers...>>::leaves(layers);
}

/// A block of one branch.
template <class Join, class... Body>
struct unfolding_around {
  using body = unfolding_all<pack<Body...>>;
  static auto leaves(const pack<Body...>& layers, const Join& join) {
    return pack<fork>{} + body::leaves(layers) + pack<Join>{{{join}}};
  }
  static void name(const std::string& at, std::vector<std::string>& names) {
    names.push_back(at);
    body::name(at + ".", names);
    names.push_back(at);
  }
};
template <class... Body>
struct unfolding<residual<Body...>> : unfolding_around<add_join, Body...> {
  static auto leaves(const residual<Body...>& block) {
    return unfolding_around<add_join, Body...>::leaves(block.body, add_join{"residual"});
  }
};
template <class... Body>
struct unfolding<dense_block<Body...>> : unfolding_around<concatenate_join, Body...> {
  static auto leaves(const dense_block<Body...>& block) {
    return unfolding_around<concatenate_join, Body...>::leaves(block.body, concatenate_join{});
  }
};
template <class... A, class... B>
struct unfolding<sum<branch<A...>, branch<B...>>> {
  static auto leaves(const sum<branch<A...>, branch<B...>>& block) {
    return pack<fork>{} + leaves_of(block.first.body) + pack<turn<false>>{} + leaves_of(block.second.body) +
           pack<add_join>{{{add_join{"sum"}}}};
  }
  static void name(const std::string& at, std::vector<std::string>& names) {
    names.push_back(at);
    unfolding_all<pack<A...>>::name(at + ".0.", names);
    names.push_back(at);
    unfolding_all<pack<B...>>::name(at + ".1.", names);
    names.push_back(at);
  }
};
template <class Gate, class... Body>
struct unfolding<highway<Gate, Body...>> {
  static auto leaves(const highway<Gate, Body...>& block) {
    return pack<fork>{} + leaves_of(block.body) + pack<turn<true>, Gate, gate_join>{{{}, {block.gate}, {}}};
  }
  static void name(const std::string& at, std::vector<std::string>& names) {
    names.push_back(at);
    unfolding_all<pack<Body...>>::name(at + ".", names);
    names.push_back(at);
    names.push_back(at + ".gate");
    names.push_back(at);
  }
};

/// Where the block of a part begins and turns; `none` outside blocks and where there is no turn.
struct block_place {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t fork = none;
  std::size_t turn = none;
  /// The leaf whose input the join takes beside its own.
  constexpr std::size_t kept() const { return turn == none ? fork : turn; }
};

/// The block of each turn and join.
template <class... Leaves>
constexpr auto block_places() {
  constexpr std::array<leaf_kind, sizeof...(Leaves)> kinds{kind_of<Leaves>...};
  std::array<block_place, sizeof...(Leaves)> places{}, open{};
  std::size_t depth = 0;
  for (std::size_t l = 0; l < sizeof...(Leaves); ++l) {
    if (kinds[l] == leaf_kind::fork) open[depth++] = {l, block_place::none};
    if (kinds[l] == leaf_kind::turn) open[depth - 1].turn = l;
    if (kinds[l] == leaf_kind::turn || kinds[l] == leaf_kind::join) places[l] = open[depth - 1];
    if (kinds[l] == leaf_kind::join) --depth;
  }
  return places;
}

} // namespace detail

} // namespace advx::nn
