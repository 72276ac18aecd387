/// @file
/// What an optimizer is: a per-row state machine that asks for points and is told what the model says of them.
///
/// An optimizer is an aggregate of its parameters with
///  - `name`; `int steps`, the number of its steps;
///  - `vectors`, how many vectors of the image's size it keeps beside its iterate;
///  - `max_points`, the most points that it asks for at once;
///  - `template <class T> row`, its scalars, a trivially copyable value;
///  - `asks_for(row, step)`, which points it wants evaluated before step `step` (0 … steps; at `steps` it has ended,
///    and asks only for what is still to be judged);
///  - `start(team, row, place)` and `tell(team, row, place, objective)`, which makes one step;
///  - `point(place, i)`, the i-th point asked for: those that need a gradient come first;
///  - `needs_proximal` and `needs_direction`, which capability of the norm it uses;
///  - `check()`, which throws argument_error, where it has parameters;
///  - where it has them: `static constexpr bool needs_value = true`, if it is to be told what the objective's value is,
///    and `needs_bounds = true`, if it asks for the iterate's bounds; such an optimizer may end before `steps`, or make
///    more than one call of `tell` a step; `vector_count()` in place of `vectors`, if the number of vectors depends on
///    its parameters; `number_count()`, how many numbers of type double it keeps beside them; `moves = true`, if `tell`
///    reads the iterate at `place.from` alone and writes it at `place.iterate`: it may then be moved from pass to pass;
///    `checks = true`, if `tell` returns whether all of the gradient was finite: nobody else then looks.
///
/// All but `check()` are constexpr row programs: what touches a vector goes through the team.
///
/// `objective` offers `gradient(j)` of what is descended, `project(team, v)`, `step_scale`, and, as the form has them,
/// `proximal(t)` and `direction(team, kind, g)`; the last two and `project` return a function of (column, value). With
/// `needs_value`, `value` is the objective at the point of `gradient`; `lower(j)` and `upper(j)` bound the iterate, and
/// may be infinite.
#pragma once

#include <advx/core/host_device.hpp>
#include <advx/core/types.hpp>

namespace advx::optimizer {

/// A tick's questions: `gradients` points at which the loss's gradient is wanted, then `scores` points that are judged
/// only. `judged_from`: points before it are auxiliary (they may lie outside the box) and never count as results.
struct asks {
  index_t gradients = 0;
  index_t scores = 0;
  index_t judged_from = 0;

  ADVX_HOST_DEVICE constexpr index_t total() const noexcept { return gradients + scores; }
};

/// Where an optimizer's vectors lie for one row.
template <class T>
struct place {
  T* iterate = nullptr; ///< the point that it moves
  T* memory = nullptr;  ///< `vectors` further vectors, one after the other
  index_t size = 0;
  index_t step = 0;          ///< steps made so far in this run
  double* numbers = nullptr; ///< `number_count()` further numbers
  const T* from = iterate;   ///< where `tell` finds the iterate, for optimizers with `moves`

  ADVX_HOST_DEVICE constexpr T* vector(index_t i) const noexcept { return memory + i * size; }
};

/// How many vectors an optimizer keeps beside its iterate.
template <class Optimizer>
constexpr index_t vectors_of(const Optimizer& optimizer) {
  if constexpr (requires { optimizer.vector_count(); })
    return optimizer.vector_count();
  else
    return Optimizer::vectors;
}
/// How many numbers of type double it keeps beside them.
template <class Optimizer>
constexpr index_t numbers_of(const Optimizer& optimizer) {
  if constexpr (requires { optimizer.number_count(); })
    return optimizer.number_count();
  else
    return 0;
}
/// Is it to be told the objective's value?
template <class Optimizer>
inline constexpr bool needs_value = requires {
  requires Optimizer::needs_value;
};
/// Does it read the iterate in one place and write it in another?
template <class Optimizer>
inline constexpr bool moves = requires {
  requires Optimizer::moves;
};
/// Does it look for NaN and infinity in the gradient?
template <class Optimizer>
inline constexpr bool checks = requires {
  requires Optimizer::checks;
};
/// Does it ask for the iterate's bounds?
template <class Optimizer>
inline constexpr bool needs_bounds = requires {
  requires Optimizer::needs_bounds;
};

} // namespace advx::optimizer
