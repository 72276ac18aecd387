// The kernels of the network's operators are compiled here: this unit wants the optimizer.
#include "network.hpp"

#include <advx/model/onnx.hpp>

#include <string_view>

namespace advx_command {

advx::model::graph::classifier<> read_network(std::span<const std::byte> bytes, const std::string& path,
                                              const std::vector<advx::index_t>& images) {
  const std::span<const char> text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  try {
    return advx::model::parse_onnx(text, path, {.logits = true});
  } catch (const advx::file_error& fault) {
    if (images.size() < 2 || std::string_view(fault.what()).find("leaves extents") == std::string_view::npos) throw;
    std::vector<advx::index_t> image(images.begin() + 1, images.end());
    if (image.size() == 2) image.insert(image.begin(), 1); // one channel
    return advx::model::parse_onnx(text, path, {.image = image, .logits = true});
  }
}

} // namespace advx_command
