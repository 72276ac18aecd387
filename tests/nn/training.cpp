// The trainer, the weight files, the committed weights.
#include <advx/data/images.hpp>
#include <advx/nn/train.hpp>
#include <advx/nn/weights.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <limits>

#include "networks.hpp"

using namespace nn_test;
using Catch::Matchers::Contains;

namespace {

struct dataset {
  batch<float> images;
  std::vector<advx::label_t> labels;
};

/// Points of the square, labelled by the quadrant's sign: no linear network separates them.
dataset exclusive_or(index_t n) {
  dataset d{random_batch<float>(n, 2, 61), {}};
  for (index_t i = 0; i < n; ++i) d.labels.push_back(d.images.row(i)[0] * d.images.row(i)[1] > 0 ? 1 : 0);
  return d;
}

dataset sample_digits() {
  const auto file = advx::data::read_npz(ADVX_SAMPLE);
  return {advx::data::to_unit_interval(file.at("images")), advx::data::labels(file.at("labels"))};
}

auto small_network() { return nn::sequential{nn::shape{2, 1, 1}, nn::linear{32}, nn::relu{}, nn::linear{2}}; }

struct temporary_file {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("advx-nn-" + std::to_string(::getpid()) + ".npz");
  ~temporary_file() { std::filesystem::remove(path); }
};

} // namespace

TEST_CASE("training fits what a linear network cannot") {
  const dataset d = exclusive_or(400);
  const auto fit = [&](auto backend, auto optimizer) {
    auto net = small_network();
    nn::training how{.optimizer = optimizer, .epochs = 60, .batch = 50, .seed = 3};
    double last = 0;
    how.observer = [&](const nn::progress& p) {
      last = p.loss;
      return true;
    };
    nn::train(net, backend, d.images.view(), std::span<const advx::label_t>(d.labels), how);
    CHECK(last < 0.2);
    return nn::accuracy(net, backend, d.images.view(), d.labels);
  };
  CHECK(fit(advx::backend::xtensor{}, nn::adam{.rate = 0.02}) > 0.97);
  CHECK(fit(advx::backend::reference{}, nn::adam{.rate = 0.02}) > 0.97);
  CHECK(fit(advx::backend::xtensor{}, nn::sgd{.rate = 0.2}) > 0.97);
}

TEST_CASE("training depends neither on the threads nor on the run, but on the seed") {
  const dataset d = exclusive_or(300);
  const auto fit = [&](int threads, std::uint64_t seed) {
    nn::sequential net{nn::shape{2, 1, 1}, nn::linear{16}, nn::relu{}, nn::dropout{0.2}, nn::linear{2}};
    advx::backend::xtensor backend;
    nn::train(net, backend, d.images.view(), std::span<const advx::label_t>(d.labels),
              {.epochs = 2, .batch = 100, .seed = seed, .threads = threads});
    return std::vector<float>(net.parameters().begin(), net.parameters().end());
  };
  const auto one = fit(1, 4);
  CHECK(fit(2, 4) == one);
  CHECK(fit(1, 5) != one);
}

TEST_CASE("weight decay shrinks weights, the rate decays, an observer ends the training") {
  const dataset d = exclusive_or(200);
  advx::backend::reference backend;
  const auto norm = [&](double decay) {
    auto net = small_network();
    nn::train(net, backend, d.images.view(), std::span<const advx::label_t>(d.labels),
              {.optimizer = nn::sgd{.rate = 0.1}, .epochs = 20, .batch = 50, .weight_decay = decay});
    double sum = 0;
    for (const float w : net.weights(0)) sum += double(w) * w;
    return sum;
  };
  CHECK(norm(0.1) < 0.5 * norm(0));

  int epochs = 0;
  auto net = small_network();
  nn::train(net, backend, d.images.view(), std::span<const advx::label_t>(d.labels),
            {.epochs = 9, .observer = [&](const nn::progress&) { return ++epochs < 3; }});
  CHECK(epochs == 3);

  auto still = small_network();
  const std::vector<float> before(still.parameters().begin(), still.parameters().end());
  nn::train(still, backend, d.images.view(), std::span<const advx::label_t>(d.labels),
            {.optimizer = nn::sgd{.rate = 0.1, .momentum = 0}, .epochs = 2, .batch = 200, .rate_decay = 1e-30});
  auto once = small_network();
  nn::train(once, backend, d.images.view(), std::span<const advx::label_t>(d.labels),
            {.optimizer = nn::sgd{.rate = 0.1, .momentum = 0}, .epochs = 1, .batch = 200, .rate_decay = 1e-30});
  CHECK(std::ranges::equal(still.parameters(), once.parameters()));
  CHECK_FALSE(std::ranges::equal(still.parameters(), before));
}

