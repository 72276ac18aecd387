/// @file
/// Values of different types, by position.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace advx {

namespace detail {
template <std::size_t K, class T>
struct packed {
  T value;
};
template <class Indices, class... Values>
struct packed_all;
template <std::size_t... K, class... Values>
struct packed_all<std::index_sequence<K...>, Values...> : packed<K, Values>... {};

template <std::size_t K, class T>
std::type_identity<T> type_at(const packed<K, T>*);
} // namespace detail

/// What std::tuple is, but flat and an aggregate: networks with their sessions compile much faster.
///
///     pack<int, float> p{{{1}, {2.0F}}};     get<1>(p) == 2.0F
template <class... Values>
struct pack : detail::packed_all<std::index_sequence_for<Values...>, Values...> {
  static constexpr std::size_t size = sizeof...(Values);
};

/// The type of value K.
template <std::size_t K, class Pack>
using pack_element = typename decltype(detail::type_at<K>(static_cast<const Pack*>(nullptr)))::type;

template <std::size_t K, class T>
constexpr T& get(detail::packed<K, T>& p) noexcept {
  return p.value;
}
template <std::size_t K, class T>
constexpr const T& get(const detail::packed<K, T>& p) noexcept {
  return p.value;
}

/// f(values...)
template <class F, class... Values>
constexpr decltype(auto) apply(const F& f, const pack<Values...>& p) {
  return [&]<std::size_t... K>(std::index_sequence<K...>)->decltype(auto) { return f(get<K>(p)...); }
  (std::index_sequence_for<Values...>{});
}

/// One after the other.
template <class... A, class... B>
constexpr pack<A..., B...> operator+(const pack<A...>& a, const pack<B...>& b) {
  return [&]<std::size_t... K, std::size_t... L>(std::index_sequence<K...>, std::index_sequence<L...>) {
    return pack<A..., B...>{{{get<K>(a)}..., {get<L>(b)}...}};
  }
  (std::index_sequence_for<A...>{}, std::index_sequence_for<B...>{});
}

} // namespace advx
