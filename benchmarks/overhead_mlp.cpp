#include "overhead.hpp"

void overhead::mlp(const std::string& data, int pairs) {
  auto net = advx::nn::mlp_sigmoid();
  advx::nn::load(data + "/weights/mlp_mnist.npz", net);
  const digits d(data, 200);
  measure_all("mlp", net, d.images, d.labels, pairs);
}
