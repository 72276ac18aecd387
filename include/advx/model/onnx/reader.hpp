/// @file
/// Turns an ONNX graph into a network: node after node in the file's order, only those that the scores need.
#pragma once

#include <advx/model/onnx/folding.hpp>

#include <map>

namespace advx::model::onnx {

/// What a reader is told beside the file.
struct reading {
  extents image;                            ///< extents of one image that the file leaves open; none: the file's
  bool batched = true;                      ///< the image's first axis is that of the images
  bool drops_softmax = false;               ///< a final Softmax or LogSoftmax is cut off
  std::string output;                       ///< the scores' name; none: the graph's first output
  std::map<std::string, tensor> constants;  ///< values of the graph's other inputs
  index_t most_values = graph::most_values; ///< of all arrays of one image together
};

/// How the scores come out of the file's graph.
enum class ending { other, softmax, log_softmax };

struct read_graph {
  graph::network net;
  extents image;
  extents scores;              ///< the extents of one image's scores
  std::optional<tensor> fixed; ///< the scores where they do not depend on the image: then there is no network
  ending end = ending::other;  ///< of the file, before anything was cut off
};

namespace detail {

class reader {
public:
  reader(const proto::ModelProto& model, std::string name, const reading& how)
      : model_(model),
        graph_(model.graph()),
        name_(std::move(name)),
        how_(how) {}

  read_graph run() {
    try {
      find_opset();
      for (const auto& t : graph_.initializer()) initializers_.emplace(t.name(), &t);
      const extents image = find_image();
      builder_.emplace(image, how_.most_values);
      values_[image_name_] = builder_->input();
      find_nodes();
      std::string scores = find_scores();
      mark_needed(scores);
      for (int i = 0; i < graph_.node_size(); ++i)
        if (needed_[static_cast<std::size_t>(i)]) translate(graph_.node(i));
      const value& found = lookup(scores);
      if (!found.array) return {{}, image, found.constant->dims, *found.constant, end_};
      const view v = *found.array;
      return {builder_->finish(v), image, v.dims, std::nullopt, end_};
    } catch (const fault& f) {
      throw file_error("advx: " + name_ + ": " + one_line(f.text));
    }
  }

private:
  /// Text with names out of the file, fit for a message: one line, printable, of bounded length.
  static std::string one_line(std::string text) {
    for (char& c : text)
      if (const auto byte = static_cast<unsigned char>(c); byte < 0x20 || byte == 0x7f) c = '?';
    constexpr std::size_t most = 600;
    return text.size() <= most ? text : text.substr(0, most) + " ...";
  }

  void find_opset() {
    for (const auto& o : model_.opset_import())
      if (o.domain().empty() || o.domain() == "ai.onnx") {
        if (o.version() < 6 || o.version() > 17)
          throw fault("it is written in opset " + std::to_string(o.version()) +
                      "; there are 6 to 17: export it with one of them");
        opset_ = static_cast<int>(o.version());
      }
    if (opset_ == 0) throw fault("it names no opset; is it an ONNX model?");
  }

  /// The one input that is neither an initializer nor a constant.
  extents find_image() {
    const proto::ValueInfoProto* image = nullptr;
    for (const auto& input : graph_.input()) {
      if (initializers_.contains(input.name()) || how_.constants.contains(input.name())) continue;
      if (image != nullptr)
        throw fault("it has more than one input, '" + image->name() + "' and '" + input.name() +
                    "'; give the values of all but the image in the option 'constants'");
      image = &input;
    }
    if (image == nullptr) throw fault("it has no input; is it an ONNX model?");
    image_name_ = image->name();
    const std::string who = "the input '" + image_name_ + "'";
    const auto& type = image->type().tensor_type();
    using proto_type = proto::TensorProto;
    if (!image->type().has_tensor_type() ||
        (type.elem_type() != proto_type::FLOAT && type.elem_type() != proto_type::DOUBLE &&
         type.elem_type() != proto_type::FLOAT16))
      throw fault(who + " has the type " + std::to_string(type.elem_type()) +
                  " (TensorProto.DataType); it must hold real numbers");
    extents all;
    for (const auto& d : type.shape().dim()) all.push_back(d.has_dim_value() ? d.dim_value() : 0);
    if (how_.batched) {
      if (all.empty()) throw fault(who + " has no axes; the first one must be that of the images");
      declared_batch_ = all[0];
      all.erase(all.begin());
    }
    if (!how_.image.empty()) {
      bool fits = how_.image.size() == all.size() || !type.has_shape();
      for (std::size_t i = 0; fits && i < all.size(); ++i) fits = all[i] <= 0 || all[i] == how_.image[i];
      if (!fits)
        throw fault(who + " has images of extents " + graph::to_string(all) + " (0: any), not " +
                    graph::to_string(how_.image));
      return how_.image;
    }
    for (const index_t e : all)
      if (e < 1)
        throw fault(who + " leaves extents of an image open: " + graph::to_string(all) +
                    "; say which in the option 'image'");
    return all;
  }

