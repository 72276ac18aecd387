// Reading ONNX files: what is computed while reading, what the scores are, and every way in which a file is refused.
#include <advx/advx.hpp>
#include <advx/backend/reference/reference.hpp>
#include <advx/model/onnx.hpp>
#include <advx/testing/check_model.hpp>
#include <advx/testing/check_vjp.hpp>

#include <catch2/catch.hpp>

#include <cstring>

#include "onnx/writer.hpp"

using advx::index_t;
using Catch::Contains;
using writer::model;
namespace proto = writer::proto;

namespace {

/// 3 × 8 × 8 images, a convolution, batch normalisation, and linear scores of 5 classes; the number of images goes
/// through the arithmetic of shapes that exporters write.
model small_network(int opset = 13) {
  model m({3, 8, 8}, opset);
  const auto conv = m.node("Conv", {"x", m.random({6, 3, 3, 3}, 0.4), m.random({6}, 0.1)}, {{"pads", {1, 1, 1, 1}}});
  const auto norm = m.node("BatchNormalization", {conv, m.random({6}, 1), m.random({6}, 1), m.random({6}, 1),
                                                  m.reals({6}, {1, 2, 1, 2, 1, 2})});
  const auto relu = m.node("Relu", {norm});
  const auto pool = m.node("MaxPool", {relu}, {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}});
  const auto shape = m.node("Shape", {pool});
  auto* first = m.m.mutable_graph()->add_initializer();
  first->set_name("first");
  first->set_data_type(proto::TensorProto::INT64);
  first->add_int64_data(0);
  const auto batch = m.node("Gather", {shape, "first"}, {{"axis", 0}});
  const auto axes = m.integers({0});
  const auto unsqueezed =
      opset >= 13 ? m.node("Unsqueeze", {batch, axes}) : m.node("Unsqueeze", {batch}, {{"axes", {0}}});
  const auto target = m.node("Concat", {unsqueezed, m.integers({-1})}, {{"axis", 0}});
  const auto flat = m.node("Reshape", {pool, target});
  m.node("Gemm", {flat, m.random({5, 96}, 0.3), m.random({5}, 0.5)}, {{"transB", 1}});
  return m;
}

std::string fault_of(const model& m, const advx::model::onnx_options& options = {}) {
  try {
    m.read(options);
  } catch (const advx::file_error& e) {
    return e.what();
  }
  return "no fault";
}

std::vector<float> scores_of(const auto& net, const std::vector<float>& x) {
  advx::backend::reference backend;
  auto session = net.session(backend, 1);
  std::vector<float> z(static_cast<std::size_t>(net.class_count()));
  session.forward({x.data(), 1, net.input_size()}, {z.data(), 1, net.class_count()});
  return z;
}

} // namespace

TEST_CASE("a network with the shape arithmetic of exporters") {
  for (const int opset : {11, 13}) {
    const auto net = small_network(opset).read();
    CHECK(net.input_size() == 192);
    CHECK(net.class_count() == 5);
    CHECK(net.image_extents() == std::vector<index_t>{3, 8, 8});
    CHECK(!net.ends_in_softmax());
    // The images with their channels last, convolution, ReLU, pool, product: normalisation and the second change of
    // layout are within their neighbours.
    CHECK(net.operators().nodes.size() == 5);
    const auto vjp = advx::testing::check_vjp(net.as<double>());
    INFO(vjp.fault);
    CHECK(vjp);
    const auto rows = advx::testing::check_model(net);
    INFO(rows.fault);
    CHECK(rows);
  }
}

TEST_CASE("an attack runs on a model file") {
  const auto net = small_network().read();
  advx::batch<float> images(8, net.input_size());
  std::vector<advx::label_t> labels;
  const advx::kernel::random_stream stream{1, 2, 3};
  for (index_t i = 0; i < images.rows(); ++i) {
    for (index_t j = 0; j < images.cols(); ++j) images.row(i)[j] = stream.uniform<float>(i * images.cols() + j);
    const auto z = scores_of(net, {images.row(i), images.row(i) + images.cols()});
    labels.push_back(static_cast<advx::label_t>(std::max_element(z.begin(), z.end()) - z.begin()));
  }
  const advx::attack::projected_gradient<advx::norm::linf> attack{.epsilon = 0.2};
  const auto r = advx::run(attack, net, images, advx::goal::untargeted{labels});
  CHECK(r.success_rate() > 0.5);
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (r.success[i]) {
      const float* x = r.images.row(static_cast<index_t>(i));
      const auto z = scores_of(net, {x, x + net.input_size()});
      CHECK(std::max_element(z.begin(), z.end()) - z.begin() != labels[i]);
    }
}

