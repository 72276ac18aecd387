/// @file
/// Writes networks of advx::nn as ONNX files, which advx::model::read_onnx and other programs read. Needs the CMake
/// target advx::onnx.
#pragma once

#include <advx/data/files.hpp>
#include <advx/kernel/math.hpp>
#include <advx/model/onnx/file.hpp>
#include <advx/nn/sequential.hpp>
#include <advx/version.hpp>

#include <cstddef>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace advx::model {

/// How a network is written.
struct onnx_write_options {
  /// The extents of one image in the file, as {1, 28, 28}, of a network whose input is flat; none: {values}.
  std::vector<index_t> image{};
};

namespace onnx {

/// An array of the graph that is being written: of an image channels × height × width, or one flat vector.
struct written_array {
  std::string name;
  bool flat = false;
};

/// A graph that grows node by node. Arrays have the names of the nodes that make them.
class graph_writer {
public:
  explicit graph_writer(const std::vector<index_t>& image) {
    model_.set_ir_version(7); // that of opset 13
    model_.set_producer_name("advx");
    model_.set_producer_version(version);
    auto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(13);
    graph().set_name("network");
    describe(*graph().add_input(), "images", image);
  }

  /// Adds a node with one output.
  proto::NodeProto& node(const char* op, const std::string& name, const std::vector<std::string>& inputs) {
    proto::NodeProto& n = *graph().add_node();
    n.set_op_type(op);
    n.set_name(name);
    for (const std::string& input : inputs) n.add_input(input);
    n.add_output(name);
    return n;
  }

  /// Adds constants of these extents; returns their name.
  template <class T>
  std::string reals(const std::string& name, const std::vector<index_t>& dims, std::span<const T> values) {
    auto* floats = tensor(name, dims, proto::TensorProto::FLOAT).mutable_float_data();
    floats->Reserve(static_cast<int>(values.size()));
    for (const T v : values) {
      const auto f = static_cast<float>(v);
      if (!kernel::is_finite(f))
        throw argument_error("advx: write_onnx: the parameters '" + name +
                             "' hold a value that is not finite, or beyond float; train the network again");
      floats->Add(f);
    }
    return name;
  }
  std::string integers(const std::string& name, const std::vector<index_t>& values) {
    auto& t = tensor(name, {static_cast<index_t>(values.size())}, proto::TensorProto::INT64);
    for (const index_t v : values) t.add_int64_data(v);
    return name;
  }

  static void set(proto::NodeProto& n, const char* name, index_t value) {
    attribute(n, name, proto::AttributeProto::INT).set_i(value);
  }
  static void set(proto::NodeProto& n, const char* name, double value) {
    attribute(n, name, proto::AttributeProto::FLOAT).set_f(static_cast<float>(value));
  }
  static void set(proto::NodeProto& n, const char* name, std::initializer_list<index_t> values) {
    auto& a = attribute(n, name, proto::AttributeProto::INTS);
    for (const index_t v : values) a.add_ints(v);
  }

  /// Ends the graph: `scores`, the last node's, become its output.
  std::string finish(const std::string& scores, index_t classes, const char* name) {
    if (graph().node_size() == 0)
      node("Identity", name, {scores});
    else
      graph().mutable_node(graph().node_size() - 1)->set_output(0, name);
    describe(*graph().add_output(), name, {classes});
    if (const std::size_t bytes = model_.ByteSizeLong(); bytes > std::numeric_limits<int>::max())
      throw argument_error("advx: write_onnx: the network takes " + std::to_string(bytes) +
                           " bytes; an ONNX file must be smaller than 2 GiB");
    return model_.SerializeAsString();
  }

private:
  proto::GraphProto& graph() { return *model_.mutable_graph(); }

  /// Any number of images of these extents.
  static void describe(proto::ValueInfoProto& value, const char* name, const std::vector<index_t>& dims) {
    value.set_name(name);
    auto* type = value.mutable_type()->mutable_tensor_type();
    type->set_elem_type(proto::TensorProto::FLOAT);
    type->mutable_shape()->add_dim()->set_dim_param("N");
    for (const index_t e : dims) type->mutable_shape()->add_dim()->set_dim_value(e);
  }
  proto::TensorProto& tensor(const std::string& name, const std::vector<index_t>& dims, int type) {
    proto::TensorProto& t = *graph().add_initializer();
    t.set_name(name);
    t.set_data_type(type);
    for (const index_t e : dims) t.add_dims(e);
    return t;
  }
  static proto::AttributeProto& attribute(proto::NodeProto& n, const char* name,
                                          proto::AttributeProto::AttributeType type) {
    proto::AttributeProto& a = *n.add_attribute();
    a.set_name(name);
    a.set_type(type);
    return a;
  }

