/// @file
/// What spaces that are evolved in have in common.
#pragma once

namespace advx::space {

/// Where a gene may lie.
template <class T>
struct gene_range {
  T low = 0, high = 1;
};

/// Is it the norm of that name?
template <class Norm>
constexpr bool is_named(const char* name) {
  const char* own = Norm::name;
  for (; *own != 0 && *own == *name; ++own) ++name;
  return *own == *name;
}

} // namespace advx::space
