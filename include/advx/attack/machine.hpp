/// @file
/// The seam between attacks and the driver: ask and tell.
///
/// A *machine* runs an attack on a number of slots; each slot works on one image at its own pace, and has a `state`, a
/// value that the driver keeps. Nothing in it calls the model. The driver, once a tick, for every slot that is at work:
///
///  1. `request(state)`: how many points the slot wants to know about. None: the slot has finished.
///  2. `write(team, state, s, image, i, row)`: the i-th of them, in input space.
///  3. one forward pass over all slots' points;
///  4. `observe(team, state, s, image, answers)`: the verdict of the ledger on every point; true: the image is done.
///  5. `cotangent(team, state, s, image, i, answer, row)` for the first `gradients` points: writes what to pull back;
///     false: nothing, the gradient is 0. A machine that wants `cotangents` rows of the Jacobian at each point is asked
///     for so many, the i-th at the point i / cotangents;
///  6. one pullback of those rows, for each of the point's cotangents;
///  7. `advance(team, state, s, image, answers, gradients)`: the step, gradients[i] from the i-th cotangent. With
///     `static constexpr bool in_pass` that is true, and one point a tick, it takes `T* next` behind these: where the
///     next point will lie, or null; what it writes there `write` need not copy.
///
/// `begin(team, state, s, image)` puts a new image into a slot, whose state is fresh; the first point of its first tick
/// is the image itself, so that the driver learns the clean label and sees images that meet the goal already.
///
/// A machine is `template <class T>`, a view: trivially copyable, and so is its `state`. Its constructor (memory,
/// recipe, slots, size, classes) takes the slots' vectors from the run's `arena` by `memory.template take<T>(n)`;
/// nothing is allocated later. All other members are const `constexpr` row programs that change nothing but the state
/// and the slot's vectors: a device runs them with all threads of a block, each with its own copy of the state
/// (backend/thrust/block_team.hpp says what a program may do outside the team's calls). Two drivers run them,
/// worker.hpp slot by slot and lockstep.hpp all slots at once, both by slot_programs.hpp; a machine cannot tell which.
///
/// Beside the above it has `static constexpr index_t max_points`, the most that a slot asks for in one tick (a pass has
/// room for at least that; where it is full, a slot waits for a later one), `max_gradients` where fewer of them need a
/// gradient, `max_cotangents` and `cotangents()`, their number in a run, where that is not 1, and `tally(state)`.
/// `cotangent` and the `advance` of machines with `access::gradients` or `access::scores` are templates of the model's
/// score scale; `cotangent` and `gradients` exist with `access::gradients` only.
///
/// A recipe names its machine and states what it needs: `template <class T> using machine`, `access`, `check()`,
/// `confidence()`, `rankings()` (a `list` of norms; the first is the attack's own) and, where it has them,
/// `accepts(scale)`, `limit(image)`, the radius beyond which no point is a success, and `admits(team, image, x)`: may
/// x, of an image's first tick, be a result, as the original may be?
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
