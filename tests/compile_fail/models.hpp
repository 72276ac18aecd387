// Models for the cases: what each can answer is in its session's type. Nothing is ever run.
#pragma once

#include <advx/concepts/model.hpp>

namespace models {

struct label_session {
  void labels(advx::batch_view<const float> images, std::span<advx::label_t> labels);
};
struct score_session {
  void forward(advx::batch_view<const float> images, advx::batch_view<float> scores);
};
struct gradient_session : score_session {
  void pullback(std::span<const advx::index_t> rows, advx::batch_view<const float> cotangent,
                advx::batch_view<float> gradient);
};

template <class Session, advx::score_scale Scale = advx::score_scale::logits>
struct model {
  using scalar = float;
  static constexpr advx::score_scale scale = Scale;
  advx::index_t input_size() const;
  advx::index_t class_count() const;
  template <class Backend>
  Session session(Backend&, advx::index_t capacity) const;
};

} // namespace models
