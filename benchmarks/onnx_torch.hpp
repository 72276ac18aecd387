// A network as a list of steps, and libtorch's passes over it, behind a header that includes none of it.
#pragma once

#include <memory>
#include <span>
#include <vector>

namespace onnx_bench {

enum class kind { convolution, relu, relu6, add, max_pool, global_mean, linear };

/// Step i writes array i + 1; array 0 is the image.
struct step {
  kind what;
  std::size_t a = 0, b = 0;  ///< arrays read; b by add only
  std::vector<long> extents; ///< of the weights
  std::vector<float> weights, bias;
  long stride = 1, padding = 0, groups = 1;
};

struct network {
  const char* name;
  std::vector<long> image;
  std::vector<step> steps;
};

/// One thread, eager mode; only the input needs a gradient.
class torch_network {
public:
  explicit torch_network(const network& net);
  ~torch_network();
  torch_network(torch_network&&) = delete;

  /// Forward, and the gradient of Σ cotangent · scores with respect to the images. The answers stay in libtorch's own
  /// tensors until the next call: no copy is timed.
  void forward_pullback(const float* images, const float* cotangent, long rows);
  std::span<const float> scores() const;
  std::span<const float> gradient() const;

private:
  struct tensors;
  std::unique_ptr<tensors> tensors_;
};

const char* torch_version();

} // namespace onnx_bench
