/// @file
/// A handful of values of different types.
#pragma once

#include <advx/core/types.hpp>

namespace advx {

/// What std::tuple is, but an aggregate that is trivially copyable where its values are: it passes to a device by
/// value.
template <class... Values>
struct list {
  static constexpr index_t size = 0;
};
template <class First, class... Others>
struct list<First, Others...> {
  static constexpr index_t size = 1 + index_t(sizeof...(Others));

  First first{};
  [[no_unique_address]] list<Others...> others{};

  /// The K-th value.
  template <index_t K>
  constexpr const auto& get() const noexcept {
    if constexpr (K == 0)
      return first;
    else
      return others.template get<K - 1>();
  }
  /// f(value, K) for each.
  template <index_t K = 0, class F>
  constexpr void visit(F&& f) const {
    f(first, K);
    if constexpr (sizeof...(Others) > 0) others.template visit<K + 1>(f);
  }
};
template <class First, class... Others>
list(First, list<Others...>) -> list<First, Others...>;
template <class First>
list(First) -> list<First>;

} // namespace advx
