/// @file
/// What a model's scores mean: part of the model's type, since losses depend on it.
#pragma once

namespace advx {

/// The scale of a model's scores. A loss states which scales it accepts, and the compiler holds it to that.
enum class score_scale {
  logits,            ///< any real numbers; softmax turns them into probabilities
  probabilities,     ///< in [0, 1], a row sums to 1
  log_probabilities, ///< logarithms of probabilities
};

} // namespace advx
