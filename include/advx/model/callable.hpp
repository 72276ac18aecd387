/// @file
/// Plain functions as a model.
#pragma once

#include <advx/model/adaptor.hpp>

#include <concepts>
#include <span>

namespace advx::model {

/// Hands claims over as an argument: `model::claim<model::claims{.concurrent = true}>`.
template <claims Claims>
struct claim_type {
  static constexpr claims value = Claims;
};
template <claims Claims>
inline constexpr claim_type<Claims> claim{};

namespace detail {

/// Stands where a model has no gradients.
struct no_pullback {};

template <class F, class T>
concept scores_function = std::invocable<const F&, batch_view<const T>, batch_view<T>>;
template <class F, class T>
concept labels_function = std::invocable<const F&, batch_view<const T>, std::span<label_t>>;
template <class F, class T>
concept vjp_function = std::invocable<const F&, batch_view<const T>, batch_view<const T>, batch_view<T>>;

/// The scalar in a function's signature; float where it takes both. Scores are tried first: a generic function need not
/// compile as one that writes labels.
template <class F>
constexpr auto find_scalar() {
  if constexpr (scores_function<F, float>)
    return float{};
  else if constexpr (scores_function<F, double>)
    return double{};
  else if constexpr (labels_function<F, float>)
    return float{};
  else
    return double{};
}

template <class F>
using scalar_taken_by = decltype(find_scalar<F>());

/// Scores first, for the same reason.
template <class F, class T>
constexpr bool is_answer() {
  if constexpr (scores_function<F, T>)
    return true;
  else
    return labels_function<F, T>;
}

template <bool Present, score_scale Scale>
struct scale_constant {};
template <score_scale Scale>
struct scale_constant<true, Scale> {
  static constexpr score_scale scale = Scale;
};

/// The images of the last forward, and those of them that are pulled back.
template <class T, class Backend>
class image_store {
public:
  image_store(Backend& backend, index_t capacity, index_t size)
      : team_(backend.team()),
        kept_(backend.template allocate<T>(capacity * size)),
        gathered_(backend.template allocate<T>(capacity * size)),
        size_(size) {}

