#include "train.hpp"

#include <advx/backend/xtensor/xtensor.hpp>
#include <advx/model/onnx/write.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/report/training.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "inputs.hpp"
#include "interrupt.hpp"
#include "text.hpp"

namespace advx_command {

namespace {

using advx::index_t;
using extents = std::vector<index_t>;

constexpr index_t classes = 10; // of every ready-made network

struct settings {
  std::string network;
  std::vector<std::string> inputs, labels, test_inputs, test_labels;
  std::string weights_in, output, weights;
  std::string optimizer = "adam";
  std::optional<double> rate, momentum;
  advx::nn::training how;
};

[[noreturn]] void refuse(const std::string& fault) { throw advx::argument_error("advx train: " + fault); }

struct labelled {
  advx::batch<float> images;
  std::vector<advx::label_t> labels;
};

/// Files of images and their labels, as they are stored.
struct stored_pairs {
  std::vector<stored> images, labels;

  /// `option` is what the names of the options begin with.
  stored_pairs(const std::vector<std::string>& inputs, const std::vector<std::string>& label_files,
               const std::string& option) {
    for (const std::string& file : inputs) images.push_back(read_array(file, content::images));
    const bool hold_both = std::all_of(images.begin(), images.end(), [](const stored& s) { return s.cifar; });
    for (const std::string& file : label_files.empty() && hold_both ? inputs : label_files)
      labels.push_back(read_array(file, content::labels));
    if (labels.size() != images.size())
      refuse("--" + option + "labels must name a file for each of --" + option + "inputs: there are " +
             std::to_string(labels.size()) + " for " + std::to_string(images.size()) +
             " (only CIFAR-10's files hold both)");
  }

  /// The extents of one image; none where there are no files.
  extents image() const {
    if (images.empty() || images[0].values.shape.empty()) return {};
    return {images[0].values.shape.begin() + 1, images[0].values.shape.end()};
  }

  /// All files' images, which must be of these extents, with their labels.
  labelled read(const extents& image, const std::string& option) const {
    labelled all;
    for (std::size_t f = 0; f < images.size(); ++f) {
      const advx::batch<float> more = to_images(images[f], image, 0, 1, 0);
      if (const extents& shape = labels[f].values.shape; shape.size() == 1 && shape[0] > more.rows())
        refuse("--" + option + "labels '" + labels[f].from.path + "' holds " + std::to_string(shape[0]) +
               " labels for " + std::to_string(more.rows()) + " images; give one label an image");
      const auto more_labels = to_labels(labels[f], more.rows(), classes, "--" + option + "labels");
      all.labels.insert(all.labels.end(), more_labels.begin(), more_labels.end());
      all.images.values.insert(all.images.values.end(), more.values.begin(), more.values.end());
      all.images.row_count += more.rows();
      all.images.col_count = more.cols();
    }
    return all;
  }
};

/// Hours of training are not to end at a folder that is not there.
void require_place(const std::string& path, const char* option) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::absolute(path).parent_path();
  const bool in_the_way = fs::exists(path) && !fs::is_regular_file(path); // a folder, a device
  if (in_the_way || ::access(folder.c_str(), W_OK | X_OK) != 0)
    refuse("--" + std::string(option) + " is '" + path + "', which cannot be written; " +
           (in_the_way ? "it is there and no file" : "is its folder there?"));
}

template <class Network>
void fit(Network& network, advx::backend::xtensor& backend, const labelled& train, const labelled& test,
         advx::nn::training how) {
  const auto print = advx::report::epoch_printer(stdout, network, backend, test.images.view(), std::span(test.labels));
  how.observer = [&](const advx::nn::progress& p) {
    print(p);
    if (!(p.loss - p.loss == 0))
      refuse("the loss is not finite after epoch " + std::to_string(p.epoch + 1) + "; choose a lower --rate");
    if (interrupt_seen && p.epoch + 1 < how.epochs) std::printf("interrupted after epoch %td\n", p.epoch + 1);
    return !interrupt_seen;
  };
  advx::nn::train(network, backend, train.images.view(), std::span(train.labels), how);
}

template <class Network>
void run(Network network, const settings& given, const stored_pairs& train_files, const stored_pairs& test_files,
         const extents& image) {
  const labelled train = train_files.read(image, ""), test = test_files.read(image, "test-");
  advx::backend::xtensor backend;
  network.initialize(given.how.seed);
  if (!given.weights_in.empty()) advx::nn::load(given.weights_in, network);
  if (train.images.rows() > 0) fit(network, backend, train, test, given.how);

  const auto print_accuracy = [&](const char* what, const labelled& data) {
    if (data.images.rows() > 0)
      std::printf("%s accuracy %.2f %% of %td images\n", what,
                  100 * advx::nn::accuracy(network, backend, data.images.view(), data.labels), data.images.rows());
  };
  print_accuracy("train", train);
  print_accuracy("test", test);
  if (!given.weights.empty()) advx::nn::save(given.weights, network);
  advx::model::write_onnx(given.output, network, {.image = image});
  std::printf("written: %s%s\n", given.output.c_str(), given.weights.empty() ? "" : (", " + given.weights).c_str());
}

void train(settings& given) {
  advx::nn::training& how = given.how;
  const std::vector<std::string> networks{"softmax", "mlp", "cw-mnist", "cw-cifar", "resnet8"};
  if (std::find(networks.begin(), networks.end(), given.network) == networks.end())
    refuse("there is no --network '" + given.network + "'" + suggestion(given.network, networks));
  if (given.optimizer == "sgd")
    how.optimizer = advx::nn::sgd{.rate = given.rate.value_or(0.01), .momentum = given.momentum.value_or(0.9)};
  else if (given.optimizer == "adam")
    how.optimizer = advx::nn::adam{.rate = given.rate.value_or(0.001)};
  else
    refuse("there is no --optimizer '" + given.optimizer + "'" + suggestion(given.optimizer, {"sgd", "adam"}));
  if (given.optimizer != "sgd" && given.momentum) refuse("--momentum is for --optimizer sgd");
  if (how.threads == 0) how.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (given.inputs.empty() && how.epochs > 0) refuse("--inputs is missing; with --epochs 0 nothing is trained");
  if (how.epochs == 0 && given.weights_in.empty())
    refuse("--epochs 0 only converts weights; name them by --weights-in");
  if (!given.weights.empty() && std::filesystem::absolute(given.output) == std::filesystem::absolute(given.weights))
    refuse("--output and --weights are the same file, '" + given.output + "'");
  require_place(given.output, "output");
  if (!given.weights.empty()) require_place(given.weights, "weights");

  const stored_pairs train(given.inputs, given.labels, ""), test(given.test_inputs, given.test_labels, "test-");
  const auto with = [&](auto network) {
    const advx::nn::shape& in = network.shape_at(0);
    run(std::move(network), given, train, test, {in.channels, in.height, in.width});
  };
  const auto with_flat = [&](auto make) { // these take images of any shape, where there are some
    extents image = train.images.empty() ? test.image() : train.image();
    if (image.empty()) image = {28, 28};
    if (image.size() == 2) image.insert(image.begin(), 1);
    index_t size = 1;
    for (const index_t e : image) size *= e;
    run(make(size, classes), given, train, test, image);
  };
  if (given.network == "softmax") with_flat(advx::nn::softmax_regression);
  if (given.network == "mlp") with_flat(advx::nn::mlp_sigmoid);
  if (given.network == "cw-mnist") with(advx::nn::carlini_wagner_mnist());
  if (given.network == "cw-cifar") with(advx::nn::carlini_wagner_cifar());
  if (given.network == "resnet8") with(advx::nn::resnet8_cifar(classes));
}

} // namespace

