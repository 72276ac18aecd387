#include "overhead.hpp"

void overhead::carlini_wagner(const std::string& data, int pairs) {
  auto net = advx::nn::carlini_wagner_mnist();
  advx::nn::load(data + "/weights/carlini_wagner_mnist.npz", net);
  const digits d(data, 50);
  measure_all("cw-net", net, d.images, d.labels, pairs);
  for (int threads : {1, 2}) {
    measure("cw-net", "lbfgs", net, advx::attack::lbfgs{}, d.images, d.labels, threads, pairs);
    measure("cw-net", "deepfool", net, advx::attack::deepfool_l2{}, d.images, d.labels, threads, pairs);
    measure("cw-net", "sparsefool", net, advx::attack::sparsefool{}, d.images, d.labels, threads, pairs);
    measure("cw-net", "jsma", net, advx::attack::jsma{}, d.images, d.labels, threads, pairs);
  }
}
