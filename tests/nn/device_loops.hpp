// A device made of loops: what nn::device_session asks of CUDA, in the order of a BLAS, on memory that is full of NaNs
// until it is written.
#pragma once

#include <advx/nn/cuda_session.hpp>

#include <limits>
#include <memory>

#include "zoo.hpp"

namespace nn_test {

template <index_t TileBytes = index_t{1} << 28>
struct device_loops {
  static constexpr index_t tile_bytes = TileBytes;
  template <class T>
  struct buffer {
    std::unique_ptr<T[]> values; // as long as is asked for, so that AddressSanitizer sees a step beyond
    T* data() const { return values.get(); }
  };
  template <class T>
  buffer<T> allocate(index_t n) const {
    ++allocations();
    buffer<T> b{std::unique_ptr<T[]>(new T[static_cast<std::size_t>(n)])};
    std::fill_n(b.data(), n, std::numeric_limits<T>::has_quiet_NaN ? std::numeric_limits<T>::quiet_NaN() : T(99));
    return b;
  }
  template <class T>
  void upload(const T* host, index_t n, T* device) const {
    std::copy_n(host, n, device);
  }
  template <class T>
  void copy(const T* from, index_t n, T* to) const {
    std::copy_n(from, n, to);
  }
  static int& allocations() {
    static int count = 0;
    return count;
  }
  void reserve(std::size_t bytes) {
    ++allocations();
    memory.resize(std::max(memory.size(), bytes));
  }
  std::byte* scratch() { return memory.data(); }
  void begin() const {}

  template <class F>
  void each(index_t rows, index_t count, const F& f) const {
    // Backwards: a device's threads run in no order.
    for (index_t r = rows; r-- > 0;)
      for (index_t j = count; j-- > 0;) f(r, static_cast<advx::nn::detail::element::position>(j));
  }
  template <class T>
  void multiply(const advx::nn::detail::column_products<T>& p) const {
    const auto at = [](const auto& m, index_t product, index_t row, index_t column) {
      return m.data[product * m.stride + (m.transposed ? row * m.leading + column : column * m.leading + row)];
    };
    for (index_t i = 0; i < p.count; ++i)
      for (index_t column = 0; column < p.n; ++column)
        for (index_t row = 0; row < p.m; ++row) {
          T sum = 0;
          for (index_t k = 0; k < p.k; ++k) sum += at(p.a, i, row, k) * at(p.b, i, k, column);
          p.c[i * p.c_stride + column * p.c_leading + row] = sum;
        }
  }
  advx::nn::detail::element::row_map rows(std::span<const index_t> rows) {
    gathered.assign(rows.begin(), rows.end());
    return {gathered.data(), 0};
  }
  template <class T>
  using convolution = advx::nn::detail::unfolded_convolution<device_loops, T>;

  std::vector<std::byte> memory;
  std::vector<index_t> gathered;
};

/// Opens a network on it.
template <class Device = device_loops<>, class Network>
auto open_on_loops(const Network& net, index_t capacity) {
  return nn::open_on_device(Device{}, net, capacity);
}

/// A backend whose networks run so.
struct loops_backend {};

} // namespace nn_test

template <>
struct advx::nn::opener<nn_test::loops_backend> {
  template <class Network>
  static auto session(const nn_test::loops_backend&, const Network& net, index_t capacity) {
    return nn_test::open_on_loops(net, capacity);
  }
};
