/// @file
/// One node of an ONNX graph as its translation sees it: values by position, attributes by name, axes without the
/// batch.
#pragma once

#include <advx/model/onnx/tensor.hpp>

#include <set>

namespace advx::model::onnx {

/// What a name stands for: an array of each image, or constants.
struct value {
  std::optional<view> array;
  std::shared_ptr<const tensor> constant;

  value() = default;
  value(view v) : array(std::move(v)) {}
  value(tensor t) : constant(std::make_shared<const tensor>(std::move(t))) {}
};

/// In a batched graph arrays have a first axis more than their views, that of the images.
class call {
public:
  call(const proto::NodeProto& node, graph::builder& builder, std::vector<value> inputs, int opset, bool batched,
       index_t declared_batch)
      : node_(node),
        builder_(builder),
        inputs_(std::move(inputs)),
        opset_(opset),
        batched_(batched),
        declared_batch_(declared_batch) {}

  graph::builder& build() const noexcept { return builder_; }
  int opset() const noexcept { return opset_; }
  bool batched() const noexcept { return batched_; }
  index_t declared_batch() const noexcept { return declared_batch_; }
  std::size_t input_count() const noexcept { return inputs_.size(); }
  std::size_t output_count() const noexcept { return static_cast<std::size_t>(node_.output_size()); }

  // Inputs ------------------------------------------------------------------------------------------------------------

  bool has(std::size_t i) const noexcept {
    return i < inputs_.size() && (inputs_[i].array.has_value() || inputs_[i].constant != nullptr);
  }
  bool is_constant(std::size_t i) const noexcept { return has(i) && inputs_[i].constant != nullptr; }

  /// Input i as an array; constants become one.
  view array(std::size_t i) const {
    require(i);
    return is_constant(i) ? builder_.constant(per_image(reals(i))) : *inputs_[i].array;
  }
  const tensor& constant(std::size_t i) const {
    require(i);
    if (!is_constant(i)) throw fault(input_name(i) + " is computed from the image; only a constant is supported there");
    return *inputs_[i].constant;
  }
  /// Input i, a constant, as real numbers with the model's extents.
  graph::constants reals(std::size_t i) const {
    const tensor& t = constant(i);
    if (t.is_real) return {t.dims, t.reals};
    graph::constants c{t.dims, {}};
    for (const std::int64_t v : t.integers) {
      if (v == batch_symbol)
        throw fault(input_name(i) + " holds the number of images, which must not be computed with");
      c.values.push_back(static_cast<float>(v));
    }
    return c;
  }
  const std::vector<std::int64_t>& whole_numbers(std::size_t i) const {
    const tensor& t = constant(i);
    if (t.is_real) throw fault(input_name(i) + " holds real numbers; it must hold integers");
    return t.integers;
  }
  /// Input i, one constant.
  float number(std::size_t i) const {
    const graph::constants c = reals(i);
    if (c.values.size() != 1)
      throw fault(input_name(i) + " has " + std::to_string(c.values.size()) + " values; it must have one");
    return c.values[0];
  }
  /// Constants as they go with each image: without the first extent where it is that of the batch.
  graph::constants per_image(graph::constants c, std::size_t array_rank) const {
    if (!batched_) return c;
    while (c.dims.size() > array_rank) {
      if (c.dims[0] != 1)
        throw fault("constants of extents " + graph::to_string(c.dims) +
                    " differ from image to image; they must have extent 1 along the batch axis");
      c.dims.erase(c.dims.begin());
    }
    return c;
  }
  /// The same for constants that have the batch's axis for certain.
  graph::constants per_image(graph::constants c) const {
    const std::size_t rank = c.dims.size();
    return per_image(std::move(c), rank == 0 ? 0 : rank - 1);
  }
  /// The array for operators over images: channels × spatial extents.
  view image(std::size_t i) const {
    const view x = array(i);
    if (batched_) return x;
    if (x.dims.empty() || x.dims[0] != 1)
      throw fault("an array of extents " + graph::to_string(x.dims) + " holds several images, and is not the batch");
    return builder_.reshape(x, {x.dims.begin() + 1, x.dims.end()});
  }
  view from_image(const view& x) const {
    if (batched_) return x;
    extents e{1};
    e.insert(e.end(), x.dims.begin(), x.dims.end());
    return builder_.reshape(x, e);
  }

