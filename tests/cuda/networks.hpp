// Networks on a CUDA device as plain functions.
#pragma once

#include <advx/core/types.hpp>

#include <string>
#include <vector>

namespace cuda_tests {

using advx::index_t;

/// A network's answers for n images, whose seed is 91 (cotangents: 92).
template <class T>
struct network_answers {
  std::string name;
  std::vector<T> scores;
  std::vector<T> gradient; ///< of all rows
  std::vector<T> part;     ///< of the rows asked for
};

/// Which code computes convolutions, and how much at once.
enum class convolving { as_usual, unfolded, in_small_tiles };

/// nn_test::for_each_network<T>, in its order. The pullbacks follow one forward.
template <class T>
std::vector<network_answers<T>> run_every_layer(index_t n, const std::vector<index_t>& rows);

/// "softmax_regression", "mlp_sigmoid", "carlini_wagner_mnist" or "strided", a small convolutional network.
network_answers<float> run_network(const std::string& name, convolving how, index_t n,
                                   const std::vector<index_t>& rows);

/// What is thrown when a session's device memory does not suffice; "" where nothing is.
std::string session_too_large();

} // namespace cuda_tests
