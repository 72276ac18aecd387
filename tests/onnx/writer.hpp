/// @file
/// Writes small ONNX models for tests.
#pragma once

#include <advx/kernel/philox.hpp>
#include <advx/model/onnx.hpp>

#include <initializer_list>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace writer {

namespace proto = advx::model::onnx::proto;
using advx::index_t;

struct attribute {
  attribute(const char* name, index_t value) {
    a.set_name(name);
    a.set_type(proto::AttributeProto::INT);
    a.set_i(value);
  }
  attribute(const char* name, int value) : attribute(name, index_t{value}) {}
  attribute(const char* name, float value) {
    a.set_name(name);
    a.set_type(proto::AttributeProto::FLOAT);
    a.set_f(value);
  }
  attribute(const char* name, const char* value) {
    a.set_name(name);
    a.set_type(proto::AttributeProto::STRING);
    a.set_s(value);
  }
  attribute(const char* name, std::initializer_list<index_t> values) {
    a.set_name(name);
    a.set_type(proto::AttributeProto::INTS);
    for (const index_t v : values) a.add_ints(v);
  }
  proto::AttributeProto a;
};

class model {
public:
  /// One input "x" of N images.
  explicit model(std::vector<index_t> image, int opset = 13) {
    m.set_ir_version(7);
    auto* o = m.add_opset_import();
    o->set_domain("");
    o->set_version(opset);
    auto* input = m.mutable_graph()->add_input();
    input->set_name("x");
    auto* type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(proto::TensorProto::FLOAT);
    type->mutable_shape()->add_dim()->set_dim_param("N");
    for (const index_t e : image) type->mutable_shape()->add_dim()->set_dim_value(e);
  }

  /// Adds a node; its output is the graph's, until another node is added. Returns the output's name.
  std::string node(const char* op, std::vector<std::string> inputs, std::vector<attribute> attributes = {},
                   std::string name = {}) {
    auto* n = m.mutable_graph()->add_node();
    n->set_op_type(op);
    for (const std::string& i : inputs) n->add_input(i);
    if (name.empty()) name = std::string("v") + std::to_string(m.graph().node_size());
    n->set_name(std::string("the ") + name);
    n->add_output(name);
    for (const attribute& a : attributes) *n->add_attribute() = a.a;
    m.mutable_graph()->clear_output();
    m.mutable_graph()->add_output()->set_name(name);
    return name;
  }

  std::string reals(std::vector<index_t> dims, std::vector<float> values) {
    auto* t = tensor(dims, proto::TensorProto::FLOAT);
    for (const float v : values) t->add_float_data(v);
    return t->name();
  }
  std::string integers(std::vector<index_t> values) {
    auto* t = tensor({static_cast<index_t>(values.size())}, proto::TensorProto::INT64);
    for (const index_t v : values) t->add_int64_data(v);
    return t->name();
  }
  /// Values uniform in ±bound.
  std::string random(std::vector<index_t> dims, double bound) {
    const index_t count =
        std::accumulate(dims.begin(), dims.end(), index_t{1}, [](index_t a, index_t b) { return a * b; });
    const advx::kernel::random_stream stream{7, static_cast<std::uint32_t>(m.graph().initializer_size()), 0};
    std::vector<float> values;
    for (index_t i = 0; i < count; ++i)
      values.push_back(static_cast<float>(bound * (2 * stream.uniform<double>(i) - 1)));
    return reals(std::move(dims), std::move(values));
  }

  std::string bytes() const { return m.SerializeAsString(); }

  template <advx::score_scale Scale = advx::score_scale::logits>
  auto read(const advx::model::onnx_options& options = {}) const {
    return advx::model::parse_onnx<Scale>(bytes(), "test.onnx", options);
  }

  proto::ModelProto m;

private:
  proto::TensorProto* tensor(const std::vector<index_t>& dims, int type) {
    auto* t = m.mutable_graph()->add_initializer();
    t->set_name(std::string("w") + std::to_string(m.graph().initializer_size()));
    t->set_data_type(type);
    for (const index_t e : dims) t->add_dims(e);
    return t;
  }
};

} // namespace writer