  // Axes --------------------------------------------------------------------------------------------------------------

  /// The rank that the model sees.
  std::int64_t rank(const view& x) const noexcept {
    return static_cast<std::int64_t>(x.dims.size()) + (batched_ ? 1 : 0);
  }
  /// A model's axis, counted from the end if negative. @throws fault out of range
  static std::int64_t in_range(std::int64_t axis, std::int64_t rank) {
    if (axis < -rank || axis >= rank)
      throw fault("axis " + std::to_string(axis) + " of an array of " + std::to_string(rank) +
                  " axes; it must be one of them");
    return axis < 0 ? axis + rank : axis;
  }
  /// The view's axis. @throws fault for that of the batch
  std::size_t axis(std::int64_t a, std::int64_t rank) const {
    a = in_range(a, rank);
    if (batched_ && a == 0)
      throw fault("it works along axis 0, that of the images; images must not depend on each other");
    return static_cast<std::size_t>(batched_ ? a - 1 : a);
  }

  // Attributes --------------------------------------------------------------------------------------------------------

  std::int64_t integer(const char* name, std::int64_t otherwise) {
    const auto* a = attribute(name, proto::AttributeProto::INT);
    return a == nullptr ? otherwise : a->i();
  }
  float real(const char* name, float otherwise) {
    const auto* a = attribute(name, proto::AttributeProto::FLOAT);
    return a == nullptr ? otherwise : a->f();
  }
  std::string text(const char* name, const std::string& otherwise) {
    const auto* a = attribute(name, proto::AttributeProto::STRING);
    return a == nullptr ? otherwise : a->s();
  }
  std::optional<std::vector<std::int64_t>> list(const char* name) {
    const auto* a = attribute(name, proto::AttributeProto::INTS);
    if (a == nullptr) return std::nullopt;
    return std::vector<std::int64_t>(a->ints().begin(), a->ints().end());
  }
  const proto::TensorProto* tensor_attribute(const char* name) {
    const auto* a = attribute(name, proto::AttributeProto::TENSOR);
    return a == nullptr ? nullptr : &a->t();
  }
  std::optional<std::vector<float>> reals_attribute(const char* name) {
    const auto* a = attribute(name, proto::AttributeProto::FLOATS);
    if (a == nullptr) return std::nullopt;
    return std::vector<float>(a->floats().begin(), a->floats().end());
  }
  bool is_given(const char* name) const {
    for (const auto& a : node_.attribute())
      if (a.name() == name) return true;
    return false;
  }
  /// An attribute that changes nothing here.
  void ignore(const char* name) { asked_.insert(name); }
  /// @throws fault for an attribute that nobody asked for: it may change what the operator means
  void require_all_asked() const {
    for (const auto& a : node_.attribute())
      if (!asked_.contains(a.name())) throw fault("the attribute '" + a.name() + "' is not supported");
  }

  /// A list that the model gives as an attribute in old opsets and as an input in new ones.
  std::optional<std::vector<std::int64_t>> list(const char* name, int since, std::size_t input) {
    if (opset_ < since) return list(name);
    if (!has(input)) return std::nullopt;
    return whole_numbers(input);
  }

private:
  void require(std::size_t i) const {
    if (!has(i)) throw fault(input_name(i) + " is missing");
  }
  std::string input_name(std::size_t i) const {
    std::string name = "input " + std::to_string(i);
    if (i < static_cast<std::size_t>(node_.input_size())) name += " ('" + node_.input(static_cast<int>(i)) + "')";
    return name;
  }
  const proto::AttributeProto* attribute(const char* name, proto::AttributeProto::AttributeType type) {
    asked_.insert(name);
    for (const auto& a : node_.attribute())
      if (a.name() == name) {
        if (a.type() != type)
          throw fault("the attribute '" + a.name() + "' has type " + std::to_string(a.type()) + "; it must be " +
                      std::to_string(type) + " (AttributeProto.AttributeType)");
        return &a;
      }
    return nullptr;
  }

  const proto::NodeProto& node_;
  graph::builder& builder_;
  std::vector<value> inputs_;
  int opset_;
  bool batched_;
  index_t declared_batch_;
  std::set<std::string> asked_;
};

} // namespace advx::model::onnx
