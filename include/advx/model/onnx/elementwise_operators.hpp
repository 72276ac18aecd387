/// @file
/// ONNX's operators that compute value by value, with broadcasting.
#pragma once

#include <advx/model/onnx/call.hpp>

namespace advx::model::onnx::operators {

/// Input `i` as constants that go with the views of rank `rank`.
inline graph::constants beside(call& c, std::size_t i, std::size_t rank) {
  graph::constants k = c.reals(i);
  // Broadcasting aligns the last axes: constants of a greater rank than the array's would shift that of the batch.
  if (c.batched() && k.dims.size() > rank + 1)
    throw fault("constants of extents " + graph::to_string(k.dims) +
                " have more axes than the array beside them; "
                "give them at most " +
                std::to_string(rank + 1));
  return c.per_image(std::move(k), rank);
}

/// Before opset 7 the second operand was aligned at an axis of the first, and only if asked for.
inline void align_old(call& c, extents& second, std::size_t first_rank, bool second_is_constant) {
  if (c.opset() >= 7) return;
  c.integer("broadcast", 0);
  c.ignore("consumed_inputs");
  if (!c.is_given("axis")) return;
  const std::int64_t rank = static_cast<std::int64_t>(first_rank) + (c.batched() ? 1 : 0);
  const std::int64_t axis = call::in_range(c.integer("axis", 0), rank);
  if (!second_is_constant) throw fault("the attribute 'axis' beside an array is not supported");
  while (static_cast<std::int64_t>(second.size()) < rank - axis) second.push_back(1);
}

inline value arithmetic(call& c, graph::arithmetic kind) {
  using graph::arithmetic;
  if (c.is_constant(1)) {
    const view x = c.array(0);
    graph::constants k = c.reals(1);
    align_old(c, k.dims, x.dims.size(), true);
    if (c.batched() && k.dims.size() > x.dims.size() + 1)
      throw fault("constants of extents " + graph::to_string(k.dims) + " have more axes than the array beside them");
    k = c.per_image(std::move(k), x.dims.size());
    if (kind == arithmetic::subtract)
      for (float& v : k.values) v = -v;
    if (kind == arithmetic::divide)
      for (float& v : k.values) v = 1 / v;
    const bool scales = kind == arithmetic::multiply || kind == arithmetic::divide;
    return scales ? c.build().affine(x, k, std::nullopt) : c.build().affine(x, std::nullopt, k);
  }
  view y = c.array(1);
  if (c.is_constant(0)) {
    extents none;
    align_old(c, none, y.dims.size(), true);
    const graph::constants k = beside(c, 0, y.dims.size());
    const graph::constants minus{{}, {-1}};
    switch (kind) {
    case arithmetic::subtract:
      return c.build().affine(y, minus, k);
    case arithmetic::divide:
      return c.build().affine(c.build().apply(y, graph::function::reciprocal{}), k, std::nullopt);
    case arithmetic::multiply:
      return c.build().affine(y, k, std::nullopt);
    default:
      return c.build().affine(y, std::nullopt, k);
    }
  }
  const view x = c.array(0);
  extents none;
  align_old(c, none, x.dims.size(), false);
  if (c.batched() && x.dims.size() != y.dims.size() && !x.dims.empty() && !y.dims.empty())
    throw fault("arrays of extents " + graph::to_string(x.dims) + " and " + graph::to_string(y.dims) +
                " (of each image) have different ranks, which would put the images of one beside another axis");
  return c.build().combine(kind, x, y);
}

inline value add(call& c) { return arithmetic(c, graph::arithmetic::add); }
inline value subtract(call& c) { return arithmetic(c, graph::arithmetic::subtract); }
inline value multiply(call& c) { return arithmetic(c, graph::arithmetic::multiply); }
inline value divide(call& c) { return arithmetic(c, graph::arithmetic::divide); }

/// Sum, Max, Min of any number of arrays.
inline value chain(call& c, graph::arithmetic kind) {
  c.ignore("consumed_inputs");
  std::size_t rank = 0;
  for (std::size_t i = 0; i < c.input_count(); ++i)
    if (!c.is_constant(i)) rank = std::max(rank, c.array(i).dims.size());
  const auto operand = [&](std::size_t i) {
    return c.is_constant(i) ? c.build().constant(beside(c, i, rank)) : c.array(i);
  };
  view result = operand(0);
  for (std::size_t i = 1; i < c.input_count(); ++i) result = c.build().combine(kind, result, operand(i));
  return result;
}
inline value sum(call& c) { return chain(c, graph::arithmetic::add); }
inline value maximum(call& c) { return chain(c, graph::arithmetic::maximum); }
inline value minimum(call& c) { return chain(c, graph::arithmetic::minimum); }

template <class F>
value plain_function(call& c) {
  c.ignore("consumed_inputs");
  return c.build().apply(c.array(0), F{});
}

inline value leaky_relu(call& c) {
  return c.build().apply(c.array(0), graph::function::leaky_relu{c.real("alpha", 0.01F)});
}
inline value hard_sigmoid(call& c) {
  return c.build().apply(c.array(0), graph::function::hard_sigmoid{c.real("alpha", 0.2F), c.real("beta", 0.5F)});
}
inline value elu(call& c) { return c.build().apply(c.array(0), graph::function::elu{c.real("alpha", 1), 1}); }
inline value selu(call& c) {
  return c.build().apply(c.array(0), graph::function::elu{c.real("alpha", 1.67326319217681884765625F),
                                                          c.real("gamma", 1.05070102214813232421875F)});
}
inline value negative(call& c) { return c.build().affine(c.array(0), graph::constants{{}, {-1}}, std::nullopt); }

inline value clip(call& c) {
  constexpr float most = std::numeric_limits<float>::max();
  graph::function::clip f{-most, most};
  if (c.opset() < 11) {
    f = {c.real("min", -most), c.real("max", most)};
    c.ignore("consumed_inputs");
  } else {
    if (c.has(1)) f.low = c.number(1);
    if (c.has(2)) f.high = c.number(2);
  }
  return c.build().apply(c.array(0), f);
}

/// max(0, x) + slope·min(0, x)
inline value parametric_relu(call& c) {
  const view x = c.array(0);
  graph::constants slope = c.reals(1);
  if (c.opset() < 7 && slope.dims.size() == 1 && slope.values.size() > 1)
    while (static_cast<std::int64_t>(slope.dims.size()) < c.rank(x) - 1) slope.dims.push_back(1);
  slope = c.per_image(std::move(slope), x.dims.size());
  for (float& v : slope.values) v = -v;
  graph::builder& b = c.build();
  const view below = b.apply(b.affine(x, graph::constants{{}, {-1}}, std::nullopt), graph::function::relu{});
  return b.combine(graph::arithmetic::add, b.apply(x, graph::function::relu{}), b.affine(below, slope, std::nullopt));
}

/// Constant whole exponents 1 to 8, and 1/2.
inline value power(call& c) {
  const float exponent = c.number(1);
  const view x = c.array(0);
  if (exponent == 0.5F) return c.build().apply(x, graph::function::square_root{});
  if (!(exponent >= 1 && exponent <= 8) || exponent != std::floor(exponent))
    throw fault("the exponent is " + std::to_string(exponent) + "; there are 1/2 and the whole numbers 1 to 8");
  view result = x;
  for (float e = 1; e < exponent; ++e) result = c.build().combine(graph::arithmetic::multiply, result, x);
  return result;
}

/// Softmax along one axis; before opset 13 over all axes from one on, as one.
inline value normalised(call& c, bool logarithm) {
  const view x = c.array(0);
  if (c.opset() >= 13) return c.build().softmax(x, c.axis(c.integer("axis", -1), c.rank(x)), logarithm);
  const std::size_t first = c.axis(c.integer("axis", 1), c.rank(x));
  const index_t inner = graph::size_between(x.dims, first, x.dims.size());
  const view flat = c.build().reshape(x, {graph::size_between(x.dims, 0, first), inner});
  return c.build().reshape(c.build().softmax(flat, 1, logarithm), x.dims);
}
inline value softmax(call& c) { return normalised(c, false); }
inline value log_softmax(call& c) { return normalised(c, true); }

} // namespace advx::model::onnx::operators
