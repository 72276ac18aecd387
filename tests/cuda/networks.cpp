// Networks on a CUDA device against the reference backend: within 1e-5 of the largest value, one float's roundings.
//
// A row may miss that: where a ReLU's input is 0 up to roundings, or two values of a window are equal up to them, one
// sum's order decides which way the gradient goes. In a large network's batch of 33 that may happen to one row.
#include "cuda/networks.hpp"

#include <advx/backend/reference/reference.hpp>

#include <catch2/catch.hpp>

#include "cuda/network_cases.hpp"
#include "cuda/support.hpp"

using namespace nn_test;
using cuda_tests::convolving;

namespace {

/// Rows of `values` that differ from the expected ones by more than `tolerance` of the batch's largest value.
template <class T>
index_t rows_beyond(const std::vector<T>& values, const batch<T>& expected, double tolerance) {
  REQUIRE(values.size() == expected.values.size());
  double largest = 0;
  for (const T v : expected.values) largest = std::max(largest, std::abs(double(v)));
  index_t beyond = 0;
  for (index_t i = 0; i < expected.rows(); ++i) {
    bool good = true;
    for (index_t j = 0; j < expected.cols(); ++j) {
      const double difference =
          std::abs(double(values[static_cast<std::size_t>(i * expected.cols() + j)]) - double(expected.row(i)[j]));
      good = good && difference <= tolerance * largest; // false for NaN
    }
    beyond += good ? 0 : 1;
  }
  return beyond;
}

template <class Network>
void compare(const Network& net, const cuda_tests::network_answers<typename Network::scalar>& got, index_t n,
             const std::vector<index_t>& rows, double tolerance, index_t forgiven) {
  using T = typename Network::scalar;
  INFO(got.name << ", " << n << " images");
  advx::backend::reference reference;
  const auto expected =
      run(net, reference, random_batch<T>(n, net.input_size(), 91), random_batch<T>(n, net.class_count(), 92));
  batch<T> part(static_cast<index_t>(rows.size()), net.input_size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(expected.gradient.row(rows[i]), part.cols(), part.row(static_cast<index_t>(i)));
  CHECK(rows_beyond(got.scores, expected.scores, tolerance) == 0);
  CHECK(rows_beyond(got.gradient, expected.gradient, tolerance) <= forgiven);
  CHECK(rows_beyond(got.part, part, tolerance) <= forgiven);
}

void compare_named(const std::string& name, convolving how) {
  for (const index_t n : {1, 7, 33, 64}) {
    std::vector<index_t> rows;
    for (index_t i = n; i-- > 0;)
      if (i % 3 != 1) rows.push_back(i);
    cuda_tests::with_network(name, [&](const auto& net) {
      compare(net, cuda_tests::run_network(name, how, n, rows), n, rows, 1e-5, n / 33);
    });
  }
}

template <class T>
void compare_every_layer(double tolerance) {
  const std::vector<index_t> rows{6, 2, 4};
  const auto got = cuda_tests::run_every_layer<T>(7, rows);
  std::size_t i = 0;
  for_each_network<T>([&](const char*, const auto& net) { compare(net, got.at(i++), 7, rows, tolerance, 0); });
  CHECK(i == got.size());
}

} // namespace

TEST_CASE("device: networks agree with the reference, every kind of layer, float") {
  if (cuda_tests::skipped()) return;
  compare_every_layer<float>(1e-5);
}

TEST_CASE("device: networks agree with the reference, every kind of layer, double") {
  if (cuda_tests::skipped()) return;
  compare_every_layer<double>(1e-12);
}

TEST_CASE("device: networks of the papers agree with the reference") {
  if (cuda_tests::skipped()) return;
  for (const char* name : {"softmax_regression", "mlp_sigmoid", "carlini_wagner_mnist"})
    compare_named(name, convolving::as_usual);
}

TEST_CASE("device: convolution as unfolded images, and in small tiles, agrees with the reference") {
  if (cuda_tests::skipped()) return;
  compare_named("strided", convolving::as_usual);
  compare_named("strided", convolving::unfolded);
  compare_named("strided", convolving::in_small_tiles);
  compare_named("carlini_wagner_mnist", convolving::unfolded);
}

TEST_CASE("device: a session that does not fit says what was asked for and what is free") {
  if (cuda_tests::skipped()) return;
  CHECK_THAT(cuda_tests::session_too_large(),
             Catch::Contains("out of memory") && Catch::Contains("lower options.batch"));
}
