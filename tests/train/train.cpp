// `advx train`: what it writes answers as it says, whatever the files' kinds; what is refused.
#include "advx/train.hpp"

#include <advx/backend/xtensor/xtensor.hpp>
#include <advx/data/files.hpp>
#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/model/onnx.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/train.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "advx/interrupt.hpp"

namespace fs = std::filesystem;
using advx::index_t;
using Catch::Matchers::Contains;

namespace {

const std::string digits =
    " --inputs " ADVX_DATA "mnist/sample.npz:images --labels " ADVX_DATA "mnist/sample.npz:labels ";

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A folder that is gone in the end, and the command run in it: OUT stands for net.onnx there.
struct place {
  place() { fs::create_directories(folder); }
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() { fs::remove_all(folder); }

  /// What the command prints.
  std::string train(const std::string& arguments) const {
    CLI::App app;
    advx_command::add_train(app);
    const fs::path heard = folder / "stdout";
    std::fflush(stdout);
    const int before = ::dup(STDOUT_FILENO);
    const auto restore = [&] {
      std::fflush(stdout);
      ::dup2(before, STDOUT_FILENO);
      ::close(before);
    };
    REQUIRE(std::freopen(heard.c_str(), "w", stdout) != nullptr);
    try {
      app.parse("train " + arguments, false);
    } catch (...) {
      restore();
      fs::remove(heard);
      throw;
    }
    restore();
    const std::string text = bytes_of(heard);
    fs::remove(heard);
    return text;
  }
  std::string at(const char* name) const { return folder / name; }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder), {}); }

  fs::path folder = fs::temp_directory_path() / ("advx-train-" + std::to_string(::getpid()));
};

struct labelled {
  advx::batch<float> images;
  std::vector<advx::label_t> labels;
};
labelled sample() {
  const auto file = advx::data::read_npz(ADVX_DATA "mnist/sample.npz");
  return {advx::data::to_unit_interval(file.at("images")), advx::data::labels(file.at("labels"))};
}

/// The accuracy of a model as the command writes it.
template <class Model>
std::string accuracy_of(const Model& model, const labelled& data) {
  advx::backend::xtensor backend;
  const index_t n = data.images.rows(), classes = model.class_count();
  auto session = model.session(backend, n);
  advx::batch<float> scores(n, classes);
  session.forward(data.images.view(), scores.view());
  index_t right = 0;
  for (index_t i = 0; i < n; ++i)
    right += std::max_element(scores.row(i), scores.row(i) + classes) - scores.row(i) ==
             data.labels[static_cast<std::size_t>(i)];
  char text[64];
  std::snprintf(text, sizeof text, "accuracy %.2f %% of %td images\n", 100 * double(right) / double(n), n);
  return text;
}

} // namespace

TEST_CASE("a trained network is written with the accuracy that is printed") {
  const place here;
  const std::string how = "--network mlp" + digits + "--epochs 3 --batch 20 --optimizer sgd --rate 0.5 --seed 3 ";
  const std::string said =
      here.train(how + "--threads 1 --output " + here.at("net.onnx") + " --weights " + here.at("net.npz"));
  const labelled data = sample();
  const auto read = advx::model::read_onnx(here.at("net.onnx"));
  CHECK_THAT(said, Contains("epoch  3  loss ") && Contains("train " + accuracy_of(read, data)) &&
                       Contains("written: " + here.at("net.onnx") + ", " + here.at("net.npz")));
  auto network = advx::nn::mlp_sigmoid();
  CHECK_THAT(said, !Contains(accuracy_of(network, data))); // it has learnt
  advx::nn::load(here.at("net.npz"), network);
  CHECK_THAT(said, Contains(accuracy_of(network, data)));

  // Going on from the weights without an epoch, or with other threads, gives the same file.
  const std::string bytes = bytes_of(here.at("net.onnx"));
  here.train(how + "--threads 2 --output " + here.at("again.onnx"));
  CHECK((bytes_of(here.at("again.onnx")) == bytes));
  const std::string converted =
      here.train("--network mlp --epochs 0 --weights-in " + here.at("net.npz") + " --output " + here.at("again.onnx"));
  CHECK(converted == "written: " + here.at("again.onnx") + "\n");
  CHECK((bytes_of(here.at("again.onnx")) == bytes));
  CHECK(here.files() == 3);
}

TEST_CASE("committed weights become ONNX") {
  const place here;
  const std::string tested = " --test-inputs " ADVX_DATA "mnist/sample.npz:images --test-labels " ADVX_DATA
                             "mnist/sample.npz:labels --epochs 0 --output " +
                             here.at("net.onnx") + " --weights-in " ADVX_DATA "weights/";
  const labelled data = sample();
  const auto check = [&](const char* network, const char* weights) {
    const std::string said = here.train(std::string("--network ") + network + tested + weights);
    const auto read = advx::model::read_onnx(here.at("net.onnx"));
    CHECK_THAT(said, Contains("test " + accuracy_of(read, data)));
  };
  check("softmax", "softmax_mnist.npz");
  check("cw-mnist", "carlini_wagner_mnist.npz");
  here.train("--network resnet8 --epochs 0 --weights-in " ADVX_DATA "weights/resnet8_cifar.npz --output " +
             here.at("net.onnx"));
  CHECK(advx::model::read_onnx(here.at("net.onnx")).input_size() == 3 * 32 * 32);
}