TEST_CASE("cross-entropy with soft targets and a temperature has the gradient of its value") {
  const std::vector<double> z{1.5, -2, 0.25}, target{0.2, 0.5, 0.3};
  std::vector<double> g(3), unused(3);
  const auto value = [&](std::vector<double> at) { return nn::cross_entropy<double>(at, target, 20.0, 1.0, unused); };
  nn::cross_entropy<double>(z, target, 20.0, 1.0, g);
  for (std::size_t k = 0; k < 3; ++k) {
    auto up = z, down = z;
    up[k] += 1e-5;
    down[k] -= 1e-5;
    CHECK(g[k] == Approx((value(up) - value(down)) / 2e-5).epsilon(1e-5));
  }
  // Far apart scores neither overflow nor lose the loss.
  CHECK(nn::cross_entropy<double>(std::vector<double>{1000, 0}, std::vector<double>{0, 1}, 1.0, 1.0,
                                  std::span(unused).first(2)) == Approx(1000));
}

TEST_CASE("cross-entropy refuses sizes that do not fit") {
  std::vector<double> g(3);
  const auto entropy = [&](std::size_t scores, std::size_t targets, std::size_t gradients, double temperature) {
    const std::vector<double> z(scores), target(targets);
    return nn::cross_entropy<double>(z, target, temperature, 1.0, std::span(g).first(gradients));
  };
  CHECK_NOTHROW(entropy(3, 3, 3, 1));
  CHECK_THROWS_WITH(entropy(3, 2, 3, 1), Contains("cross_entropy: 3 scores, 2 targets and 3 gradients"));
  CHECK_THROWS_AS(entropy(3, 3, 2, 1), advx::argument_error);
  CHECK_THROWS_AS(entropy(2, 3, 3, 1), advx::argument_error);
  CHECK_THROWS_AS(entropy(0, 0, 0, 1), advx::argument_error);
  CHECK_THROWS_WITH(entropy(3, 3, 3, 0), Contains("temperature"));
}

TEST_CASE("wrong training arguments are named") {
  auto net = small_network();
  advx::backend::reference backend;
  const dataset d = exclusive_or(10);
  const auto train = [&](const nn::training& how) {
    nn::train(net, backend, d.images.view(), std::span<const advx::label_t>(d.labels), how);
  };
  CHECK_THROWS_WITH(train({.batch = 0}), Contains("batch is 0"));
  CHECK_THROWS_WITH(train({.temperature = 0}), Contains("temperature"));
  CHECK_THROWS_WITH(train({.threads = 0}), Contains("threads"));
  CHECK_THROWS_AS(train({.optimizer = nn::sgd{.rate = -1}}), advx::argument_error);
  CHECK_THROWS_WITH(train({.optimizer = nn::sgd{.momentum = 1}}), Contains("momentum is 1") && Contains("[0, 1)"));
  CHECK_THROWS_WITH(train({.optimizer = nn::sgd{.momentum = -0.1}}), Contains("momentum"));
  CHECK_THROWS_WITH(train({.optimizer = nn::adam{.beta1 = 1}}), Contains("beta1"));
  CHECK_THROWS_WITH(train({.optimizer = nn::adam{.beta2 = -1}}), Contains("beta2"));
  CHECK_THROWS_WITH(train({.optimizer = nn::adam{.epsilon = 0}}), Contains("epsilon"));
  const std::vector<advx::label_t> bad(10, 2);
  CHECK_THROWS_WITH(nn::train(net, backend, d.images.view(), std::span<const advx::label_t>(bad)),
                    Contains("label 2 of image 0"));
  CHECK_THROWS_WITH(nn::train(net, backend, d.images.view(), std::span<const advx::label_t>(d.labels).first(3)),
                    Contains("10 x 2 images and 3 x 2 targets"));
}

