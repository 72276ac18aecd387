/// @file
/// How the perturbations of all images become one: a random combination of their foremost singular vectors.
#pragma once

#include <advx/aggregate/svd.hpp>
#include <advx/core/require.hpp>
#include <advx/kernel/philox.hpp>

#include <cstdint>

namespace advx::aggregate {

/// Wu & Huberman 2017, eq. 8: Σ fᵢ·vᵢ over the first `rank` right singular vectors of the matrix whose rows are the
/// images' perturbations, each attacked by itself; fᵢ are normal with mean 0. The result keeps the matrix's singular
/// values as its spectrum.
struct low_rank {
  int rank = 10;         ///< a ≥ 1; as many as there are perturbations, where these are fewer
  double variance = 25;  ///< of fᵢ, > 0, in the images' unit squared
  bool failures = false; ///< are the perturbations of attacks that failed rows, too? As in Algorithm 3

  static constexpr const char* name = "low_rank";
  bool wants_failures() const { return failures; }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(rank >= 1, "aggregate::low_rank", "rank", "rank >= 1", rank);
    ::advx::detail::require(variance > 0 && variance < 1e30, "aggregate::low_rank", "variance", "variance > 0",
                            variance);
  }
  index_t block(index_t images) const { return images; }
  template <class T>
  void add(batch_view<const T> changes, std::uint64_t seed, T* v, std::vector<double>& spectrum) const {
    const auto of = decompose(changes);
    spectrum.assign(of.values.begin(), of.values.end());
    const kernel::random_stream draw{seed, 0, 0x10Fu};
    const index_t terms = std::min(static_cast<index_t>(rank), static_cast<index_t>(of.values.size()));
    for (index_t i = 0; i < terms; ++i) {
      const T f = T(std::sqrt(variance)) * draw.normal<T>(i);
      for (index_t j = 0; j < changes.cols; ++j) v[j] += f * of.right.row(i)[j];
    }
  }
};

} // namespace advx::aggregate
