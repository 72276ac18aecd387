/// @file
/// A network's parameters to and from .npz files: "<layer>.weight" and "<layer>.bias", float32 or float64. Needs zlib.
#pragma once

#include <advx/data/npz.hpp>
#include <advx/nn/sequential.hpp>

#include <filesystem>
#include <initializer_list>
#include <string>

namespace advx::nn {

namespace detail {

/// Calls f(key, shape, values) for each parameter array. `names` replaces the layers' positions, in their order.
template <class Network, class F>
void for_each_parameter(Network& network, std::span<const std::string> names, const F& f) {
  using net = std::remove_cvref_t<Network>;
  std::size_t needed = 0;
  for (std::size_t l = 0; l < net::layer_count; ++l) needed += network.weight_shape(l).empty() ? 0 : 1;
  if (!names.empty() && names.size() != needed)
    throw argument_error("advx: " + std::to_string(names.size()) + " names were given for " + std::to_string(needed) +
                         " layers with parameters; name each of them once, in order");
  std::size_t used = 0;
  for (std::size_t l = 0; l < net::layer_count; ++l) {
    if (network.weight_shape(l).empty()) continue;
    const std::string name = names.empty() ? std::to_string(l) : names[used];
    ++used;
    f(name + ".weight", network.weight_shape(l), network.weights(l));
    f(name + ".bias", std::vector<index_t>{network.weight_shape(l)[0]}, network.biases(l));
  }
}

} // namespace detail

/// Writes the parameters; the file appears whole or not at all. @throws file_error
template <class T, class... Layers>
void save(const std::filesystem::path& path, const sequential<T, Layers...>& network) {
  data::npz archive;
  detail::for_each_parameter(network, {},
                             [&](const std::string& key, const std::vector<index_t>& extents, auto values) {
                               archive.add(key, data::make_array(extents, std::span<const T>(values)));
                             });
  data::write_npz(path.string(), archive);
}

/// Reads the parameters of a network of the same layers; on an error the network is unchanged.
/// `names` are the layers' names in the file, one for each layer with parameters, where they are not the positions:
/// `nn::load("lenet.npz", net, {"conv1", "conv2", "fc1"})`.
/// @throws file_error for a missing or surplus key, another shape or type, a value that is not finite
/// @throws argument_error for a wrong number of names
template <class T, class... Layers>
void load(const std::filesystem::path& path, sequential<T, Layers...>& network,
          std::initializer_list<std::string> names = {}) {
  const auto archive = data::read_npz(path.string());
  const auto fail = [&](const std::string& key, const std::string& fault) {
    throw file_error("advx: " + path.string() + ": '" + key + "' " + fault);
  };
  std::vector<T> read;
  std::size_t known = 0;
  const std::span<const std::string> layer_names(names.begin(), names.size());
  detail::for_each_parameter(
      network, layer_names, [&](const std::string& key, const std::vector<index_t>& extents, auto) {
        const data::array* found = archive.find(key);
        if (found == nullptr) fail(key, "is missing; the network needs it with shape " + data::to_string(extents));
        const data::array& array = *found;
        if (array.shape != extents)
          fail(key, "has shape " + data::to_string(array.shape) + "; the network needs " + data::to_string(extents));
        if (array.type != data::dtype::float32 && array.type != data::dtype::float64)
          fail(key, std::string("holds ") + data::name_of(array.type) + "; the network needs float32 or float64");
        for (const T value : array.template to<T>()) {
          if (!kernel::is_finite(value)) fail(key, "holds a value that is not finite; train the network again");
          read.push_back(value);
        }
        ++known;
      });
  if (known != archive.arrays.size())
    for (const auto& entry : archive.arrays) {
      bool wanted = false;
      detail::for_each_parameter(network, layer_names, [&](const std::string& mine, const auto&, auto) {
        wanted = wanted || mine == entry.first;
      });
      if (!wanted) fail(entry.first, "is no parameter of the network; load it into a network of the same layers");
    }
  std::ranges::copy(read, network.parameters().begin());
}

} // namespace advx::nn
