/// @file
/// Extents of one image's values inside a graph: their number, their broadcasting, and the fault that refuses them.
#pragma once

#include <advx/core/error.hpp>
#include <advx/core/types.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace advx::model::graph {

/// The extents of an array, outermost first; none for a single value.
using extents = std::vector<index_t>;

/// What a graph refuses. `text` is the sentence alone, to which a reader adds file and node.
struct fault : argument_error {
  explicit fault(std::string sentence) : argument_error("advx: graph: " + sentence), text(std::move(sentence)) {}
  std::string text;
};

/// "[1, 28, 28]"
inline std::string to_string(const extents& e) {
  std::string text = "[";
  for (const index_t n : e) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + ']';
}

/// Values of one image in one array at most, so that no product of extents overflows and no file takes all memory.
inline constexpr index_t most_values = index_t{1} << 28;

/// The product. @throws fault for a negative extent, or more than most_values values
inline index_t size_of(const extents& e) {
  index_t n = 1;
  for (const index_t extent : e) {
    if (extent < 0) throw fault("the extents " + to_string(e) + " have a negative one; all must be at least 0");
    if (extent > 0 && n > most_values / extent)
      throw fault("the extents " + to_string(e) + " are more than " + std::to_string(most_values) +
                  " values; use a smaller model");
    n *= extent;
  }
  return n;
}

/// The product of extents [first, last).
inline index_t size_between(const extents& e, std::size_t first, std::size_t last) {
  index_t n = 1;
  for (std::size_t i = first; i < last; ++i) n *= e[i];
  return n;
}

/// How many values lie between neighbours along each axis of a contiguous array.
inline extents strides_of(const extents& e) {
  extents strides(e.size(), 1);
  for (std::size_t i = e.size(); i-- > 1;) strides[i - 1] = strides[i] * e[i];
  return strides;
}

/// `e` with 1s in front, `rank` extents in all (or more if it has more).
inline extents aligned(const extents& e, std::size_t rank) {
  extents result(rank > e.size() ? rank - e.size() : 0, 1);
  result.insert(result.end(), e.begin(), e.end());
  return result;
}

/// The extents of an element-wise function of two arrays, as NumPy broadcasts them. @throws fault
inline extents broadcast(const extents& a, const extents& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  const extents x = aligned(a, rank), y = aligned(b, rank);
  extents result(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    if (x[i] != y[i] && x[i] != 1 && y[i] != 1)
      throw fault("values of extents " + to_string(a) + " and " + to_string(b) +
                  " do not go together; each pair of extents must be equal or have a 1");
    result[i] = x[i] == 1 ? y[i] : x[i];
  }
  size_of(result);
  return result;
}

/// Calls f(position in an array with `strides`, counter) for each element of an array of extents `e`, in order.
template <class F>
void for_each_element(const extents& e, const extents& strides, index_t start, const F& f) {
  const index_t count = size_of(e);
  extents at(e.size(), 0);
  index_t position = start;
  for (index_t i = 0; i < count; ++i) {
    f(position, i);
    for (std::size_t axis = e.size(); axis-- > 0;) {
      position += strides[axis];
      if (++at[axis] < e[axis]) break;
      position -= at[axis] * strides[axis];
      at[axis] = 0;
    }
  }
}

/// For each element of `to`, the position of the one of `from` that broadcasting puts there.
inline std::vector<std::int32_t> broadcast_places(const extents& from, const extents& to) {
  const extents source = aligned(from, to.size());
  extents strides = strides_of(source);
  for (std::size_t i = 0; i < strides.size(); ++i)
    if (source[i] == 1) strides[i] = 0;
  std::vector<std::int32_t> places(static_cast<std::size_t>(size_of(to)));
  for_each_element(to, strides, 0, [&](index_t position, index_t i) {
    places[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(position);
  });
  return places;
}

} // namespace advx::model::graph
