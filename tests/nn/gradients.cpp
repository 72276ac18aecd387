// Gradients of every layer: finite differences in double, and the dot-product test.
#include <catch2/catch.hpp>

#include "networks.hpp"

using namespace nn_test;

namespace {

/// A training session's parameter gradient of sum(dz · scores), in the model's order.
template <class Network, class Backend>
std::vector<typename Network::scalar> parameter_gradient(const Network& net, Backend& backend,
                                                         const batch<typename Network::scalar>& x,
                                                         const batch<typename Network::scalar>& dz) {
  using T = typename Network::scalar;
  auto session = net.training_session(backend, x.rows());
  batch<T> z(x.rows(), net.class_count());
  session.set_dropout(3, 1, 0);
  session.forward(x.view(), z.view());
  std::vector<T> gradient(net.parameters().size());
  session.parameter_gradient(dz.view(), [&](std::size_t l) {
    const auto [weights, biases] = net.parameter_offsets(l);
    return std::pair{gradient.data() + weights, gradient.data() + biases};
  });
  return gradient;
}

/// sum(dz · scores)
template <class Network, class Backend>
double objective(const Network& net, Backend& backend, const batch<double>& x, const batch<double>& dz, bool training) {
  batch<double> z(x.rows(), net.class_count());
  if (training) {
    auto session = net.training_session(backend, x.rows());
    session.set_dropout(3, 1, 0);
    session.forward(x.view(), z.view());
  } else {
    auto session = net.session(backend, x.rows());
    session.forward(x.view(), z.view());
  }
  return std::inner_product(z.values.begin(), z.values.end(), dz.values.begin(), 0.0);
}

/// Central differences of f at `values`, for every `step`-th of them, against `gradient`.
template <class F>
double worst_error(std::span<double> values, const std::vector<double>& gradient, std::size_t step, const F& f) {
  constexpr double h = 1e-6;
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); i += step) {
    const double kept = values[i];
    values[i] = kept + h;
    const double up = f();
    values[i] = kept - h;
    const double down = f();
    values[i] = kept;
    worst = std::max(worst, std::abs((up - down) / (2 * h) - gradient[i]) / (1 + std::abs(gradient[i])));
  }
  return worst;
}

} // namespace

TEST_CASE("input gradients agree with finite differences") {
  advx::backend::reference backend;
  for_each_network<double>([&](const char* name, const auto& net) {
    INFO(name);
    auto x = random_batch<double>(2, net.input_size(), 11);
    const auto dz = random_batch<double>(2, net.class_count(), 12);
    const auto gradient = run(net, backend, x, dz).gradient.values;
    CHECK(worst_error(x.values, gradient, 3, [&] { return objective(net, backend, x, dz, false); }) < 1e-6);
  });
}

TEST_CASE("parameter gradients agree with finite differences, dropout included") {
  const auto check = [](auto backend) {
    for_each_network<double>([&](const char* name, auto net) {
      INFO(name);
      const auto x = random_batch<double>(3, net.input_size(), 21);
      const auto dz = random_batch<double>(3, net.class_count(), 22);
      const auto gradient = parameter_gradient(net, backend, x, dz);
      CHECK(worst_error(net.parameters(), gradient, gradient.size() / 60 + 1,
                        [&] { return objective(net, backend, x, dz, true); }) < 1e-6);
    });
  };
  check(advx::backend::reference{});
  check(advx::backend::xtensor{});
}

TEST_CASE("the pullback is the transpose of the derivative") {
  advx::backend::reference backend;
  for_each_network<double>([&](const char* name, const auto& net) {
    INFO(name);
    constexpr double h = 1e-6;
    const auto x = random_batch<double>(2, net.input_size(), 31), v = random_batch<double>(2, net.input_size(), 32);
    const auto dz = random_batch<double>(2, net.class_count(), 33);
    auto up = x, down = x;
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      up.values[i] += h * v.values[i];
      down.values[i] -= h * v.values[i];
    }
    const double pushed = (objective(net, backend, up, dz, false) - objective(net, backend, down, dz, false)) / (2 * h);
    const auto g = run(net, backend, x, dz).gradient;
    const double pulled = std::inner_product(g.values.begin(), g.values.end(), v.values.begin(), 0.0);
    CHECK(pulled == Approx(pushed).epsilon(1e-6).margin(1e-6));
  });
}

TEST_CASE("the backends agree in float, and float agrees with double") {
  advx::backend::reference reference;
  advx::backend::xtensor xtensor;
  const auto compare = [&](const char* name, const auto& net) {
    INFO(name);
    const auto x = random_batch<float>(3, net.input_size(), 41), dz = random_batch<float>(3, net.class_count(), 42);
    batch<double> wide_x(x.rows(), x.cols()), wide_dz(dz.rows(), dz.cols());
    std::copy(x.values.begin(), x.values.end(), wide_x.values.begin());
    std::copy(dz.values.begin(), dz.values.end(), wide_dz.values.begin());
    const auto exact = run(net.template as<double>(), reference, wide_x, wide_dz);
    const auto a = run(net, reference, x, dz), b = run(net, xtensor, x, dz);
    CHECK(relative_difference(a.scores.values, exact.scores.values) < 1e-5);
    CHECK(relative_difference(b.scores.values, exact.scores.values) < 1e-5);
    CHECK(relative_difference(a.gradient.values, exact.gradient.values) < 1e-4);
    CHECK(relative_difference(b.gradient.values, exact.gradient.values) < 1e-4);
    CHECK(relative_difference(parameter_gradient(net, xtensor, x, dz), parameter_gradient(net, reference, x, dz)) <
          1e-4);
  };
  for_each_network<float>(compare);
  compare("carlini_wagner_mnist", randomised(nn::carlini_wagner_mnist()));
  compare("mlp_sigmoid", randomised(nn::mlp_sigmoid()));
}
