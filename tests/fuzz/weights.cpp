// The reader of a network's parameters: it refuses by file_error and leaves the network as it was, or every parameter
// is a number and every variance one of at least 0.
#include <advx/nn/weights.hpp>

#include <algorithm>
#include <cmath>

#include "support.hpp"

using namespace advx;

namespace {

// Layers of every kind that has parameters.
const nn::sequential blank{nn::shape{1, 3, 3}, nn::conv2d{.channels = 2, .padding = 1},
                           nn::batch_norm{},   nn::relu{},
                           nn::flatten{},      nn::linear{2}};

template <class Network>
std::vector<float> all_of(Network& net) {
  std::vector<float> values;
  nn::detail::for_each_parameter(
      net, {}, [&](const auto&, const auto&, auto part) { values.insert(values.end(), part.begin(), part.end()); });
  return values;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto net = blank;
  try {
    nn::load(data::parse_npz(fuzz::bytes_of(data, size), "fuzz", fuzz::limit_for(size)), net);
  } catch (const file_error&) {
    fuzz::require(all_of(net) == all_of(blank), "a network is unchanged by a file that is refused");
    return 0;
  }
  for (const float value : all_of(net)) fuzz::require(std::isfinite(value), "parameters are finite");
  fuzz::require(std::ranges::all_of(net.running_variance(1), [](float v) { return v >= 0; }), "variances are >= 0");
  return 0;
}
