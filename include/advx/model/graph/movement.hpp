/// @file
/// Operators that move a row's values: by a table of places, between layouts, one array behind another.
#pragma once

#include <advx/model/graph/operation.hpp>

#include <algorithm>
#include <cstdint>

namespace advx::model::graph {

/// For each value of the smaller or permuted side, its place on the other; −1 for none.
struct table_numbers {
  std::vector<std::int32_t> places;
  index_t inputs = 0;
  index_t outputs = 0;
  float fill = 0;   ///< gather: the value where there is no place
  float factor = 1; ///< scatter: what each value is multiplied by

  index_t weight_bytes() const noexcept { return static_cast<index_t>(places.size() * sizeof(std::int32_t)); }
};

namespace detail {

template <class T>
void gather(const T* x, T* y, const std::vector<std::int32_t>& places, T fill, T factor) {
  for (std::size_t i = 0; i < places.size(); ++i) y[i] = places[i] < 0 ? fill : factor * x[places[i]];
}
template <class T>
void scatter(const T* x, T* y, index_t outputs, const std::vector<std::int32_t>& places, T factor) {
  std::fill_n(y, outputs, T(0));
  for (std::size_t i = 0; i < places.size(); ++i)
    if (places[i] >= 0) y[places[i]] += factor * x[i];
}

} // namespace detail

/// y[i] = x[places[i]]: slices, transpositions, padding, broadcasting.
template <class T>
class gathering : public operation<T> {
public:
  gathering(const table_numbers& numbers, const kernel_set<T>&) : n(&numbers) {}
  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states&) override {
    for (index_t r = 0; r < rows; ++r)
      detail::gather(x[0] + r * n->inputs, y + r * n->outputs, n->places, T(n->fill), T(1));
  }
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states&) override {
    for (index_t r = 0; r < rows; ++r)
      detail::scatter(dy + r * n->outputs, dx[0] + r * n->inputs, n->inputs, n->places, T(1));
  }

private:
  const table_numbers* n; ///< the model outlives its sessions
};

/// y[places[i]] += factor·x[i]: sums and means over axes.
template <class T>
class scattering : public operation<T> {
public:
  scattering(const table_numbers& numbers, const kernel_set<T>&) : n(&numbers) {}
  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states&) override {
    for (index_t r = 0; r < rows; ++r)
      detail::scatter(x[0] + r * n->inputs, y + r * n->outputs, n->outputs, n->places, T(n->factor));
  }
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states&) override {
    for (index_t r = 0; r < rows; ++r)
      detail::gather(dy + r * n->outputs, dx[0] + r * n->inputs, n->places, T(0), T(n->factor));
  }

private:
  const table_numbers* n;
};

/// Constants that stand among the arrays. Its input is the image, of which it makes no use.
struct source_numbers {
  std::vector<float> values;
  index_t inputs = 0;
  index_t weight_bytes() const noexcept { return static_cast<index_t>(values.size() * sizeof(float)); }
};

template <class T>
class source : public operation<T> {
public:
  source(const source_numbers& n, const kernel_set<T>&) : values(n.values.begin(), n.values.end()), inputs(n.inputs) {}
  void forward(std::span<const T* const>, T* y, index_t rows, const row_states&) override {
    for (index_t r = 0; r < rows; ++r) y = std::copy(values.begin(), values.end(), y);
  }
  void pullback(const T*, std::span<T* const> dx, index_t rows, const row_states&) override {
    std::fill_n(dx[0], rows * inputs, T(0));
  }

private:
  std::vector<T> values;
  index_t inputs;
};

/// A height × width matrix becomes width × height: from channels first to channels last (channels × pixels), and back.
struct flip_numbers {
  index_t height = 0;
  index_t width = 0;
};

template <class T>
class flip : public operation<T> {
public:
  flip(const flip_numbers& numbers, const kernel_set<T>&) : n(numbers) {}
  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states&) override {
    for (index_t r = 0; r < rows; ++r) turn(x[0] + r * size(), y + r * size(), n.height, n.width);
  }
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states&) override {
    for (index_t r = 0; r < rows; ++r) turn(dy + r * size(), dx[0] + r * size(), n.width, n.height);
  }

private:
  index_t size() const noexcept { return n.height * n.width; }
  /// In blocks, so that neither side's lines leave the cache half used.
  static void turn(const T* x, T* y, index_t height, index_t width) noexcept {
    constexpr index_t block = 16;
    for (index_t top = 0; top < height; top += block)
      for (index_t left = 0; left < width; left += block)
        for (index_t j = left; j < std::min(width, left + block); ++j)
          for (index_t i = top; i < std::min(height, top + block); ++i) y[j * height + i] = x[i * width + j];
  }
  flip_numbers n;
};

/// Runs of each input by turns.
struct concat_numbers {
  index_t turns = 1;         ///< product of the extents before the axis
  std::vector<index_t> runs; ///< values of each input a turn
};

template <class T>
class concatenation : public operation<T> {
public:
  concatenation(const concat_numbers& numbers, const kernel_set<T>&) : n(numbers) {
    for (const index_t run : n.runs) width += run;
  }
  void forward(std::span<const T* const> x, T* y, index_t rows, const row_states&) override {
    each_run(rows, [&](std::size_t input, index_t part, index_t whole, index_t run) {
      std::copy_n(x[input] + part, run, y + whole);
    });
  }
  void pullback(const T* dy, std::span<T* const> dx, index_t rows, const row_states&) override {
    each_run(rows, [&](std::size_t input, index_t part, index_t whole, index_t run) {
      std::copy_n(dy + whole, run, dx[input] + part);
    });
  }

private:
  template <class F>
  void each_run(index_t rows, const F& f) const {
    for (index_t t = 0; t < rows * n.turns; ++t) {
      index_t at = t * width;
      for (std::size_t i = 0; i < n.runs.size(); ++i) {
        f(i, t * n.runs[i], at, n.runs[i]);
        at += n.runs[i];
      }
    }
  }

  concat_numbers n;
  index_t width = 0;
};

} // namespace advx::model::graph
