// Philox against its authors' own vectors; the distributions that are made of it.
#include <advx/kernel/philox.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

using advx::kernel::philox;
using advx::kernel::random_stream;

TEST_CASE("Philox 4x32-10 has the published answers") {
  using counter = std::array<std::uint32_t, 4>;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t ones = 0xffffffff;
  CHECK(philox({ones, ones, ones, ones}, {ones, ones}) == counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

namespace {

constexpr int draws = 200000;

/// The largest distance between the draws' distribution function and the given one, times √draws.
template <class Cdf>
double kolmogorov(std::vector<double> x, Cdf cdf) {
  std::sort(x.begin(), x.end());
  double most = 0;
  const auto n = double(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    most = std::max({most, std::abs(cdf(x[i]) - double(i) / n), std::abs(double(i + 1) / n - cdf(x[i]))});
  return most * std::sqrt(n);
}

template <class Draw>
std::vector<double> sample(Draw draw) {
  std::vector<double> x;
  for (int i = 0; i < draws; ++i) x.push_back(double(draw(i)));
  return x;
}

double moment(const std::vector<double>& x, int power, double centre) {
  double sum = 0;
  for (const double v : x) sum += std::pow(v - centre, power);
  return sum / double(x.size());
}

constexpr double one_in_a_thousand = 1.95; // of Kolmogorov's distribution

} // namespace

TEMPLATE_TEST_CASE("the distributions are what they are called", "", float, double) {
  using T = TestType;
  const double error = 5 / std::sqrt(double(draws)); // five standard errors, times the quantity's own deviation
  // Along each axis of the counter: coordinates, images, streams, seeds.
  const auto axis = GENERATE(0, 1, 2, 3);
  const auto at = [axis](int i) -> std::pair<random_stream, advx::index_t> {
    const auto u = static_cast<std::uint32_t>(i);
    if (axis == 0) return {{42, 3, 1}, i};
    if (axis == 1) return {{42, u, 1}, 5};
    if (axis == 2) return {{42, 3, u}, 5};
    return {{u, 3, 1}, 5};
  };
  CAPTURE(axis);
  const auto uniform = sample([&](int i) { return at(i).first.template uniform<T>(at(i).second); });
  CHECK(*std::min_element(uniform.begin(), uniform.end()) > 0);
  CHECK(*std::max_element(uniform.begin(), uniform.end()) < 1);
  CHECK(moment(uniform, 1, 0) == Approx(0.5).margin(error * 0.29));
  CHECK(moment(uniform, 2, 0.5) == Approx(1.0 / 12).margin(error * 0.075));
  CHECK(kolmogorov(uniform, [](double x) { return x; }) < one_in_a_thousand);

  const auto normal = sample([&](int i) { return at(i).first.template normal<T>(at(i).second); });
  CHECK(moment(normal, 1, 0) == Approx(0).margin(error));
  CHECK(moment(normal, 2, 0) == Approx(1).margin(error * 1.42));
  CHECK(moment(normal, 3, 0) == Approx(0).margin(error * 3.9));
  CHECK(moment(normal, 4, 0) == Approx(3).margin(error * 9.8));
  CHECK(kolmogorov(normal, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }) < one_in_a_thousand);

  const auto exponential = sample([&](int i) { return at(i).first.template exponential<T>(at(i).second); });
  CHECK(*std::min_element(exponential.begin(), exponential.end()) > 0);
  CHECK(moment(exponential, 1, 0) == Approx(1).margin(error));
  CHECK(moment(exponential, 2, 1) == Approx(1).margin(error * 2.9));
  CHECK(kolmogorov(exponential, [](double x) { return 1 - std::exp(-x); }) < one_in_a_thousand);
}

TEST_CASE("neighbours in every axis are independent") {
  const random_stream here{7, 11, 13};
  const random_stream others[] = {{8, 11, 13}, {7, 12, 13}, {7, 11, 14}, {7 + (std::uint64_t{1} << 32), 11, 13}};
  for (const auto& other : others) {
    double product = 0;
    for (advx::index_t j = 0; j < draws; ++j)
      product += (here.uniform<double>(j) - 0.5) * (other.uniform<double>(j) - 0.5) * 12;
    CHECK(std::abs(product / draws) < 5 / std::sqrt(double(draws)));
  }
  double lanes = 0, coordinates = 0;
  for (advx::index_t j = 0; j < draws; ++j) {
    lanes += (here.uniform<double>(j, 0) - 0.5) * (here.uniform<double>(j, 1) - 0.5) * 12;
    coordinates += (here.uniform<double>(j) - 0.5) * (here.uniform<double>(j + 1) - 0.5) * 12;
  }
  CHECK(std::abs(lanes / draws) < 5 / std::sqrt(double(draws)));
  CHECK(std::abs(coordinates / draws) < 5 / std::sqrt(double(draws)));
  // Coordinates beyond 2³² do not start again.
  CHECK(here.bits(5) != here.bits(5 + (advx::index_t{1} << 32)));
}

TEST_CASE("float and double draw the same uniform numbers") {
  const random_stream r{1, 2, 3};
  for (advx::index_t j = 0; j < 1000; ++j) CHECK(double(r.uniform<float>(j)) == r.uniform<double>(j));
}