TEST_CASE("several CIFAR-10 files need no files of labels and Ctrl-C keeps the epoch") {
  const place here;
  labelled data{advx::batch<float>(24, 3072), {}};
  for (const int part : {0, 1}) {
    std::vector<std::byte> records;
    for (index_t i = 12 * part; i < 12 * (part + 1); ++i) {
      const advx::kernel::random_stream stream{1, static_cast<std::uint32_t>(i), 0};
      data.labels.push_back(static_cast<advx::label_t>(i % 10));
      records.push_back(static_cast<std::byte>(i % 10));
      for (index_t j = 0; j < 3072; ++j) {
        const auto byte = static_cast<std::uint8_t>(stream.bits(j, 0) >> 24);
        records.push_back(static_cast<std::byte>(byte));
        data.images.row(i)[j] = static_cast<float>(byte) / 255.0F;
      }
    }
    advx::data::write_file_atomically(here.at(part == 0 ? "0.bin" : "1.bin"), records);
  }
  const std::string how = "--network resnet8 --inputs " + here.at("0.bin") + " " + here.at("1.bin") +
                          " --batch 12 --output " + here.at("net.onnx");
  const auto read = [&] { return advx::model::read_onnx(here.at("net.onnx")); };
  const std::string first = here.train(how + " --epochs 1");
  CHECK_THAT(first, Contains("train " + accuracy_of(read(), data)));
  const std::string bytes = bytes_of(here.at("net.onnx"));

  advx_command::interrupt_seen = true;
  const std::string said = here.train(how + " --epochs 100");
  advx_command::interrupt_seen = false;
  CHECK_THAT(said, Contains("interrupted after epoch 1") && !Contains("epoch  2") && Contains("written"));
  CHECK((bytes_of(here.at("net.onnx")) == bytes));
}

TEST_CASE("what is refused is told in a line and writes nothing") {
  const place here;
  const std::string out = " --output " + here.at("net.onnx"), npz = ADVX_DATA "mnist/sample.npz";
  struct misuse {
    std::string arguments, told;
  };
  const misuse all[]{
      {"--network cw-mist" + digits + out, "did you mean 'cw-mnist'"},
      {"--network mlp --optimizer adan" + digits + out, "did you mean 'adam'"},
      {"--network mlp --momentum 0.5" + digits + out, "--momentum is for --optimizer sgd"},
      {"--network mlp --rate 0" + digits + out, "the learning rate is 0"},
      {"--network mlp --epochs -1" + digits + out, "epochs is -1"},
      {"--network mlp --optimizer sgd --rate 1e38" + digits + out, "the loss is not finite after epoch 1"},
      {"--network cw-cifar" + digits + out, "(1000, 28, 28); the model takes (1000, 3, 32, 32)"},
      {"--network mlp" + digits + "--test-inputs " + npz + ":labels --test-labels " + npz + ":labels" + out, "int64"},
      {"--network mlp --inputs " + npz + ":images" + out, "--labels must name a file for each of --inputs"},
      {"--network mlp --inputs " + npz + ":images --labels " + npz + ":images" + out, "one class per image: (1000,)"},
      {"--network mlp --inputs " + npz + ":pictures --labels " + npz + ":labels" + out, "no array 'pictures'"},
      {"--network mlp --inputs none --labels none" + out, "'none'"},
      {"--network mlp" + out, "--inputs is missing"},
      {"--network mlp --epochs 0" + out, "--weights-in"},
      {"--network mlp --epochs 0 --weights-in " ADVX_DATA "weights/softmax_mnist.npz" + out, "(10, 784)"},
      {"--network mlp" + digits + "--output " + here.at("none/net.onnx"), "is its folder there?"},
      {"--network mlp" + digits + "--output " + here.folder.string(), "it is there and no file"},
      {"--network mlp" + digits + "--weights " + here.at("net.onnx") + out, "the same file"},
      {"--network mlp" + digits + "--weights /dev/null" + out, "--weights is '/dev/null'"},
  };
  for (const misuse& m : all) {
    INFO(m.arguments);
    try {
      here.train(m.arguments);
      FAIL("it was accepted");
    } catch (const std::exception& fault) {
      const std::string text = fault.what();
      CHECK_THAT(text, Contains(m.told) && Catch::Matchers::StartsWith("advx"));
      CHECK(text.find('\n') == std::string::npos);
    }
    CHECK(here.files() == 0);
  }
  CHECK_THROWS_AS(here.train("--network mlp" + digits), CLI::RequiredError);
  CHECK_THROWS_AS(here.train(digits + out), CLI::RequiredError);
}
