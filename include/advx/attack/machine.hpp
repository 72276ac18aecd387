/// @file
/// The seam between attacks and the driver: ask and tell.
///
/// A *machine* is an attack's state for a number of slots; each slot works on one image at its own pace. Nothing in it
/// calls the model. The driver, once a tick, for every slot that is at work:
///
///  1. `request(s)`: how many points the slot wants to know about. None: the slot has finished.
///  2. `write(team, s, image, i, row)`: the i-th of them, in input space.
///  3. one forward pass over all slots' points;
///  4. `observe(team, s, image, answers)`: the verdict of the ledger on every point; true: nothing more is needed.
///  5. `cotangent(team, s, image, i, answer, row)` for the first `gradients` points: what to pull back; false: zero.
///  6. one pullback of those rows;
///  7. `advance(team, s, image, answers, gradients)`: the step.
///
/// `begin` puts a new image into a slot; the first point of its first tick is the image itself, so that the driver
/// learns the clean label and sees images that meet the goal already. All members but `begin` and the constructor are
/// row programs.
///
/// A machine is `template <class T, class Backend>`, constructed from (backend, recipe, slots, size, classes). Beside
/// the above it has `static constexpr index_t max_points`, the most that a slot asks for in one tick (a pass has room
/// for at least that; where it is full, a slot waits for a later one), and `tally(s)`. `cotangent` and the `advance` of
/// machines with `access::gradients` or `access::scores` are templates of the model's score scale; `cotangent` and
/// `gradients` exist with `access::gradients` only.
///
/// A recipe names its machine and states what it needs: `template <class T, class Backend> using machine`, `access`,
/// `check()`, `confidence()`, `rankings()` (a tuple of norms; the first is the attack's own) and, where it has them,
/// `accepts(scale)` and `limit(image)`, the radius beyond which no point is a success.
#pragma once

#include <advx/core/image.hpp>
#include <advx/kernel/margin.hpp>

#include <cstdint>

namespace advx::attack {

/// What a recipe needs of a model.
enum class access { labels, scores, gradients };

/// What a slot asks for in one tick. Points that need a gradient come first; points before `judged_from` are auxiliary
/// and never become results.
struct request {
  index_t gradients = 0;
  index_t scores = 0;
  index_t judged_from = 0;

  constexpr index_t total() const noexcept { return gradients + scores; }
};

/// What the driver answers for one point.
template <class T>
struct answer {
  const T* point = nullptr;  ///< the point, in input space
  const T* scores = nullptr; ///< the model's scores; null if it answers labels only
  kernel::score_summary<T> summary{};
  bool success = false; ///< the point meets the goal with the confidence that the recipe asks for
};

/// Counters that a machine keeps for the result.
struct tally {
  std::int64_t iterations = 0;
  double constant = 0;
};

} // namespace advx::attack
