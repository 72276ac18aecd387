// ONNX's own tests of operators (Debian: libonnx-testdata): a model, the values of its inputs, the expected outputs.
// Every input but the first real one is fed as a constant. A test is run in two ways where both are possible: with its
// first axis as that of the images, and with the whole input as one image; its pullback is compared with finite
// differences. skipped.txt says which are left out, and
// why.
#include <advx/backend/reference/reference.hpp>
#include <advx/model/onnx.hpp>
#include <advx/testing/check_vjp.hpp>

#include <catch2/catch.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

namespace onnx_format = advx::model::onnx;
using onnx_format::extents;

namespace {

const std::filesystem::path root = "/usr/share/libonnx-testdata/data";

onnx_format::proto::TensorProto read_tensor(const std::filesystem::path& path) {
  return onnx_format::parse<onnx_format::proto::TensorProto>(onnx_format::read_bytes(path.string()), path.string());
}

struct outcome {
  bool ran = false;
  std::string fault; ///< why it did not run, or what differs
};

/// Is the pullback the transposed derivative? Finite differences in double; "" if so.
std::string pullback_fault(onnx_format::read_graph read) {
  if (advx::model::graph::size_of(read.scores) < 2) return {};
  const advx::model::graph::classifier<advx::score_scale::logits, double> net(std::move(read.net), read.image);
  return advx::testing::check_vjp(net, {.lower = -1, .images = 2, .directions = 2, .coordinates = 3, .tolerance = 1e-4})
      .fault;
}

/// Runs a test whose model, inputs and outputs lie in `folder`.
outcome run(const std::filesystem::path& folder, bool batched) {
  const std::string name = folder.filename().string();
  const std::vector<char> bytes = onnx_format::read_bytes((folder / "model.onnx").string());
  const auto model = onnx_format::parse<onnx_format::proto::ModelProto>(bytes, name);
  const std::filesystem::path data = folder / "test_data_set_0";
  onnx_format::reading how;
  how.batched = batched;
  onnx_format::tensor image;
  bool found = false;
  std::set<std::string> initialized;
  for (const auto& t : model.graph().initializer()) initialized.insert(t.name());
  for (int i = 0, file = 0; i < model.graph().input_size(); ++i) {
    if (initialized.contains(model.graph().input(i).name())) continue;
    const auto given = read_tensor(data / ("input_" + std::to_string(file++) + ".pb"));
    const onnx_format::tensor t = onnx_format::make_tensor(given);
    if (!found && t.is_real)
      image = t, found = true;
    else
      how.constants.emplace(model.graph().input(i).name(), t);
  }
  advx::index_t rows = 1;
  const extents whole = image.dims;
  if (batched) {
    if (whole.empty() || whole[0] < 1) return {};
    rows = whole[0];
    how.image.assign(whole.begin() + 1, whole.end());
  }
  outcome result;
  for (int o = 0; o < model.graph().output_size(); ++o) {
    how.output = model.graph().output(o).name();
    onnx_format::read_graph read;
    try {
      read = onnx_format::read(bytes, name, how);
    } catch (const std::exception& e) {
      return {false, e.what()};
    }
    result.ran = true;
    const onnx_format::tensor expected =
        onnx_format::make_tensor(read_tensor(data / ("output_" + std::to_string(o) + ".pb")));
    if (read.fixed) { // a shape, say
      if (read.fixed->dims != expected.dims || read.fixed->reals != expected.reals) return {true, "other constants"};
      // In a batch's shape a symbol stands for its number of images.
      for (std::size_t i = 0; i < expected.integers.size(); ++i)
        if (const std::int64_t v = read.fixed->integers.at(i);
            (v == onnx_format::batch_symbol ? rows : v) != expected.integers[i])
          return {true, "integer " + std::to_string(i) + " is " + std::to_string(v) + ", not " +
                            std::to_string(expected.integers[i])};
      continue;
    }
    extents scores = read.scores;
    if (batched) scores.insert(scores.begin(), rows);
    if (scores != expected.dims)
      return {true, "extents " + advx::model::graph::to_string(scores) + ", not " +
                        advx::model::graph::to_string(expected.dims)};
    const advx::index_t width = advx::model::graph::size_of(read.scores);
    if (const std::string bad = pullback_fault(onnx_format::read(bytes, name, how)); !bad.empty())
      return {true, "pullback: " + bad};
    const auto net = std::make_shared<const advx::model::graph::network>(std::move(read.net));
    using kernels = advx::nn::kernels<advx::backend::reference>;
    advx::model::graph::session<float, kernels> session(net, advx::model::graph::kernels_of<float, kernels>(), rows);
    std::vector<float> y(static_cast<std::size_t>(rows * width));
    session.forward({image.reals.data(), rows, static_cast<advx::index_t>(image.reals.size()) / rows},
                    {y.data(), rows, width});
    for (std::size_t i = 0; i < y.size(); ++i)
      if (y[i] != expected.reals.at(i) &&
          !(std::abs(y[i] - expected.reals.at(i)) <= 1e-5F + 1e-3F * std::abs(expected.reals[i])))
        return {true, "output " + std::to_string(o) + ", value " + std::to_string(i) + " is " + std::to_string(y[i]) +
                          ", not " + std::to_string(expected.reals[i])};
  }
  return result;
}

/// The operators that are promised; a test counts if it uses no other.
const std::set<std::string> promised{"Add",
                                     "AveragePool",
                                     "BatchNormalization",
                                     "Cast",
                                     "Clip",
                                     "Concat",
                                     "Constant",
                                     "Conv",
                                     "Div",
                                     "Dropout",
                                     "Elu",
                                     "Flatten",
                                     "Gemm",
                                     "GlobalAveragePool",
                                     "HardSigmoid",
                                     "HardSwish",
                                     "Identity",
                                     "LeakyRelu",
                                     "LogSoftmax",
                                     "MatMul",
                                     "MaxPool",
                                     "Mul",
                                     "Pad",
                                     "ReduceMean",
                                     "Relu",
                                     "Reshape",
                                     "Shape",
                                     "Sigmoid",
                                     "Slice",
                                     "Softmax",
                                     "Split",
                                     "Squeeze",
                                     "Sub",
                                     "Tanh",
                                     "Transpose",
                                     "Unsqueeze"};

} // namespace

