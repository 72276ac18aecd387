/// @file
/// What the library asks of a backend: memory, copies between host and backend, and a team that runs row programs.
///
/// Attack code is written once as *row programs*: functions of a team and a row that reach the row's columns only
/// through the team (`each`, `sum`, `max`, `argmax`, `count`). A host backend runs them with a loop, row after row
/// while the row is in the cache; a device can run each with a block of threads. No row program allocates, synchronises
/// or throws.
#pragma once

#include <advx/core/batch_view.hpp>

#include <concepts>

namespace advx {

namespace detail {
struct probe_program {
  index_t operator()(index_t j) const { return j; }
};
struct probe_row {
  template <class Team>
  constexpr void operator()(const Team&, index_t) const {}
};
} // namespace detail

/// The row primitives.
template <class Team>
concept row_team = requires(const Team& team, detail::probe_program f) {
  team.each(index_t{}, f);
  { team.template sum<float>(index_t{}, f) } -> std::same_as<float>;
  { team.template max<float>(index_t{}, f) } -> std::same_as<float>;
  { team.template argmax<float>(index_t{}, f) } -> std::same_as<index_t>;
  { team.count(index_t{}, f) } -> std::same_as<index_t>;
};

/// A backend: `buffer<T>` owns memory of the backend (`data()`, `size()`), zeroed by `allocate`; `rows` runs a row
/// program for each of n rows; `lockstep` says that it does so best for all rows of a step at once.
template <class B>
concept backend_like = requires(B& b, const float* source, float* target) {
  { B::name } -> std::convertible_to<const char*>;
  { B::lockstep } -> std::convertible_to<bool>;
  typename B::template buffer<float>;
  { b.template allocate<float>(index_t{}) } -> std::same_as<typename B::template buffer<float>>;
  b.upload(source, index_t{}, target);
  b.download(source, index_t{}, target);
  { b.team() } -> row_team;
  b.rows(index_t{}, detail::probe_row{});
};

} // namespace advx
