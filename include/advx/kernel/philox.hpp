/// @file
/// Counter-based random numbers: a value is a function of seed, image, stream and coordinate, and of nothing else, so
/// that batch, order, threads and backend cannot change it.
#pragma once

#include <advx/core/host_device.hpp>
#include <advx/core/types.hpp>
#include <advx/kernel/math.hpp>

#include <array>
#include <cstdint>

namespace advx::kernel {

/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, 2011): 128 random bits for a 128-bit counter and a 64-bit key. A call
/// would keep the loop over coordinates from being vectorised.
[[gnu::always_inline]] ADVX_HOST_DEVICE constexpr std::array<std::uint32_t, 4>
philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) noexcept {
  auto [c0, c1, c2, c3] = counter; // in registers: compilers do not vectorise copies of arrays
  auto [k0, k1] = key;
#if defined(__CUDA_ARCH__) || defined(__clang__)
#pragma unroll
#elif defined(__GNUC__) && !defined(__CUDACC__)
#pragma GCC unroll 10 // an inner loop would keep the loop over coordinates from being vectorised
#endif
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {c0, c1, c2, c3};
}

/// The random stream of one image: `stream` tells one use (a restart, a step) from another.
struct random_stream {
  std::uint64_t seed = 0;
  std::uint32_t image = 0;
  std::uint32_t stream = 0;

  [[gnu::always_inline]] ADVX_HOST_DEVICE constexpr std::uint32_t bits(index_t coordinate,
                                                                       unsigned lane = 0) const noexcept {
    const auto c = static_cast<std::uint64_t>(coordinate);
    return philox({static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(c >> 32), image, stream},
                  {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)})[lane];
  }
  /// Uniform in (0, 1), never 0 or 1.
  template <class T>
  [[gnu::always_inline]] ADVX_HOST_DEVICE constexpr T uniform(index_t coordinate, unsigned lane = 0) const noexcept {
    return unit<T>(bits(coordinate, lane));
  }
  /// f(j, u) for j in [0, n), u uniform in (0, 1): a block of four numbers for four coordinates, and so a quarter of
  /// the work of `uniform`, whose numbers they are not.
  template <class T, class Team, class F>
  constexpr void each_uniform(const Team& team, index_t n, F f) const {
    const auto block = [s = *this](index_t b) __attribute__((always_inline)) {
      const auto c = static_cast<std::uint64_t>(b);
      return philox(
          {static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(c >> 32) | 0x80000000U, s.image, s.stream},
          {static_cast<std::uint32_t>(s.seed), static_cast<std::uint32_t>(s.seed >> 32)});
    };
    team.each(
        n / 4, [=](index_t b) __attribute__((always_inline)) {
          const auto words = block(b);
          f(4 * b, unit<T>(words[0]));
          f(4 * b + 1, unit<T>(words[1]));
          f(4 * b + 2, unit<T>(words[2]));
          f(4 * b + 3, unit<T>(words[3]));
        });
    const auto rest = block(n / 4);
    team.each(1, [=](index_t) {
      for (index_t j = n / 4 * 4; j < n; ++j) f(j, unit<T>(rest[static_cast<std::size_t>(j % 4)]));
    });
  }
  /// Exponential with mean 1.
  template <class T>
  ADVX_HOST_DEVICE constexpr T exponential(index_t coordinate, unsigned lane = 0) const noexcept {
    return -log(uniform<T>(coordinate, lane));
  }
  /// Standard normal, by Box and Muller's transform of the two first lanes.
  template <class T>
  ADVX_HOST_DEVICE T normal(index_t coordinate) const noexcept {
    const T radius = square_root(T(-2) * log(uniform<T>(coordinate, 0)));
    const T turn = uniform<T>(coordinate, 1) - T(0.5);
    return radius * cos_turn(turn);
  }

private:
  template <class T>
  ADVX_HOST_DEVICE static constexpr T unit(std::uint32_t bits) noexcept {
    return (T(bits >> 9) + T(0.5)) * T(1.0 / 8388608.0);
  }
};

} // namespace advx::kernel
