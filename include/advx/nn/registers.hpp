/// @file
/// Runs a loop with the widest vector instructions that the machine has, found at run time, so that a program built for
/// any x86-64 processor does not pay for it.
#pragma once

#include <advx/core/types.hpp>

namespace advx::nn::detail {

/// What a loop may use of a processor: bytes a register; for products, registers a panel and accumulators in all.
struct register_plan {
  int bytes;
  int panel;
  int accumulators;
};
inline constexpr register_plan plain_registers{16, 2, 8}, avx2_registers{32, 2, 12}, avx512_registers{64, 4, 24};

inline const register_plan& machine_registers() {
  static const register_plan plan = [] {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return avx512_registers;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2_registers;
#endif
    return plain_registers;
  }();
  return plan;
}

#if defined(__x86_64__)
template <class F>
[[gnu::noinline, gnu::target("avx512f,avx2,fma")]] void run_on_avx512(const F& f) {
  f.template operator()<avx512_registers>();
}
template <class F>
[[gnu::noinline, gnu::target("avx2,fma")]] void run_on_avx2(const F& f) {
  f.template operator()<avx2_registers>();
}
#endif

/// Calls f<plan>(), compiled for the machine's widest registers. `f` and what it calls must be inlined
/// (`__attribute__((always_inline))`): only then is it compiled anew.
template <class F>
void on_widest_registers(const F& f) {
#if defined(__x86_64__)
  switch (machine_registers().bytes) {
  case avx512_registers.bytes:
    return run_on_avx512(f);
  case avx2_registers.bytes:
    return run_on_avx2(f);
  default:
    break;
  }
#endif
  f.template operator()<plain_registers>();
}

} // namespace advx::nn::detail
