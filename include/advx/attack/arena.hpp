/// @file
/// The memory of a run: taken piece by piece while it is set up, given back all at once.
#pragma once

#include <advx/core/types.hpp>

#include <cstdint>
#include <type_traits>
#include <vector>

namespace advx::attack {

/// Hands out a backend's memory and keeps it until it dies, so that what is built on it (machines, ledgers) can be
/// plain views that pass to a device by value.
template <class Backend>
class arena {
public:
  explicit arena(Backend& backend) : backend_(backend) {}

  /// n values, zeroed, aligned to a cache line.
  template <class T>
  T* take(index_t n) {
    static_assert(std::is_trivially_copyable_v<T>, "advx: an arena holds trivially copyable values");
    return reinterpret_cast<T*>(take_bytes(n * index_t(sizeof(T))));
  }
  /// A copy of n values of the host.
  template <class T>
  const T* keep(const T* host, index_t n) {
    T* copy = take<T>(n);
    backend_.upload(host, n, copy);
    return copy;
  }

private:
  std::uintptr_t take_bytes(index_t n) {
    constexpr std::uintptr_t line = 64;
    blocks_.push_back(backend_.template allocate<unsigned char>(n + index_t(line)));
    const auto address = reinterpret_cast<std::uintptr_t>(blocks_.back().data());
    return (address + line - 1) / line * line;
  }

  Backend& backend_;
  std::vector<typename Backend::template buffer<unsigned char>> blocks_;
};

} // namespace advx::attack
