// Trains a small residual network on CIFAR-10 files and stores its weights.
//
//     train_cifar OUTPUT.npz EPOCHS SEED TEST.bin TRAIN.bin...
//
// The files are the binary ones of CIFAR-10, gzipped or not. Images are in [0, 1]; each training image is shown as it
// is and mirrored. The accuracy on the test images is printed after each epoch.
#include <advx/backend/xtensor/xtensor.hpp>
#include <advx/data/cifar.hpp>
#include <advx/data/images.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/train.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/report/training.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

struct pictures {
  advx::batch<float> images;
  std::vector<advx::label_t> labels;
};

pictures read(const std::vector<std::string>& paths) {
  const advx::data::cifar files = advx::data::read_cifar10(paths);
  return {advx::data::to_unit_interval(files.images), advx::data::labels(files.labels)};
}

/// The images, then their mirror images.
pictures with_mirrored(const pictures& from) {
  constexpr advx::index_t width = 32;
  const advx::index_t n = from.images.rows(), size = from.images.cols();
  pictures result{advx::batch<float>(2 * n, size), from.labels};
  result.labels.insert(result.labels.end(), from.labels.begin(), from.labels.end());
  for (advx::index_t i = 0; i < n; ++i)
    for (advx::index_t j = 0; j < size; ++j) {
      result.images.row(i)[j] = from.images.row(i)[j];
      result.images.row(n + i)[j] = from.images.row(i)[j - j % width + width - 1 - j % width];
    }
  return result;
}

} // namespace

int main(int argc, char** argv) try {
  if (argc < 6) {
    std::fprintf(stderr, "usage: %s OUTPUT.npz EPOCHS SEED TEST.bin TRAIN.bin...\n", argv[0]);
    return 2;
  }
  const pictures test = read({argv[4]}), train = with_mirrored(read(std::vector<std::string>(argv + 5, argv + argc)));
  advx::backend::xtensor backend;
  auto network = advx::nn::resnet8_cifar();
  advx::nn::training how{.optimizer = advx::nn::adam{.rate = 3e-3},
                         .epochs = std::stol(argv[2]),
                         .weight_decay = 5e-4,
                         .rate_decay = 0.85,
                         .seed = std::stoull(argv[3]),
                         .threads = 2};
  how.observer = advx::report::epoch_printer(stdout, network, backend, test.images.view(), test.labels);
  network.initialize(how.seed);
  advx::nn::train(network, backend, train.images.view(), std::span<const advx::label_t>(train.labels), how);
  advx::nn::save(argv[1], network);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
