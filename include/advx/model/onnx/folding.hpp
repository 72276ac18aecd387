/// @file
/// Computes what depends on constants only while the model is read: arithmetic of shapes, weights made of weights.
#pragma once

#include <advx/model/graph/session.hpp>
#include <advx/model/onnx/operators.hpp>
#include <advx/nn/kernels.hpp>

namespace advx::model::onnx {

namespace detail {

/// Integers go through a network as doubles; the symbol of the batch is a power of two and survives it.
inline std::vector<double> as_doubles(const tensor& t) {
  return t.is_real ? std::vector<double>(t.reals.begin(), t.reals.end())
                   : std::vector<double>(t.integers.begin(), t.integers.end());
}

inline tensor as_real(const tensor& t) {
  if (t.is_real) return t;
  return {t.dims, true, {t.integers.begin(), t.integers.end()}, {}};
}

inline std::int64_t combined(std::string_view kind, std::int64_t a, std::int64_t b) {
  if (a == batch_symbol || b == batch_symbol)
    throw fault("it computes with the number of images; only extents of one image may be computed with");
  std::int64_t result = 0;
  bool fits = true;
  if (kind == "Add")
    fits = !__builtin_add_overflow(a, b, &result);
  else if (kind == "Sub")
    fits = !__builtin_sub_overflow(a, b, &result);
  else if (kind == "Mul")
    fits = !__builtin_mul_overflow(a, b, &result);
  else if ((fits = b != 0 && !(b == -1 && a == std::numeric_limits<std::int64_t>::min())))
    result = a / b;
  if (!fits)
    throw fault(std::string(kind) + " of the integers " + std::to_string(a) + " and " + std::to_string(b) +
                " has no result");
  return result;
}

inline tensor integer_arithmetic(std::string_view kind, const tensor& a, const tensor& b, index_t room) {
  tensor result{graph::broadcast(a.dims, b.dims), false, {}, {}};
  if (graph::size_of(result.dims) > room) throw fault("constants have too many values");
  const auto left = graph::broadcast_places(a.dims, result.dims), right = graph::broadcast_places(b.dims, result.dims);
  for (std::size_t i = 0; i < left.size(); ++i)
    result.integers.push_back(
        combined(kind, a.integers[static_cast<std::size_t>(left[i])], b.integers[static_cast<std::size_t>(right[i])]));
  return result;
}

/// The values of `scores`, an array of the graph that `b` built, at `input`.
inline tensor evaluate(graph::builder& b, const view& scores, const tensor& input) {
  const auto net = std::make_shared<const graph::network>(b.finish(scores));
  graph::session<double, nn::standard_kernels> session(net, {graph::make_standard_convolution<double>}, 1);
  const std::vector<double> x = as_doubles(input);
  std::vector<double> y(static_cast<std::size_t>(graph::size_of(scores.dims)));
  session.forward({x.data(), 1, static_cast<index_t>(x.size())}, {y.data(), 1, static_cast<index_t>(y.size())});
  tensor result{scores.dims, input.is_real, {}, {}};
  for (const double v : y) {
    if (input.is_real) {
      result.reals.push_back(static_cast<float>(v));
    } else {
      constexpr double most = 9e18;
      result.integers.push_back(v < -most  ? std::numeric_limits<std::int64_t>::min()
                                : v > most ? std::numeric_limits<std::int64_t>::max()
                                           : std::llround(v));
    }
  }
  return result;
}

} // namespace detail

/// Output `which` of a node all of whose inputs are constants. It has at most `room` values.
inline tensor fold(const proto::NodeProto& node, std::vector<value> inputs, int opset, index_t room,
                   std::size_t which) {
  const std::string& kind = node.op_type();
  if (inputs.empty() || !inputs[0].constant) throw fault("its first input is missing");
  const std::shared_ptr<const tensor> first = inputs[0].constant;
  const bool arithmetic = kind == "Add" || kind == "Sub" || kind == "Mul" || kind == "Div";
  if (arithmetic && inputs.size() == 2 && inputs[1].constant && !first->is_real && !inputs[1].constant->is_real)
    return detail::integer_arithmetic(kind, *first, *inputs[1].constant, room);
  if (kind == "Concat") // joins values, whatever they mean
    for (value& v : inputs) {
      if (v.constant && v.constant->is_real != first->is_real) throw fault("it joins integers and real numbers");
      if (v.constant) v = detail::as_real(*v.constant);
    }
  // What takes its value as it is remains; everything else runs as a network whose image is the first input.
  const bool as_is = kind == "Cast" || kind == "Identity" || kind == "Dropout" || kind == "Shape";
  if (!as_is && first->size() == 0) throw fault("its first input has no values");
  graph::builder builder(as_is ? extents{} : first->dims, room);
  if (!as_is) inputs[0] = builder.input();
  call c(node, builder, std::move(inputs), opset, false, 1);
  const value result = kind == "Split"   ? operators::split(c).at(which)
                       : kind == "Shape" ? operators::shape(c)
                                         : find_operator(kind)->translate(c);
  c.require_all_asked();
  return result.constant ? *result.constant : detail::evaluate(builder, *result.array, *first);
}

} // namespace advx::model::onnx
