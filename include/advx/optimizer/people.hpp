/// @file
/// A population and its children: what optimizers that evolve one work on.
#pragma once

#include <advx/core/types.hpp>
#include <advx/kernel/philox.hpp>

#include <array>
#include <cstdint>

namespace advx::optimizer {

/// `count` members and as many children, each of `genes` values, and what is minimised of each.
///
/// An optimizer that evolves them is an aggregate with `population` (their number), `steps` (the generations after the
/// first), `check()`, a trivially copyable `row<T>`, its state, and two row programs:
///
///  - `select(team, row, people)`: all children's fitness is known; who are the members now? Of the first generation,
///    members have the fitness `max()`, and all children become members;
///  - `breed(team, row, people, frame, random)` writes the next children; returns the first whose fitness is unknown.
///
/// The random numbers of a generation are those of `random`; gene g of person p has the coordinate `coordinate(p, g)`,
/// person p's own choices `coordinate(p, genes)`, those of all `coordinate(count, 0)` and the ones behind it.
template <class T>
struct people {
  T *members, *children;
  T *fitness, *offered; ///< of members, of children: the less, the fitter
  index_t count, genes;

  constexpr T* member(index_t p) const noexcept { return members + p * genes; }
  constexpr T* child(index_t p) const noexcept { return children + p * genes; }
  constexpr index_t coordinate(index_t p, index_t gene) const noexcept { return p * (genes + 1) + gene; }

  /// The first of the fittest members.
  template <class Team>
  constexpr index_t best(const Team& team) const {
    return team.template argmax<T>(count, [f = fitness](index_t p) { return -f[p]; });
  }
};

/// The four lanes of `random.bits(coordinate)` at once.
constexpr std::array<std::uint32_t, 4> lanes(const kernel::random_stream& random, index_t coordinate) noexcept {
  const auto c = static_cast<std::uint64_t>(coordinate);
  return kernel::philox(
      {static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(c >> 32), random.image, random.stream},
      {static_cast<std::uint32_t>(random.seed), static_cast<std::uint32_t>(random.seed >> 32)});
}

/// A number in [0, n) from 32 random bits.
constexpr index_t choice(std::uint32_t bits, index_t n) noexcept {
  return static_cast<index_t>((std::uint64_t{bits} * static_cast<std::uint64_t>(n)) >> 32);
}

} // namespace advx::optimizer
