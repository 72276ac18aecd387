// Trains a network on the MNIST files and stores its weights.
//
//     train_mnist FOLDER OUTPUT.npz [EPOCHS] [SEED] [carlini_wagner | mlp | softmax]
//
// FOLDER holds the four files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and
// t10k-labels-idx1-ubyte.gz. The accuracy on the test images is printed after each epoch; images are in [0, 1].
#include <advx/backend/xtensor/xtensor.hpp>
#include <advx/data/idx.hpp>
#include <advx/data/images.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/train.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/report/training.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace {

struct digits {
  advx::batch<float> images;
  std::vector<advx::label_t> labels;
};

digits read(const std::string& folder, const std::string& part) {
  return {advx::data::to_unit_interval(advx::data::read_idx_images(folder + "/" + part + "-images-idx3-ubyte.gz")),
          advx::data::labels(advx::data::read_idx_labels(folder + "/" + part + "-labels-idx1-ubyte.gz"))};
}

template <class Network>
void run(Network network, const digits& train, const digits& test, advx::nn::training how, const std::string& output) {
  advx::backend::xtensor backend;
  how.observer = advx::report::epoch_printer(stdout, network, backend, test.images.view(), test.labels);
  network.initialize(how.seed);
  advx::nn::train(network, backend, train.images.view(), std::span<const advx::label_t>(train.labels), how);
  advx::nn::save(output, network);
}

} // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s FOLDER OUTPUT.npz [EPOCHS] [SEED] [carlini_wagner | mlp | softmax]\n", argv[0]);
    return 2;
  }
  const std::string kind = argc > 5 ? argv[5] : "carlini_wagner";
  // The small networks take many short epochs, the large one few.
  advx::nn::training how{.rate_decay = kind == "carlini_wagner" ? 0.8 : 0.97, .threads = 2};
  if (argc > 3) how.epochs = std::stol(argv[3]);
  if (argc > 4) how.seed = std::stoull(argv[4]);
  const digits train = read(argv[1], "train"), test = read(argv[1], "t10k");
  if (kind == "carlini_wagner")
    run(advx::nn::carlini_wagner_mnist(), train, test, how, argv[2]);
  else if (kind == "mlp")
    run(advx::nn::mlp_sigmoid(), train, test, how, argv[2]);
  else if (kind == "softmax")
    run(advx::nn::softmax_regression(), train, test, how, argv[2]);
  else
    throw advx::argument_error("advx: there is no network '" + kind + "'; choose carlini_wagner, mlp or softmax");
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