TEST_CASE("ONNX's own tests of the supported operators pass") {
  if (!std::filesystem::exists(root)) {
    std::puts("advx: skipped: ONNX's tests are not here (Debian: libonnx-testdata)");
    return;
  }
  std::map<std::string, std::string> skipped; // name -> reason
  std::ifstream list(ADVX_ONNX_SKIPPED);
  for (std::string line; std::getline(list, line);)
    if (const auto colon = line.find(": "); colon != std::string::npos && line[0] != '#')
      skipped.emplace(line.substr(0, colon), line.substr(colon + 2));
  int passed = 0, all = 0;
  for (const char* suite : {"node", "pytorch-converted", "pytorch-operator"}) {
    for (const auto& entry : std::filesystem::directory_iterator(root / suite)) {
      const std::string name = suite + ("/" + entry.path().filename().string());
      const auto model = onnx_format::parse<onnx_format::proto::ModelProto>(
          onnx_format::read_bytes((entry.path() / "model.onnx").string()), name);
      bool counts = model.graph().node_size() > 0;
      for (const auto& node : model.graph().node()) counts = counts && promised.contains(node.op_type());
      if (!counts) continue;
      ++all;
      if (const auto reason = skipped.find(name); reason != skipped.end()) {
        skipped.erase(reason);
        continue;
      }
      outcome ran[2];
      std::string fault;
      try {
        for (const bool batched : {false, true}) ran[batched] = run(entry.path(), batched);
      } catch (const std::exception& e) {
        fault = e.what();
      }
      INFO(name << "\n" << fault << "\nas one image: " << ran[0].fault << "\nas a batch: " << ran[1].fault);
      const bool good = fault.empty() && (ran[0].ran || ran[1].ran) && (!ran[0].ran || ran[0].fault.empty()) &&
                        (!ran[1].ran || ran[1].fault.empty());
      CHECK(good);
      passed += good;
    }
  }
  for (const auto& [name, reason] : skipped) FAIL_CHECK("skipped.txt names " << name << ", which is no such test");
  std::printf("advx: %d of %d of ONNX's tests pass\n", passed, all);
  CHECK(passed > 0);
}
