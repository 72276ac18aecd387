/// @file
/// Gradients of a model that only answers scores.
#pragma once

#include <advx/core/require.hpp>
#include <advx/model/differences.hpp>

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
  class session_type : public detail::pair_session<Model, Backend> {
  public:
    session_type(const finite_difference& model, Backend& backend, index_t capacity)
        : detail::pair_session<Model, Backend>("model::finite_difference", model.inner(), backend, capacity,
                                               model.input_size()),
          step_(static_cast<scalar>(model.step_)) {}

    index_t queries_per_pullback() const { return 2 * this->size(); }

    void pullback(std::span<const index_t> rows, batch_view<const scalar> cotangent, batch_view<scalar> gradient) {
      for (index_t i = 0; i < static_cast<index_t>(rows.size()); ++i) {
        const scalar* x = this->image(rows[static_cast<std::size_t>(i)]);
        this->fill(x);
        for (index_t first = 0; first < this->size(); first += this->pairs())
          difference(x, cotangent.row(i), gradient.row(i), first, std::min(this->pairs(), this->size() - first));
      }
    }

  private:
    /// Coordinates [first, first + count) of the gradient. All points equal x before and after.
    void difference(const scalar* x, const scalar* v, scalar* gradient, index_t first, index_t count) {
      this->team().each(count, [=, h = step_, n = this->size(), points = this->points()](index_t k) {
        const index_t j = first + k;
        points[2 * k * n + j] = x[j] + h;
        points[(2 * k + 1) * n + j] = x[j] - h;
      });
      this->ask(count);
      this->team().each(count, [=, n = this->size(), points = this->points(), change = this->change(v)](index_t k) {
        const index_t j = first + k;
        scalar &up = points[2 * k * n + j], &down = points[(2 * k + 1) * n + j];
        gradient[j] = static_cast<scalar>(change(k) / (double(up) - double(down)));
        up = down = x[j];
      });
    }

    scalar step_;
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
