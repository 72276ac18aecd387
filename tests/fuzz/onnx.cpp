// The reader of ONNX files: it refuses by file_error, or makes a model that runs forward and back.
#include <advx/backend/reference/reference.hpp>
#include <advx/model/onnx.hpp>

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const char> bytes(reinterpret_cast<const char*>(data), size);
  try {
    // So few values that a pass over them is over in no time.
    const auto net =
        advx::model::parse_onnx<advx::score_scale::logits>(bytes, "fuzz", {.logits = true, .most_values = 1 << 14});
    advx::backend::reference backend;
    auto session = net.session(backend, 2);
    const std::vector<float> x(static_cast<std::size_t>(2 * net.input_size()), 0.5F);
    std::vector<float> z(static_cast<std::size_t>(2 * net.class_count())), g(x.size());
    session.forward({x.data(), 2, net.input_size()}, {z.data(), 2, net.class_count()});
    const std::vector<advx::index_t> rows{1, 0};
    session.pullback(rows, {z.data(), 2, net.class_count()}, {g.data(), 2, net.input_size()});
  } catch (const advx::file_error&) {
    // refused by a sentence
  }
  return 0;
}
