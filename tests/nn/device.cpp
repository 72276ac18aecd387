// The code of CUDA's sessions, on a device made of loops, against the reference backend's.
#include <advx/backend/reference/reference.hpp>
#include <advx/model/counted.hpp>

#include <catch2/catch.hpp>

#include "device_loops.hpp"
#include "zoo.hpp"

using namespace nn_test;

namespace {

/// Whole passes, and pullbacks of the first rows, of a run in the middle, and of gathered ones, twice.
template <class Device = device_loops<>, class Network>
void compare(const Network& net, index_t n, double tolerance) {
  using T = typename Network::scalar;
  INFO("batch of " << n);
  advx::backend::reference reference;
  const auto x = random_batch<T>(n, net.input_size(), 81), dz = random_batch<T>(n, net.class_count(), 82);
  const pass<T> expected = run(net, reference, x, dz);
  auto session = open_on_loops<Device>(net, n + 2);
  batch<T> z(n, net.class_count());
  session.forward(x.view(), z.view());
  CHECK(relative_difference(z.values, expected.scores.values) < tolerance);

  std::vector<std::vector<index_t>> subsets{all_rows(n), all_rows((n + 1) / 2), {n - 1}};
  subsets.resize(5);
  for (index_t i = n; i-- > 0;) {
    if (i % 2 == 0) subsets[3].push_back(i);
    if (i >= n / 3) subsets[4].insert(subsets[4].begin(), i);
  }
  for (const auto& rows : subsets) {
    const auto count = static_cast<index_t>(rows.size());
    batch<T> part(count, dz.cols()), g(count, x.cols()), wanted(count, x.cols());
    for (index_t i = 0; i < count; ++i) {
      const index_t row = rows[static_cast<std::size_t>(i)];
      std::copy_n(dz.row(row), dz.cols(), part.row(i));
      std::copy_n(expected.gradient.row(row), x.cols(), wanted.row(i));
    }
    session.pullback(rows, part.view().as_const(), g.view());
    CHECK(relative_difference(g.values, wanted.values) < tolerance);
  }
}

namespace element = nn::detail::element;

/// Evaluates what a device computes in a constant expression, which calls constexpr functions only: nvcc would leave
/// any other call out of a kernel without a word.
template <class T>
constexpr bool every_element_is_constexpr() {
  T x[16]{}, y[16]{}, columns[64]{};
  std::uint8_t bytes[16]{};
  const T biases[4]{1, 2, 3, 4};
  const index_t rows[1]{0};
  const element::window w{element::plane({1, 4, 4}), element::plane({1, 2, 2}), 2, 2, 2, 0};
  const element::bias_view<T> bias{biases, 4};
  const element::row_map row{rows, 0};
  const auto everywhere = [](const auto& f, element::position n) {
    for (element::position j = 0; j < n; ++j) f(0, j);
  };
  everywhere(element::add_bias<T>{x, y, 16, bias}, 16);
  everywhere(element::rectify<T>{x, y, 16, bias, bytes, 0}, 16);
  everywhere(element::rectify_pullback<T>{x, y, 16, bytes, row.from(0)}, 16);
  everywhere(element::activate<T, nn::detail::sigmoid_function>{x, y, 16, bias, columns, 0}, 16);
  everywhere(element::activate_pullback<T, nn::detail::sigmoid_function>{x, y, 16, columns, row}, 16);
  everywhere(element::activate<T, nn::detail::tanh_function>{x, y, 16, bias, columns, 0}, 16);
  everywhere(element::activate_pullback<T, nn::detail::tanh_function>{x, y, 16, columns, row}, 16);
  for (const bool rectified : {false, true}) everywhere(element::largest<T>{x, y, w, rectified, bias, bytes, 0}, 4);
  everywhere(element::largest_pullback<T>{x, y, w, bytes, row}, 16);
  const element::plane plane({1, 4, 4});
  const nn::detail::leaky_relu_function<T> leaky{T(0.5)};
  everywhere(element::bend<T, nn::detail::relu6_function<T>>{x, y, 16, bias, {}, bytes, 0}, 16);
  everywhere(element::bend_pullback<T, nn::detail::relu6_function<T>>{x, y, 16, {}, bytes, row}, 16);
  everywhere(element::bend<T, nn::detail::leaky_relu_function<T>>{x, y, 16, bias, leaky, bytes, 0}, 16);
  everywhere(element::bend_pullback<T, nn::detail::leaky_relu_function<T>>{x, y, 16, leaky, bytes, row}, 16);
  everywhere(element::channel_multiply_add<T>{x, y, 16, 4, bias, biases, biases}, 16);
  everywhere(element::channel_multiply_add<T>{x, y, 16, 4, {}, biases, nullptr}, 16);
  everywhere(element::softmax_of_pixel<T>{x, y, plane, bias, columns, 0}, 16);
  everywhere(element::softmax_of_pixel_pullback<T>{x, y, plane, columns, row}, 16);
  everywhere(element::upsample<T>{x, columns, plane, 2}, 64);
  everywhere(element::upsample_pullback<T>{columns, y, plane, 2}, 16);
  everywhere(element::add_values<T>{x, y, y, 16, bias}, 16);
  everywhere(element::concatenate<T>{x, y, columns, 16, 16, bias}, 32);
  everywhere(element::concatenate_pullback<T>{columns, x, y, 16, 16}, 32);
  everywhere(element::gate<T>{x, y, x, y, 16, bias, columns, columns + 16, 0}, 16);
  everywhere(element::gate_pullback<T>{x, y, columns + 32, columns + 48, 16, columns, columns + 16, row}, 16);
  everywhere(element::mean<T>{x, y, w}, 4);
  everywhere(element::mean_pullback<T>{x, y, w}, 16);
  everywhere(element::unfold<T>{x, columns, w}, 16);
  everywhere(element::fold<T>{columns, y, w}, 16);
  const element::thread_grid grid(2, 3);
  element::thread_place{0, 0, 0, 0, grid.wide, grid.high}.run(2, 3, [](index_t, element::position) {});
  return true;
}
static_assert(every_element_is_constexpr<float>() && every_element_is_constexpr<double>());

} // namespace