// A network with normalised images, squeeze and excitation, a residual depthwise convolution, shuffled channels, uneven
// padding and attention, written by PyTorch 1.13's exporter in three opsets (opset 9 with a batch of 1, the others with
// any, opset 11 without folded constants); two images, PyTorch's scores of them, and its gradients for the cotangents
// 0, 1, ..., 6.
TEST_CASE("what an exporter writes answers as in the exporter") {
  constexpr index_t rows = 2, size = 3 * 16 * 16, classes = 7;
  const std::vector<char> file = advx::model::onnx::read_bytes(ADVX_ONNX_EXPORTED "answers.f32");
  std::vector<float> all(static_cast<std::size_t>(rows * (2 * size + classes)));
  REQUIRE(file.size() == all.size() * sizeof(float));
  std::memcpy(all.data(), file.data(), file.size());
  const float *images = all.data(), *scores = images + rows * size, *gradients = scores + rows * classes;
  for (const char* name : {"opset9.onnx", "opset11.onnx", "opset16.onnx"}) {
    INFO(name);
    const auto net = advx::model::read_onnx(std::string(ADVX_ONNX_EXPORTED) + name);
    REQUIRE(net.input_size() == size);
    REQUIRE(net.class_count() == classes);
    advx::backend::reference backend;
    auto session = net.session(backend, rows);
    advx::batch<float> z(rows, classes), v(rows, classes), g(rows, size);
    for (index_t i = 0; i < rows * classes; ++i) v.row(0)[i] = static_cast<float>(i % classes);
    session.forward({images, rows, size}, z.view());
    session.pullback(std::vector<index_t>{0, 1}, v.view().as_const(), g.view());
    const auto most = [](const float* values, index_t count) {
      float result = 0;
      for (index_t i = 0; i < count; ++i) result = std::max(result, std::abs(values[i]));
      return result;
    };
    for (index_t i = 0; i < rows * classes; ++i)
      CHECK(std::abs(z.row(0)[i] - scores[i]) <= 1e-5F * most(scores, rows * classes));
    for (index_t i = 0; i < rows * size; ++i)
      CHECK(std::abs(g.row(0)[i] - gradients[i]) <= 1e-5F * most(gradients, rows * size));
    const auto rows_agree = advx::testing::check_model(net, {.batches = {1, 2, 7, 33}});
    INFO(rows_agree.fault);
    CHECK(rows_agree);
  }
}

TEST_CASE("the scores' scale is the file's") {
  using advx::score_scale;
  model m = small_network();
  const std::string logits = m.m.graph().output(0).name();
  const auto plain = m.read();
  m.node("Softmax", {logits});
  CHECK_THROWS_WITH(m.read(), Contains("test.onnx: ends in a Softmax") && Contains("option 'logits'"));
  const auto cut = m.read({.logits = true});
  CHECK(cut.ends_in_softmax());
  const std::vector<float> x(192, 0.25F);
  CHECK(scores_of(cut, x) == scores_of(plain, x));
  const auto p = scores_of(m.read<score_scale::probabilities>(), x);
  CHECK(p[0] + p[1] + p[2] + p[3] + p[4] == Approx(1));
  CHECK_THROWS_WITH(m.read<score_scale::probabilities>({.logits = true}), Contains("logits"));
  CHECK_THROWS_WITH(m.read<score_scale::log_probabilities>(), Contains("ends in a Softmax"));

  model l = small_network();
  l.node("Identity", {l.node("LogSoftmax", {l.m.graph().output(0).name()})});
  CHECK(l.read().ends_in_softmax());
  CHECK_THROWS_WITH(l.read<score_scale::probabilities>(), Contains("ends in a LogSoftmax"));
  CHECK(scores_of(l.read({.logits = true}), x) == scores_of(plain, x));
}

