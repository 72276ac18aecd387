// Functions with hills in boxes of all kinds, drawn at random.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "problems.hpp"

namespace lbfgsb_suite {

/// Numbers in [0, 1).
struct lottery {
  std::uint64_t state;
  double operator()() {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return double(state >> 11) * 0x1p-53;
  }
};

/// Waves on a bowl: Σ a·(x − b)² + c·sin(w·x + neighbour), with faults if wanted.
struct waves {
  enum class fault { none, steps, wrong_slope, hole, cliff, kinds };
  std::vector<double> a, b, c, w;
  fault wrong = fault::none;

  template <class T>
  double operator()(const T* x, T* g) const {
    const std::size_t n = a.size();
    T f = 0;
    for (std::size_t j = 0; j < n; ++j) g[j] = 0;
    for (std::size_t j = 0; j < n; ++j) {
      const std::size_t next = (j + 1) % n;
      const T r = x[j] - T(b[j]), phase = T(w[j]) * x[j] + x[next], cosine = T(c[j]) * std::cos(phase);
      f += T(a[j]) * r * r + T(c[j]) * std::sin(phase);
      g[j] += 2 * T(a[j]) * r + T(w[j]) * cosine;
      g[next] += cosine;
    }
    switch (wrong) {
    case fault::steps:
      f = std::floor(f * 8) / 8;
      break;
    case fault::wrong_slope:
      g[0] = -g[0];
      break;
    case fault::hole:
      if (x[0] > T(0.3)) f = std::numeric_limits<T>::quiet_NaN();
      break;
    case fault::cliff:
      if (x[0] < T(0.1)) {
        f = std::numeric_limits<T>::infinity();
        g[0] = f;
      }
      break;
    default:
      break;
    }
    return double(f);
  }
};

struct random_case {
  problem where; ///< start, box and size; no function
  waves what;
};

/// `hills` is the waves' greatest height.
inline random_case random_problem(lottery& draw, waves::fault wrong, double hills) {
  problem p;
  p.n = 1 + index_t(draw() * draw() * 40);
  waves f;
  f.wrong = wrong;
  for (index_t j = 0; j < p.n; ++j) {
    f.a.push_back(draw() < 0.2 ? 0 : std::exp(8 * draw() - 4));
    f.b.push_back(2 * draw() - 1);
    f.c.push_back(hills * draw());
    f.w.push_back(4 * draw());
    const double low = 1.5 * draw() - 1.5, kind = draw();
    // Where nothing bends upwards, bounds keep f from falling for ever.
    const bool open = f.a.back() > 0;
    p.lower.push_back(open && kind < 0.2 ? -infinite : low);
    p.upper.push_back(open && kind < 0.3 ? infinite : (kind < 0.4 ? low : low + 2 * draw()));
    const double at = draw();
    const double from = std::max(p.lower.back(), -2.0), to = std::min(p.upper.back(), 2.0);
    p.start.push_back(at < 0.2 ? from : (at < 0.4 ? to : from + (to - from) * (2 * at - 0.8)));
  }
  return {p, f};
}

} // namespace lbfgsb_suite
