/// @file
/// What a loss answers for one row of scores.
///
/// A loss is an aggregate with `name`, `accepts(score_scale)` and
/// `operator()<Scale>(team, scores, classes, goal, summary, tie, cotangent)`: it returns its value and writes its
/// derivative by the scores. Attacks descend every loss, so that it falls as the goal comes nearer.
#pragma once

#include <advx/core/score_scale.hpp>
#include <advx/kernel/margin.hpp>

namespace advx::loss {

/// A loss's value on one row, and whether its cotangent is anything but zero.
template <class T>
struct value {
  T loss = 0;
  bool active = true; ///< false: the gradient is 0, and no pullback is needed
};

/// κ: the margin that a success needs; a loss without a confidence asks for none.
template <class Loss>
constexpr double confidence_of(const Loss& loss) {
  if constexpr (requires { loss.confidence; })
    return loss.confidence;
  else
    return 0;
}

} // namespace advx::loss
