/// @file
/// Differential evolution.
#pragma once

#include <advx/core/require.hpp>
#include <advx/kernel/math.hpp>
#include <advx/optimizer/people.hpp>

namespace advx::optimizer {

/// Storn & Price 1997: the child of member i is a + F·(b − c), clipped to the genes' ranges, for three other members a,
/// b, c drawn anew for each i; it takes its parent's place if it is as fit. Defaults are those of Su et al. 2019,
/// section III-B: no crossover.
struct differential_evolution {
  int population = 400;    ///< members, ≥ 4
  int steps = 100;         ///< generations after the first, ≥ 1
  double difference = 0.5; ///< F in (0, 2]
  double dither = 0;       ///< each generation has its own F, uniform in [difference, difference + dither]; ≥ 0
  double crossover = 1;    ///< CR in [0, 1], the share of genes that are not the parent's; one of them never is
  bool from_best = false;  ///< true: a is the fittest member (best1bin), and b, c are drawn

  static constexpr const char* name = "differential_evolution";
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    constexpr const char* who = "optimizer::differential_evolution";
    ::advx::detail::require(population >= 4 && population <= 1000000, who, "population", "population in [4, 1e6]",
                            population);
    ::advx::detail::require(steps >= 1, who, "steps", "steps >= 1", steps);
    ::advx::detail::require(difference > 0 && difference <= 2, who, "difference", "difference in (0, 2]", difference);
    ::advx::detail::require(dither >= 0 && dither <= 2, who, "dither", "dither in [0, 2]", dither);
    ::advx::detail::require(crossover >= 0 && crossover <= 1, who, "crossover", "crossover in [0, 1]", crossover);
  }

  template <class T>
  struct row {};

  /// Of the random bits at (p, genes), lanes 0 to 2 choose a, b, c (b, c from lanes 0 and 1 with `from_best`), lane 3
  /// the gene that is never the parent's; lane 0 at (p, g) decides on the crossover of gene g.
  template <class Team, class T, class Frame>
  constexpr index_t breed(const Team& team, row<T>&, const people<T>& all, const Frame& frame,
                          kernel::random_stream random) const {
    const T f =
        T(difference + (dither > 0 ? dither * random.template uniform<double>(all.coordinate(all.count, 0)) : 0.0));
    const index_t best = from_best ? all.best(team) : 0;
    team.each(all.count, [=, own = *this](index_t p) {
      const auto bits = lanes(random, all.coordinate(p, all.genes));
      index_t taken[4] = {p, 0, 0, 0};
      const index_t first = another(bits[0], taken, 1, all.count), second = another(bits[1], taken, 2, all.count),
                    third = another(bits[2], taken, 3, all.count);
      const T* a = all.member(own.from_best ? best : first);
      const T* b = all.member(own.from_best ? first : second);
      const T* c = all.member(own.from_best ? second : third);
      const T* parent = all.member(p);
      const bool crosses = own.crossover < 1;
      const index_t always = choice(bits[3], all.genes);
      T* child = all.child(p);
      frame.each_gene([&](index_t g, auto range) {
        const bool kept =
            crosses && g != always && !(random.template uniform<T>(all.coordinate(p, g)) < T(own.crossover));
        child[g] = kept ? parent[g] : kernel::clamp(a[g] + f * (b[g] - c[g]), range.low, range.high);
      });
    });
    return 0;
  }

  template <class Team, class T>
  constexpr void select(const Team& team, row<T>&, const people<T>& all) const {
    team.each(all.count, [=](index_t p) {
      if (!(all.offered[p] <= all.fitness[p])) return;
      all.fitness[p] = all.offered[p];
      for (index_t g = 0; g < all.genes; ++g) all.member(p)[g] = all.child(p)[g];
    });
  }

private:
  /// One that is none of the `known` that are taken, which stay in ascending order; it is the next of them. Without a
  /// branch: which way it goes is random.
  static constexpr index_t another(std::uint32_t bits, index_t* taken, int known, index_t count) noexcept {
    index_t chosen = choice(bits, count - known);
    for (int k = 0; k < known; ++k) chosen += chosen >= taken[k] ? 1 : 0;
    index_t greatest = chosen;
    for (int k = 0; k < known; ++k) {
      const index_t less = kernel::minimum(taken[k], greatest);
      greatest = kernel::maximum(taken[k], greatest);
      taken[k] = less;
    }
    taken[known] = greatest;
    return chosen;
  }
};

} // namespace advx::optimizer
