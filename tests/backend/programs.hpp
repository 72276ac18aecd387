// Row programs that every backend is tested with, on hosts and on a device.
#pragma once

#include <advx/core/types.hpp>
#include <advx/kernel/math.hpp>
#include <advx/kernel/philox.hpp>

#include <cstdint>

namespace backend_tests {

using advx::index_t;

/// Something of everything: all primitives, random numbers, elementary functions, what one call wrote read by the next.
template <class T>
struct mixed_program {
  T* values;
  T* sums;
  index_t* marks;
  index_t columns;

  template <class Team>
  constexpr void operator()(const Team& team, index_t r) const {
    T* row = values + r * columns;
    const advx::kernel::random_stream random{7, static_cast<std::uint32_t>(r), 1};
    team.each(columns, [=](index_t j) {
      row[j] = advx::kernel::tanh(row[j] * T(0.01)) + random.template uniform<T>(j) * T(0.5);
    });
    const auto get = [=](index_t j) { return row[j]; };
    const T sum = team.template sum<T>(columns, get);
    const T top = team.template max<T>(columns, get);
    const index_t where = team.template argmax<T>(columns, get);
    const index_t above = team.count(columns, [=](index_t j) { return row[j] > T(0.25); });
    team.each(columns, [=](index_t j) { row[j] = (j == where ? T(2) : T(1)) * row[j] / (T(1) + top) + sum; });
    team.each(1, [=, *this](index_t) { // by one thread: all would add several times
      sums[r] += sum;
      marks[r] += 1 + above * 1000;
    });
  }
};

struct count_row {
  std::int32_t* visits;
  template <class Team>
  constexpr void operator()(const Team& team, index_t r) const {
    team.each(1, [at = visits + r](index_t) { *at += 1; });
  }
};

} // namespace backend_tests
