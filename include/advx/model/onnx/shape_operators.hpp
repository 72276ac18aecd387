/// @file
/// ONNX's operators that move values, and those over axes.
#pragma once

#include <advx/model/onnx/layer_operators.hpp>

namespace advx::model::onnx::operators {

inline std::int64_t bounded(std::int64_t v) {
  constexpr std::int64_t most = std::int64_t{1} << 40;
  if (v < -most || v > most) throw fault("the number " + std::to_string(v) + " is out of range");
  return v;
}

inline value identity(call& c) {
  c.ignore("consumed_inputs");
  return c.is_constant(0) ? value(c.constant(0)) : value(c.array(0));
}

inline value dropout(call& c) {
  c.ignore("ratio");
  c.ignore("seed");
  if (c.opset() < 7 && c.is_given("is_test") && c.integer("is_test", 0) == 0)
    throw fault("the attribute 'is_test' is 0; export the model for inference");
  if (c.has(2) && !c.whole_numbers(2).empty() && c.whole_numbers(2)[0] != 0)
    throw fault("it is in training mode; export the model for inference");
  return identity(c);
}

inline value cast(call& c) {
  const std::int64_t to = c.integer("to", proto::TensorProto::FLOAT);
  const bool real = to == proto::TensorProto::FLOAT || to == proto::TensorProto::DOUBLE ||
                    to == proto::TensorProto::FLOAT16 || to == proto::TensorProto::BFLOAT16;
  const bool whole = to == proto::TensorProto::INT64 || to == proto::TensorProto::INT32 ||
                     to == proto::TensorProto::BOOL || to == proto::TensorProto::UINT8 ||
                     to == proto::TensorProto::INT8;
  if (!real && !(whole && c.is_constant(0)))
    throw fault("a cast to type " + std::to_string(to) +
                " (TensorProto.DataType) has no gradient, or is not supported");
  if (!c.is_constant(0)) return c.array(0);
  const tensor& t = c.constant(0);
  if (t.is_real == real) return t;
  if (real) {
    const graph::constants k = c.reals(0);
    return tensor{k.dims, true, k.values, {}};
  }
  tensor result{t.dims, false, {}, {}};
  for (const float v : t.reals) {
    if (!(v > -1e15F && v < 1e15F)) throw fault("a cast of " + std::to_string(v) + " to an integer");
    result.integers.push_back(static_cast<std::int64_t>(v));
  }
  return result;
}

/// The array's extents as integers.
inline value shape(call& c) {
  tensor all = integers({});
  if (c.is_constant(0)) {
    all.integers.assign(c.constant(0).dims.begin(), c.constant(0).dims.end());
  } else {
    const view x = c.array(0);
    if (c.batched()) all.integers.push_back(batch_symbol);
    all.integers.insert(all.integers.end(), x.dims.begin(), x.dims.end());
  }
  const auto rank = static_cast<std::int64_t>(all.integers.size());
  const auto bound = [&](std::int64_t v) { return std::clamp<std::int64_t>(v < 0 ? bounded(v) + rank : v, 0, rank); };
  const std::int64_t first = bound(c.integer("start", 0)), last = std::max(first, bound(c.integer("end", rank)));
  return integers({all.integers.begin() + first, all.integers.begin() + last});
}

/// Extents in a model's order, from a list that stands for them. Those of each image.
inline extents requested(call& c, const view& x, const std::vector<std::int64_t>& list, bool zero_copies) {
  const index_t size = graph::size_of(x.dims);
  const auto entry = [&](std::size_t i) -> std::int64_t { // with zeros resolved
    if (list[i] != 0 || !zero_copies) return list[i];
    if (c.batched() && i == 0) return batch_symbol;
    const std::size_t a = c.batched() ? i - 1 : i;
    if (a >= x.dims.size()) throw fault("extent " + std::to_string(i) + " is to be copied, and there is none");
    return x.dims[a];
  };
  extents to;
  index_t known = 1;
  std::size_t open = list.size();
  for (std::size_t i = c.batched() ? 1 : 0; i < list.size(); ++i) {
    const std::int64_t e = entry(i);
    if (e == batch_symbol)
      throw fault("the number of images is not the first extent of " + graph::to_string({list.begin(), list.end()}));
    to.push_back(e);
    if (e == -1) {
      if (open != list.size()) throw fault("more than one extent is to be inferred");
      open = i;
    } else {
      if (e < 0) throw fault("an extent is " + std::to_string(e));
      if (e > 0 && known > graph::most_values / e) throw fault("the extents are too large");
      known *= e;
    }
  }
  if (open != list.size()) {
    if (known == 0 || size % known != 0)
      throw fault("extents " + graph::to_string({list.begin(), list.end()}) + " do not fit " + std::to_string(size) +
                  " values");
    to[open - (c.batched() ? 1 : 0)] = size / known;
  }
  if (!c.batched()) return to;
  if (list.empty()) throw fault("an array of no axes has no place for the images");
  const std::int64_t first = entry(0);
  const bool is_batch = first == batch_symbol || first == -1 || first == c.declared_batch();
  if (!is_batch || (first == -1 && open != list.size()) || graph::size_of(to) != size)
    throw fault("it would mix images: extents " + graph::to_string({list.begin(), list.end()}) +
                " for images of extents " + graph::to_string(x.dims) +
                " each; the first one must be the number of images");
  return to;
}

inline value reshape(call& c) {
  c.ignore("consumed_inputs");
  const bool zero_copies = c.integer("allowzero", 0) == 0;
  const auto list = c.opset() < 5 ? c.list("shape").value_or(std::vector<std::int64_t>{}) : c.whole_numbers(1);
  const view x = c.array(0);
  return c.build().reshape(x, requested(c, x, list, zero_copies));
}

inline value flatten(call& c) {
  const view x = c.array(0);
  const std::int64_t rank = c.rank(x), given = c.integer("axis", 1);
  const std::int64_t axis = given == rank ? rank : call::in_range(given, rank);
  const auto size = graph::size_of(x.dims);
  if (!c.batched()) {
    const index_t before = graph::size_between(x.dims, 0, static_cast<std::size_t>(axis));
    return c.build().reshape(x, {before, size / before});
  }
  const bool by_image =
      axis == 1 || (axis > 1 && graph::size_between(x.dims, 0, static_cast<std::size_t>(axis - 1)) == 1);
  if (!by_image)
    throw fault("it would mix images: the attribute 'axis' is " + std::to_string(given) + "; it must be 1");
  return c.build().reshape(x, {size});
}

inline value squeeze(call& c) {
  const view x = c.array(0);
  const auto axes = c.list("axes", 13, 1);
  std::vector<bool> gone(x.dims.size(), false);
  if (!axes)
    for (std::size_t a = 0; a < gone.size(); ++a) gone[a] = x.dims[a] == 1;
  else
    for (const std::int64_t a : *axes) {
      const std::size_t axis = c.axis(a, c.rank(x));
      if (x.dims[axis] != 1)
        throw fault("axis " + std::to_string(a) + " has extent " + std::to_string(x.dims[axis]) +
                    "; only one of 1 can go");
      gone[axis] = true;
    }
  extents to;
  for (std::size_t a = 0; a < gone.size(); ++a)
    if (!gone[a]) to.push_back(x.dims[a]);
  return c.build().reshape(x, to);
}

inline value unsqueeze(call& c) {
  const view x = c.array(0);
  const auto axes = c.list("axes", 13, 1);
  if (!axes) throw fault("the list 'axes' is missing");
  if (axes->size() > 64) throw fault("it makes " + std::to_string(axes->size()) + " axes; there are at most 64");
  const std::int64_t rank = c.rank(x) + static_cast<std::int64_t>(axes->size());
  std::vector<bool> made(static_cast<std::size_t>(rank) - (c.batched() ? 1 : 0), false);
  for (const std::int64_t a : *axes) {
    const std::size_t axis = c.axis(a, rank);
    if (made[axis]) throw fault("axis " + std::to_string(a) + " is named twice");
    made[axis] = true;
  }
  extents to;
  auto next = x.dims.begin();
  for (const bool one : made) to.push_back(one ? 1 : *next++);
  return c.build().reshape(x, to);
}

inline value transpose(call& c) {
  const view x = c.array(0);
  const std::int64_t rank = c.rank(x);
  std::vector<std::int64_t> order;
  if (const auto given = c.list("perm"))
    order = *given;
  else
    for (std::int64_t i = rank; i-- > 0;) order.push_back(i);
  std::vector<bool> seen(static_cast<std::size_t>(rank), false);
  std::vector<std::size_t> to;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int64_t a = order[i];
    if (a < 0 || a >= rank || seen[static_cast<std::size_t>(a)] || static_cast<std::int64_t>(order.size()) != rank)
      throw fault("the attribute 'perm' does not name each of the " + std::to_string(rank) + " axes once");
    seen[static_cast<std::size_t>(a)] = true;
    if (c.batched() && (a == 0) != (i == 0))
      throw fault("it moves axis 0, that of the images; it must stay where it is");
    if (!c.batched() || i > 0) to.push_back(static_cast<std::size_t>(c.batched() ? a - 1 : a));
  }
  return c.build().transpose(x, to);
}

