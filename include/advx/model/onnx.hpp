/// @file
/// Models from ONNX files, with gradients: any attack runs on them, on a host backend. Needs the CMake target
/// advx::onnx.
#pragma once

#include <advx/model/graph/classifier.hpp>
#include <advx/model/onnx/reader.hpp>

namespace advx::model {

/// How an ONNX file is read.
struct onnx_options {
  /// The extents of one image, as {3, 224, 224}, where the file leaves some open; none: those of the file.
  std::vector<index_t> image{};
  /// Cuts a final Softmax or LogSoftmax off, so that the scores are logits.
  bool logits = false;
  /// The name of the array of scores: an output of the graph, or any array in it; none: the first output.
  std::string output{};
  /// Values of the graph's inputs beside the image, by their names.
  std::map<std::string, onnx::tensor> constants{};
  /// How many values all arrays of one image may have together.
  index_t most_values = graph::most_values;
};

/// A classifier that was read from an ONNX file; read_onnx makes it.
template <score_scale Scale = score_scale::logits>
class onnx_model : public graph::classifier<Scale, float> {
public:
  onnx_model(onnx::read_graph read) // NOLINT: what a reader makes is a model
      : graph::classifier<Scale, float>(std::move(read.net), std::move(read.image)),
        end_(read.end) {}

  /// Does the file's graph end in a Softmax or LogSoftmax (cut off or not)?
  bool ends_in_softmax() const noexcept { return end_ != onnx::ending::other; }

private:
  onnx::ending end_;
};

namespace detail {

/// What the file's last operator makes must be what the type says.
template <score_scale Scale>
void require_scale(onnx::ending end, const std::string& name, bool logits) {
  using onnx::ending;
  if (logits && Scale != score_scale::logits)
    throw argument_error("advx: read_onnx: the option 'logits' cuts the softmax off: read the file as "
                         "read_onnx<advx::score_scale::logits>");
  if (Scale == score_scale::logits && end == ending::softmax && !logits)
    throw file_error("advx: " + name +
                     ": ends in a Softmax, so its scores are probabilities; cut it off by the option 'logits' (attacks "
                     "do better on logits), or read it as read_onnx<advx::score_scale::probabilities>");
  if (Scale == score_scale::probabilities && end == ending::log_softmax)
    throw file_error("advx: " + name +
                     ": ends in a LogSoftmax; read it as read_onnx<advx::score_scale::log_probabilities>");
  if (Scale == score_scale::log_probabilities && end == ending::softmax)
    throw file_error("advx: " + name + ": ends in a Softmax; read it as read_onnx<advx::score_scale::probabilities>");
}

} // namespace detail

/// Reads an ONNX model from memory; `name` stands for the file in messages. Otherwise as read_onnx.
template <score_scale Scale = score_scale::logits>
onnx_model<Scale> parse_onnx(std::span<const char> bytes, const std::string& name, const onnx_options& options = {}) {
  onnx::read_graph read = onnx::read(bytes, name,
                                     {.image = options.image,
                                      .batched = true,
                                      .drops_softmax = options.logits,
                                      .output = options.output,
                                      .constants = options.constants,
                                      .most_values = options.most_values});
  if (read.fixed)
    throw file_error("advx: " + name +
                     ": its scores do not depend on the image; name another output by the option "
                     "'output'");
  detail::require_scale<Scale>(read.end, name, options.logits);
  if (const index_t classes = graph::size_of(read.scores); classes < 2)
    throw file_error("advx: " + name + ": answers " + std::to_string(classes) +
                     " score; a classifier has at least two classes");
  return {std::move(read)};
}

/// Reads a classifier from an .onnx file (opsets 6 to 17, for inference). Its first axis is that of the images.
///
///     const auto net = advx::model::read_onnx("net.onnx");
///     auto r = advx::run(advx::attack::pgd_linf{.epsilon = 0.03}, net, images, goal, {}, advx::backend::xtensor{});
///
/// Scale says what the scores are; a file that ends in a Softmax is no model of logits unless `options.logits` cuts it
/// off. Sessions are row-invariant, may run on several threads, and share the weights' original with their model.
/// @throws file_error naming file, node and fault: no ONNX file, an operator or attribute that is not supported, shapes
/// that do not fit, operators that mix images
template <score_scale Scale = score_scale::logits>
onnx_model<Scale> read_onnx(const std::string& path, const onnx_options& options = {}) {
  return parse_onnx<Scale>(onnx::read_bytes(path), path, options);
}

} // namespace advx::model
