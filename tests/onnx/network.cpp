// The network of Carlini and Wagner, written as an ONNX file, and the same network of nn: they answer the same; and
// attacks run on it.
#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>
#include <advx/nn/xtensor.hpp>
#include <advx/testing/check_model.hpp>
#include <advx/xtensor.hpp>

#include <catch2/catch.hpp>

#include "onnx/writer.hpp"

using advx::index_t;

namespace {

template <class Network>
std::string parameters(writer::model& m, const Network& net, std::size_t layer, bool biases) {
  const auto values = biases ? net.biases(layer) : net.weights(layer);
  std::vector<index_t> dims = net.weight_shape(layer);
  if (biases) dims.resize(1);
  return m.reals(dims, {values.begin(), values.end()});
}

/// The network as exporters write it.
template <class Network>
writer::model exported(const Network& net) {
  writer::model m({1, 28, 28}, 11);
  std::string at = "x";
  bool flat = false;
  for (std::size_t layer = 0; layer < Network::layer_count; ++layer) {
    const auto& shape = net.weight_shape(layer);
    const auto with = [&] {
      return std::vector{at, parameters(m, net, layer, false), parameters(m, net, layer, true)};
    };
    if (shape.size() == 4) {
      at = m.node("Relu", {m.node("Conv", with())});
      if (layer == 2 || layer == 7) at = m.node("MaxPool", {at}, {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}});
    } else if (shape.size() == 2) {
      if (!flat) at = m.node("Flatten", {at});
      flat = true;
      at = m.node("Gemm", with(), {{"transB", 1}});
      if (layer + 1 != Network::layer_count) at = m.node("Relu", {at});
    }
  }
  return m;
}

struct passes {
  advx::batch<float> scores, gradients;
};

template <class Model>
passes pass(const Model& model, const advx::batch<float>& x) {
  advx::backend::xtensor backend;
  auto session = model.session(backend, x.rows());
  passes p{advx::batch<float>(x.rows(), model.class_count()), advx::batch<float>(x.rows(), model.input_size())};
  session.forward(x.view(), p.scores.view());
  advx::batch<float> v(x.rows(), model.class_count());
  std::vector<index_t> rows;
  for (index_t i = 0; i < x.rows(); ++i) {
    v.row(i)[i % 10] = 1;
    rows.push_back(i);
  }
  session.pullback(rows, v.view().as_const(), p.gradients.view());
  return p;
}

double greatest(const advx::batch<float>& b, index_t row) {
  double most = 0;
  for (index_t j = 0; j < b.cols(); ++j) most = std::max<double>(most, std::abs(b.row(row)[j]));
  return most;
}

} // namespace

TEST_CASE("an exported network answers as the native one") {
  auto native = advx::nn::carlini_wagner_mnist();
  advx::nn::load(ADVX_WEIGHTS "carlini_wagner_mnist.npz", native);
  const auto read = exported(native).read();
  const auto sample = advx::data::read_npz(ADVX_SAMPLE);
  const auto digits = advx::data::to_unit_interval(sample.at("images"));
  advx::batch<float> x(50, 784);
  std::copy_n(digits.row(0), x.rows() * x.cols(), x.row(0));

  const passes is = pass(read, x), must = pass(native, x);
  for (index_t i = 0; i < x.rows(); ++i) {
    const double z = greatest(must.scores, i), g = greatest(must.gradients, i);
    for (index_t j = 0; j < 10; ++j) CHECK(std::abs(is.scores.row(i)[j] - must.scores.row(i)[j]) <= 1e-4 * z);
    for (index_t j = 0; j < 784; ++j) CHECK(std::abs(is.gradients.row(i)[j] - must.gradients.row(i)[j]) <= 1e-4 * g);
  }

  const auto rows = advx::testing::check_model(read, {}, advx::backend::xtensor{});
  INFO(rows.fault);
  CHECK(rows);

  auto labels = advx::data::labels(sample.at("labels"));
  labels.resize(50);
  const advx::attack::projected_gradient<advx::norm::linf> attack{.epsilon = 0.3};
  const auto goal = advx::goal::untargeted{labels};
  const auto r = advx::run(attack, read, x, goal, {}, advx::backend::xtensor{});
  CHECK(r.success_rate() == 1);
}

// Every kind of convolution that oneDNN takes over, against the standard library's.
TEST_CASE("oneDNN's convolutions are row-invariant and agree with the library's own") {
  struct test {
    std::vector<index_t> image, weights;
    std::vector<writer::attribute> attributes;
  };
  const test tests[]{
      {{3, 9, 9}, {16, 3, 3, 3}, {{"pads", {1, 1, 1, 1}}, {"strides", {2, 2}}}},
      {{32, 9, 9}, {24, 32, 3, 3}, {{"auto_pad", "SAME_UPPER"}, {"strides", {2, 2}}}},
      {{32, 9, 9}, {24, 32, 3, 3}, {{"dilations", {2, 2}}, {"pads", {2, 1, 2, 3}}}},
      {{32, 9, 9}, {32, 1, 3, 3}, {{"group", 32}, {"pads", {1, 1, 1, 1}}, {"strides", {2, 2}}}},
      {{20, 9, 9}, {20, 1, 5, 5}, {{"group", 20}, {"pads", {2, 2, 2, 2}}}},
      {{32, 9, 9}, {32, 8, 3, 3}, {{"group", 4}, {"pads", {1, 1, 1, 1}}}},
      {{32, 9, 9}, {40, 32, 1, 1}, {}},
      {{32, 9, 9}, {40, 32, 1, 1}, {{"strides", {2, 2}}}},
      {{16, 31}, {8, 16, 5}, {{"strides", {2}}, {"pads", {2, 2}}}},
      {{8, 5, 6, 7}, {8, 8, 3, 3, 3}, {{"pads", {1, 1, 1, 1, 1, 1}}}},
  };
  for (const test& t : tests) {
    writer::model m(t.image);
    m.node("Relu", {m.node("Conv", {"x", m.random(t.weights, 0.3), m.random({t.weights[0]}, 0.1)}, t.attributes)});
    const auto net = m.read();
    const auto rows =
        advx::testing::check_model(net, {.lower = -1, .batches = {1, 2, 3, 7, 33}}, advx::backend::xtensor{});
    INFO(rows.fault);
    CHECK(rows);
    advx::batch<float> x(2, net.input_size()), u(2, net.class_count());
    const advx::kernel::random_stream stream{5, 6, 7};
    for (index_t j = 0; j < 2 * x.cols(); ++j) x.row(0)[j] = 2 * stream.uniform<float>(j) - 1;
    for (index_t j = 0; j < 2 * u.cols(); ++j) u.row(0)[j] = 2 * stream.uniform<float>(10000 + j) - 1;
    const auto answers = [&](auto backend) {
      auto session = net.session(backend, 2);
      advx::batch<float> z(2, u.cols()), g(2, x.cols());
      session.forward(x.view().as_const(), z.view());
      session.pullback(std::vector<index_t>{0, 1}, u.view().as_const(), g.view());
      return passes{z, g};
    };
    const passes fast = answers(advx::backend::xtensor{}), plain = answers(advx::backend::reference{});
    for (index_t i = 0; i < 2; ++i) {
      for (index_t j = 0; j < u.cols(); ++j)
        CHECK(fast.scores.row(i)[j] == Approx(plain.scores.row(i)[j]).margin(1e-5));
      for (index_t j = 0; j < x.cols(); ++j)
        CHECK(fast.gradients.row(i)[j] == Approx(plain.gradients.row(i)[j]).margin(1e-5));
    }
  }
}
