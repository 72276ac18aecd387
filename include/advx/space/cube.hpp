/// @file
/// The L∞ ball, a gene for each coordinate.
#pragma once

#include <advx/core/image.hpp>
#include <advx/space/gene_range.hpp>

namespace advx::space {

/// The genes of `cube`: δ of each coordinate as a share of the radius, in [−1, 1].
template <class T>
struct cube_frame {
  index_t genes = 0;

  constexpr bool is_value(index_t) const noexcept { return false; }
  constexpr gene_range<T> range(index_t) const noexcept { return {T(-1), T(1)}; }
  /// f(gene, its range) for each.
  template <class F>
  constexpr void each_gene(F f) const {
    for (index_t g = 0; g < genes; ++g) f(g, range(g));
  }
  /// Can a point of this radius differ from the original?
  constexpr bool moves(double radius) const noexcept { return radius > 0; }

  template <class Norm, class Team>
  constexpr void decode(const Norm& norm, const Team& team, const image_ref<T>& image, double radius, const T* gene,
                        T* out) const {
    const auto value = [=, x0 = image.original](index_t j) { return x0[j] + T(radius) * gene[j]; };
    const auto project = norm.projection(team, image, radius, value);
    team.each(genes, [=](index_t j) { out[j] = project(j, value(j)); });
  }
};

/// The space of attacks that evolve whole perturbations in the L∞ ball.
struct cube {
  static constexpr const char* name = "cube";
  template <class Norm>
  static constexpr bool fits = is_named<Norm>("linf");

  template <class T>
  constexpr cube_frame<T> on(index_t size, double) const {
    return {size};
  }
};

} // namespace advx::space