inline value concatenate(call& c) {
  std::size_t rank = 0;
  bool found = false;
  for (std::size_t i = 0; i < c.input_count(); ++i)
    if (!c.is_constant(i)) {
      rank = c.array(i).dims.size();
      found = true;
    }
  if (!found) rank = c.constant(0).dims.size();
  std::vector<view> parts;
  for (std::size_t i = 0; i < c.input_count(); ++i)
    parts.push_back(c.is_constant(i) ? c.build().constant(c.per_image(c.reals(i), rank)) : c.array(i));
  if (!c.is_given("axis")) throw fault("the attribute 'axis' is missing");
  const std::size_t axis = c.axis(c.integer("axis", 0), static_cast<std::int64_t>(rank) + (c.batched() ? 1 : 0));
  return c.build().concatenate(parts, axis);
}

/// The values [first, first + count) of an axis.
inline view part(call& c, const view& x, std::size_t axis, index_t first, index_t count) {
  extents starts(x.dims.size(), 0), steps(x.dims.size(), 1), counts = x.dims;
  starts[axis] = first;
  counts[axis] = count;
  return c.build().slice(x, starts, steps, counts);
}

inline std::vector<value> split(call& c) {
  const view x = c.array(0);
  const std::size_t axis = c.axis(c.integer("axis", 0), c.rank(x));
  const auto given = c.list("split", 13, 1);
  const auto parts = static_cast<index_t>(c.output_count());
  std::vector<std::int64_t> sizes = given.value_or(std::vector<std::int64_t>{});
  if (!given) {
    if (parts < 1 || x.dims[axis] % parts != 0)
      throw fault("an extent of " + std::to_string(x.dims[axis]) + " cannot be split into " + std::to_string(parts) +
                  " equal parts");
    sizes.assign(static_cast<std::size_t>(parts), x.dims[axis] / parts);
  }
  if (static_cast<index_t>(sizes.size()) != parts)
    throw fault("it has " + std::to_string(sizes.size()) + " sizes for " + std::to_string(parts) + " outputs");
  std::vector<value> result;
  index_t first = 0;
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > x.dims[axis] - first)
      throw fault("its sizes do not sum up to the extent " + std::to_string(x.dims[axis]));
    result.emplace_back(part(c, x, axis, first, size));
    first += size;
  }
  if (first != x.dims[axis]) throw fault("its sizes do not sum up to the extent " + std::to_string(x.dims[axis]));
  return result;
}

