/// @file
/// Linear models whose box is active, to hold attacks against the exact answers.
#pragma once

#include <cstdio>

#include "attack/support.hpp"
#include "oracle/linear_exact.hpp"

namespace attack_test {

/// Linear models with 20 pixels, a fifth of which lie on the box.
struct linear_scene {
  oracle::linear_model<double> m;
  scene<double> all;
  oracle::linear_map map{m.layer.rows, m.layer.bias};
  oracle::box unit;
  static constexpr index_t count = 20;

  linear_scene(std::size_t classes, std::size_t pixels, std::uint32_t seed)
      : m(classes, pixels, seed),
        all(m, count),
        unit(pixels, 0, 1) {}
  oracle::vec original(index_t i) const { return {all.images.row(i), all.images.row(i) + all.images.cols()}; }
};

/// Pixels that the exact answer drives onto a bound which the original did not touch.
inline std::size_t driven_onto_the_box(const oracle::vec& x, const oracle::vec& x0, const oracle::box& b) {
  std::size_t n = 0;
  for (std::size_t j = 0; j < x.size(); ++j) n += x[j] != x0[j] && (x[j] == b.lower[j] || x[j] == b.upper[j]);
  return n;
}

struct ratios {
  double sum = 0, greatest = 0, least = 1e300;
  int count = 0;
  void add(double r) {
    sum += r;
    greatest = std::max(greatest, r);
    least = std::min(least, r);
    ++count;
  }
  double mean() const { return sum / count; }
  void print(const char* what) const {
    std::printf("  %-58s mean %.5f  least %.7f  greatest %.5f  (%d images)\n", what, mean(), least, greatest, count);
  }
};

} // namespace attack_test
