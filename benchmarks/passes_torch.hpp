// The Carlini-Wagner MNIST network in libtorch, behind a header that includes none of it.
#pragma once

#include <memory>
#include <span>
#include <vector>

namespace passes {

/// Weights and biases of one layer, in advx's order, which is also PyTorch's.
struct layer_values {
  std::span<const float> weights, biases;
};

/// One thread, eager mode; only the input needs a gradient.
class torch_network {
public:
  /// Four convolutions, then three linear layers.
  explicit torch_network(const std::vector<layer_values>& layers);
  ~torch_network();
  torch_network(torch_network&&) = delete;

  /// Forward, and the gradient of Σ cotangent · scores with respect to the images (rows × 784). The answers stay in
  /// libtorch's own tensors until the next call: no copy is timed.
  void forward_pullback(const float* images, const float* cotangent, long rows);
  std::span<const float> scores() const;
  std::span<const float> gradient() const;

private:
  struct tensors;
  std::unique_ptr<tensors> tensors_;
};

/// As libtorch gives it, for the record.
const char* torch_version();

} // namespace passes
