/// @file
/// A transformation in front of a model: attacks, boxes and distances stay in the space of the images.
#pragma once

#include <advx/core/require.hpp>
#include <advx/model/adaptor.hpp>

#include <span>
#include <vector>

namespace advx::model {

/// y = (x − mean) / deviation. Each list has one value for all coordinates, or one per channel (images are channels ×
/// height × width), or one per coordinate: any number that divides the size of an image.
struct normalise {
  std::vector<double> mean{0};
  std::vector<double> deviation{1}; ///< each > 0

  index_t input_size(index_t outputs) const { return outputs; }
  /// Throws argument_error where a list does not fit an image of this size, or a value is out of its range.
  void check(index_t size) const {
    for (const auto& [list, name] : {std::pair{&mean, "mean"}, std::pair{&deviation, "deviation"}}) {
      if (list->empty() || size % static_cast<index_t>(list->size()) != 0)
        throw argument_error(std::string("advx: model::normalise: '") + name + "' has " + std::to_string(list->size()) +
                             " values for images of " + std::to_string(size) +
                             "; give one, one per channel, or one per coordinate");
      for (const double v : *list) ::advx::detail::require(v - v == 0, "model::normalise", name, "a finite value", v);
    }
    for (const double v : deviation) ::advx::detail::require(v > 0, "model::normalise", "deviation", "value > 0", v);
  }

  /// The transformation on a backend.
  template <class T, class Backend>
  struct opened {
    typename Backend::template buffer<T> mean, deviation;
    index_t size;

    template <class Team>
    void apply(const Team& team, const T* x, T* y) const {
      team.each(size, [x, y, m = mean.data(), s = deviation.data()](index_t j) { y[j] = (x[j] - m[j]) / s[j]; });
    }
    template <class Team>
    void pullback(const Team& team, const T* dy, T* dx) const {
      team.each(size, [dy, dx, s = deviation.data()](index_t j) { dx[j] = dy[j] / s[j]; });
    }
  };
  template <class T, class Backend>
  opened<T, Backend> open(Backend& backend, index_t size) const {
    const auto spread = [&](const std::vector<double>& list) {
      std::vector<T> host(static_cast<std::size_t>(size));
      const std::size_t run = host.size() / list.size();
      for (std::size_t j = 0; j < host.size(); ++j) host[j] = static_cast<T>(list[j / run]);
      auto values = backend.template allocate<T>(size);
      backend.upload(host.data(), size, values.data());
      return values;
    };
    return {spread(mean), spread(deviation), size};
  }
};

/// The model behind an affine transformation. A transformation has `input_size(model's size)`, `check(model's size)`
/// and `open<T>(backend, model's size)`, which gives an object with the row programs `apply(team, x, y)` and
/// `pullback(team, dy, dx)`; see `normalise`.
///
///     model::preprocessed net{model::normalise{{0.1307}, {0.3081}}, inner};
///
/// Costs two passes over the rows and two buffers of capacity × the model's input size.
template <class Transformation, class Model>
class preprocessed : public detail::adaptor<Model> {
public:
  using typename detail::adaptor<Model>::scalar;

  /// @throws argument_error where the transformation does not fit the model
  preprocessed(Transformation transformation, Model model)
      : detail::adaptor<Model>(std::forward<Model>(model)),
        transformation_(std::move(transformation)) {
    transformation_.check(this->inner().input_size());
  }

  index_t input_size() const { return transformation_.input_size(this->inner().input_size()); }

  template <class Backend>
  class session_type {
  public:
    static constexpr bool row_invariant = is_row_invariant_on<Model, Backend>;

    session_type(const preprocessed& model, Backend& backend, index_t capacity)
        : inner_(model.inner().session(backend, capacity)),
          team_(backend.team()),
          transformation_(model.transformation_.template open<scalar>(backend, model.inner().input_size())),
          size_(model.inner().input_size()),
          capacity_(capacity),
          images_(backend.template allocate<scalar>(capacity * size_)),
          gradients_(backend.template allocate<scalar>(capacity * size_)) {}

    void labels(batch_view<const scalar> images,
                std::span<label_t> out) requires ::advx::detail::answers_labels<session_of<Model, Backend>, scalar> {
      inner_.labels(transformed(images), out);
    }
    void
    forward(batch_view<const scalar> images,
            batch_view<scalar> scores) requires ::advx::detail::answers_scores<session_of<Model, Backend>, scalar> {
      inner_.forward(transformed(images), scores);
    }
    void pullback(
        std::span<const index_t> rows, batch_view<const scalar> cotangent,
        batch_view<scalar> gradient) requires ::advx::detail::answers_gradients<session_of<Model, Backend>, scalar> {
      const auto n = static_cast<index_t>(rows.size());
      detail::require_room("model::preprocessed", n, capacity_);
      inner_.pullback(rows, cotangent, {gradients_.data(), n, size_});
      for (index_t i = 0; i < n; ++i) transformation_.pullback(team_, gradients_.data() + i * size_, gradient.row(i));
    }

  private:
    batch_view<const scalar> transformed(batch_view<const scalar> images) {
      detail::require_room("model::preprocessed", images.rows, capacity_);
      for (index_t i = 0; i < images.rows; ++i) transformation_.apply(team_, images.row(i), images_.data() + i * size_);
      return {images_.data(), images.rows, size_};
    }

    session_of<Model, Backend> inner_;
    decltype(std::declval<Backend&>().team()) team_;
    decltype(std::declval<const Transformation&>().template open<scalar>(std::declval<Backend&>(),
                                                                         index_t{})) transformation_;
    index_t size_, capacity_;
    typename Backend::template buffer<scalar> images_, gradients_;
  };

  template <class Backend>
  session_type<Backend> session(Backend& backend, index_t capacity) const {
    detail::require_host_memory<Backend>();
    return {*this, backend, capacity};
  }

private:
  Transformation transformation_;
};
template <class Transformation, class Model>
preprocessed(Transformation, Model) -> preprocessed<Transformation, Model>;

} // namespace advx::model
