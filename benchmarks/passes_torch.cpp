// The only translation unit with libtorch: it alone takes 0.9 GB to compile.
#include "passes_torch.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/autograd/autograd.h>

namespace passes {

struct torch_network::tensors {
  std::vector<at::Tensor> weights, biases;
  at::Tensor scores, gradient;
};

torch_network::torch_network(const std::vector<layer_values>& layers) : tensors_(std::make_unique<tensors>()) {
  at::set_num_threads(1);
  const std::vector<std::vector<int64_t>> shapes{{32, 1, 3, 3},  {32, 32, 3, 3}, {64, 32, 3, 3}, {64, 64, 3, 3},
                                                 {200, 64 * 16}, {200, 200},     {10, 200}};
  const auto copy = [](std::span<const float> values, const std::vector<int64_t>& shape) {
    const auto borrowed = at::from_blob(const_cast<float*>(values.data()), {static_cast<int64_t>(values.size())});
    return borrowed.clone().view(shape);
  };
  for (std::size_t l = 0; l < shapes.size(); ++l) {
    tensors_->weights.push_back(copy(layers.at(l).weights, shapes[l]));
    tensors_->biases.push_back(copy(layers.at(l).biases, {shapes[l][0]}));
  }
}

torch_network::~torch_network() = default;

void torch_network::forward_pullback(const float* images, const float* cotangent, long rows) {
  auto& t = *tensors_;
  const auto x = at::from_blob(const_cast<float*>(images), {rows, 1, 28, 28}).requires_grad_();
  const auto convolve = [&](const at::Tensor& in, std::size_t l) {
    return at::relu(at::conv2d(in, t.weights[l], t.biases[l]));
  };
  auto h = at::max_pool2d(convolve(convolve(x, 0), 1), {2, 2});
  h = at::max_pool2d(convolve(convolve(h, 2), 3), {2, 2}).flatten(1);
  h = at::relu(at::linear(h, t.weights[4], t.biases[4]));
  h = at::relu(at::linear(h, t.weights[5], t.biases[5]));
  h = at::linear(h, t.weights[6], t.biases[6]);
  const auto c = at::from_blob(const_cast<float*>(cotangent), {rows, 10});
  t.gradient = torch::autograd::grad({h}, {x}, {c})[0].contiguous();
  t.scores = h.detach().contiguous();
}

std::span<const float> torch_network::scores() const {
  return {tensors_->scores.data_ptr<float>(), static_cast<std::size_t>(tensors_->scores.numel())};
}
std::span<const float> torch_network::gradient() const {
  return {tensors_->gradient.data_ptr<float>(), static_cast<std::size_t>(tensors_->gradient.numel())};
}

const char* torch_version() { return TORCH_VERSION; }

} // namespace passes
