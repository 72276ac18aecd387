/// @file
/// Names for the integers that the library counts with.
#pragma once

#include <cstddef>
#include <cstdint>

namespace advx {

/// Signed size or position: rows, columns, images, classes.
using index_t = std::ptrdiff_t;

/// A class number in [0, class_count); `no_label` where there is none.
using label_t = std::int32_t;

/// Marks "no class" in a list of labels.
inline constexpr label_t no_label = -1;

} // namespace advx