inline value slice(call& c) {
  const view x = c.array(0);
  const auto list = [&](const char* name, std::size_t input) { return c.list(name, 10, input); };
  const auto starts = list("starts", 1), ends = list("ends", 2), axes = list("axes", 3);
  const auto steps = c.opset() >= 10 && c.has(4) ? std::optional(c.whole_numbers(4)) : std::nullopt;
  if (!starts || !ends || starts->size() != ends->size() || (axes && axes->size() != starts->size()) ||
      (steps && steps->size() != starts->size()))
    throw fault("its lists of starts, ends, axes and steps differ in length, or are missing");
  extents from(x.dims.size(), 0), by(x.dims.size(), 1), counts = x.dims;
  for (std::size_t i = 0; i < starts->size(); ++i) {
    const std::int64_t named = axes ? (*axes)[i] : static_cast<std::int64_t>(i);
    const std::int64_t step = steps ? (*steps)[i] : 1;
    // Nothing is cut along the batch where all of it is asked for.
    const bool all = (*starts)[i] == 0 && step == 1 && ((*ends)[i] >= (1LL << 31) - 1 || (*ends)[i] == batch_symbol);
    if (c.batched() && call::in_range(named, c.rank(x)) == 0 && all) continue;
    const std::size_t axis = c.axis(named, c.rank(x));
    const std::int64_t n = x.dims[axis];
    if (step == 0 || step < -graph::most_values || step > graph::most_values)
      throw fault("a step is " + std::to_string(step) + "; it must be an extent or its negative, and not 0");
    const auto place = [&](std::int64_t v, std::int64_t low, std::int64_t high) {
      if (v < 0) v = v < -n ? -1 - n : v;
      return std::clamp<std::int64_t>(v < 0 ? v + n : v, low, high);
    };
    const std::int64_t first = step > 0 ? place((*starts)[i], 0, n) : place((*starts)[i], 0, n - 1);
    const std::int64_t last = step > 0 ? place((*ends)[i], 0, n) : place((*ends)[i], -1, n - 1);
    from[axis] = first;
    by[axis] = step;
    counts[axis] = step > 0 ? std::max<std::int64_t>(0, (last - first + step - 1) / step)
                            : std::max<std::int64_t>(0, (first - last - step - 1) / -step);
  }
  return c.build().slice(x, from, by, counts);
}

