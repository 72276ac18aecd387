// Row i has the same bits in every batch, order, subset and thread.
#pragma once

#include <catch2/catch.hpp>

#include <cstring>
#include <thread>

#include "networks.hpp"

namespace nn_test {

template <class T>
bool same_bits(const T* a, const T* b, index_t n) {
  return std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(T)) == 0;
}

template <class Network, class Backend>
void check_invariance(const Network& net, Backend& backend, index_t rows) {
  using T = typename Network::scalar;
  const auto x = random_batch<T>(rows, net.input_size(), 51), dz = random_batch<T>(rows, net.class_count(), 52);
  const pass<T> whole = run(net, backend, x, dz);

  for (const index_t n : {1, 2, 3, 7, 16, 33, 64, 100}) {
    if (n > rows) break;
    INFO("batch " << n);
    auto session = net.session(backend, n);
    batch<T> z(n, net.class_count()), g(n, net.input_size());
    for (index_t first = 0; first + n <= rows; first += n) {
      session.forward(x.view().slice(first, n), z.view());
      session.pullback(all_rows(n), dz.view().slice(first, n), g.view());
      REQUIRE(same_bits(z.data(), whole.scores.row(first), n * z.cols()));
      REQUIRE(same_bits(g.data(), whole.gradient.row(first), n * g.cols()));
      if (n == 1 && first > 4) break;
    }
  }

  // Reversed order, and then every third row, backwards, in a second pullback of the same forward.
  auto session = net.session(backend, rows);
  batch<T> reversed(rows, x.cols()), z(rows, net.class_count());
  for (index_t i = 0; i < rows; ++i) std::copy_n(x.row(rows - 1 - i), x.cols(), reversed.row(i));
  session.forward(reversed.view().as_const(), z.view());
  for (int round = 0; round < 2; ++round) {
    std::vector<index_t> subset;
    for (index_t i = rows - 1; i >= 0; i -= 3) subset.push_back(i);
    batch<T> part(static_cast<index_t>(subset.size()), net.class_count()), g(part.rows(), x.cols());
    for (index_t i = 0; i < part.rows(); ++i)
      std::copy_n(dz.row(rows - 1 - subset[static_cast<std::size_t>(i)]), part.cols(), part.row(i));
    session.pullback(subset, part.view().as_const(), g.view());
    for (index_t i = 0; i < part.rows(); ++i) {
      const index_t original = rows - 1 - subset[static_cast<std::size_t>(i)];
      REQUIRE(same_bits(z.row(subset[static_cast<std::size_t>(i)]), whole.scores.row(original), z.cols()));
      REQUIRE(same_bits(g.row(i), whole.gradient.row(original), g.cols()));
    }
  }

  // Two threads at once, each with its own session.
  pass<T> other;
  std::thread thread([&] { other = run(net, backend, x, dz); });
  const pass<T> mine = run(net, backend, x, dz);
  thread.join();
  CHECK(mine.scores == whole.scores);
  CHECK(other.scores == whole.scores);
  CHECK(mine.gradient == whole.gradient);
  CHECK(other.gradient == whole.gradient);
}

/// Every kind of layer, and the ready-made networks.
template <class T, class Backend>
void check_every_network(Backend backend, index_t rows) {
  for_each_network<T>([&](const char* name, const auto& net) {
    INFO(name);
    check_invariance(net, backend, rows);
  });
}
template <class Backend>
void check_ready_made(Backend backend) {
  check_invariance(randomised(nn::softmax_regression()), backend, 100);
  check_invariance(randomised(nn::mlp_sigmoid()), backend, 100);
  check_invariance(randomised(nn::carlini_wagner_mnist()), backend, 100);
  check_invariance(randomised(nn::carlini_wagner_cifar()), backend, 33);
}

} // namespace nn_test