TEST_CASE("what a file leaves open is said in the options") {
  model m({0, 0, 0});
  m.node("Flatten", {m.node("GlobalAveragePool", {"x"})});
  for (auto& d :
       *m.m.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim())
    d.set_dim_param("any");
  CHECK_THAT(fault_of(m), Contains("leaves extents of an image open") && Contains("option 'image'"));
  const auto net = m.read({.image = {3, 4, 5}});
  CHECK(net.input_size() == 60);
  CHECK(net.class_count() == 3);

  model two({2});
  two.node("Add", {"x", "y"});
  auto* y = two.m.mutable_graph()->add_input();
  *y = two.m.graph().input(0);
  y->set_name("y");
  CHECK_THAT(fault_of(two), Contains("more than one input, 'x' and 'y'"));
  const auto sum = two.read({.constants = {{"y", {{1, 2}, true, {3, 4}, {}}}}});
  CHECK(scores_of(sum, {1, 1}) == std::vector<float>{4, 5});
}

TEST_CASE("of several outputs one is chosen by name") {
  model m({3});
  const std::string logits = m.node("Mul", {"x", m.reals({3}, {1, 2, 3})}, {}, "logits");
  const std::string other = m.node("Neg", {logits}, {}, "other");
  m.node("Softmax", {other}, {{"axis", 1}}, "probabilities");
  m.m.mutable_graph()->add_output()->set_name("other");
  const std::vector<float> x{1, 1, 2};
  CHECK(scores_of(m.read({.output = "other"}), x) == std::vector<float>{-1, -2, -6});
  CHECK(scores_of(m.read({.output = "logits"}), x) == std::vector<float>{1, 2, 6}); // no output, but an array
  CHECK(m.read<advx::score_scale::probabilities>().ends_in_softmax());              // the first
  CHECK_THROWS_WITH(m.read({.output = "scores"}),
                    Contains("no array is called 'scores'") && Contains("the outputs are 'probabilities', 'other'"));
}

TEST_CASE("names out of a file do not break a message") {
  model m({4});
  m.node("Relu\n\x1b[31m", {"x"}, {{"a", 1}}, std::string(100000, 'a'));
  const std::string fault = fault_of(m);
  CHECK(fault.size() < 1000);
  CHECK(std::none_of(fault.begin(), fault.end(), [](char c) { return c == '\n' || c == '\x1b'; }));
  CHECK_THAT(fault, Contains("test.onnx: node 'the aaa") && Contains("the operator Relu??[31m, with a = 1, is not"));
}

TEST_CASE("a file that is none, or is refused, is named with the fault") {
  CHECK_THROWS_WITH(advx::model::read_onnx("/nowhere/net.onnx"), Contains("/nowhere/net.onnx: cannot be opened"));
  CHECK_THROWS_WITH(advx::model::read_onnx("/"), Contains("advx: /: "));
  const std::string bytes = small_network().bytes();
  CHECK_THROWS_WITH(advx::model::parse_onnx(std::span(bytes).first(bytes.size() / 2), "half.onnx"),
                    Contains("half.onnx: is no ONNX file, or is cut short"));
  CHECK_THROWS_WITH(advx::model::parse_onnx({}, "empty.onnx"), Contains("empty.onnx: it names no opset"));

  model m({4});
  m.node("LSTM", {"x"}, {{"hidden_size", 7}});
  CHECK_THAT(fault_of(m),
             Contains("test.onnx: node 'the v1' (LSTM): the operator LSTM, with hidden_size = 7, is not supported"));

  m = model({4});
  m.node("Relu", {"x"}, {{"steepness", 2}});
  CHECK_THAT(fault_of(m), Contains("the attribute 'steepness' is not supported"));
  m = model({4});
  m.node("Softmax", {"x"}, {{"axis", 1.0F}});
  CHECK_THAT(fault_of(m), Contains("the attribute 'axis' has type"));
  m = model({4});
  m.node("Softmax", {"x"}, {{"axis", 0}});
  CHECK_THAT(fault_of(m), Contains("axis 0, that of the images"));
  m = model({4});
  m.node("Softmax", {"x"}, {{"axis", 9}});
  CHECK_THAT(fault_of(m), Contains("axis 9 of an array of 2 axes"));

  m = model({4});
  m.node("Relu", {"nothing"});
  CHECK_THAT(fault_of(m), Contains("'nothing' is given by no node, initializer or input"));
  m = model({4});
  m.node("Add", {"x", "b"}, {}, "a");
  m.node("Add", {"x", "a"}, {}, "b");
  CHECK_THAT(fault_of(m), Contains("in a circle"));

  m = model({4}, 99);
  m.node("Relu", {"x"});
  CHECK_THAT(fault_of(m), Contains("opset 99; there are 6 to 17"));
  m = model({4});
  m.node("Relu", {"x"});
  m.m.mutable_graph()->mutable_node(0)->set_domain("com.example");
  CHECK_THAT(fault_of(m), Contains("of the domain 'com.example'"));
  m = model({4});
  m.node("Relu", {"x"});
  m.m.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      proto::TensorProto::STRING);
  CHECK_THAT(fault_of(m), Contains("it must hold real numbers"));
  m = model({1});
  m.node("Relu", {"x"});
  CHECK_THAT(fault_of(m), Contains("at least two classes"));
  m = model({4});
  m.node("Identity", {m.reals({1, 2}, {1, 2})});
  CHECK_THAT(fault_of(m), Contains("do not depend on the image"));
}

