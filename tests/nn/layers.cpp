// Each layer and block against plain loops over channels × height × width, written from its definition; what batch norm
// keeps and moves; what is refused.
#include <advx/nn/train.hpp>
#include <advx/nn/weights.hpp>
#include <advx/testing/check_model.hpp>
#include <advx/testing/check_vjp.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "networks.hpp"

using namespace nn_test;
using Catch::Matchers::Contains;
using reals = std::vector<double>;

namespace {

/// The scores of one image.
template <class Network>
reals scores_of(const Network& net, const reals& image) {
  advx::backend::reference backend;
  auto session = net.session(backend, 1);
  batch<double> x(1, net.input_size()), z(1, net.class_count());
  x.values = image;
  session.forward(x.view().as_const(), z.view());
  return z.values;
}
reals image_of(index_t size, double scale = 1) {
  auto x = random_batch<double>(1, size, 17).values;
  for (double& v : x) v *= scale;
  return x;
}
reals mapped(reals x, const std::function<double(double)>& f) {
  for (double& v : x) v = f(v);
  return x;
}
void check_equal(const reals& is, const reals& must) {
  REQUIRE(is.size() == must.size());
  for (std::size_t i = 0; i < is.size(); ++i) CHECK(is[i] == Approx(must[i]).epsilon(1e-12).margin(1e-12));
}
double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// y[o] = Σ W[o][i]·x[i] + b[o] of the net's layer l.
template <class Network>
reals product(const Network& net, std::size_t l, const reals& x) {
  const auto w = net.weights(l), b = net.biases(l);
  reals y(b.begin(), b.end());
  for (std::size_t o = 0; o < y.size(); ++o)
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += w[o * x.size() + i] * x[i];
  return y;
}
/// A 3 × 3 convolution that keeps the shape.
template <class Network>
reals convolution(const Network& net, std::size_t l, const nn::shape& in, const reals& x) {
  const auto w = net.weights(l), b = net.biases(l);
  reals y(b.size() * std::size_t(in.pixels()));
  for (index_t o = 0; o < index_t(b.size()); ++o)
    for (index_t r = 0; r < in.height; ++r)
      for (index_t s = 0; s < in.width; ++s) {
        double sum = b[std::size_t(o)];
        for (index_t c = 0; c < in.channels; ++c)
          for (index_t i = -1; i <= 1; ++i)
            for (index_t j = -1; j <= 1; ++j)
              if (r + i >= 0 && r + i < in.height && s + j >= 0 && s + j < in.width)
                sum += w[std::size_t(((o * in.channels + c) * 3 + i + 1) * 3 + j + 1)] *
                       x[std::size_t((c * in.height + r + i) * in.width + s + j)];
        y[std::size_t((o * in.height + r) * in.width + s)] = sum;
      }
  return y;
}
template <class Network>
reals normalised(const Network& net, std::size_t l, double epsilon, index_t pixels, reals x) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i / std::size_t(pixels);
    x[i] = (x[i] - net.running_mean(l)[c]) / std::sqrt(net.running_variance(l)[c] + epsilon) * net.weights(l)[c] +
           net.biases(l)[c];
  }
  return x;
}

template <class... Layers>
auto in_double(const nn::shape& in, const Layers&... layers) {
  return randomised(nn::sequential<double, Layers...>(in, layers...));
}

/// Images of two classes, of which one is brighter on the left.
struct halves {
  batch<float> images = random_batch<float>(96, 3 * 6 * 6, 77);
  std::vector<advx::label_t> labels;
  halves() {
    for (index_t i = 0; i < images.rows(); ++i) {
      labels.push_back(static_cast<advx::label_t>(i % 2));
      for (index_t j = 0; j < images.cols(); ++j)
        if ((j % 6 < 3) == (i % 2 == 0)) images.row(i)[j] += 0.4F;
    }
  }
};
auto normalising_network() {
  using namespace nn;
  return sequential{shape{3, 6, 6},
                    conv2d{.channels = 4, .padding = 1},
                    batch_norm{},
                    relu{},
                    residual{conv2d{.channels = 4, .padding = 1}, batch_norm{}},
                    relu{},
                    flatten{},
                    linear{2}};
}

} // namespace

