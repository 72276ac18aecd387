/// @file
/// A genetic algorithm: GenAttack's.
#pragma once

#include <advx/core/require.hpp>
#include <advx/kernel/math.hpp>
#include <advx/optimizer/people.hpp>

#include <limits>

namespace advx::optimizer {

/// Alzantot et al. 2019, Algorithm 1: the fittest member goes on as it is; each other child mixes the genes of two
/// members, drawn by a softmax of their fitness, and mutates. With `adapts`, section 4.4, rate and range of mutations
/// fall where the fittest no longer gains.
struct genetic {
  int population = 6;     ///< members, ≥ 2
  int steps = 20000;      ///< generations after the first, ≥ 1
  double rate = 0.05;     ///< ρ in [0, 1], a gene's probability to mutate
  double range = 1;       ///< α in (0, 1]: a mutation is uniform within ±α of half the gene's range
  double temperature = 1; ///< > 0, of the softmax that draws parents: the lower, the more the fittest are preferred
  bool adapts = false;    ///< true: ρ = max(0.1, 0.5·0.9ⁿ) and α = max(0.15, 0.4·0.9ⁿ) after n plateaus
  int patience = 100;     ///< generations without gain that make a plateau, ≥ 1

  static constexpr const char* name = "genetic";
  static constexpr index_t max_points = 16; ///< of a pass
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    constexpr const char* who = "optimizer::genetic";
    ::advx::detail::require(population >= 2 && population <= 1000000, who, "population", "population in [2, 1e6]",
                            population);
    ::advx::detail::require(steps >= 1, who, "steps", "steps >= 1", steps);
    ::advx::detail::require(rate >= 0 && rate <= 1, who, "rate", "rate in [0, 1]", rate);
    ::advx::detail::require(range > 0 && range <= 1, who, "range", "range in (0, 1]", range);
    ::advx::detail::require(temperature > 0, who, "temperature", "temperature > 0", temperature);
    ::advx::detail::require(patience >= 1, who, "patience", "patience >= 1", patience);
  }

  template <class T>
  struct row {
    T least = std::numeric_limits<T>::max(); ///< loss of the fittest so far
    int waited = 0;                          ///< generations since it has fallen
    double rate = 0.5, range = 0.4;          ///< of `adapts`
  };

  template <class Team, class T>
  constexpr void select(const Team& team, row<T>& r, const people<T>& all) const {
    team.each(all.count * all.genes, [=](index_t k) { all.members[k] = all.children[k]; });
    team.each(all.count, [=](index_t p) { all.fitness[p] = all.offered[p]; });
    const T now = all.fitness[all.best(team)];
    r.waited = now < r.least ? 0 : r.waited + 1;
    r.least = kernel::minimum(r.least, now);
    if (r.waited < patience) return;
    r.waited = 0;
    r.rate = kernel::maximum(0.1, 0.9 * r.rate);
    r.range = kernel::maximum(0.15, 0.9 * r.range);
  }

  /// Lanes 0 and 1 at (p, genes) draw the parents; at (p, g) lane 0 chooses between them, lane 1 whether the gene
  /// mutates, and lane 2 how far.
  template <class Team, class T, class Frame>
  constexpr index_t breed(const Team& team, row<T>& r, const people<T>& all, const Frame& frame,
                          kernel::random_stream random) const {
    const index_t best = all.best(team);
    const T least = all.fitness[best];
    const auto weight = [=, own = *this](index_t p) {
      return kernel::exp((least - all.fitness[p]) / T(own.temperature));
    };
    T total = 0;
    for (index_t p = 0; p < all.count; ++p) total += weight(p);
    const T mutates = T(adapts ? r.rate : rate), reach = T(adapts ? r.range : range) / T(2);
    for (index_t p = 1; p < all.count; ++p) {
      const index_t at = all.coordinate(p, all.genes);
      const index_t mother = drawn(weight, all.count, total * random.template uniform<T>(at, 0));
      const index_t father = drawn(weight, all.count, total * random.template uniform<T>(at, 1));
      const T share = weight(mother) / (weight(mother) + weight(father));
      team.each(all.genes, [=](index_t g) {
        const auto bits = lanes(random, all.coordinate(p, g));
        const auto bounds = frame.range(g);
        T value = (uniform<T>(bits[0]) < share ? all.member(mother) : all.member(father))[g];
        const T moved = value + reach * (bounds.high - bounds.low) * (T(2) * uniform<T>(bits[2]) - T(1));
        value = uniform<T>(bits[1]) < mutates ? moved : value;
        all.child(p)[g] = kernel::clamp(value, bounds.low, bounds.high);
      });
    }
    team.each(all.genes, [=](index_t g) { all.child(0)[g] = all.member(best)[g]; });
    team.each(1, [=](index_t) { all.offered[0] = least; });
    return 1; // the fittest is known
  }

private:
  /// The person in whose part of [0, total) the value lies.
  template <class T, class Weight>
  static constexpr index_t drawn(const Weight& weight, index_t count, T value) {
    for (index_t p = 0; p < count - 1; ++p) {
      value -= weight(p);
      if (value < T(0)) return p;
    }
    return count - 1;
  }
  /// Uniform in (0, 1), as a random_stream's.
  template <class T>
  static constexpr T uniform(std::uint32_t bits) noexcept {
    return (T(bits >> 9) + T(0.5)) * T(1.0 / 8388608.0);
  }
};

} // namespace advx::optimizer
