/// @file
/// Constants of an ONNX model: initializers, and what is computed of them while it is read.
#pragma once

#include <advx/model/graph/builder.hpp>
#include <advx/model/onnx/file.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace advx::model::onnx {

using graph::extents;
using graph::fault;
using graph::view;

/// Stands in a shape where the number of images does: nothing may be computed with it.
inline constexpr std::int64_t batch_symbol = std::int64_t{1} << 60;

/// Constants. Integers are shapes, axes and positions; everything else is real.
struct tensor {
  extents dims;
  bool is_real = true;
  std::vector<float> reals;
  std::vector<std::int64_t> integers;

  std::size_t size() const noexcept { return is_real ? reals.size() : integers.size(); }
};

inline tensor integers(std::vector<std::int64_t> values) {
  return {{static_cast<index_t>(values.size())}, false, {}, std::move(values)};
}

namespace detail {

inline float from_half(std::uint16_t h) {
  const auto exponent = (h >> 10) & 31;
  const auto fraction = static_cast<float>(h & 1023);
  float value = exponent == 0 ? std::ldexp(fraction, -24)
                : exponent == 31
                    ? (fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN())
                    : std::ldexp(fraction + 1024, exponent - 25);
  return (h & 0x8000) != 0 ? -value : value;
}

/// Fills `to` with raw values of type U, or with the entries of a repeated field.
template <class U, class To, class Field, class Convert>
void take_values(const proto::TensorProto& from, const Field& field, std::vector<To>& to, std::size_t count,
                 const Convert& convert) {
  const std::size_t has =
      from.has_raw_data() ? from.raw_data().size() / sizeof(U) : static_cast<std::size_t>(field.size());
  if (has != count || (from.has_raw_data() && from.raw_data().size() % sizeof(U) != 0))
    throw fault("its data has " + std::to_string(has) + " values, its extents " + std::to_string(count) +
                "; the file is damaged");
  to.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    U value;
    if (from.has_raw_data())
      std::memcpy(&value, from.raw_data().data() + i * sizeof(U), sizeof(U));
    else
      value = static_cast<U>(field[static_cast<int>(i)]);
    to.push_back(convert(value));
  }
}

} // namespace detail

/// @throws fault for data outside of the file, of a type that is no number, or of another length than the extents say
inline tensor make_tensor(const proto::TensorProto& from) {
  static_assert(std::endian::native == std::endian::little, "advx: ONNX's raw data is little-endian");
  if (from.has_data_location() && from.data_location() == proto::TensorProto::EXTERNAL)
    throw fault("its data lies in another file; save the model in one file");
  if (from.has_segment()) throw fault("it is cut into segments, which are not supported");
  tensor to;
  to.dims.assign(from.dims().begin(), from.dims().end());
  const auto count = static_cast<std::size_t>(graph::size_of(to.dims));
  const auto to_float = [](auto v) { return static_cast<float>(v); };
  const auto to_integer = [](auto v) { return static_cast<std::int64_t>(v); };
  using proto_type = proto::TensorProto;
  switch (from.data_type()) {
  case proto_type::FLOAT:
    detail::take_values<float>(from, from.float_data(), to.reals, count, to_float);
    return to;
  case proto_type::DOUBLE:
    detail::take_values<double>(from, from.double_data(), to.reals, count, to_float);
    return to;
  case proto_type::FLOAT16:
    detail::take_values<std::uint16_t>(from, from.int32_data(), to.reals, count, detail::from_half);
    return to;
  case proto_type::BFLOAT16:
    detail::take_values<std::uint16_t>(from, from.int32_data(), to.reals, count,
                                       [](std::uint16_t h) { return std::bit_cast<float>(std::uint32_t{h} << 16); });
    return to;
  default:
    break;
  }
  to.is_real = false;
  switch (from.data_type()) {
  case proto_type::INT64:
    detail::take_values<std::int64_t>(from, from.int64_data(), to.integers, count, to_integer);
    break;
  case proto_type::INT32:
    detail::take_values<std::int32_t>(from, from.int32_data(), to.integers, count, to_integer);
    break;
  case proto_type::INT16:
    detail::take_values<std::int16_t>(from, from.int32_data(), to.integers, count, to_integer);
    break;
  case proto_type::INT8:
    detail::take_values<std::int8_t>(from, from.int32_data(), to.integers, count, to_integer);
    break;
  case proto_type::UINT8:
  case proto_type::BOOL:
    detail::take_values<std::uint8_t>(from, from.int32_data(), to.integers, count, to_integer);
    break;
  case proto_type::UINT16:
    detail::take_values<std::uint16_t>(from, from.int32_data(), to.integers, count, to_integer);
    break;
  case proto_type::UINT32:
    detail::take_values<std::uint32_t>(from, from.uint64_data(), to.integers, count, to_integer);
    break;
  case proto_type::UINT64:
    detail::take_values<std::uint64_t>(from, from.uint64_data(), to.integers, count, to_integer);
    break;
  default:
    throw fault("its values have type " + std::to_string(from.data_type()) +
                " (TensorProto.DataType); there are real numbers, integers and booleans");
  }
  return to;
}

} // namespace advx::model::onnx