TEST_CASE("weights that lie are refused before memory is taken") {
  const auto with = [](auto change) {
    model m({4});
    const auto w = m.random({4, 3}, 1);
    m.node("MatMul", {"x", w});
    change(*m.m.mutable_graph()->mutable_initializer(0));
    return fault_of(m);
  };
  using tensor = proto::TensorProto;
  CHECK(with([](tensor&) {}) == "no fault");
  CHECK_THAT(with([](tensor& t) { t.set_dims(0, 5); }),
             Contains("initializer 'w1': its data has 12 values, its extents 15"));
  CHECK_THAT(with([](tensor& t) { t.set_dims(0, -4); }), Contains("have a negative one"));
  CHECK_THAT(with([](tensor& t) {
               t.set_dims(0, std::int64_t{1} << 40);
               t.set_dims(1, std::int64_t{1} << 40);
             }),
             Contains("more than"));
  CHECK_THAT(with([](tensor& t) { t.set_data_location(tensor::EXTERNAL); }), Contains("lies in another file"));
  CHECK_THAT(with([](tensor& t) { t.set_data_type(tensor::STRING); }), Contains("there are real numbers"));
  CHECK_THAT(with([](tensor& t) { t.set_raw_data("abc"); }), Contains("the file is damaged"));
  CHECK_THAT(with([](tensor& t) { t.set_dims(0, 6), t.set_dims(1, 2); }),
             Contains("the last extent must be the weights' first"));

  model m({4});
  m.node("Expand", {"x", m.integers({1, 1 << 20, 1 << 20, 4})});
  CHECK_THAT(fault_of(m), Contains("node 'the v1' (Expand)"));
  m = model({1, 64, 64});
  std::string last = "x";
  for (int i = 0; i < 40; ++i) last = m.node("Concat", {last, last}, {{"axis", 1}});
  CHECK_THAT(fault_of(m), Contains("use a smaller model"));
  m = model({4});
  m.node("Add", {"x", m.node("ConstantOfShape", {m.integers({1 << 30, 1 << 30})})});
  CHECK_THAT(fault_of(m), Contains("more than"));
}

TEST_CASE("operators that would mix images are refused") {
  const auto fault = [](auto build) {
    model m({2, 3});
    build(m);
    return fault_of(m);
  };
  CHECK_THAT(fault([](model& m) { m.node("Reshape", {"x", m.integers({3, -1})}); }), Contains("it would mix images"));
  CHECK_THAT(fault([](model& m) { m.node("Reshape", {"x", m.integers({-1, 3})}); }), Contains("it would mix images"));
  CHECK(fault([](model& m) { m.node("Reshape", {"x", m.integers({-1, 6})}); }) == "no fault");
  CHECK_THAT(fault([](model& m) { m.node("Transpose", {"x"}); }), Contains("it moves axis 0"));
  CHECK_THAT(fault([](model& m) { m.node("Flatten", {"x"}, {{"axis", 2}}); }), Contains("it would mix images"));
  CHECK_THAT(fault([](model& m) { m.node("ReduceMean", {"x"}); }), Contains("works along all axes"));
  CHECK_THAT(fault([](model& m) { m.node("Add", {"x", m.random({5, 1, 2, 3}, 1)}); }), Contains("have more axes"));
  CHECK_THAT(fault([](model& m) {
               m.node("Add", {"x", m.random({4, 2, 3}, 1)});
             }),
             Contains("differ from image to image"));
  CHECK_THAT(fault([](model& m) {
               const auto batch = m.node("Gather", {m.node("Shape", {"x"}), m.integers({0})});
               m.node("Reshape", {"x", m.node("Concat", {m.node("Mul", {batch, m.integers({2})}), m.integers({-1})},
                                              {{"axis", 0}})});
             }),
             Contains("it computes with the number of images"));
}