TEST_CASE("activations by their definitions, kinks included") {
  const reals x{-7, -6, -1, -0.0, 0, 0.5, 6, 6.5, 1e9};
  const nn::shape flat{9, 1, 1};
  check_equal(scores_of(in_double(flat, nn::relu6{}), x), {0, 0, 0, 0, 0, 0.5, 6, 6, 6});
  check_equal(scores_of(in_double(flat, nn::leaky_relu{0.5}), x), {-3.5, -3, -0.5, 0, 0, 0.5, 6, 6.5, 1e9});

  advx::backend::reference backend;
  batch<double> at(1, 9), ones(1, 9);
  at.values = x;
  std::fill(ones.values.begin(), ones.values.end(), 1.0);
  CHECK(run(in_double(flat, nn::relu6{}), backend, at, ones).gradient.values == reals{0, 0, 0, 0, 0, 1, 0, 0, 0});
  CHECK(run(in_double(flat, nn::leaky_relu{0.5}), backend, at, ones).gradient.values ==
        reals{0.5, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1});
}

TEST_CASE("softmax by its definition, over channels, without overflow") {
  const auto x = image_of(3 * 2 * 2, 5);
  reals must(12);
  for (std::size_t p = 0; p < 4; ++p) {
    double sum = 0;
    for (std::size_t c = 0; c < 3; ++c) sum += std::exp(x[c * 4 + p]);
    for (std::size_t c = 0; c < 3; ++c) must[c * 4 + p] = std::exp(x[c * 4 + p]) / sum;
  }
  check_equal(scores_of(in_double({3, 2, 2}, nn::softmax{}, nn::relu{}), x), must);
  check_equal(scores_of(in_double({3, 1, 1}, nn::softmax{}), {1000, 0, 1000}), {0.5, 0, 0.5});
  check_equal(scores_of(in_double({2, 1, 1}, nn::softmax{}), {-1e5, -1e5}), {0.5, 0.5});
}

TEST_CASE("a last softmax makes scores probabilities, and the type says so") {
  using namespace nn;
  const sequential with{shape{4, 1, 1}, linear{3}, softmax{}, dropout{}};
  const sequential without{shape{4, 1, 1}, linear{3}};
  const sequential within{shape{4, 1, 1}, softmax{}, linear{3}};
  STATIC_REQUIRE(decltype(with)::scale == advx::score_scale::probabilities);
  STATIC_REQUIRE(decltype(without)::scale == advx::score_scale::logits);
  STATIC_REQUIRE(decltype(within)::scale == advx::score_scale::logits);
  CHECK_THROWS_WITH((sequential{shape{3, 2, 2}, conv2d{.channels = 4, .padding = 1}, softmax{}}),
                    Contains("softmax") && Contains("4 x 2 x 2") && Contains("flatten"));
}

TEST_CASE("upsampling by its definition") {
  const auto x = image_of(2 * 3 * 2);
  reals must;
  for (std::size_t c = 0; c < 2; ++c)
    for (std::size_t r = 0; r < 9; ++r)
      for (std::size_t s = 0; s < 6; ++s) must.push_back(x[(c * 3 + r / 3) * 2 + s / 3]);
  check_equal(scores_of(in_double({2, 3, 2}, nn::nearest_upsample{3}), x), must);
}

