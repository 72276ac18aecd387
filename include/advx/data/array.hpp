/// @file
/// The array that files are read into and written from: a type, a shape and the values, in C order.
#pragma once

#include <advx/core/error.hpp>
#include <advx/core/types.hpp>

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace advx::data {

static_assert(std::endian::native == std::endian::little, "advx: the file formats are read on little-endian machines");

/// The type of an array's values.
enum class dtype { float32, float64, uint8, int64 };

/// A C++ type that an array's values can have.
template <class T>
concept element =
    std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::uint8_t> || std::same_as<T, std::int64_t>;

/// The dtype of a C++ type.
template <element T>
inline constexpr dtype dtype_of = std::same_as<T, float>          ? dtype::float32
                                  : std::same_as<T, double>       ? dtype::float64
                                  : std::same_as<T, std::uint8_t> ? dtype::uint8
                                                                  : dtype::int64;

/// Calls `f` with a zero of the C++ type of `type`.
template <class F>
constexpr decltype(auto) with_type(dtype type, F&& f) {
  switch (type) {
  case dtype::float32:
    return f(float{});
  case dtype::float64:
    return f(double{});
  case dtype::uint8:
    return f(std::uint8_t{});
  default:
    return f(std::int64_t{});
  }
}

/// Bytes of one value.
constexpr std::size_t size_of(dtype type) {
  return with_type(type, [](auto zero) { return sizeof(zero); });
}

/// The type's name, as NumPy writes it.
constexpr const char* name_of(dtype type) {
  switch (type) {
  case dtype::float32:
    return "float32";
  case dtype::float64:
    return "float64";
  case dtype::uint8:
    return "uint8";
  default:
    return "int64";
  }
}

/// Bytes of an array of this shape; nothing if an extent is negative or the product of the extents (zeros left out)
/// does not fit an index_t.
inline std::optional<std::size_t> byte_count(std::span<const index_t> shape, dtype type) {
  auto bytes = static_cast<index_t>(size_of(type));
  bool empty = false;
  for (const index_t extent : shape) {
    if (extent < 0) return std::nullopt;
    if (extent == 0)
      empty = true;
    else if (__builtin_mul_overflow(bytes, extent, &bytes))
      return std::nullopt;
  }
  return empty ? 0 : static_cast<std::size_t>(bytes);
}

/// "(60000, 28, 28)"
inline std::string to_string(std::span<const index_t> shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

namespace detail {

/// Does `value` convert to `To` without a change (integers), or at all (floating point)?
template <class To, class From>
constexpr bool converts(From value) {
  if constexpr (std::floating_point<To>)
    return true;
  else if constexpr (std::integral<From>)
    return std::in_range<To>(value);
  else { // both bounds are powers of two, or zero: exact as floating point
    const From above = std::ldexp(From{1}, std::numeric_limits<To>::digits);
    const From below = std::is_signed_v<To> ? -above : From{0};
    return value >= below && value < above && value == std::trunc(value);
  }
}

} // namespace detail

/// A type, a shape and the values, row-major. `bytes` holds as many values as the shape's product.
struct array {
  dtype type = dtype::float32;
  std::vector<index_t> shape = {0};
  std::vector<std::byte> bytes;

  /// Number of values.
  index_t size() const noexcept { return static_cast<index_t>(bytes.size() / size_of(type)); }

  /// The values, which must be of exactly this type. @throws argument_error for another type
  template <element T>
  std::span<const T> as() const {
    require(dtype_of<T>);
    return {reinterpret_cast<const T*>(bytes.data()), static_cast<std::size_t>(size())};
  }
  template <element T>
  std::span<T> as() {
    require(dtype_of<T>);
    return {reinterpret_cast<T*>(bytes.data()), static_cast<std::size_t>(size())};
  }

  /// A converted copy: floating point rounds to nearest, an integer must hold the value exactly.
  /// @throws argument_error naming the first value that does not fit
  template <class T>
    requires(std::is_arithmetic_v<T> && !std::same_as<T, bool>)
  std::vector<T> to()
  const {
    return with_type(type, [&](auto zero) {
      const auto source = as<decltype(zero)>();
      std::vector<T> result(source.size());
      for (std::size_t i = 0; i < source.size(); ++i) {
        if (!detail::converts<T>(source[i]))
          throw argument_error("advx: array value " + std::to_string(source[i]) + " at position " + std::to_string(i) +
                               " does not fit the integer type asked for; convert to a wider or a floating type");
        result[i] = static_cast<T>(source[i]);
      }
      return result;
    });
  }

  friend bool operator==(const array&, const array&) = default;

private:
  void require(dtype wanted) const {
    if (type != wanted)
      throw argument_error(std::string("advx: array holds ") + name_of(type) + ", not " + name_of(wanted) +
                           "; use to<T>() for a converted copy");
  }
};

/// An array of this shape with a copy of `values`. @throws argument_error if the shape's product is not their number
template <element T>
array make_array(std::vector<index_t> shape, std::span<const T> values) {
  if (byte_count(shape, dtype_of<T>) != values.size_bytes())
    throw argument_error("advx: shape " + to_string(shape) + " does not describe " + std::to_string(values.size()) +
                         " values; the product of the extents must be their number");
  array result{dtype_of<T>, std::move(shape), std::vector<std::byte>(values.size_bytes())};
  if (!values.empty()) std::memcpy(result.bytes.data(), values.data(), values.size_bytes());
  return result;
}
template <element T>
array make_array(std::vector<index_t> shape, const std::vector<T>& values) {
  return make_array(std::move(shape), std::span<const T>(values));
}

/// The first `count` rows (extents of the first axis).
/// @throws argument_error if the array has no axis or fewer rows
inline array first_rows(const array& a, index_t count) {
  if (a.shape.empty() || count < 0 || count > a.shape[0])
    throw argument_error("advx: first_rows: " + std::to_string(count) + " rows asked of an array of shape " +
                         to_string(a.shape) + "; ask for no more than there are");
  array result{a.type, a.shape, {}};
  result.shape[0] = count;
  const auto end = static_cast<std::ptrdiff_t>(byte_count(result.shape, a.type).value_or(0));
  result.bytes.assign(a.bytes.begin(), a.bytes.begin() + end);
  return result;
}

} // namespace advx::data
