/// @file
/// A network's parameters to and from .npz files: "<layer>.weight" and "<layer>.bias", of batch norm also
/// "<layer>.running_mean" and "<layer>.running_var"; float32 or float64. Needs zlib.
#pragma once

#include <advx/data/npz.hpp>
#include <advx/nn/sequential.hpp>

#include <filesystem>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace advx::nn {

namespace detail {

/// Calls f(key, shape, values) for each array of parameters, batch norm's statistics among them. `names` replaces the
/// layers' own, in their order.
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
    const std::string name = names.empty() ? network.layer_name(l) : names[used];
    ++used;
    const std::vector<index_t> channels{network.weight_shape(l)[0]};
    f(name + ".weight", network.weight_shape(l), network.weights(l));
    f(name + ".bias", channels, network.biases(l));
    if (network.running_mean(l).empty()) continue;
    f(name + ".running_mean", channels, network.running_mean(l));
    f(name + ".running_var", channels, network.running_variance(l));
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

/// Takes the parameters of a network of the same layers out of an archive; on an error the network is unchanged.
/// `names` are the layers' names in the archive, one for each layer with parameters, where they are not the positions:
/// `nn::load("lenet.npz", net, {"conv1", "conv2", "fc1"})`.
/// @throws file_error for a missing or surplus key, another shape or type, a value that is not finite, a negative
/// variance
/// @throws argument_error for a wrong number of names
template <class T, class... Layers>
void load(const data::npz& archive, sequential<T, Layers...>& network, std::initializer_list<std::string> names = {}) {
  const auto fail = [&](const std::string& key, const std::string& fault) {
    throw file_error("advx: " + archive.source + ": '" + key + "' " + fault);
  };
  std::vector<std::pair<std::vector<T>, std::span<T>>> read; // what was read, and where it belongs
  std::size_t known = 0;
  const std::span<const std::string> layer_names(names.begin(), names.size());
  detail::for_each_parameter(
      network, layer_names, [&](const std::string& key, const std::vector<index_t>& extents, std::span<T> values) {
        const data::array* found = archive.find(key);
        if (found == nullptr) fail(key, "is missing; the network needs it with shape " + data::to_string(extents));
        const data::array& array = *found;
        if (array.shape != extents)
          fail(key, "has shape " + data::to_string(array.shape) + "; the network needs " + data::to_string(extents));
        if (array.type != data::dtype::float32 && array.type != data::dtype::float64)
          fail(key, std::string("holds ") + data::name_of(array.type) + "; the network needs float32 or float64");
        read.emplace_back(array.template to<T>(), values);
        for (const T value : read.back().first) {
          if (!kernel::is_finite(value)) fail(key, "holds a value that is not finite; train the network again");
          if (value < 0 && key.ends_with(".running_var"))
            fail(key, "holds the variance " + std::to_string(value) + "; a variance is at least 0");
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
  for (const auto& [from, to] : read) std::ranges::copy(from, to.begin());
}

/// Reads the parameters from an .npz file, likewise. @throws file_error also where it cannot be read, argument_error
template <class T, class... Layers>
void load(const std::filesystem::path& path, sequential<T, Layers...>& network,
          std::initializer_list<std::string> names = {}) {
  load(data::read_npz(path.string()), network, names);
}

} // namespace advx::nn
