// The only translation unit with libtorch: it alone takes 0.9 GB to compile.
#include "onnx_torch.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/autograd/autograd.h>

namespace onnx_bench {

struct torch_network::tensors {
  network net;
  std::vector<at::Tensor> weights, biases;
  at::Tensor scores, gradient;
};

torch_network::torch_network(const network& net) : tensors_(std::make_unique<tensors>()) {
  at::set_num_threads(1);
  tensors_->net = net;
  for (const step& s : net.steps) {
    const auto copy = [](const std::vector<float>& values, const std::vector<int64_t>& shape) {
      if (values.empty()) return at::Tensor();
      const auto borrowed = at::from_blob(const_cast<float*>(values.data()), {static_cast<int64_t>(values.size())});
      return borrowed.clone().view(shape);
    };
    tensors_->weights.push_back(copy(s.weights, {s.extents.begin(), s.extents.end()}));
    tensors_->biases.push_back(copy(s.bias, {static_cast<int64_t>(s.bias.size())}));
  }
}

torch_network::~torch_network() = default;

void torch_network::forward_pullback(const float* images, const float* cotangent, long rows) {
  auto& t = *tensors_;
  std::vector<int64_t> extents{rows};
  extents.insert(extents.end(), t.net.image.begin(), t.net.image.end());
  const auto x = at::from_blob(const_cast<float*>(images), extents).requires_grad_();
  std::vector<at::Tensor> arrays{x};
  for (std::size_t i = 0; i < t.net.steps.size(); ++i) {
    const step& s = t.net.steps[i];
    const at::Tensor& a = arrays[s.a];
    switch (s.what) {
    case kind::convolution:
      arrays.push_back(at::conv2d(a, t.weights[i], t.biases[i], s.stride, s.padding, 1, s.groups));
      break;
    case kind::relu:
      arrays.push_back(at::relu(a));
      break;
    case kind::relu6:
      arrays.push_back(at::hardtanh(a, 0, 6));
      break;
    case kind::add:
      arrays.push_back(a + arrays[s.b]);
      break;
    case kind::max_pool:
      arrays.push_back(at::max_pool2d(a, {2, 2}));
      break;
    case kind::global_mean:
      arrays.push_back(at::adaptive_avg_pool2d(a, {1, 1}));
      break;
    case kind::linear:
      arrays.push_back(at::linear(a.flatten(1), t.weights[i], t.biases[i]));
      break;
    }
  }
  const at::Tensor& z = arrays.back();
  const auto c = at::from_blob(const_cast<float*>(cotangent), z.sizes());
  t.gradient = torch::autograd::grad({z}, {x}, {c})[0].contiguous();
  t.scores = z.detach().contiguous();
}

std::span<const float> torch_network::scores() const {
  return {tensors_->scores.data_ptr<float>(), static_cast<std::size_t>(tensors_->scores.numel())};
}
std::span<const float> torch_network::gradient() const {
  return {tensors_->gradient.data_ptr<float>(), static_cast<std::size_t>(tensors_->gradient.numel())};
}

const char* torch_version() { return TORCH_VERSION; }

} // namespace onnx_bench
