/// @file
/// What a trainer tells as it goes.
#pragma once

#include <advx/nn/train.hpp>

#include <cstdio>
#include <span>

namespace advx::report {

/// An observer of `nn::train` that prints a line an epoch, with the accuracy on test images where there are any:
///
///     epoch  3  loss 0.0512  train 98.41 %  test 98.90 %
///
/// `train` is the accuracy while training. Network and images are only referred to.
template <class Network, class Backend>
auto epoch_printer(std::FILE* to, const Network& network, Backend& backend,
                   batch_view<const typename Network::scalar> test_images = {},
                   std::span<const label_t> test_labels = {}) {
  return [=, &network, &backend](const nn::progress& p) {
    std::fprintf(to, "epoch %2td  loss %.4f  train %.2f %%", p.epoch + 1, p.loss, 100 * p.accuracy);
    if (test_images.rows > 0)
      std::fprintf(to, "  test %.2f %%", 100 * nn::accuracy(network, backend, test_images, test_labels));
    std::fputc('\n', to);
    std::fflush(to);
    return true;
  };
}

} // namespace advx::report