TEST_CASE("saved weights come back to the bit, and faults name the file and the key") {
  const temporary_file file;
  const auto net =
      randomised(nn::sequential{nn::shape{2, 5, 5}, nn::conv2d{3}, nn::relu{}, nn::flatten{}, nn::linear{2}});
  nn::save(file.path, net);
  auto copy = net;
  copy.initialize(99);
  REQUIRE_FALSE(std::ranges::equal(copy.parameters(), net.parameters()));
  nn::load(file.path, copy);
  CHECK(std::ranges::equal(copy.parameters(), net.parameters()));
  auto third = net;
  third.initialize(99);
  nn::load(advx::data::read_npz(file.path.string()), third);
  CHECK(std::ranges::equal(third.parameters(), net.parameters()));
  auto wide = net.as<double>();
  wide.initialize(99);
  nn::load(file.path, wide);
  CHECK(std::ranges::equal(wide.parameters(), net.parameters()));

  const std::string name = file.path.string();
  nn::sequential larger{nn::shape{2, 5, 5}, nn::conv2d{4}, nn::relu{}, nn::flatten{}, nn::linear{2}};
  const auto before = std::vector<float>(larger.parameters().begin(), larger.parameters().end());
  CHECK_THROWS_WITH(nn::load(file.path, larger),
                    Contains(name) && Contains("'0.weight'") && Contains("(3, 2, 3, 3)") && Contains("(4, 2, 3, 3)"));
  CHECK(std::ranges::equal(larger.parameters(), before));
  nn::sequential longer{nn::shape{2, 5, 5}, nn::conv2d{3}, nn::relu{}, nn::flatten{}, nn::linear{2}, nn::linear{2}};
  CHECK_THROWS_WITH(nn::load(file.path, longer), Contains("'4.weight' is missing"));
  nn::sequential shorter{nn::shape{2, 5, 5}, nn::conv2d{3}, nn::relu{}};
  CHECK_THROWS_WITH(nn::load(file.path, shorter), Contains("'3.weight' is no parameter"));
  CHECK_THROWS_WITH(nn::load(file.path, copy, {"a"}), Contains("1 names"));
  CHECK_THROWS_WITH(nn::load(file.path, copy, {"a", "b"}), Contains("'a.weight' is missing"));

  auto stored = advx::data::read_npz(name);
  stored.arrays[1].second.as<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  advx::data::write_npz(name, stored);
  CHECK_THROWS_WITH(nn::load(file.path, copy), Contains("'0.bias'") && Contains("not finite"));
  stored.arrays[1].second = advx::data::make_array({3}, std::vector<std::int64_t>{1, 2, 3});
  advx::data::write_npz(name, stored);
  CHECK_THROWS_WITH(nn::load(file.path, copy), Contains("'0.bias'") && Contains("int64"));
}

TEST_CASE("wrong networks and passes are named") {
  using namespace nn;
  CHECK_THROWS_WITH((sequential{shape{1, 28, 28}, linear{10}}), Contains("layer 0 (linear)") && Contains("flatten"));
  CHECK_THROWS_WITH((sequential{shape{1, 4, 4}, conv2d{3}, relu{}, conv2d{3}}),
                    Contains("layer 2 (conv2d)") && Contains("3 x 2 x 2"));
  CHECK_THROWS_WITH((sequential{shape{3, 4, 4}, conv2d{.channels = 4, .groups = 2}}), Contains("2 groups"));
  CHECK_THROWS_WITH((sequential{shape{3, 4, 4}, conv2d{}}), Contains("0 channels"));
  CHECK_THROWS_WITH((sequential{shape{3, 4, 4}, max_pool2d{.size = 16}}), Contains("at most 15"));
  CHECK_THROWS_WITH((sequential{shape{3, 4, 4}, dropout{1.0}}), Contains("rate"));
  CHECK_THROWS_WITH((sequential{shape{0, 4, 4}, flatten{}}), Contains("0 x 4 x 4"));

  const auto net = small_network();
  advx::backend::reference backend;
  CHECK_THROWS_WITH(net.session(backend, 0), Contains("capacity is 0"));
  auto session = net.session(backend, 2);
  batch<float> x(3, 2), z(3, 2), g(3, 2);
  CHECK_THROWS_WITH(session.forward(x.view().as_const(), z.view()), Contains("3 rows") && Contains("capacity, 2"));
  session.forward(x.view().slice(0, 1).as_const(), z.view().slice(0, 1));
  const std::vector<index_t> rows{1};
  CHECK_THROWS_WITH(session.pullback(rows, z.view().slice(0, 1).as_const(), g.view().slice(0, 1)), Contains("row 1"));
  batch<float> narrow(1, 1);
  CHECK_THROWS_WITH(session.forward(narrow.view().as_const(), z.view().slice(0, 1)), Contains("1 columns"));
}

