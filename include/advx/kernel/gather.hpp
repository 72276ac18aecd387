/// @file
/// Programs that move rows: a batch's chosen rows side by side, and back.
#pragma once

#include <advx/core/types.hpp>

namespace advx::kernel {

/// Row r of `to` becomes row `list[r]` of `from`. A negative entry leaves row r as it is.
template <class T>
struct gather_rows {
  const T* from;
  const index_t* list;
  T* to;
  index_t columns;

  template <class Team>
  constexpr void operator()(const Team& team, index_t r) const {
    const index_t chosen = list[r];
    if (chosen < 0) return;
    team.each(columns, [in = from + chosen * columns, out = to + r * columns](index_t j) { out[j] = in[j]; });
  }
};

/// Row `list[r]` of `to` becomes row r of `from`. Negative entries go nowhere; no row may be named twice.
template <class T>
struct scatter_rows {
  const T* from;
  const index_t* list;
  T* to;
  index_t columns;

  template <class Team>
  constexpr void operator()(const Team& team, index_t r) const {
    const index_t chosen = list[r];
    if (chosen < 0) return;
    team.each(columns, [in = from + r * columns, out = to + chosen * columns](index_t j) { out[j] = in[j]; });
  }
};

} // namespace advx::kernel