TEST_CASE("a device's threads have each value once") {
  for (const index_t rows : {1, 7, 8, 9, 300})
    for (const index_t count : {1, 10, 31, 32, 33, 200, 256, 257, 1023, 1024, 1025, 5000}) {
      const element::thread_grid grid(rows, count);
      REQUIRE(grid.wide * grid.high == element::thread_grid::threads);
      std::vector<int> visits(static_cast<std::size_t>(rows * count));
      for (index_t by = 0; by < grid.blocks_y; ++by)
        for (index_t bx = 0; bx < grid.blocks_x; ++bx)
          for (index_t ty = 0; ty < grid.high; ++ty)
            for (index_t tx = 0; tx < grid.wide; ++tx)
              element::thread_place{bx, by, tx, ty, grid.wide, grid.high}.run(
                  rows, count,
                  [&](index_t r, element::position j) { ++visits[static_cast<std::size_t>(r * count + j)]; });
      REQUIRE(std::all_of(visits.begin(), visits.end(), [](int v) { return v == 1; }));
    }
}

TEST_CASE("a device's sessions agree with the reference, every kind of layer") {
  for_each_network<float>([](const char* name, const auto& net) {
    INFO(name);
    for (const index_t n : {1, 7}) compare(net, n, 1e-5);
  });
  for_each_network<double>([](const char* name, const auto& net) {
    INFO(name << " in double");
    compare(net, 3, 1e-13);
  });
}

