/// @file
/// A model that counts what it is asked.
#pragma once

#include <advx/model/adaptor.hpp>

#include <atomic>
#include <cstdint>
#include <span>

namespace advx::model {

/// What a counted model was asked so far. Safe to read and reset at any time.
struct counter {
  std::atomic<std::int64_t> forward_calls{0};
  std::atomic<std::int64_t> forward_rows{0}; ///< images answered, with scores or labels
  std::atomic<std::int64_t> pullback_calls{0};
  std::atomic<std::int64_t> pullback_rows{0};

  void reset() {
    for (auto* n : {&forward_calls, &forward_rows, &pullback_calls, &pullback_rows}) *n = 0;
  }
};

/// Passes everything on to a model and counts it. All sessions, on all threads, share one counter, which must outlive
/// the model. Padding that a driver adds to a pass counts: this is what the model really did.
///
///     model::counter counter;
///     model::counted net{inner, counter};                   // a copy of inner
///     model::counted<const Inner&> net{inner, counter};     // a reference to it
template <class Model>
class counted : public detail::adaptor<Model> {
public:
  using typename detail::adaptor<Model>::scalar;

  counted(Model model, model::counter& counter)
      : detail::adaptor<Model>(std::forward<Model>(model)),
        counter_(&counter) {}

  const model::counter& counts() const { return *counter_; }

  template <class Backend>
  class session_type {
  public:
    static constexpr bool row_invariant = is_row_invariant_on<Model, Backend>;

    session_type(const counted& model, Backend& backend, index_t capacity)
        : inner_(model.inner().session(backend, capacity)),
          counter_(model.counter_) {}

    void labels(batch_view<const scalar> images,
                std::span<label_t> out) requires ::advx::detail::answers_labels<session_of<Model, Backend>, scalar> {
      count_forward(images.rows);
      inner_.labels(images, out);
    }
    void
    forward(batch_view<const scalar> images,
            batch_view<scalar> scores) requires ::advx::detail::answers_scores<session_of<Model, Backend>, scalar> {
      count_forward(images.rows);
      inner_.forward(images, scores);
    }
    void pullback(
        std::span<const index_t> rows, batch_view<const scalar> cotangent,
        batch_view<scalar> gradient) requires ::advx::detail::answers_gradients<session_of<Model, Backend>, scalar> {
      ++counter_->pullback_calls;
      counter_->pullback_rows += static_cast<std::int64_t>(rows.size());
      inner_.pullback(rows, cotangent, gradient);
    }

  private:
    void count_forward(index_t rows) {
      ++counter_->forward_calls;
      counter_->forward_rows += rows;
    }

    session_of<Model, Backend> inner_;
    model::counter* counter_;
  };

  template <class Backend>
  session_type<Backend> session(Backend& backend, index_t capacity) const {
    return {*this, backend, capacity};
  }

private:
  model::counter* counter_;
};
template <class Model>
counted(Model, counter&) -> counted<Model>;

} // namespace advx::model