  proto::ModelProto model_;
};

/// Writes a network leaf by leaf. Nodes have the layers' names, parameters those of nn::save.
template <class Network>
class network_writer : graph_writer {
public:
  network_writer(const Network& network, const std::vector<index_t>& image)
      : graph_writer(image),
        net_(network),
        at_{"images", image.size() == 1} {
    if (net_.shape_at(0).flat()) flatten(at_);
  }

  std::string run() {
    apply([this](const auto&... leaves) { ((put(leaves), ++l_), ...); }, net_.leaves());
    flatten(at_);
    return finish(at_.name, net_.class_count(), Network::scale == score_scale::logits ? "logits" : "probabilities");
  }

private:
  const std::string& name() const { return net_.layer_name(l_); }
  const nn::shape& in() const { return net_.shape_at(l_); }

  // Parameters of the leaf.
  std::string weights() { return reals(name() + ".weight", net_.weight_shape(l_), net_.weights(l_)); }
  std::string channel_values(const char* what, auto values) {
    return reals(name() + what, {net_.weight_shape(l_)[0]}, values);
  }
  std::string biases() { return channel_values(".bias", net_.biases(l_)); }

  /// A node of the leaf's name whose first input is what stands here; what it makes stands here then.
  proto::NodeProto& next(const char* op, std::vector<std::string> inputs = {}) {
    inputs.insert(inputs.begin(), at_.name);
    at_.name = name();
    return node(op, at_.name, inputs);
  }

  // The two forms of an array.
  void flatten(written_array& x) {
    if (x.flat) return;
    const std::string flat = "reshaped." + std::to_string(reshapes_++);
    set(node("Flatten", flat, {x.name}), "axis", index_t{1});
    x = {flat, true};
  }
  void unflatten() {
    if (at_.flat) reshape({0, in().channels, in().height, in().width}); // 0: as many images as there are
    at_.flat = false;
  }
  void reshape(const std::vector<index_t>& dims) {
    const std::string to = "reshaped." + std::to_string(reshapes_++);
    node("Reshape", to, {at_.name, integers(to + ".shape", dims)});
    at_.name = to;
  }

  void put(const nn::linear&) {
    flatten(at_);
    set(next("Gemm", {weights(), biases()}), "transB", index_t{1});
  }
  void put(const nn::conv2d& layer) {
    unflatten();
    const index_t p = layer.padding;
    proto::NodeProto& n = next("Conv", {weights(), biases()});
    set_window(n, layer.kernel, layer.stride);
    set(n, "pads", {p, p, p, p});
    set(n, "group", layer.groups);
  }
  void put(const nn::max_pool2d& layer) {
    unflatten();
    set_window(next("MaxPool"), layer.size, layer.step());
  }
  void put(const nn::average_pool2d& layer) {
    unflatten();
    set_window(next("AveragePool"), layer.size, layer.step());
  }
  static void set_window(proto::NodeProto& n, index_t size, index_t stride) {
    set(n, "kernel_shape", {size, size});
    set(n, "strides", {stride, stride});
  }
  void put(const nn::global_average_pool&) {
    unflatten();
    next("GlobalAveragePool");
  }
  void put(const nn::nearest_upsample& layer) {
    const auto [channels, height, width] = in();
    const index_t f = layer.factor;
    reshape({0, channels, height, 1, width, 1});
    next("Expand", {integers(name() + ".shape", {1, channels, height, f, width, f})});
    reshape({0, channels, height * f, width * f});
    at_.flat = false;
  }
  void put(const nn::batch_norm& layer) {
    proto::NodeProto& n =
        next("BatchNormalization", {weights(), biases(), channel_values(".running_mean", net_.running_mean(l_)),
                                    channel_values(".running_var", net_.running_variance(l_))});
    set(n, "epsilon", layer.epsilon);
    set(n, "momentum", 1 - layer.momentum); // ONNX's is the share that is kept
  }
  void put(const nn::flatten&) { flatten(at_); }
  void put(const nn::dropout&) {}
  void put(const nn::softmax&) { set(next("Softmax"), "axis", index_t{1}); }
  void put(const nn::relu&) { next("Relu"); }
  void put(const nn::relu6&) { next("Clip", {single(".low", 0), single(".high", 6)}); }
  void put(const nn::leaky_relu& layer) { set(next("LeakyRelu"), "alpha", layer.slope); }
  void put(const nn::sigmoid&) { next("Sigmoid"); }
  void put(const nn::tanh&) { next("Tanh"); }
  std::string single(const char* what, float value) {
    return reals(name() + what, {}, std::span<const float>(&value, 1));
  }

