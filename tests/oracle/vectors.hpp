/// @file
/// The few words that the oracles share: plain vectors in double, a box, norms. No library header.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace oracle {

/// One image, one score vector or one gradient.
using vec = std::vector<double>;

/// The distance of a budget or of a minimal perturbation.
enum class lp { one, two, infinity };

/// The legal values of each pixel: lower[i] ≤ x[i] ≤ upper[i].
struct box {
  vec lower, upper;

  box(vec lo, vec hi) : lower(std::move(lo)), upper(std::move(hi)) {}
  /// The same bounds for each of `size` pixels.
  box(std::size_t size, double lo, double hi) : lower(size, lo), upper(size, hi) {}

  double clip(double value, std::size_t i) const { return std::min(std::max(value, lower[i]), upper[i]); }
  bool contains(const vec& x) const {
    for (std::size_t i = 0; i < x.size(); ++i)
      if (!(x[i] >= lower[i] && x[i] <= upper[i])) return false;
    return x.size() == lower.size();
  }
};

inline double dot(const vec& a, const vec& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

inline vec minus(const vec& a, const vec& b) {
  vec out(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] - b[i];
  return out;
}

/// ‖v‖_p
inline double norm(lp p, const vec& v) {
  double sum = 0, largest = 0;
  for (double value : v) {
    sum += p == lp::one ? std::abs(value) : value * value;
    largest = std::max(largest, std::abs(value));
  }
  if (p == lp::infinity) return largest;
  return p == lp::one ? sum : std::sqrt(sum);
}

/// The smallest double t in [0, upper] with holds(t), for a property that stays true once it is true and that
/// `upper` has. Bisected until no double lies between.
template <class Property>
double first_where(double upper, Property holds) {
  if (holds(0.0)) return 0;
  double without = 0, with = upper;
  for (;;) {
    const double middle = without + (with - without) / 2;
    if (middle <= without || middle >= with) return with;
    (holds(middle) ? with : without) = middle;
  }
}

} // namespace oracle