TEST_CASE("batch norm by its definition, alone and taken in by the layer before") {
  const nn::shape in{2, 3, 4};
  const auto x = image_of(24);
  const auto alone = in_double(in, nn::batch_norm{.epsilon = 0.3});
  check_equal(scores_of(alone, x), normalised(alone, 0, 0.3, 12, x));
  const auto behind = in_double(in, nn::conv2d{.channels = 3, .padding = 1}, nn::batch_norm{.epsilon = 0.3});
  check_equal(scores_of(behind, x), normalised(behind, 1, 0.3, 12, convolution(behind, 0, in, x)));
  const auto flat = in_double({5, 1, 1}, nn::linear{3}, nn::batch_norm{});
  const auto y = image_of(5);
  check_equal(scores_of(flat, y), normalised(flat, 1, 1e-5, 1, product(flat, 0, y)));
  // After a convolution's flatten each value is a channel, in the model's order.
  const auto ordered =
      in_double(in, nn::conv2d{.channels = 3, .padding = 1}, nn::flatten{}, nn::batch_norm{}, nn::linear{2});
  check_equal(scores_of(ordered, x),
              product(ordered, 3, normalised(ordered, 2, 1e-5, 1, convolution(ordered, 0, in, x))));
}

TEST_CASE("blocks by their definitions") {
  const nn::shape in{2, 3, 4};
  const nn::conv2d keeping{.channels = 2, .padding = 1};
  const auto x = image_of(24);
  const auto plus = [](reals a, const reals& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
    return a;
  };
  const auto tanh = [](double v) { return std::tanh(v); };

  const auto residual = in_double(in, nn::residual{keeping, nn::tanh{}});
  check_equal(scores_of(residual, x), plus(x, mapped(convolution(residual, 1, in, x), tanh)));

  const auto sum = in_double(in, nn::sum{nn::branch{keeping, nn::tanh{}}, nn::branch{keeping}});
  REQUIRE(sum.layer_name(1) == "0.0.0");
  REQUIRE(sum.layer_name(4) == "0.1.0");
  check_equal(scores_of(sum, x), plus(mapped(convolution(sum, 1, in, x), tanh), convolution(sum, 4, in, x)));

  const auto dense = in_double(in, nn::dense_block{nn::conv2d{.channels = 3, .padding = 1}});
  reals joined = x;
  const reals made = convolution(dense, 1, in, x);
  joined.insert(joined.end(), made.begin(), made.end());
  check_equal(scores_of(dense, x), joined);

  const auto check_highway = [&](const auto& net, const reals& at, const reals& h, const reals& gate) {
    reals must;
    for (std::size_t i = 0; i < at.size(); ++i)
      must.push_back(logistic(gate[i]) * h[i] + (1 - logistic(gate[i])) * at[i]);
    check_equal(scores_of(net, at), must);
  };
  const auto highway = in_double(in, nn::highway{keeping, keeping, nn::tanh{}});
  REQUIRE(highway.layer_name(4) == "0.gate");
  check_highway(highway, x, mapped(convolution(highway, 1, in, x), tanh), convolution(highway, 4, in, x));
  const auto flat = in_double({6, 1, 1}, nn::highway{nn::linear{6}, nn::linear{6}});
  const auto y = image_of(6);
  check_highway(flat, y, product(flat, 1, y), product(flat, 3, y));
}

TEST_CASE("the testing kit accepts networks with blocks and batch norm") {
  advx::testing::vjp_trial seldom;
  seldom.images = 2;
  const auto check = [&](const auto& net) {
    const auto gradients = advx::testing::check_vjp(net, seldom);
    INFO(gradients.fault);
    CHECK(gradients);
    const auto rows = advx::testing::check_model(net);
    INFO(rows.fault);
    CHECK(rows);
  };
  check(randomised(normalising_network()));
  check(randomised(nn::sequential{nn::shape{6, 1, 1}, nn::highway{nn::linear{6}, nn::linear{6}, nn::relu{}},
                                  nn::linear{3}, nn::softmax{}}));
}

