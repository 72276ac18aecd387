// Thrust's host systems answer with the xtensor backend's bits: whole passes, subsets of rows, any number of threads.
#include <advx/nn/thrust.hpp>

#include <catch2/catch.hpp>

#include <cstring>

#include "networks.hpp"

using namespace nn_test;

namespace {

using cpp = advx::backend::thrust<advx::backend::system::cpp>;
using omp = advx::backend::thrust<advx::backend::system::omp>;

template <class T>
bool same_bits(const T* a, const T* b, index_t n) {
  return std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(T)) == 0;
}

/// Whole passes of n images, then a second batch of fewer images in the same session, pulled back in pieces.
template <class Network, class Backend>
void compare(const Network& net, Backend& backend, index_t n) {
  using T = typename Network::scalar;
  INFO(Backend::name << ", batch of " << n);
  advx::backend::xtensor xtensor;
  const auto x = random_batch<T>(n, net.input_size(), 61), dz = random_batch<T>(n, net.class_count(), 62);
  const pass<T> expected = run(net, xtensor, x, dz);
  auto session = net.session(backend, n);
  batch<T> z(n, net.class_count()), g(n, net.input_size());
  session.forward(x.view(), z.view());
  session.pullback(all_rows(n), dz.view(), g.view());
  REQUIRE(same_bits(z.data(), expected.scores.data(), n * z.cols()));
  REQUIRE(same_bits(g.data(), expected.gradient.data(), n * g.cols()));

  const index_t fewer = n - n / 3;
  session.forward(x.view().slice(0, fewer), z.view().slice(0, fewer));
  REQUIRE(same_bits(z.data(), expected.scores.data(), fewer * z.cols()));
  std::vector<std::vector<index_t>> subsets(4);
  subsets[0] = all_rows(fewer / 2); // the first ones, none for a single image
  for (index_t i = fewer; i-- > 0;) {
    subsets[1].push_back(i);                   // all, backwards
    if (i % 3 != 1) subsets[2].push_back(i);   // with gaps
    subsets[3].push_back((i * 7 + 3) % fewer); // jumping
  }
  for (const auto& rows : subsets) {
    const auto count = static_cast<index_t>(rows.size());
    batch<T> part(count, dz.cols());
    for (index_t i = 0; i < count; ++i) std::copy_n(dz.row(rows[static_cast<std::size_t>(i)]), dz.cols(), part.row(i));
    session.pullback(rows, part.view().as_const(), g.view().slice(0, count));
    for (index_t i = 0; i < count; ++i)
      REQUIRE(same_bits(g.row(i), expected.gradient.row(rows[static_cast<std::size_t>(i)]), g.cols()));
  }
}

template <class Network>
void compare_all(const Network& net, std::initializer_list<index_t> batches) {
  cpp one;
  omp several;
  for (const index_t n : batches) {
    compare(net, one, n);
    compare(net, several, n);
  }
}

} // namespace

TEST_CASE("Thrust's host systems have the xtensor backend's bits, every kind of layer") {
  for_each_network<float>([](const char* name, const auto& net) {
    INFO(name);
    compare_all(net, {1, 7, 33, 64});
  });
}

TEST_CASE("Thrust's host systems have the xtensor backend's bits, networks of the papers") {
  compare_all(randomised(nn::softmax_regression()), {1, 7, 33, 64});
  compare_all(randomised(nn::mlp_sigmoid()), {1, 7, 33, 64});
  compare_all(randomised(nn::carlini_wagner_mnist()), {1, 7, 33, 64});
  compare_all(randomised(nn::mlp_sigmoid()).as<double>(), {33});
}

TEST_CASE("the number of OpenMP's threads changes no bit") {
  const auto net = randomised(nn::carlini_wagner_mnist());
  const int before = omp_get_max_threads();
  for (const int threads : {1, 2, 3, 5, 16}) {
    omp_set_num_threads(threads);
    omp backend;
    for (const index_t n : {33, 200}) compare(net, backend, n);
    compare(randomised(nn::softmax_regression()), backend, 1500);
  }
  omp_set_num_threads(before);
}

TEST_CASE("a divided session refuses what any session refuses") {
  const auto net = nn::softmax_regression(3, 2);
  omp backend;
  CHECK_THROWS_WITH(net.session(backend, 0), Catch::Contains("capacity is 0"));
  auto session = net.session(backend, 5);
  const auto x = random_batch<float>(6, 3, 1);
  batch<float> z(6, 2), g(6, 3);
  CHECK_THROWS_WITH(session.forward(x.view(), z.view()), Catch::Contains("images has 6 rows"));
  session.forward(x.view().slice(0, 4), z.view().slice(0, 4));
  const std::vector<index_t> beyond{0, 4};
  CHECK_THROWS_WITH(session.pullback(beyond, z.view().slice(0, 2).as_const(), g.view().slice(0, 2)),
                    Catch::Contains("pullback of row 4, but the last forward had 4 rows"));
  session.forward(x.view().slice(0, 0), z.view().slice(0, 0)); // an empty pass is one, too
  session.pullback({}, z.view().slice(0, 0).as_const(), g.view().slice(0, 0));
}

TEST_CASE("a forward can be continued") {
  const auto net = randomised(nn::carlini_wagner_mnist());
  advx::backend::xtensor backend;
  const auto x = random_batch<float>(40, 784, 73), dz = random_batch<float>(40, 10, 74);
  const auto expected = run(net, backend, x, dz);
  auto session = net.session(backend, 40);
  batch<float> z(40, 10), g(40, 784);
  session.forward(x.view().slice(0, 3), z.view().slice(0, 3));
  session.forward_more(x.view().slice(3, 36), z.view().slice(3, 36));
  session.forward_more(x.view().slice(39, 1), z.view().slice(39, 1));
  session.pullback(all_rows(40), dz.view(), g.view());
  CHECK(z == expected.scores);
  CHECK(g == expected.gradient);
  CHECK_THROWS_WITH(session.forward_more(x.view().slice(0, 1), z.view().slice(0, 1)),
                    Catch::Contains("images has 41 rows, more than the session's capacity, 40"));
}

TEST_CASE("networks train on Thrust's host systems with the xtensor backend's bits") {
  const auto net = randomised(nn::mlp_sigmoid(20, 5));
  const auto x = random_batch<float>(9, 20, 71), dz = random_batch<float>(9, 5, 72);
  const auto gradient = [&](auto backend) {
    auto session = net.training_session(backend, 9);
    batch<float> z(9, 5);
    session.forward(x.view(), z.view());
    std::vector<float> sums(net.parameters().size());
    session.parameter_gradient(dz.view(), [&](std::size_t l) {
      const auto [weights, biases] = net.parameter_offsets(l);
      return std::pair{sums.data() + weights, sums.data() + biases};
    });
    return sums;
  };
  const auto expected = gradient(advx::backend::xtensor{});
  CHECK(gradient(cpp{}) == expected);
  CHECK(gradient(omp{}) == expected);
}
