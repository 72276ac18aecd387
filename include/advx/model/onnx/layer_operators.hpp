/// @file
/// ONNX's operators with weights or windows.
#pragma once

#include <advx/model/onnx/elementwise_operators.hpp>

namespace advx::model::onnx::operators {

/// A list with an entry for each spatial axis, or `otherwise` for all.
inline extents per_axis(call& c, const char* name, std::size_t count, index_t otherwise) {
  const auto given = c.list(name);
  if (!given) return extents(count, otherwise);
  if (given->size() != count)
    throw fault(std::string("the attribute '") + name + "' has " + std::to_string(given->size()) + " entries for " +
                std::to_string(count) + " spatial axes");
  extents result;
  for (const std::int64_t v : *given) {
    if (v < 0 || v > (1 << 24))
      throw fault(std::string("the attribute '") + name + "' has the entry " + std::to_string(v) +
                  "; it must be in 0..16777216");
    result.push_back(v);
  }
  return result;
}

/// The window of Conv and the pools. `size` is known from the weights, or an attribute.
inline graph::window_request window(call& c, const view& x, extents size) {
  if (x.dims.size() < 2)
    throw fault("an array of extents " + graph::to_string(x.dims) + " (of each image) has no spatial axes");
  const std::size_t count = x.dims.size() - 1;
  graph::window_request w;
  const extents given = per_axis(c, "kernel_shape", count, 0);
  if (size.empty()) {
    if (!c.is_given("kernel_shape")) throw fault("the attribute 'kernel_shape' is missing");
    size = given;
  } else if (c.is_given("kernel_shape") && given != size) {
    throw fault("the attribute 'kernel_shape' is " + graph::to_string(given) + ", and the weights have " +
                graph::to_string(size));
  }
  w.size = std::move(size);
  w.stride = per_axis(c, "strides", count, 1);
  w.dilation = per_axis(c, "dilations", count, 1);
  const extents pads = per_axis(c, "pads", 2 * count, 0);
  const std::string how = c.text("auto_pad", "NOTSET");
  w.before.assign(pads.begin(), pads.begin() + static_cast<index_t>(count));
  w.after.assign(pads.begin() + static_cast<index_t>(count), pads.end());
  if (how == "NOTSET" || how.empty()) return w;
  if (how != "SAME_UPPER" && how != "SAME_LOWER" && how != "VALID")
    throw fault("the attribute 'auto_pad' is '" + how + "'; there are NOTSET, VALID, SAME_UPPER, SAME_LOWER");
  for (std::size_t i = 0; i < count; ++i) {
    w.before[i] = w.after[i] = 0;
    if (how == "VALID" || w.stride[i] < 1 || w.size.size() != count) continue;
    const index_t in = x.dims[i + 1], out = (in + w.stride[i] - 1) / w.stride[i];
    const index_t span = (w.size[i] - 1) * w.dilation[i] + 1;
    const index_t total = std::max<index_t>((out - 1) * w.stride[i] + span - in, 0);
    const index_t less = total / 2, more = total - less;
    w.before[i] = how == "SAME_UPPER" ? less : more;
    w.after[i] = how == "SAME_UPPER" ? more : less;
  }
  return w;
}

inline value convolution(call& c) {
  const view x = c.image(0);
  graph::constants weights = c.reals(1);
  if (weights.dims.size() < 3)
    throw fault("its weights have extents " + graph::to_string(weights.dims) + "; they need at least 3");
  const graph::window_request w = window(c, x, {weights.dims.begin() + 2, weights.dims.end()});
  std::vector<float> bias;
  if (c.has(2)) bias = c.reals(2).values;
  return c.from_image(
      c.build().convolve(x, w, static_cast<index_t>(c.integer("group", 1)), std::move(weights), std::move(bias)));
}

inline value max_pool(call& c) {
  const view x = c.image(0);
  graph::window_request w = window(c, x, {});
  w.round_up = c.integer("ceil_mode", 0) != 0;
  c.ignore("storage_order"); // of the indices, which are not supported
  return c.from_image(c.build().max_pool(x, w));
}
inline value average_pool(call& c) {
  const view x = c.image(0);
  graph::window_request w = window(c, x, {});
  w.round_up = c.integer("ceil_mode", 0) != 0;
  return c.from_image(c.build().mean_pool(x, w, c.integer("count_include_pad", 0) != 0));
}
inline graph::window_request whole_image(const view& x) {
  if (x.dims.size() < 2)
    throw fault("an array of extents " + graph::to_string(x.dims) + " (of each image) has no spatial axes");
  const std::size_t count = x.dims.size() - 1;
  return {
      {x.dims.begin() + 1, x.dims.end()}, extents(count, 1), extents(count, 1), extents(count, 0), extents(count, 0)};
}
inline value global_average_pool(call& c) {
  const view x = c.image(0);
  return c.from_image(c.build().mean_pool(x, whole_image(x), false));
}
inline value global_max_pool(call& c) {
  const view x = c.image(0);
  return c.from_image(c.build().max_pool(x, whole_image(x)));
}

/// At inference: an affine function of each channel.
inline value batch_normalization(call& c) {
  const float epsilon = c.real("epsilon", 1e-5F);
  c.ignore("momentum");
  c.ignore("consumed_inputs");
  if (c.integer("training_mode", 0) != 0)
    throw fault("the attribute 'training_mode' is set, which makes images depend on each other; export for inference");
  if (c.opset() < 7 && c.integer("is_test", 0) == 0)
    throw fault("the attribute 'is_test' is not set, which makes images depend on each other; export for inference");
  if (c.opset() < 9 && c.integer("spatial", 1) == 0)
    throw fault("the attribute 'spatial' is 0, which is not supported");
  const view x = c.array(0);
  const std::size_t axis = c.axis(1, c.rank(x));
  graph::constants scale = c.reals(1), shift = c.reals(2);
  const graph::constants mean = c.reals(3), variance = c.reals(4);
  const auto channels = static_cast<std::size_t>(x.dims[axis]);
  for (const graph::constants* k : {&std::as_const(scale), &std::as_const(shift), &mean, &variance})
    if (k->values.size() != channels)
      throw fault("it has " + std::to_string(k->values.size()) + " constants for " + std::to_string(channels) +
                  " channels");
  for (std::size_t i = 0; i < channels; ++i) {
    scale.values[i] /= std::sqrt(variance.values[i] + epsilon);
    shift.values[i] -= mean.values[i] * scale.values[i];
  }
  scale.dims = extents(x.dims.size() - axis, 1);
  scale.dims[0] = x.dims[axis];
  shift.dims = scale.dims;
  return c.build().affine(x, scale, shift);
}

/// A matrix of constants, turned over.
inline graph::constants turned(const graph::constants& m) {
  graph::constants t{{m.dims[1], m.dims[0]}, m.values};
  for (index_t i = 0; i < m.dims[0]; ++i)
    for (index_t j = 0; j < m.dims[1]; ++j)
      t.values[static_cast<std::size_t>(j * m.dims[0] + i)] = m.values[static_cast<std::size_t>(i * m.dims[1] + j)];
  return t;
}

/// alpha·A·B + beta·C
inline value gemm(call& c) {
  view a = c.array(0);
  const float alpha = c.real("alpha", 1), beta = c.real("beta", 1);
  const bool turn_a = c.integer("transA", 0) != 0, turn_b = c.integer("transB", 0) != 0;
  if (c.opset() < 7) c.ignore("broadcast");
  if (c.rank(a) != 2) throw fault("its first input has rank " + std::to_string(c.rank(a)) + "; it must be a matrix");
  if (turn_a && c.batched()) throw fault("the attribute 'transA' would put the images along the second axis");
  if (turn_a) a = c.build().transpose(a, {1, 0});
  const auto product = [&]() -> view {
    if (!c.is_constant(1)) {
      view b = c.array(1);
      if (c.batched() || b.dims.size() != 2)
        throw fault("its second input is computed from the image and is no matrix of one image");
      if (turn_b) b = c.build().transpose(b, {1, 0});
      return c.build().affine(c.build().multiply(a, b), graph::constants{{}, {alpha}}, std::nullopt);
    }
    graph::constants b = c.reals(1);
    if (b.dims.size() != 2)
      throw fault("its second input has extents " + graph::to_string(b.dims) + "; it must be a matrix");
    if (turn_b) b = turned(b);
    if (alpha != 1)
      for (float& v : b.values) v *= alpha;
    return c.build().multiply(a, std::move(b), {});
  }();
  if (!c.has(2) || beta == 0) return product;
  const auto require_fit = [&](const extents& shift) {
    if (graph::broadcast(product.dims, shift) != product.dims)
      throw fault("its third input has extents " + graph::to_string(shift) + "; they must fit the product's, " +
                  graph::to_string(product.dims));
  };
  if (!c.is_constant(2)) {
    const view shift = c.array(2);
    require_fit(shift.dims);
    return c.build().combine(graph::arithmetic::add, product,
                             c.build().affine(shift, graph::constants{{}, {beta}}, std::nullopt));
  }
  graph::constants shift = beside(c, 2, product.dims.size());
  for (float& v : shift.values) v *= beta;
  require_fit(shift.dims);
  return c.build().affine(product, std::nullopt, shift);
}

inline value matrix_product(call& c) {
  if (c.is_constant(1) && c.constant(1).dims.size() <= 2) {
    graph::constants b = c.reals(1);
    if (b.dims.empty()) throw fault("its second input is a single value; it must be a vector or a matrix");
    const bool vector = b.dims.size() == 1;
    if (vector) b.dims.push_back(1);
    view product = c.build().multiply(c.array(0), std::move(b), {});
    if (vector) product = c.build().reshape(product, {product.dims.begin(), product.dims.end() - 1});
    return product;
  }
  const auto operand = [&](std::size_t i) {
    if (!c.is_constant(i)) return c.array(i);
    // Constants of rank 2 are the same matrix for every image.
    graph::constants k = c.reals(i);
    if (c.batched() && k.dims.size() > 2) k = c.per_image(std::move(k));
    return c.build().constant(std::move(k));
  };
  const view a = operand(0), b = operand(1);
  if (a.dims.size() < 2 || b.dims.size() < 2)
    throw fault("a product of arrays of extents " + graph::to_string(a.dims) + " and " + graph::to_string(b.dims) +
                " (of each image); they must be matrices");
  if (c.batched() && !c.is_constant(0) && !c.is_constant(1) && a.dims.size() != b.dims.size())
    throw fault("a product of arrays of ranks " + std::to_string(c.rank(a)) + " and " + std::to_string(c.rank(b)) +
                " would put the images of one beside another axis");
  return c.build().multiply(a, b);
}

} // namespace advx::model::onnx::operators