inline value pad(call& c) {
  const view x = c.array(0);
  const auto rank = static_cast<std::size_t>(c.rank(x));
  const auto pads =
      c.opset() < 11 ? c.list(c.is_given("paddings") ? "paddings" : "pads") : std::optional(c.whole_numbers(1));
  if (!pads || pads->size() != 2 * rank)
    throw fault("its list 'pads' must have two entries for each of the " + std::to_string(rank) + " axes");
  float fill = 0;
  if (c.opset() < 11)
    fill = c.real("value", 0);
  else if (c.has(2))
    fill = c.number(2);
  const std::string mode = c.text("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge")
    throw fault("the attribute 'mode' is '" + mode + "'; there are constant, reflect and edge");
  extents before, after;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t b = bounded((*pads)[i]), a = bounded((*pads)[i + rank]);
    if (c.batched() && i == 0) {
      if (b != 0 || a != 0) throw fault("it pads axis 0, that of the images; images cannot be made");
      continue;
    }
    const index_t n = x.dims[c.batched() ? i - 1 : i];
    if (mode == "reflect" && (b >= n || a >= n))
      throw fault("it reflects " + std::to_string(std::max(a, b)) + " values of an axis of " + std::to_string(n));
    before.push_back(b);
    after.push_back(a);
  }
  return c.build().pad(x, before, after, fill, [&](index_t p, index_t n) -> index_t {
    if (p >= 0 && p < n) return p;
    if (mode == "constant") return -1;
    if (mode == "edge") return p < 0 ? 0 : n - 1;
    return p < 0 ? -p : 2 * (n - 1) - p;
  });
}

inline value reduced(call& c, bool mean, int list_is_input_since) {
  const view x = c.array(0);
  const auto axes = c.list("axes", list_is_input_since, 1);
  const bool keeps = c.integer("keepdims", 1) != 0;
  const bool nothing = c.integer("noop_with_empty_axes", 0) != 0;
  std::vector<std::size_t> over;
  if (!axes || axes->empty()) {
    if (nothing) return x;
    if (c.batched()) throw fault("it works along all axes, that of the images among them; name the others");
    for (std::size_t a = 0; a < x.dims.size(); ++a) over.push_back(a);
  } else {
    for (const std::int64_t a : *axes) over.push_back(c.axis(a, c.rank(x)));
  }
  std::sort(over.begin(), over.end());
  if (std::unique(over.begin(), over.end()) != over.end()) throw fault("an axis is named twice");
  index_t count = 1;
  for (const std::size_t a : over) count *= x.dims[a];
  const float factor = mean ? 1.0F / static_cast<float>(count) : 1.0F;
  const view sums = c.build().sum(x, over, factor);
  if (keeps) return sums;
  extents to;
  for (std::size_t a = 0; a < x.dims.size(); ++a)
    if (!std::binary_search(over.begin(), over.end(), a)) to.push_back(x.dims[a]);
  return c.build().reshape(sums, to);
}
inline value reduce_mean(call& c) { return reduced(c, true, 18); }
inline value reduce_sum(call& c) { return reduced(c, false, 13); }

inline value gather(call& c) {
  const view x = c.array(0);
  const std::size_t axis = c.axis(c.integer("axis", 0), c.rank(x));
  const tensor& indices = c.constant(1);
  if (indices.is_real) throw fault("its indices are real numbers; they must be integers");
  extents places;
  for (const std::int64_t i : indices.integers) places.push_back(call::in_range(i, x.dims[axis]));
  return c.build().take(x, axis, places, indices.dims);
}

inline value expand(call& c) {
  const view x = c.array(0);
  extents to;
  for (const std::int64_t e : c.whole_numbers(1)) to.push_back(e);
  if (c.batched()) {
    if (to.size() > x.dims.size() + 1) throw fault("it adds axes before that of the images");
    if (to.size() == x.dims.size() + 1) {
      if (to[0] != 1 && to[0] != batch_symbol && to[0] != c.declared_batch()) throw fault("it repeats images");
      to.erase(to.begin());
    }
  }
  return c.build().expand(x, graph::broadcast(x.dims, to));
}

} // namespace advx::model::onnx::operators
