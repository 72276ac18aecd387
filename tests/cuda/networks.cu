#include <advx/nn/cuda.hpp>

#include "cuda/network_cases.hpp"
#include "cuda/networks.hpp"

namespace cuda_tests {

namespace {

namespace nn = advx::nn;
using nn::detail::cuda_device;
using cuda = advx::backend::thrust<advx::backend::system::cuda>;

struct unfolding_device : cuda_device {
  using cuda_device::cuda_device;
  template <class T>
  using convolution = nn::detail::unfolded_convolution<unfolding_device, T>;
};
struct small_device : cuda_device {
  using cuda_device::cuda_device;
  static constexpr index_t tile_bytes = 20000;
};

/// Views of memory of the backend.
template <class T>
struct device_batch {
  device_batch(const cuda& b, index_t rows, index_t columns)
      : backend(b),
        buffer(b.allocate<T>(rows * columns)),
        view{buffer.data(), rows, columns} {}
  explicit device_batch(const cuda& b, const advx::batch<T>& host) : device_batch(b, host.rows(), host.cols()) {
    backend.upload(host.data(), view.size(), buffer.data());
  }
  std::vector<T> values() const {
    std::vector<T> host(static_cast<std::size_t>(view.size()));
    backend.download(buffer.data(), view.size(), host.data());
    return host;
  }

  cuda backend;
  cuda::buffer<T> buffer;
  advx::batch_view<T> view;
};

template <class Network, class Open>
auto ask(const std::string& name, const Network& net, index_t n, const std::vector<index_t>& rows, const Open& open) {
  using T = typename Network::scalar;
  const cuda backend;
  const auto x = nn_test::random_batch<T>(n, net.input_size(), 91),
             dz = nn_test::random_batch<T>(n, net.class_count(), 92);
  advx::batch<T> part(static_cast<index_t>(rows.size()), dz.cols());
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(dz.row(rows[i]), dz.cols(), part.row(static_cast<index_t>(i)));
  const device_batch<T> images(backend, x), cotangents(backend, dz), part_cotangents(backend, part);
  const device_batch<T> scores(backend, n, dz.cols()), gradient(backend, n, x.cols()),
      part_gradient(backend, part.rows(), x.cols());

  auto session = open(net, backend, n + 3);
  session.forward(images.view.as_const(), scores.view);
  session.pullback(nn_test::all_rows(n), cotangents.view.as_const(), gradient.view);
  session.pullback(rows, part_cotangents.view.as_const(), part_gradient.view);
  return network_answers<T>{name, scores.values(), gradient.values(), part_gradient.values()};
}

const auto open_as_usual = [](const auto& net, const cuda& backend, index_t capacity) {
  return net.session(backend, capacity);
};
template <class Device>
struct open_on {
  template <class Network>
  auto operator()(const Network& net, const cuda& backend, index_t capacity) const {
    return nn::open_on_device(Device(backend, capacity), net, capacity);
  }
};

} // namespace

template <class T>
std::vector<network_answers<T>> run_every_layer(index_t n, const std::vector<index_t>& rows) {
  std::vector<network_answers<T>> all;
  nn_test::for_each_network<T>(
      [&](const char* name, const auto& net) { all.push_back(ask(name, net, n, rows, open_as_usual)); });
  return all;
}
template std::vector<network_answers<float>> run_every_layer(index_t, const std::vector<index_t>&);
template std::vector<network_answers<double>> run_every_layer(index_t, const std::vector<index_t>&);

network_answers<float> run_network(const std::string& name, convolving how, index_t n,
                                   const std::vector<index_t>& rows) {
  return with_network(name, [&](const auto& net) {
    switch (how) {
    case convolving::unfolded:
      return ask(name, net, n, rows, open_on<unfolding_device>{});
    case convolving::in_small_tiles:
      return ask(name, net, n, rows, open_on<small_device>{});
    default:
      return ask(name, net, n, rows, open_as_usual);
    }
  });
}

std::string session_too_large() {
  try {
    const cuda backend;
    const nn::sequential net{nn::shape{4, 1, 1}, nn::linear{1 << 20}, nn::sigmoid{}, nn::linear{2}};
    (void)net.session(backend, 1 << 22); // 16 TiB of states
    return {};
  } catch (const advx::device_memory_error& e) {
    return e.what();
  }
}

} // namespace cuda_tests