void add_train(CLI::App& app) {
  const auto given = std::make_shared<settings>();
  given->how.threads = 0;
  CLI::App& command = *app.add_subcommand("train", "Trains a ready-made network and writes it as an ONNX file.");
  command.footer("FILE is .npy, .npz:KEY, IDX or a binary file of CIFAR-10 (which holds labels, too); several may be\n"
                 "named. Images are floats in [0, 1], or bytes, which become that. Ctrl-C ends the training after the\n"
                 "running epoch, and the network is written; a second one ends at once, and nothing is written.");
  command.add_option("--network", given->network, "softmax, mlp, cw-mnist, cw-cifar or resnet8")->required();
  command.add_option("--inputs", given->inputs, "images to train on: FILE...");
  command.add_option("--labels", given->labels, "their labels: FILE...");
  command.add_option("--test-inputs", given->test_inputs, "images that tell the accuracy after each epoch: FILE...");
  command.add_option("--test-labels", given->test_labels, "their labels: FILE...");
  command.add_option("--weights-in", given->weights_in, "begin with these parameters (.npz)");
  command.add_option("--epochs", given->how.epochs, "0: only convert --weights-in")->capture_default_str();
  command.add_option("--batch", given->how.batch, "images a step")->capture_default_str();
  command.add_option("--optimizer", given->optimizer, "sgd or adam")->capture_default_str();
  command.add_option("--rate", given->rate, "learning rate; left out: 0.001 of adam, 0.01 of sgd");
  command.add_option("--rate-decay", given->how.rate_decay, "multiplies the rate after each epoch")
      ->capture_default_str();
  command.add_option("--momentum", given->momentum, "of sgd; left out: 0.9");
  command.add_option("--weight-decay", given->how.weight_decay, "of weights, not biases")->capture_default_str();
  command.add_option("--temperature", given->how.temperature, "divides the scores in the loss (distillation)")
      ->capture_default_str();
  command.add_option("--seed", given->how.seed, "of the first weights, shuffling and dropout")->capture_default_str();
  command.add_option("--threads", given->how.threads, "0: one per core; the result does not depend on them")
      ->capture_default_str();
  command.add_option("--output", given->output, "the ONNX file to write")->required();
  command.add_option("--weights", given->weights, "the parameters, too (.npz)");
  command.callback([given] { train(*given); });
}

} // namespace advx_command
