/// @file
/// The readable twins of the model concepts: a chain of assertions of which only the first that fails speaks.
#pragma once

#include <advx/concepts/model.hpp>

namespace advx::detail {

template <class Model, class Backend>
struct require_labels {
  static_assert(openable<Model, Backend>,
                "advx: a model needs `using scalar = float;` (or double), `input_size()`, `class_count()` and "
                "`session(backend, capacity)`; wrap plain functions with advx::model::callable [docs/models.md]");
  static_assert(
      !openable<Model, Backend> || label_model<Model, Backend>,
      "advx: a model's session needs `forward(images, scores)`, or `labels(images, labels)` if it only decides "
      "[docs/models.md]");
  static constexpr bool value = label_model<Model, Backend>;
};

template <class Model, class Backend>
struct require_scores : require_labels<Model, Backend> {
  static_assert(
      !label_model<Model, Backend> || score_model<Model, Backend>,
      "advx: this attack needs scores: the model's session lacks `forward(images, scores)`, or the model lacks "
      "`static constexpr advx::score_scale scale`; a model that answers labels only takes label attacks "
      "[docs/models.md]");
  static constexpr bool value = score_model<Model, Backend>;
};

template <class Model, class Backend>
struct require_gradients : require_scores<Model, Backend> {
  static_assert(
      !score_model<Model, Backend> || differentiable_model<Model, Backend>,
      "advx: this attack needs gradients: the model's session lacks `pullback(rows, cotangent, gradient)`; add "
      "it, or wrap the model: advx::model::finite_difference{model} [docs/models.md]");
  static constexpr bool value = differentiable_model<Model, Backend>;
};

} // namespace advx::detail