TEST_CASE("training with batch norm: the batch's statistics, and the running ones") {
  using namespace nn;
  sequential<double, batch_norm, flatten, linear> net(shape{2, 2, 1}, batch_norm{.momentum = 0.25, .epsilon = 0.5},
                                                      flatten{}, linear{2});
  net = randomised(net);
  const auto x = random_batch<double>(5, 4, 3);
  const reals mean_before(net.running_mean(0).begin(), net.running_mean(0).end()),
      variance_before(net.running_variance(0).begin(), net.running_variance(0).end());
  reals mean(2), variance(2);
  for (std::size_t c = 0; c < 2; ++c) {
    for (index_t i = 0; i < 5; ++i)
      for (std::size_t p = 0; p < 2; ++p) mean[c] += x.row(i)[c * 2 + p] / 10;
    for (index_t i = 0; i < 5; ++i)
      for (std::size_t p = 0; p < 2; ++p) variance[c] += std::pow(x.row(i)[c * 2 + p] - mean[c], 2) / 10;
  }
  advx::backend::reference backend;
  auto session = net.training_session(backend, 5);
  batch<double> z(5, 2);
  session.forward(x.view(), z.view());
  for (index_t i = 0; i < 5; ++i) {
    reals y(x.row(i), x.row(i) + 4);
    for (std::size_t j = 0; j < 4; ++j)
      y[j] = (y[j] - mean[j / 2]) / std::sqrt(variance[j / 2] + 0.5) * net.weights(0)[j / 2] + net.biases(0)[j / 2];
    check_equal(reals(z.row(i), z.row(i) + 2), product(net, 2, y));
  }
  const std::vector<advx::label_t> labels{0, 1, 0, 1, 1};
  train(net, backend, x.view(), std::span<const advx::label_t>(labels),
        {.optimizer = sgd{.rate = 1e-9}, .epochs = 1, .batch = 5});
  for (std::size_t c = 0; c < 2; ++c) { // the variance that moves divides by one less
    CHECK(net.running_mean(0)[c] == Approx(0.75 * mean_before[c] + 0.25 * mean[c]));
    CHECK(net.running_variance(0)[c] == Approx(0.75 * variance_before[c] + 0.25 * variance[c] * 10 / 9));
  }
}

TEST_CASE("a network with batch norm and a residual block learns, whatever the number of threads") {
  const halves data;
  advx::backend::xtensor backend;
  const auto fit = [&](int threads) {
    auto net = normalising_network();
    double first = 0, last = 0;
    nn::train(net, backend, data.images.view(), std::span<const advx::label_t>(data.labels),
              {.optimizer = nn::adam{.rate = 0.01},
               .epochs = 12,
               .batch = 70, // parts of 24, 23 and 23 images, then one of 26
               .threads = threads,
               .observer = [&](const nn::progress& p) {
                 (p.epoch == 0 ? first : last) = p.loss;
                 return true;
               }});
    CHECK(last < 0.3 * first);
    CHECK(nn::accuracy(net, backend, data.images.view(), data.labels) > 0.95);
    std::vector<float> all(net.parameters().begin(), net.parameters().end());
    all.insert(all.end(), net.running_variance(1).begin(), net.running_variance(1).end());
    return all;
  };
  CHECK(fit(1) == fit(2));
}

TEST_CASE("weights of blocks and batch norms come back to the bit, by names that say where they stand") {
  struct temporary_file {
    std::string path =
        (std::filesystem::temp_directory_path() / ("advx-layers-" + std::to_string(::getpid()) + ".npz")).string();
    ~temporary_file() { std::filesystem::remove(path); }
  } const file;
  const auto net = randomised(normalising_network(), 8);
  nn::save(file.path, net);
  auto stored = advx::data::read_npz(file.path);
  for (const char* key : {"0.weight", "1.running_mean", "1.running_var", "3.0.weight", "3.1.bias", "6.bias"})
    CHECK(stored.find(key) != nullptr);
  auto copy = normalising_network();
  nn::load(file.path, copy);
  CHECK(std::ranges::equal(copy.parameters(), net.parameters()));
  const auto x = random_batch<float>(2, net.input_size(), 4), dz = random_batch<float>(2, 2, 5);
  advx::backend::reference backend;
  CHECK(run(copy, backend, x, dz).scores == run(net, backend, x, dz).scores); // running statistics, too
  const auto wide = net.as<double>();
  CHECK(wide.running_variance(1)[2] == double(net.running_variance(1)[2]));

  for (auto& [key, array] : stored.arrays)
    if (key == "3.1.running_var") array.as<float>()[1] = -0.5F;
  advx::data::write_npz(file.path, stored);
  const auto before = copy.parameters()[0];
  CHECK_THROWS_WITH(nn::load(file.path, copy), Contains("'3.1.running_var'") && Contains("-0.5"));
  CHECK(copy.parameters()[0] == before);
}