  void keep(batch_view<const T> images) {
    team_.each(images.size(), [from = images.data, to = kept_.data()](index_t j) { to[j] = from[j]; });
  }
  /// The kept images `rows`, one after the other: in place where they lie so already.
  batch_view<const T> gather(std::span<const index_t> rows) {
    const auto n = static_cast<index_t>(rows.size());
    bool in_order = true;
    for (index_t i = 1; i < n; ++i) in_order = in_order && rows[std::size_t(i)] == rows[0] + i;
    if (in_order) return {n == 0 ? kept_.data() : kept_.data() + rows[0] * size_, n, size_};
    for (index_t i = 0; i < n; ++i)
      team_.each(size_, [from = kept_.data() + rows[std::size_t(i)] * size_,
                         to = gathered_.data() + i * size_](index_t j) { to[j] = from[j]; });
    return {gathered_.data(), n, size_};
  }
  const T* row(index_t i) const { return kept_.data() + i * size_; }

private:
  decltype(std::declval<Backend&>().team()) team_;
  typename Backend::template buffer<T> kept_, gathered_;
  index_t size_;
};

} // namespace detail

/// A model made of plain functions over batches, one row per image:
///
///     model::callable net{784, 10, scores, vjp};   // differentiable
///     model::callable net{784, 10, scores};        // answers scores
///     model::callable net{784, 10, labels};        // decides only
///
///  - `scores(batch_view<const T> images, batch_view<T> scores)`;
///  - `vjp(batch_view<const T> images, batch_view<const T> cotangent, batch_view<T> gradient)`: row i of `gradient`
///    becomes Jᵀ·(row i of `cotangent`) at row i of `images`; it need not follow a call of `scores`;
///  - `labels(batch_view<const T> images, std::span<label_t> labels)`, its parameters spelled out.
///
/// T is float, or double where the functions take nothing else. They are called through const. What they throw passes
/// through. A last argument says more than logits, one thread and no promise about rows:
///
///     model::callable net{784, 10, scores, vjp,
///                         model::claim<model::claims{.scale = score_scale::probabilities, .concurrent = true}>};
///
/// A session keeps a copy of the last images for `vjp`: two buffers of capacity × input_size. The model must outlive
/// its sessions.
template <class Answer, class Vjp = detail::no_pullback, claims Claims = claims{}>
class callable
    : public detail::scale_constant<detail::scores_function<Answer, detail::scalar_taken_by<Answer>>, Claims.scale> {
public:
  using scalar = detail::scalar_taken_by<Answer>;
  static constexpr bool concurrent = Claims.concurrent;
  static constexpr bool row_invariant = Claims.row_invariant;

private:
  static constexpr bool scored = detail::scores_function<Answer, scalar>;
  static constexpr bool has_vjp = !std::same_as<Vjp, detail::no_pullback>;
  static_assert(
      detail::is_answer<Answer, scalar>(),
      "advx: model::callable: the function must take (batch_view<const T>, batch_view<T>) and write scores, or "
      "(batch_view<const T>, std::span<label_t>) and write labels, and be callable through const");
  static_assert(!has_vjp || detail::vjp_function<Vjp, scalar>,
                "advx: model::callable: vjp must take (batch_view<const T> images, batch_view<const T> cotangent, "
                "batch_view<T> gradient) with the T of the scores, and be callable through const");

public:
  /// @throws argument_error if input_size < 1 or class_count < 2
  callable(index_t input_size, index_t class_count, Answer answer) requires(!has_vjp)
      : callable(input_size, class_count, std::move(answer), Vjp{}, claim<Claims>) {}
  callable(index_t input_size, index_t class_count, Answer answer, claim_type<Claims>) requires(!has_vjp)
      : callable(input_size, class_count, std::move(answer), Vjp{}, claim<Claims>) {}
  callable(index_t input_size, index_t class_count, Answer answer, Vjp vjp, claim_type<Claims> = {})
      : size_(input_size),
        classes_(class_count),
        answer_(std::move(answer)),
        vjp_(std::move(vjp)) {
    detail::require_count("model::callable", "input_size", size_, 1);
    detail::require_count("model::callable", "class_count", classes_, 2);
  }

  index_t input_size() const { return size_; }
  index_t class_count() const { return classes_; }

  template <class Backend>
  class session_type {
  public:
    session_type(const callable& model, Backend& backend, index_t capacity)
        : model_(&model),
          capacity_(capacity),
          images_(backend, has_vjp ? capacity : 0, model.size_) {}

    void labels(batch_view<const scalar> images, std::span<label_t> out) requires(!scored) {
      detail::require_room("model::callable", images.rows, capacity_);
      model_->answer_(images, out);
    }
    void forward(batch_view<const scalar> images, batch_view<scalar> scores) requires scored {
      detail::require_room("model::callable", images.rows, capacity_);
      if constexpr (has_vjp) images_.keep(images);
      model_->answer_(images, scores);
    }
    void pullback(std::span<const index_t> rows, batch_view<const scalar> cotangent,
                  batch_view<scalar> gradient) requires has_vjp {
      detail::require_room("model::callable", static_cast<index_t>(rows.size()), capacity_);
      model_->vjp_(images_.gather(rows), cotangent, gradient);
    }

  private:
    const callable* model_;
    index_t capacity_;
    detail::image_store<scalar, Backend> images_;
  };

  template <class Backend>
  session_type<Backend> session(Backend& backend, index_t capacity) const {
    detail::require_host_memory<Backend>();
    return {*this, backend, capacity};
  }

private:
  index_t size_, classes_;
  Answer answer_;
  [[no_unique_address]] Vjp vjp_;
};

template <class A>
callable(index_t, index_t, A) -> callable<A>;
template <class A, claims C>
callable(index_t, index_t, A, claim_type<C>) -> callable<A, detail::no_pullback, C>;
template <class A, class V>
callable(index_t, index_t, A, V) -> callable<A, V>;
template <class A, class V, claims C>
callable(index_t, index_t, A, V, claim_type<C>) -> callable<A, V, C>;

} // namespace advx::model