  void find_nodes() {
    for (int i = 0; i < graph_.node_size(); ++i)
      for (const auto& output : graph_.node(i).output())
        if (!output.empty()) writers_.emplace(output, i);
  }

  std::string find_scores() {
    if (graph_.output_size() == 0) throw fault("it has no output; is it an ONNX model?");
    std::string scores = how_.output.empty() ? graph_.output(0).name() : how_.output;
    if (!writers_.contains(scores) && !initializers_.contains(scores) && scores != image_name_) {
      std::string there;
      for (const auto& output : graph_.output()) there += (there.empty() ? "'" : ", '") + output.name() + "'";
      throw fault("no array is called '" + scores + "'; the outputs are " + there);
    }
    for (int steps = 0; steps < graph_.node_size(); ++steps) {
      const auto writer = writers_.find(scores);
      if (writer == writers_.end()) return scores;
      const auto& node = graph_.node(writer->second);
      if (node.input_size() < 1) return scores;
      if (node.op_type() == "Identity" && end_ == ending::other) {
        scores = node.input(0);
        continue;
      }
      if (node.op_type() == "Softmax") end_ = ending::softmax;
      if (node.op_type() == "LogSoftmax") end_ = ending::log_softmax;
      return end_ != ending::other && how_.drops_softmax ? node.input(0) : scores;
    }
    return scores;
  }

  void mark_needed(const std::string& scores) {
    needed_.assign(static_cast<std::size_t>(graph_.node_size()), false);
    std::vector<std::string> open{scores};
    while (!open.empty()) {
      const auto writer = writers_.find(open.back());
      open.pop_back();
      if (writer == writers_.end() || needed_[static_cast<std::size_t>(writer->second)]) continue;
      needed_[static_cast<std::size_t>(writer->second)] = true;
      for (const auto& input : graph_.node(writer->second).input()) open.push_back(input);
    }
  }

  const value& lookup(const std::string& name) {
    if (const auto found = values_.find(name); found != values_.end()) return found->second;
    if (const auto given = how_.constants.find(name); given != how_.constants.end())
      return values_[name] = given->second;
    const auto stored = initializers_.find(name);
    if (stored == initializers_.end()) {
      const auto writer = writers_.find(name);
      if (writer == writers_.end()) throw fault("'" + name + "' is given by no node, initializer or input");
      throw fault("'" + name + "' is given by " + name_of(graph_.node(writer->second)) +
                  ", which comes later, or in a circle, or has no such output here");
    }
    try {
      return values_[name] = make_tensor(*stored->second);
    } catch (const fault& f) {
      throw fault("initializer '" + name + "': " + f.text);
    }
  }

  static std::string name_of(const proto::NodeProto& node) {
    const std::string name = !node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : "";
    return "node '" + name.substr(0, 100) + "' (" + node.op_type().substr(0, 100) + ")";
  }
  static std::string attributes_of(const proto::NodeProto& node) {
    std::string text;
    for (const auto& a : node.attribute()) {
      text += (text.empty() ? "" : ", ") + a.name();
      if (a.type() == proto::AttributeProto::INT) text += " = " + std::to_string(a.i());
      if (a.type() == proto::AttributeProto::FLOAT) text += " = " + std::to_string(a.f());
      if (a.type() == proto::AttributeProto::STRING) text += " = '" + a.s().substr(0, 40) + "'";
      if (a.type() == proto::AttributeProto::INTS)
        text += " = " + graph::to_string({a.ints().begin(), a.ints().begin() + std::min(a.ints_size(), 8)});
    }
    return text.empty() ? "without attributes" : "with " + text;
  }

  void translate(const proto::NodeProto& node) {
    try {
      translate_alone(node);
    } catch (const fault& f) {
      throw fault(name_of(node) + ": " + f.text);
    }
  }