  // The parts of blocks.
  struct block {
    written_array x;
    written_array kept; ///< the first branch's result; x where there is one branch
  };
  void put(const nn::detail::fork&) { open_.push_back({at_, at_}); }
  template <bool AfterJoin>
  void put(const nn::detail::turn<AfterJoin>&) {
    open_.back().kept = std::exchange(at_, open_.back().x);
  }
  void put(const nn::detail::add_join&) {
    const block b = close();
    next("Add", {b.kept.name});
  }
  void put(const nn::detail::concatenate_join&) {
    const block b = close();
    set(node("Concat", name(), {b.kept.name, at_.name}), "axis", index_t{1});
    at_.name = name();
  }
  /// x + sigmoid(gate)·(body − x)
  void put(const nn::detail::gate_join&) {
    const block b = close();
    node("Sigmoid", name() + ".open", {at_.name});
    node("Sub", name() + ".apart", {b.kept.name, b.x.name});
    node("Mul", name() + ".moved", {name() + ".open", name() + ".apart"});
    at_.name = b.x.name;
    next("Add", {name() + ".moved"});
  }
  /// The innermost open block, with its arrays and what stands here in one form.
  block close() {
    block b = std::move(open_.back());
    open_.pop_back();
    if (b.x.flat == at_.flat && b.kept.flat == at_.flat) return b;
    for (written_array* a : {&b.x, &b.kept, &at_}) flatten(*a);
    return b;
  }
  template <class Leaf>
  void put(const Leaf&) {
    static_assert(!sizeof(Leaf), "advx: write_onnx knows no ONNX operators for this layer");
  }

  const Network& net_;
  written_array at_; ///< what stands before leaf l_
  std::size_t l_ = 0;
  std::vector<block> open_;
  std::size_t reshapes_ = 0;
};

} // namespace onnx

/// The bytes of the file that `write_onnx` writes.
template <class T, class... Layers>
std::string onnx_bytes(const nn::sequential<T, Layers...>& network, const onnx_write_options& options = {}) {
  const nn::shape& in = network.shape_at(0);
  std::vector<index_t> image{in.channels, in.height, in.width};
  if (in.flat()) image.resize(1);
  if (!options.image.empty() && options.image != image) {
    index_t size = 1;
    for (const index_t e : options.image) size *= e >= 1 && e <= in.size() && size <= in.size() ? e : 0;
    std::string given;
    for (const index_t e : options.image) given += (given.empty() ? "" : " x ") + std::to_string(e);
    if (!in.flat() || size != in.size())
      throw argument_error("advx: write_onnx: images of extents " + given +
                           " for a network whose input has the shape " + nn::to_string(in) +
                           (in.flat() ? "; the extents' product must be " + std::to_string(in.size())
                                      : "; only a network with a flat input takes others than its own"));
    image = options.image;
  }
  return onnx::network_writer<nn::sequential<T, Layers...>>(network, image).run();
}

/// Writes a network as an ONNX file (opset 13), for inference: dropout is left out, batch norm takes its running mean
/// and variance. Numbers are stored as float. The file appears whole or not at all, and is the same for the same
/// network.
///
///     advx::model::write_onnx("net.onnx", network);
///
/// The graph's input is "images", any number × channels × height × width, or × values where the network's input is
/// flat; its output is "logits", or "probabilities" of a network that ends with nn::softmax.
/// @throws argument_error for parameters that are not finite, `options.image` of another size, 2 GiB or more
/// @throws file_error where the file cannot be written
template <class T, class... Layers>
void write_onnx(const std::string& path, const nn::sequential<T, Layers...>& network,
                const onnx_write_options& options = {}) {
  const std::string bytes = onnx_bytes(network, options);
  data::write_file_atomically(path, std::as_bytes(std::span(bytes)));
}

} // namespace advx::model
