/// @file
/// Gradients of a model that only answers scores.
#pragma once

#include <advx/core/require.hpp>
#include <advx/model/adaptor.hpp>

#include <algorithm>
#include <span>

namespace advx::model {

/// A score model with a pullback by central differences: coordinate j of the gradient is v·(z(x + h·eⱼ) − z(x − h·eⱼ))
/// over the distance of the two stored points. Each pulled row costs 2·input_size answers, asked in batches of the
/// session's capacity; a result's `queries` count forward rows only, so add pullback_rows × `queries_per_pullback()`.
///
/// The points leave the image by h in one coordinate, so they may lie outside the box by h. The error is O(h²) from the
/// third derivative and O(rounding of the scores / h); a kink within h of the image gives a mean of both slopes.
template <class Model>
class finite_difference : public detail::adaptor<Model> {
public:
  using typename detail::adaptor<Model>::scalar;
  /// 1e-3 in float, 1e-5 in double: near the cube root of the rounding error for inputs of order 1.
  static constexpr double default_step = std::is_same_v<scalar, float> ? 1e-3 : 1e-5;

  /// @param step h > 0, in the unit of the images
  /// @throws argument_error for another step
  explicit finite_difference(Model model, double step = default_step)
      : detail::adaptor<Model>(std::forward<Model>(model)),
        step_(step) {
    ::advx::detail::require(step > 0 && step - step == 0, "model::finite_difference", "step", "step > 0", step);
  }

  double step() const { return step_; }
  /// Answers that one pulled row costs.
  index_t queries_per_pullback() const { return 2 * this->input_size(); }

  template <class Backend>
  class session_type {
    static_assert(score_model<Model, Backend>,
                  "advx: model::finite_difference needs scores to take differences of; this model answers labels only");

  public:
    static constexpr bool row_invariant = is_row_invariant_on<Model, Backend>;

    session_type(const finite_difference& model, Backend& backend, index_t capacity)
        : size_(model.input_size()),
          classes_(model.class_count()),
          capacity_(capacity),
          // Both points of a difference are in one pass.
          tile_(std::min(capacity + capacity % 2, 2 * size_)),
          step_(static_cast<scalar>(model.step_)),
          inner_(model.inner().session(backend, std::max(capacity, tile_))),
          team_(backend.team()),
          images_(backend.template allocate<scalar>(capacity * size_)),
          points_(backend.template allocate<scalar>(tile_ * size_)),
          scores_(backend.template allocate<scalar>(tile_ * classes_)) {}

    index_t queries_per_pullback() const { return 2 * size_; }

    void forward(batch_view<const scalar> images, batch_view<scalar> scores) {
      detail::require_room("model::finite_difference", images.rows, capacity_);
      copy(images.data, images_.data(), images.size());
      inner_.forward(images, scores);
    }
    void pullback(std::span<const index_t> rows, batch_view<const scalar> cotangent, batch_view<scalar> gradient) {
      for (index_t i = 0; i < static_cast<index_t>(rows.size()); ++i) {
        const scalar* x = images_.data() + rows[static_cast<std::size_t>(i)] * size_;
        for (index_t k = 0; k < tile_; ++k) copy(x, points_.data() + k * size_, size_);
        for (index_t first = 0; first < size_; first += tile_ / 2)
          difference(x, cotangent.row(i), gradient.row(i), first, std::min(tile_ / 2, size_ - first));
      }
    }

  private:
    /// Coordinates [first, first + count) of the gradient. All points equal x before and after.
    void difference(const scalar* x, const scalar* v, scalar* gradient, index_t first, index_t count) {
      team_.each(count, [=, h = step_, n = size_, points = points_.data()](index_t k) {
        const index_t j = first + k;
        points[2 * k * n + j] = x[j] + h;
        points[(2 * k + 1) * n + j] = x[j] - h;
      });
      // Where rows may depend on their batch, all passes have one size; the points beyond `count` are x itself.
      const index_t rows = row_invariant ? 2 * count : tile_;
      inner_.forward({points_.data(), rows, size_}, {scores_.data(), rows, classes_});
      team_.each(count, [=, n = size_, classes = classes_, points = points_.data(), z = scores_.data()](index_t k) {
        const index_t j = first + k;
        double change = 0;
        for (index_t c = 0; c < classes; ++c)
          change += double(v[c]) * (double(z[2 * k * classes + c]) - double(z[(2 * k + 1) * classes + c]));
        gradient[j] =
            static_cast<scalar>(change / (double(points[2 * k * n + j]) - double(points[(2 * k + 1) * n + j])));
        points[2 * k * n + j] = x[j];
        points[(2 * k + 1) * n + j] = x[j];
      });
    }
    void copy(const scalar* from, scalar* to, index_t n) const {
      team_.each(n, [=](index_t j) { to[j] = from[j]; });
    }

    index_t size_, classes_, capacity_, tile_;
    scalar step_;
    session_of<Model, Backend> inner_;
    decltype(std::declval<Backend&>().team()) team_;
    typename Backend::template buffer<scalar> images_, points_, scores_;
  };

  template <class Backend>
  session_type<Backend> session(Backend& backend, index_t capacity) const {
    detail::require_host_memory<Backend>();
    return {*this, backend, capacity};
  }

private:
  double step_;
};
template <class Model>
finite_difference(Model) -> finite_difference<Model>;
template <class Model>
finite_difference(Model, double) -> finite_difference<Model>;

} // namespace advx::model