  void translate_alone(const proto::NodeProto& node) {
    const std::string& kind = node.op_type();
    const bool special = kind == "Constant" || kind == "ConstantOfShape" || kind == "Shape" || kind == "Split";
    const bool standard = node.domain().empty() || node.domain() == "ai.onnx";
    if (!standard || (!special && find_operator(kind) == nullptr))
      throw fault("the operator " + kind + (standard ? "" : " of the domain '" + node.domain() + "'") + ", " +
                  attributes_of(node) + ", is not supported; <advx/model/onnx/operators.hpp> lists those that are");
    std::vector<value> inputs;
    bool depends = false;
    for (const auto& input : node.input()) {
      inputs.push_back(input.empty() ? value{} : lookup(input));
      depends = depends || inputs.back().array.has_value();
    }
    if (node.output_size() < 1) throw fault("it has no output");

    call c(node, *builder_, inputs, opset_, how_.batched, declared_batch_);
    if (kind == "Constant") return set(node, 0, constant(c));
    if (kind == "ConstantOfShape") return set(node, 0, constant_of_shape(c));
    if (kind == "Shape" && depends) {
      set(node, 0, operators::shape(c));
    } else if (!depends) {
      const int outputs = kind == "Split" ? node.output_size() : 1;
      for (int i = 0; i < outputs; ++i) set(node, i, fold(node, inputs, opset_, room(), static_cast<std::size_t>(i)));
      return;
    } else if (kind == "Split") {
      const std::vector<value> parts = operators::split(c);
      for (int i = 0; i < node.output_size(); ++i) set(node, i, parts[static_cast<std::size_t>(i)]);
    } else {
      set(node, 0, find_operator(kind)->translate(c));
    }
    c.require_all_asked();
  }

  void set(const proto::NodeProto& node, int output, value v) {
    if (v.constant) folded_ += static_cast<index_t>(v.constant->size());
    if (!node.output(output).empty()) values_[node.output(output)] = std::move(v);
  }
  /// Values that constants may still have.
  index_t room() const { return std::max<index_t>(1, std::min(builder_->room(), how_.most_values - folded_)); }

  value constant(call& c) const {
    if (const auto* t = c.tensor_attribute("value")) return make_tensor(*t);
    if (c.is_given("value_float")) return tensor{{}, true, {c.real("value_float", 0)}, {}};
    if (c.is_given("value_int")) return tensor{{}, false, {}, {c.integer("value_int", 0)}};
    if (const auto v = c.list("value_ints")) return integers(*v);
    if (const auto v = c.reals_attribute("value_floats"))
      return tensor{{static_cast<index_t>(v->size())}, true, *v, {}};
    throw fault("it has no attribute 'value'");
  }

  value constant_of_shape(call& c) const {
    extents e;
    for (const std::int64_t v : c.whole_numbers(0)) e.push_back(v == batch_symbol ? 1 : v);
    tensor t{{}, true, {0}, {}};
    if (const auto* given = c.tensor_attribute("value")) t = make_tensor(*given);
    if (t.size() != 1) throw fault("its attribute 'value' must have one value");
    const index_t size = graph::size_of(e);
    if (size > room()) throw fault("constants of extents " + graph::to_string(e) + " have too many values");
    t.dims = e;
    if (t.is_real)
      t.reals.assign(static_cast<std::size_t>(size), t.reals[0]);
    else
      t.integers.assign(static_cast<std::size_t>(size), t.integers[0]);
    return t;
  }

  const proto::ModelProto& model_;
  const proto::GraphProto& graph_;
  std::string name_;
  const reading& how_;
  int opset_ = 0;
  index_t declared_batch_ = 0;
  index_t folded_ = 0;
  ending end_ = ending::other;
  std::string image_name_;
  std::optional<graph::builder> builder_;
  std::map<std::string, const proto::TensorProto*> initializers_;
  std::map<std::string, int> writers_;
  std::map<std::string, value> values_;
  std::vector<bool> needed_;
};

} // namespace detail

/// Reads a graph. `name` stands for the file in messages.
/// @throws file_error naming file, node and fault
inline read_graph read(std::span<const char> bytes, const std::string& name, const reading& how) {
  const auto model = parse<proto::ModelProto>(bytes, name);
  return detail::reader(model, name, how).run();
}

} // namespace advx::model::onnx
