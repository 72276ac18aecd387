/// @file
/// A differentiable model whose type is known at run time only: attacks are compiled once for all models of a program.
#pragma once

#include <advx/concepts/model.hpp>

#include <concepts>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace advx::model {

/// Holds any model of scalar `T` and scale `Scale` that gives gradients on `Backend`, is concurrent and row-invariant
/// there; answers with the same bits. Copies share the model.
///
///     using net = advx::model::any<advx::backend::xtensor>;
///     net a{advx::model::read_onnx("a.onnx")}, b{my_model};   // one type, so one attack to compile
///
/// A pass costs one virtual call more, a session one allocation.
template <class Backend, class T = float, score_scale Scale = score_scale::logits>
class any {
  struct held_session {
    virtual ~held_session() = default;
    virtual void forward(batch_view<const T> images, batch_view<T> scores) = 0;
    virtual void pullback(std::span<const index_t> rows, batch_view<const T> cotangent, batch_view<T> gradient) = 0;
  };
  template <class Session>
  struct session_holder final : held_session {
    explicit session_holder(Session s) : inner(std::move(s)) {}
    void forward(batch_view<const T> images, batch_view<T> scores) override { inner.forward(images, scores); }
    void pullback(std::span<const index_t> rows, batch_view<const T> cotangent, batch_view<T> gradient) override {
      inner.pullback(rows, cotangent, gradient);
    }
    Session inner;
  };
  struct held_model {
    virtual ~held_model() = default;
    virtual index_t input_size() const = 0;
    virtual index_t class_count() const = 0;
    virtual std::unique_ptr<held_session> session(Backend& backend, index_t capacity) const = 0;
  };
  template <class Model>
  struct model_holder final : held_model {
    explicit model_holder(Model m) : inner(std::move(m)) {}
    index_t input_size() const override { return inner.input_size(); }
    index_t class_count() const override { return inner.class_count(); }
    std::unique_ptr<held_session> session(Backend& backend, index_t capacity) const override {
      return std::make_unique<session_holder<session_of<Model, Backend>>>(inner.session(backend, capacity));
    }
    Model inner;
  };

public:
  using scalar = T;
  static constexpr score_scale scale = Scale;
  static constexpr bool concurrent = true;
  static constexpr bool row_invariant = true;

  template <class Model>
    requires(!std::same_as<Model, any>)
  explicit any(Model model) {
    static_assert(differentiable_model<Model, Backend>,
                  "advx: model::any holds models with gradients on its backend: the session needs `forward(images, "
                  "scores)` and `pullback(rows, cotangent, gradient)` [docs/models.md]");
    if constexpr (differentiable_model<Model, Backend>) {
      static_assert(std::same_as<scalar_of<Model>, T>,
                    "advx: model::any<Backend, T, Scale>: the model's scalar is not T");
      static_assert(Model::scale == Scale, "advx: model::any<Backend, T, Scale>: the model's scores are not on Scale");
      static_assert(is_concurrent<Model>,
                    "advx: model::any holds models whose sessions run on several threads at once: "
                    "`static constexpr bool concurrent = true` says so [docs/models.md]");
      static_assert(
          is_row_invariant_on<Model, Backend>,
          "advx: model::any holds models whose rows have the same bits in every batch: `static constexpr bool "
          "row_invariant = true` says so, and testing::check_model checks it [docs/models.md]");
      model_ = std::make_shared<const model_holder<Model>>(std::move(model));
    }
  }

  index_t input_size() const { return model_->input_size(); }
  index_t class_count() const { return model_->class_count(); }

  /// A session of the model that is held, which it keeps alive.
  class session_type {
  public:
    void forward(batch_view<const T> images, batch_view<T> scores) { session_->forward(images, scores); }
    void pullback(std::span<const index_t> rows, batch_view<const T> cotangent, batch_view<T> gradient) {
      session_->pullback(rows, cotangent, gradient);
    }

  private:
    friend any;
    session_type(std::shared_ptr<const held_model> model, std::unique_ptr<held_session> session)
        : model_(std::move(model)),
          session_(std::move(session)) {}

    std::shared_ptr<const held_model> model_; // outlives its session
    std::unique_ptr<held_session> session_;
  };

  session_type session(Backend& backend, index_t capacity) const {
    return {model_, model_->session(backend, capacity)};
  }

private:
  std::shared_ptr<const held_model> model_;
};

} // namespace advx::model
