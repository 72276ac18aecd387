/// @file
/// What an optimizer is: a per-row state machine that asks for points and is told what the model says of them.
///
/// An optimizer is an aggregate of its parameters with
///  - `name`; `int steps`, the number of its steps;
///  - `vectors`, how many vectors of the image's size it keeps beside its iterate; `max_points`, the most points that
///  it
///    asks for at once; and `template <class T> row`, its scalars;
///  - `asks(row, step)`, which points it wants evaluated before step `step` (0 … steps; at `steps` it has ended and
///  asks
///    only for what is still to be judged);
///  - `start(team, row, place)` and `tell(team, row, place, objective)`, which makes one step;
///  - `point(place, i)`, the i-th point asked for: those that need a gradient come first;
///  - `needs_proximal` and `needs_direction`, which capability of the norm it uses.
///
/// `objective` offers `gradient(j)` of what is descended, `project(team, v)`, `step_scale`, and, as the form has them,
/// `proximal(t)` and `direction(team, kind, g)`; the last three and `project` return a function of (column, value).
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
  index_t step = 0; ///< steps made so far in this run

  ADVX_HOST_DEVICE constexpr T* vector(index_t i) const noexcept { return memory + i * size; }
};

} // namespace advx::optimizer
