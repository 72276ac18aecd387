/// @file
/// The code that runs the parts of blocks, as <advx/nn/operations.hpp> that of layers. Their forward and pullback take
/// one argument more: where the values, or gradients, of `kept` (the first branch's result, or x where there is one
/// branch) and of x itself (`skipped`) lie. A pullback writes or adds to those gradients.
#pragma once

#include <advx/nn/operations.hpp>

#include <algorithm>
#include <cstddef>

namespace advx::nn::detail {

/// What a part of a block reads and writes beside its own input and output.
template <class T>
struct block_buffers {
  T* kept = nullptr;
  T* skipped = nullptr;
};

/// A copy, so that nothing in the block overwrites x.
template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, fork, Fusion, Training> : operation_base {
  operation(const fork&, const shape& in, const shape&) : size(in.size()) {}

  template <class State>
  void forward(const T* x, T* y, index_t rows, const State&, const block_buffers<T>&) const {
    std::copy_n(x, rows * size, y);
  }
  template <class State>
  void pullback(const T* dy, T* dx, index_t rows, const State&, const block_buffers<T>&) const {
    for (index_t i = 0; i < rows * size; ++i) dx[i] += dy[i]; // the join has written its own there
  }

  index_t size;
};

template <class Kernels, class T, bool AfterJoin, fusion Fusion, bool Training>
struct operation<Kernels, T, turn<AfterJoin>, Fusion, Training> : operation_base {
  operation(const turn<AfterJoin>&, const shape&, const shape& skipped) : size(skipped.size()) {}

  template <class State>
  void forward(const T*, T* y, index_t rows, const State&, const block_buffers<T>& block) const {
    std::copy_n(block.skipped, rows * size, y);
  }
  /// Leaves dx, the first branch's gradient, to the join, which has written it.
  template <class State>
  void pullback(const T* dy, T*, index_t rows, const State&, const block_buffers<T>& block) const {
    for (index_t i = 0; i < rows * size; ++i) block.skipped[i] = AfterJoin ? block.skipped[i] + dy[i] : dy[i];
  }

  index_t size;
};

template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, add_join, Fusion, Training> : operation_base {
  static constexpr bool moves = false;
  operation(const add_join&, const shape& in, const shape&) : size(in.size()) {}

  template <class State>
  void forward(const T*, T* y, index_t rows, const State&, const block_buffers<T>& block) const {
    for (index_t i = 0; i < rows * size; ++i) y[i] += block.kept[i];
  }
  template <class State>
  void pullback(const T*, T* dx, index_t rows, const State&, const block_buffers<T>& block) const {
    std::copy_n(dx, rows * size, block.kept);
  }

  index_t size;
};

template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, concatenate_join, Fusion, Training> : operation_base {
  operation(const concatenate_join&, const shape& in, const shape& kept)
      : pixels(in.pixels()),
        before(kept.channels),
        behind(in.channels) {}

  template <class State>
  void forward(const T* x, T* y, index_t rows, const State&, const block_buffers<T>& block) const {
    for (index_t p = 0; p < rows * pixels; ++p, y += before + behind) {
      std::copy_n(block.kept + p * before, before, y);
      std::copy_n(x + p * behind, behind, y + before);
    }
  }
  template <class State>
  void pullback(const T* dy, T* dx, index_t rows, const State&, const block_buffers<T>& block) const {
    for (index_t p = 0; p < rows * pixels; ++p, dy += before + behind) {
      std::copy_n(dy, before, block.kept + p * before);
      std::copy_n(dy + before, behind, dx + p * behind);
    }
  }

  index_t pixels;
  index_t before; ///< channels of x
  index_t behind; ///< channels of the body's result
};

/// The states are the gate's t, and how far the branches are apart.
template <class Kernels, class T, fusion Fusion, bool Training>
struct operation<Kernels, T, gate_join, Fusion, Training> : operation_base {
  static constexpr bool moves = false;
  operation(const gate_join&, const shape& in, const shape&) : size(in.size()) {}
  index_t state_bytes() const noexcept { return 2 * size * static_cast<index_t>(sizeof(T)); }

  template <class State>
  void forward(const T*, T* y, index_t rows, const State& state, const block_buffers<T>& block) const {
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (index_t r = 0; r < rows; ++r) {
        T *t = reinterpret_cast<T*>(state(r)), *apart = t + size, *row = y + r * size;
        const T *h = block.kept + r * size, *x = block.skipped + r * size;
        for (index_t i = 0; i < size; ++i) t[i] = sigmoid_function::value(row[i]);
        for (index_t i = 0; i < size; ++i) apart[i] = h[i] - x[i];
        for (index_t i = 0; i < size; ++i) row[i] = gate_function<T>::value(t[i], apart[i], x[i]);
      }
    });
  }
  template <class State>
  void pullback(const T*, T* dx, index_t rows, const State& state, const block_buffers<T>& block) const {
    on_widest_registers([&]<register_plan>() __attribute__((always_inline)) {
      for (index_t r = 0; r < rows; ++r) {
        const T *t = reinterpret_cast<const T*>(state(r)), *apart = t + size;
        T *row = dx + r * size, *h = block.kept + r * size, *x = block.skipped + r * size;
        for (index_t i = 0; i < size; ++i) h[i] = gate_function<T>::to_body(t[i], row[i]);
        for (index_t i = 0; i < size; ++i) x[i] = gate_function<T>::to_input(t[i], row[i]);
        for (index_t i = 0; i < size; ++i) row[i] = gate_function<T>::to_gate(t[i], apart[i], row[i]);
      }
    });
  }

  index_t size;
};

} // namespace advx::nn::detail
