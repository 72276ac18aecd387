// What the tests of backends share.
#pragma once

#include <advx/core/types.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "oracle/models.hpp"

namespace backend_tests {

/// Magnitudes from 2⁻²⁰ to 2²⁰, both signs: every order of addition gives another sum.
template <class T>
std::vector<T> uneven(advx::index_t n, std::uint32_t seed) {
  std::vector<T> v;
  for (advx::index_t j = 0; j < n; ++j) {
    const T a = oracle::hashed_weight<T>(seed, 1, std::size_t(j)),
            b = oracle::hashed_weight<T>(seed, 2, std::size_t(j));
    v.push_back((a + T(0.001) * b) * std::exp2(T(20) * b));
  }
  return v;
}

template <class T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

} // namespace backend_tests
