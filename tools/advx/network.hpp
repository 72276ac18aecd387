// The network of an ONNX file.
#pragma once

#include <advx/model/graph/classifier.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace advx_command {

/// The classifier in the bytes of an ONNX file, its scores before a final softmax. `images` is the shape of the images
/// that it is to take, for a file that leaves their extents open. @throws advx::file_error naming `path` and the fault
advx::model::graph::classifier<> read_network(std::span<const std::byte> bytes, const std::string& path,
                                              const std::vector<advx::index_t>& images);

} // namespace advx_command