TEST_CASE("weight decay leaves batch norm alone and gates begin at -1") {
  using namespace nn;
  sequential net{shape{4, 1, 1}, highway{linear{4}, linear{4}}, batch_norm{}, linear{2}};
  CHECK(std::ranges::equal(net.biases(3), std::vector<float>(4, -1)));
  CHECK(std::ranges::equal(net.biases(1), std::vector<float>(4, 0)));
  CHECK(std::ranges::equal(net.weights(5), std::vector<float>(4, 1)));
  const batch<float> zeros(8, 4); // nothing but decay moves what sees zeros only
  const std::vector<advx::label_t> labels{0, 1, 0, 1, 0, 1, 0, 1};
  const float linear_before = net.weights(6)[0];
  advx::backend::reference backend;
  nn::train(net, backend, zeros.view(), std::span<const advx::label_t>(labels),
            {.optimizer = sgd{.rate = 0.1}, .epochs = 3, .batch = 8, .weight_decay = 0.5});
  CHECK(std::ranges::equal(net.weights(5), std::vector<float>(4, 1)));
  CHECK(std::abs(net.weights(6)[0]) < 0.9F * std::abs(linear_before));
}

TEST_CASE("what blocks and layers refuse, by the name of the layer") {
  using namespace nn;
  const shape in{2, 4, 4};
  CHECK_THROWS_WITH((sequential{in, relu{}, residual{conv2d{.channels = 3, .padding = 1}, relu{}}}),
                    Contains("layer 1 (residual)") && Contains("3 x 4 x 4") && Contains("2 x 4 x 4"));
  CHECK_THROWS_WITH((sequential{in, residual{relu{}, conv2d{.channels = 2, .kernel = 9}}}),
                    Contains("layer 0.1 (conv2d)"));
  CHECK_THROWS_WITH((sequential{in, sum{branch{conv2d{3}}, branch{max_pool2d{2}}}}),
                    Contains("layer 0 (sum)") && Contains("2 x 2 x 2") && Contains("3 x 2 x 2"));
  CHECK_THROWS_WITH((sequential{in, dense_block{max_pool2d{2}}}), Contains("layer 0 (dense_block)"));
  CHECK_THROWS_WITH((sequential{shape{5, 1, 1}, highway{linear{4}, linear{5}}}),
                    Contains("layer 0 (highway)") && Contains("gate makes 4 x 1 x 1"));
  CHECK_THROWS_WITH((sequential{in, batch_norm{.momentum = 0}}), Contains("momentum"));
  CHECK_THROWS_WITH((sequential{in, batch_norm{.epsilon = 0}}), Contains("epsilon"));
  CHECK_THROWS_WITH((sequential{in, nearest_upsample{0}}), Contains("factor"));
  CHECK_THROWS_WITH((sequential{in, leaky_relu{std::nan("")}}), Contains("slope"));
}

TEST_CASE("the residual network for 32 x 32 images has the size that it says") {
  const auto net = nn::resnet8_cifar();
  CHECK(net.parameters().size() == 78378);
  CHECK(net.input_size() == 3072);
  CHECK(net.class_count() == 10);
  advx::backend::xtensor xtensor;
  advx::backend::reference reference;
  const auto seeded = randomised(net);
  const auto x = random_batch<float>(2, 3072, 6), dz = random_batch<float>(2, 10, 7);
  const auto a = run(seeded, xtensor, x, dz), b = run(seeded, reference, x, dz);
  CHECK(relative_difference(a.scores.values, b.scores.values) < 1e-5);
  CHECK(relative_difference(a.gradient.values, b.gradient.values) < 1e-4);
}
