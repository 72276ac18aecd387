/// @file
/// Elementary functions that vectorise and have the same bits on every host backend: no branch, no table, no libm.
///
/// Errors (measured in tests/kernel): at most 2 units in the last place for exp and log, 3 for sigmoid and tanh.
#pragma once

#include <advx/core/host_device.hpp>

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace advx::kernel {

namespace detail {

template <class T>
struct float_layout;
template <>
struct float_layout<float> {
  using bits = std::int32_t;
  using magnitude_bits = std::uint32_t;
  static constexpr int mantissa = 23;
  static constexpr bits bias = 127;
  static constexpr float shifter = 12582912.0F; // 1.5·2^23: adding it rounds to an integer held in the low bits
  static constexpr float ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
  static constexpr float exp_low = -87.0F, exp_high = 88.0F, tanh_high = 9.5F;
};
template <>
struct float_layout<double> {
  using bits = std::int64_t;
  using magnitude_bits = std::uint64_t;
  static constexpr int mantissa = 52;
  static constexpr bits bias = 1023;
  static constexpr double shifter = 6755399441055744.0; // 1.5·2^52
  static constexpr double ln2_high = 0.693145751953125, ln2_low = 1.42860682030941723212e-6;
  static constexpr double exp_low = -708.0, exp_high = 709.0, tanh_high = 20.0;
};

/// exp(r) − 1 for |r| ≤ ln2/2 by its Taylor series, long enough for the type.
template <class T>
ADVX_HOST_DEVICE constexpr T expm1_reduced(T r) noexcept {
  T p;
  if constexpr (std::is_same_v<T, float>) {
    p = T(1) / T(5040);
  } else {
    p = T(1) / T(6227020800);
    p = p * r + T(1) / T(479001600);
    p = p * r + T(1) / T(39916800);
    p = p * r + T(1) / T(3628800);
    p = p * r + T(1) / T(362880);
    p = p * r + T(1) / T(40320);
    p = p * r + T(1) / T(5040);
  }
  p = p * r + T(1) / T(720);
  p = p * r + T(1) / T(120);
  p = p * r + T(1) / T(24);
  p = p * r + T(1) / T(6);
  p = p * r + T(1) / T(2);
  return r + r * r * p;
}

template <class T>
struct reduced {
  T rest;  ///< |rest| ≤ ln2/2
  T scale; ///< a power of two: x = rest + log(scale)
};

template <class T>
ADVX_HOST_DEVICE constexpr reduced<T> reduce(T x) noexcept {
  using L = float_layout<T>;
  using bits = typename L::bits;
  const T shifted = x * T(1.44269504088896340736) + L::shifter;
  const T n = shifted - L::shifter;
  const bits exponent = std::bit_cast<bits>(shifted) - std::bit_cast<bits>(L::shifter);
  return {(x - n * L::ln2_high) - n * L::ln2_low, std::bit_cast<T>((exponent + L::bias) << L::mantissa)};
}

template <class T>
using bits_of = typename float_layout<T>::magnitude_bits;
template <class T>
inline constexpr bits_of<T> sign_bit = bits_of<T>(1) << (8 * sizeof(T) - 1);

/// a where `first`, else b, without a branch.
template <class T>
ADVX_HOST_DEVICE constexpr T select(bool first, T a, T b) noexcept {
  using bits = bits_of<T>;
  const bits mask = bits(0) - bits(first);
  return std::bit_cast<T>((std::bit_cast<bits>(a) & mask) | (std::bit_cast<bits>(b) & ~mask));
}

} // namespace detail

// How constants are compared with, here and below, decides whether a loop is vectorised. g++ carries what is computed
// from `x < c ? c : x` back into the branch where it is a constant (its partial redundancy elimination); what is left
// is control flow, which without AVX-512's masks is no vector code. A step that involves another variable (with_sign),
// or a comparison of bits, keeps it from that.

template <class T>
ADVX_HOST_DEVICE constexpr T minimum(T a, T b) noexcept {
  return b < a ? b : a;
}
template <class T>
ADVX_HOST_DEVICE constexpr T maximum(T a, T b) noexcept {
  return a < b ? b : a;
}
/// x limited to [low, high]; NaN stays NaN.
template <class T>
ADVX_HOST_DEVICE constexpr T clamp(T x, T low, T high) noexcept {
  return minimum(maximum(x, low), high);
}
template <class T>
ADVX_HOST_DEVICE constexpr T absolute(T x) noexcept {
  if constexpr (std::is_floating_point_v<T>)
    return std::bit_cast<T>(std::bit_cast<detail::bits_of<T>>(x) & ~detail::sign_bit<T>);
  else
    return x < T(0) ? -x : x;
}
/// `magnitude`, which is ≥ 0 or has x's sign already, with the sign of x, which may be that of a zero or NaN.
template <class T>
ADVX_HOST_DEVICE constexpr T with_sign(T magnitude, T x) noexcept {
  using bits = detail::bits_of<T>;
  return std::bit_cast<T>(std::bit_cast<bits>(magnitude) | (std::bit_cast<bits>(x) & detail::sign_bit<T>));
}
/// −1, 0 or 1; of NaN 0.
template <class T>
ADVX_HOST_DEVICE constexpr T sign(T x) noexcept {
  return detail::select(T(0) < absolute(x), with_sign(T(1), x), T(0));
}

/// eˣ; the argument is limited to the range in which the result is a normal number.
template <class T>
ADVX_HOST_DEVICE constexpr T exp(T x) noexcept {
  using L = detail::float_layout<T>;
  const auto [rest, scale] = detail::reduce(with_sign(clamp(x, L::exp_low, L::exp_high), x));
  return scale + scale * detail::expm1_reduced(rest);
}

/// tanh x = e/(e+2) with e = exp(2|x|) − 1, accurate to the last digits near 0 as well; odd to the bit.
template <class T>
ADVX_HOST_DEVICE constexpr T tanh(T x) noexcept {
  using L = detail::float_layout<T>;
  const T size = absolute(x);
  const T a = detail::select(L::tanh_high < size, L::tanh_high, size); // NaN stays NaN
  const auto [rest, scale] = detail::reduce(a + a);
  const T e = scale * detail::expm1_reduced(rest) + (scale - T(1));
  const T t = e / (e + T(2));
  return with_sign(t, x);
}

/// 1 / (1 + e⁻ˣ).
template <class T>
ADVX_HOST_DEVICE constexpr T sigmoid(T x) noexcept {
  return T(1) / (T(1) + exp(-x));
}

/// ln x for finite x > 0 that is a normal number; smaller arguments count as the smallest normal number.
template <class T>
ADVX_HOST_DEVICE constexpr T log(T x) noexcept {
  using L = detail::float_layout<T>;
  using bits = typename L::bits;
  constexpr T least = std::numeric_limits<T>::min();
  const T safe = detail::select(x < least, least, x);
  // Split at √2, so that the mantissa m lies in [√½, √2).
  const bits offset = std::bit_cast<bits>(T(0.70710678118654752440));
  const bits raw = std::bit_cast<bits>(safe);
  const bits exponent = (raw - offset) >> L::mantissa;
  const T m = std::bit_cast<T>(raw - (exponent << L::mantissa));
  const T f = (m - T(1)) / (m + T(1));
  const T s = f * f;
  T p;
  if constexpr (std::is_same_v<T, float>) {
    p = T(2) / T(9);
  } else {
    p = T(2) / T(21);
    p = p * s + T(2) / T(19);
    p = p * s + T(2) / T(17);
    p = p * s + T(2) / T(15);
    p = p * s + T(2) / T(13);
    p = p * s + T(2) / T(11);
    p = p * s + T(2) / T(9);
  }
  p = p * s + T(2) / T(7);
  p = p * s + T(2) / T(5);
  p = p * s + T(2) / T(3);
  const T e = T(exponent);
  // 2·atanh(f) = 2f + f·s·p, with 2f = (m−1) − f·(m−1) to keep the digits that the division lost.
  const T tail = f * (s * p - (m - T(1)));
  return e * L::ln2_high + ((m - T(1)) + (tail + e * L::ln2_low));
}

/// Inverse of tanh on (−1, 1).
template <class T>
ADVX_HOST_DEVICE constexpr T atanh(T x) noexcept {
  return T(0.5) * log((T(1) + x) / (T(1) - x));
}

/// cos(2πt) for t in [−½, ½].
template <class T>
ADVX_HOST_DEVICE constexpr T cos_turn(T t) noexcept {
  // cos(2πt) = −sin(2π(|t| − ¼)); the argument of the series stays within ±π/2.
  const T a = (absolute(t) - T(0.25)) * T(6.28318530717958647692);
  const T s = a * a;
  T p = T(1) / T(6227020800);
  p = p * s - T(1) / T(39916800);
  p = p * s + T(1) / T(362880);
  p = p * s - T(1) / T(5040);
  p = p * s + T(1) / T(120);
  p = p * s - T(1) / T(6);
  return -(a + a * s * p);
}

/// √x for x ≥ 0, relative error at most 1e-6 (float) and 1e-15 (double), in few multiplications and without the unit
/// that divides: for step lengths, in loops that are to vectorise whatever the compiler's flags are (the library's
/// function sets errno, and that keeps a loop from being vectorised). Smaller arguments count as the smallest normal
/// number.
template <class T>
ADVX_HOST_DEVICE constexpr T vector_sqrt(T x) noexcept {
  using bits = detail::bits_of<T>;
  constexpr bits least = std::bit_cast<bits>(std::numeric_limits<T>::min());
  // As integers: see above.
  const T safe = std::bit_cast<T>(maximum(std::bit_cast<bits>(x), least));
  // Newton's steps towards 1/√x from a guess made of the exponent.
  if constexpr (sizeof(T) == 4) {
    // The first step's constants halve its greatest error several times (Moroz et al. 2018).
    T y = std::bit_cast<T>(bits{0x5f1ffff9U} - (std::bit_cast<bits>(safe) >> 1));
    y = y * (T(1.68191390868723079) - T(0.703952253) * safe * y * y);
    const T root = safe * y;
    return root + root * (T(0.5) - root * (T(0.5) * y));
  } else {
    T y = std::bit_cast<T>(bits{0x5fe6eb50c7b537a9ULL} - (std::bit_cast<bits>(safe) >> 1));
    const T half = T(0.5) * safe;
    y = y * (T(1.5) - half * y * y);
    y = y * (T(1.5) - half * y * y);
    y = y * (T(1.5) - half * y * y);
    const T root = safe * y;
    return root + T(0.5) * y * (safe - root * root);
  }
}

/// √x, correctly rounded by the machine's own instruction.
template <class T>
ADVX_HOST_DEVICE inline T square_root(T x) noexcept {
  if constexpr (std::is_same_v<T, float>)
    return __builtin_sqrtf(x);
  else
    return __builtin_sqrt(x);
}

/// May the value be computed with: neither NaN nor infinite?
template <class T>
ADVX_HOST_DEVICE constexpr bool is_finite(T x) noexcept {
  return absolute(x) <= std::numeric_limits<T>::max();
}

} // namespace advx::kernel
