// Networks written as ONNX files and read back answer as the networks themselves, scores and gradients.
#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>
#include <advx/model/onnx.hpp>
#include <advx/model/onnx/write.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

namespace model = advx::model;
namespace nn = advx::nn;
using advx::index_t;
using Catch::Matchers::Contains;

namespace {

/// A folder that is gone in the end.
struct folder {
  folder() { std::filesystem::create_directories(path); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("advx-onnx-write-" + std::to_string(::getpid()));
};

template <class Network>
Network with_weights(Network net, const char* file) {
  nn::load(std::string(ADVX_WEIGHTS) + file, net);
  return net;
}

/// Parameters that are nowhere 0 or equal; batch norm's among them.
template <class Network>
Network randomised(Network net) {
  net.initialize(3);
  for (std::size_t l = 0; l < Network::layer_count; ++l) {
    const advx::kernel::random_stream stream{11, static_cast<std::uint32_t>(l), 0};
    index_t i = 0;
    for (auto& v : net.biases(l)) v = 0.4F * stream.uniform<float>(i++) - 0.2F;
    if (net.running_mean(l).empty()) continue;
    for (auto& v : net.weights(l)) v = 0.5F + stream.uniform<float>(i++);
    for (auto& v : net.running_mean(l)) v = stream.uniform<float>(i++) - 0.5F;
    for (auto& v : net.running_variance(l)) v = 0.5F + stream.uniform<float>(i++);
  }
  return net;
}

struct passes {
  advx::batch<float> scores, gradients;
};

/// Scores, and the gradient of a random sum of them.
template <class Model>
passes pass(const Model& net, const advx::batch<float>& x) {
  advx::backend::xtensor backend;
  auto session = net.session(backend, x.rows());
  passes p{advx::batch<float>(x.rows(), net.class_count()), advx::batch<float>(x.rows(), net.input_size())};
  session.forward(x.view(), p.scores.view());
  advx::batch<float> v(x.rows(), net.class_count());
  const advx::kernel::random_stream stream{5, 1, 0};
  std::vector<index_t> rows;
  for (index_t i = 0; i < x.rows(); ++i) rows.push_back(i);
  for (std::size_t i = 0; i < v.values.size(); ++i) v.values[i] = stream.uniform<float>(static_cast<index_t>(i)) - 0.5F;
  session.pullback(rows, v.view().as_const(), p.gradients.view());
  return p;
}

/// The greatest difference in a row, as a share of the row's greatest value; the worst of the rows.
double apart(const advx::batch<float>& is, const advx::batch<float>& must) {
  double worst = 0;
  for (index_t i = 0; i < must.rows(); ++i) {
    double most = 0, difference = 0;
    for (index_t j = 0; j < must.cols(); ++j) {
      most = std::max<double>(most, std::abs(must.row(i)[j]));
      difference = std::max<double>(difference, std::abs(is.row(i)[j] - must.row(i)[j]));
    }
    REQUIRE(most > 0);
    worst = std::max(worst, difference / most);
  }
  return worst;
}

/// Writes, reads and compares on random images.
template <class Network>
void check_same(const Network& net, const model::onnx_write_options& options = {}) {
  const folder f;
  const std::string path = f.path / "net.onnx";
  model::write_onnx(path, net, options);
  const auto read = model::read_onnx<Network::scale>(path);
  REQUIRE(read.class_count() == net.class_count());
  REQUIRE(read.input_size() == net.input_size());
  advx::batch<float> x(8, net.input_size());
  const advx::kernel::random_stream stream{2, 7, 0};
  for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] = stream.uniform<float>(static_cast<index_t>(i));
  const passes is = pass(read, x), must = pass(net, x);
  CHECK(apart(is.scores, must.scores) <= 1e-5);
  CHECK(apart(is.gradients, must.gradients) <= 1e-5);
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

TEST_CASE("ready-made networks answer the same once written and read") {
  check_same(with_weights(nn::softmax_regression(), "softmax_mnist.npz"));
  check_same(with_weights(nn::mlp_sigmoid(), "mlp_mnist.npz"));
  check_same(with_weights(nn::carlini_wagner_mnist(), "carlini_wagner_mnist.npz"));
  check_same(with_weights(nn::resnet8_cifar(), "resnet8_cifar.npz"));
  check_same(randomised(nn::carlini_wagner_cifar()));
}

TEST_CASE("every layer and block answers the same once written and read") {
  using namespace nn;
  SECTION("layers of images") {
    check_same(randomised(sequential{shape{4, 11, 9}, conv2d{.channels = 6, .stride = 2, .padding = 1, .groups = 2},
                                     leaky_relu{0.2}, nearest_upsample{2}, average_pool2d{3, 2}, nn::tanh{},
                                     conv2d{.channels = 8, .kernel = 2}, relu6{}, max_pool2d{2, 1}, batch_norm{},
                                     softmax{}, flatten{}, dropout{}, linear{5}, sigmoid{}, linear{3}}));
  }
  SECTION("blocks") {
    const conv2d keeping{.channels = 3, .padding = 1};
    check_same(randomised(sequential{
        shape{3, 6, 5}, residual{keeping, relu{}}, highway{keeping, keeping, nn::tanh{}}, dense_block{keeping, relu{}},
        sum{branch{conv2d{.channels = 4, .kernel = 1}}, branch{conv2d{.channels = 4, .padding = 1}, batch_norm{}}},
        residual{residual{conv2d{.channels = 4, .padding = 1}}, sum{branch{}, branch{nn::tanh{}}}}}));
  }
  SECTION("vectors as images and images as vectors") {
    check_same(randomised(sequential{shape{6, 1, 1}, conv2d{.channels = 5, .kernel = 1}, batch_norm{},
                                     nearest_upsample{2}, max_pool2d{2}, linear{4}, batch_norm{}, linear{3}}));
    check_same(randomised(sequential{shape{5, 3, 3}, global_average_pool{}, highway{linear{5}, linear{5}},
                                     dense_block{linear{2}}, residual{linear{7}, leaky_relu{}},
                                     sum{branch{linear{3}}, branch{linear{3}}}}));
    check_same(randomised(sequential{shape{5, 3, 3}, global_average_pool{}, residual{linear{5}}}));
    check_same(randomised(sequential{shape{5, 3, 3}, global_average_pool{}, dense_block{linear{2}, nn::tanh{}}}));
    check_same(randomised(
        sequential{shape{5, 3, 3}, global_average_pool{}, sum{branch{}, branch{linear{4}, linear{5}}}, nn::tanh{}}));
  }
  SECTION("scores that are an image") { check_same(randomised(sequential{shape{2, 3, 3}, conv2d{.channels = 2}})); }
  SECTION("no node at all") { check_same(sequential{shape{3, 1, 1}, dropout{}}); }
  SECTION("probabilities") {
    const auto net = randomised(sequential{shape{5, 1, 1}, linear{4}, softmax{}, dropout{}});
    check_same(net);
    CHECK(model::parse_onnx<advx::score_scale::probabilities>(model::onnx_bytes(net), "net").ends_in_softmax());
  }
  SECTION("doubles are stored as floats") {
    const auto net = randomised(sequential{shape{5, 1, 1}, linear{4}});
    CHECK(model::onnx_bytes(net.as<double>()) == model::onnx_bytes(net));
  }
}

TEST_CASE("the images of a flat network may have another shape in the file") {
  const auto net = with_weights(nn::softmax_regression(), "softmax_mnist.npz");
  check_same(net, {.image = {1, 28, 28}});
  check_same(net, {.image = {784}});
  const auto axes = [&](const model::onnx_write_options& how) {
    const std::string bytes = model::onnx_bytes(net, how);
    const auto file = model::onnx::parse<model::onnx::proto::ModelProto>(bytes, "net");
    std::vector<index_t> extents;
    for (const auto& d : file.graph().input(0).type().tensor_type().shape().dim())
      extents.push_back(d.has_dim_value() ? d.dim_value() : 0);
    CHECK(file.graph().output(0).name() == "logits");
    return extents;
  };
  CHECK(axes({}) == std::vector<index_t>{0, 784});
  CHECK(axes({.image = {1, 28, 28}}) == std::vector<index_t>{0, 1, 28, 28});

  CHECK_THROWS_WITH(model::onnx_bytes(net, {.image = {1, 28, 27}}), Contains("1 x 28 x 27") && Contains("must be 784"));
  CHECK_THROWS_WITH(model::onnx_bytes(net, {.image = {-28, -28}}), Contains("must be 784"));
  CHECK_THROWS_WITH(model::onnx_bytes(net, {.image = {index_t{1} << 62, 4, 784}}), Contains("must be 784"));
  CHECK_THROWS_WITH(model::onnx_bytes(nn::carlini_wagner_mnist(), {.image = {784}}), Contains("flat input"));
}

TEST_CASE("a network that cannot be written leaves the file as it was") {
  const folder f;
  const std::string path = f.path / "net.onnx";
  auto net = nn::softmax_regression();
  model::write_onnx(path, net);
  const std::string before = bytes_of(path);
  CHECK(before == model::onnx_bytes(net)); // the same network, the same bytes
  net.biases(0)[3] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(model::write_onnx(path, net), advx::argument_error);
  CHECK_THROWS_WITH(model::write_onnx(path, net), Contains("'0.bias'"));
  CHECK(bytes_of(path) == before);
  CHECK_THROWS_AS(model::write_onnx(f.path / "none" / "net.onnx", nn::softmax_regression()), advx::file_error);
  CHECK(std::distance(std::filesystem::directory_iterator(f.path), {}) == 1);
}
