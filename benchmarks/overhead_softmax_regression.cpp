#include "overhead.hpp"

void overhead::softmax_regression(const std::string& data, int pairs) {
  auto net = advx::nn::softmax_regression();
  advx::nn::load(data + "/weights/softmax_mnist.npz", net);
  const digits d(data, 200);
  measure_all("softmax", net, d.images, d.labels, pairs);
}
