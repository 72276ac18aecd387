/// @file
/// What the library asks of a model: label ⊂ score ⊂ differentiable. Each level is a session's members.
///
/// A model is immutable and shared; all that a pass writes lives in a *session*, one per worker thread:
///
///     struct my_model {
///       using scalar = float;                                        // or double
///       static constexpr advx::score_scale scale = advx::score_scale::logits;
///       advx::index_t input_size() const;                            // values per image
///       advx::index_t class_count() const;                           // at least 2
///       template <class Backend> auto session(Backend&, advx::index_t capacity) const;
///     };
///     struct its_session {
///       void forward(batch_view<const T> images, batch_view<T> scores);   // images.rows <= capacity
///       void pullback(std::span<const index_t> rows, batch_view<const T> cotangent, batch_view<T> gradient);
///     };
///
/// `pullback` answers for the images of the last `forward`: row i of `gradient` is Jᵀ·(row i of `cotangent`) at image
/// `rows[i]`. It may be called several times after one forward (a Jacobian is K pullbacks), with any subset of rows.
/// A model without gradients leaves `pullback` out; one that only decides has `labels(images, std::span<label_t>)`.
#pragma once

#include <advx/core/batch_view.hpp>
#include <advx/core/score_scale.hpp>

#include <concepts>
#include <span>
#include <type_traits>

namespace advx {

/// The floating-point type of a model's images and scores.
template <class Model>
using scalar_of = typename std::remove_cvref_t<Model>::scalar;

/// The session type that `Model` opens on `Backend`.
template <class Model, class Backend>
using session_of = decltype(std::declval<const Model&>().session(std::declval<Backend&>(), index_t{}));

namespace detail {

template <class Model, class Backend>
concept openable = requires(const Model& model, Backend& backend) {
  typename scalar_of<Model>;
  requires std::floating_point<scalar_of<Model>>;
  { model.input_size() } -> std::convertible_to<index_t>;
  { model.class_count() } -> std::convertible_to<index_t>;
  model.session(backend, index_t{});
};

template <class Session, class T>
concept answers_scores = requires(Session& s, batch_view<const T> x, batch_view<T> z) {
  s.forward(x, z);
};

template <class Session, class T>
concept answers_labels = requires(Session& s, batch_view<const T> x, std::span<label_t> y) {
  s.labels(x, y);
};

template <class Session, class T>
concept answers_gradients = requires(Session& s, std::span<const index_t> rows, batch_view<const T> dz,
                                     batch_view<T> dx) {
  s.pullback(rows, dz, dx);
};

} // namespace detail

/// Decides a label for each image.
template <class Model, class Backend>
concept label_model = detail::openable<Model, Backend> &&
    (detail::answers_labels<session_of<Model, Backend>, scalar_of<Model>> ||
     detail::answers_scores<session_of<Model, Backend>, scalar_of<Model>>);

/// Answers a score for each class; its type says on which scale.
template <class Model, class Backend>
concept score_model =
    label_model<Model, Backend> && detail::answers_scores<session_of<Model, Backend>, scalar_of<Model>> && requires {
  { std::remove_cvref_t<Model>::scale } -> std::convertible_to<score_scale>;
};

/// Also pulls cotangents of the scores back to the image.
template <class Model, class Backend>
concept differentiable_model =
    score_model<Model, Backend> && detail::answers_gradients<session_of<Model, Backend>, scalar_of<Model>>;

/// May sessions of one model run on several threads at once? `static constexpr bool concurrent = true` says so.
template <class Model>
inline constexpr bool is_concurrent = [] {
  if constexpr (requires { std::remove_cvref_t<Model>::concurrent; })
    return bool{std::remove_cvref_t<Model>::concurrent};
  else
    return false;
}();

/// Does the model claim that row i of its answers has the same bits in every batch? (The conformance kit checks it.)
template <class Model>
inline constexpr bool is_row_invariant = [] {
  if constexpr (requires { std::remove_cvref_t<Model>::row_invariant; })
    return bool{std::remove_cvref_t<Model>::row_invariant};
  else
    return false;
}();

/// Does that claim hold on this backend, too? A session that says `static constexpr bool row_invariant = false` takes
/// it back: a device's libraries choose their code by the number of rows.
template <class Model, class Backend>
inline constexpr bool is_row_invariant_on = [] {
  if constexpr (requires { session_of<Model, Backend>::row_invariant; })
    return is_row_invariant<Model> && bool{session_of<Model, Backend>::row_invariant};
  else
    return is_row_invariant<Model>;
}();

} // namespace advx