TEST_CASE("the committed weights classify the sample") {
  const dataset d = sample_digits();
  REQUIRE(d.labels.size() >= 500);
  advx::backend::xtensor backend;
  const auto check = [&](auto net, const char* file, double least) {
    INFO(file);
    nn::load(std::string(ADVX_WEIGHTS) + file, net);
    CHECK(nn::accuracy(net, backend, d.images.view(), d.labels) >= least);
  };
  check(nn::carlini_wagner_mnist(), "carlini_wagner_mnist.npz", 0.99);
  check(nn::mlp_sigmoid(), "mlp_mnist.npz", 0.97);
  check(nn::softmax_regression(), "softmax_mnist.npz", 0.90);
}

TEST_CASE("the committed residual network reads its weights") {
  auto net = nn::resnet8_cifar();
  nn::load(ADVX_WEIGHTS "resnet8_cifar.npz", net);
  batch<float> x(2, net.input_size()), z(2, 10);
  for (index_t j = 0; j < x.cols(); ++j) {
    x.row(0)[j] = 0.5F;
    x.row(1)[j] = float(j % 32) / 31;
  }
  advx::backend::xtensor backend;
  net.session(backend, 2).forward(x.view().as_const(), z.view());
  for (const float v : z.values) CHECK(std::isfinite(v));
  // What it has learnt tells a plain image from a graded one.
  CHECK(std::abs(z.row(0)[0] - z.row(1)[0]) > 0.1F);
}

TEST_CASE("logits and gradients of a network trained elsewhere are reproduced") {
  const char* folder = std::getenv("ADVX_REFERENCE_DIR");
  if (folder == nullptr) {
    WARN("advx: skipped: ADVX_REFERENCE_DIR names no folder with fashion_cw/fashion_cw.npz");
    return;
  }
  const std::string at = std::string(folder) + "/fashion_cw/";
  auto net = nn::carlini_wagner_mnist();
  nn::load(at + "fashion_cw.npz", net, {"conv1", "conv2", "conv3", "conv4", "fc1", "fc2", "fc3"});
  const auto io = advx::data::read_npz(at + "fashion_cw_ref_io.npz");
  const auto pixels = io.at("x").to<float>();
  const auto labels = io.at("y").to<advx::label_t>();
  const auto logits = io.at("logits_f64").to<double>(), gradients = io.at("dce_dx_f64").to<double>();
  const auto n = static_cast<index_t>(labels.size());
  batch<float> x(n, 784), dz(n, 10);
  std::ranges::copy(pixels, x.values.begin());
  const auto check = [&](auto backend) {
    const auto forward = run(net, backend, x, dz);
    CHECK(relative_difference(forward.scores.values, logits) < 1e-4);
    for (index_t i = 0; i < n; ++i) {
      std::vector<float> target(10);
      target[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])] = 1;
      nn::cross_entropy<float>({forward.scores.row(i), 10}, target, 1, 1, {dz.row(i), 10});
    }
    const auto g = run(net, backend, x, dz).gradient;
    CHECK(relative_difference(g.values, gradients) < 1e-4);
  };
  check(advx::backend::xtensor{});
  check(advx::backend::reference{});
}