TEST_CASE("a device's sessions agree with the reference, networks of the papers") {
  compare(randomised(nn::softmax_regression()), 33, 1e-5);
  compare(randomised(nn::mlp_sigmoid()), 33, 1e-5);
  compare(randomised(nn::carlini_wagner_mnist()), 3, 1e-5);
}

TEST_CASE("a device's sessions divide what does not fit") {
  // 720 bytes of activations an image: tiles of five; 1296 bytes unfolded: three images at once.
  const auto net = randomised(nn::sequential{nn::shape{1, 8, 8}, nn::conv2d{.channels = 5, .kernel = 3}, nn::relu{},
                                             nn::flatten{}, nn::linear{3}});
  compare<device_loops<4000>>(net, 23, 1e-5);
  compare<device_loops<1>>(net, 3, 1e-5);
}

TEST_CASE("a device's passes allocate nothing") {
  const auto net = randomised(nn::carlini_wagner_mnist());
  auto session = open_on_loops(net, 2);
  const int before = device_loops<>::allocations();
  REQUIRE(before > 0);
  const auto x = random_batch<float>(2, 784, 1), dz = random_batch<float>(2, 10, 2);
  batch<float> z(2, 10), g(2, 784);
  session.forward(x.view(), z.view());
  session.pullback(all_rows(2), dz.view(), g.view());
  session.pullback(std::vector<index_t>{1, 0}, dz.view(), g.view());
  CHECK(device_loops<>::allocations() == before);
}

TEST_CASE("a backend opens networks its own way, and its sessions may take the claim of exact rows back") {
  const auto net = nn::softmax_regression(3, 2);
  using network = std::remove_const_t<decltype(net)>;
  loops_backend backend;
  auto session = net.session(backend, 4);
  STATIC_REQUIRE(std::is_same_v<decltype(session), nn::device_session<device_loops<>, float, nn::linear>>);
  STATIC_REQUIRE(advx::differentiable_model<network, loops_backend>);
  STATIC_REQUIRE(advx::is_row_invariant_on<network, advx::backend::reference>);
  STATIC_REQUIRE(!advx::is_row_invariant_on<network, loops_backend>);
  STATIC_REQUIRE(!advx::is_row_invariant_on<advx::model::counted<network>, loops_backend>);
  STATIC_REQUIRE(advx::is_row_invariant_on<advx::model::counted<network>, advx::backend::reference>);
}

TEST_CASE("equal values of a window: the first has the gradient, on a device too") {
  nn::sequential net{nn::shape{1, 4, 4}, nn::max_pool2d{2}, nn::flatten{}};
  const batch<float> x(2, 16);
  batch<float> z(2, 4), dz(2, 4), g(2, 16);
  std::fill(dz.values.begin(), dz.values.end(), 1.0F);
  auto session = open_on_loops(net, 2);
  session.forward(x.view(), z.view());
  session.pullback(all_rows(2), dz.view().as_const(), g.view());
  for (index_t i = 0; i < 2; ++i)
    for (index_t j = 0; j < 16; ++j) CHECK(g.row(i)[j] == (j % 2 == 0 && j / 4 % 2 == 0 ? 1.0F : 0.0F));
}

TEST_CASE("a device's session refuses what any session refuses") {
  const auto net = nn::softmax_regression(3, 2);
  CHECK_THROWS_WITH(open_on_loops(net, 0), Catch::Contains("capacity is 0"));
  auto session = open_on_loops(net, 2);
  const batch<float> x(3, 3);
  batch<float> z(3, 2), g(3, 3);
  CHECK_THROWS_WITH(session.forward(x.view(), z.view()), Catch::Contains("images has 3 rows"));
  session.forward(x.view().slice(0, 1), z.view().slice(0, 1));
  const std::vector<index_t> beyond{1};
  CHECK_THROWS_WITH(session.pullback(beyond, z.view().slice(0, 1).as_const(), g.view().slice(0, 1)),
                    Catch::Contains("pullback of row 1"));
}
