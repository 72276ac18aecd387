/// @file
/// What sessions share whose gradients are made of pairs of answers.
#pragma once

#include <advx/model/adaptor.hpp>

#include <algorithm>

namespace advx::model::detail {

/// A session with a copy of the last pass's images, and room for passes of pairs of points around one of them.
template <class Model, class Backend>
class pair_session {
  static_assert(score_model<Model, Backend>,
                "advx: model::finite_difference and model::nes need scores to take differences of; this model answers "
                "labels only");
  using scalar = scalar_of<Model>;

public:
  static constexpr bool row_invariant = is_row_invariant_on<Model, Backend>;

  /// @param who   for messages
  /// @param pairs of one pulled row; they are asked for in passes of up to `capacity` points
  pair_session(const char* who, const std::remove_cvref_t<Model>& model, Backend& backend, index_t capacity,
               index_t pairs)
      : who_(who),
        size_(model.input_size()),
        classes_(model.class_count()),
        capacity_(capacity),
        // Both points of a pair are in one pass.
        tile_(std::min(capacity + capacity % 2, 2 * pairs)),
        inner_(model.session(backend, std::max(capacity, tile_))),
        team_(backend.team()),
        images_(backend.template allocate<scalar>(capacity * size_)),
        points_(backend.template allocate<scalar>(tile_ * size_)),
        scores_(backend.template allocate<scalar>(tile_ * classes_)) {}

  void forward(batch_view<const scalar> images, batch_view<scalar> scores) {
    require_room(who_, images.rows, capacity_);
    copy(images.data, images_.data(), images.size());
    inner_.forward(images, scores);
  }

protected:
  index_t size() const { return size_; }
  const auto& team() const { return team_; }
  const scalar* image(index_t row) const { return images_.data() + row * size_; }
  /// Pairs of a pass: points 2k and 2k + 1 for k below it.
  index_t pairs() const { return tile_ / 2; }
  scalar* points() { return points_.data(); }
  /// Sets all points to x.
  void fill(const scalar* x) {
    for (index_t k = 0; k < tile_; ++k) copy(x, points_.data() + k * size_, size_);
  }
  /// The answers for the first `count` pairs. Where rows may depend on their batch, all passes have one size: the
  /// points beyond must be some.
  void ask(index_t count) {
    const index_t rows = row_invariant ? 2 * count : tile_;
    inner_.forward({points_.data(), rows, size_}, {scores_.data(), rows, classes_});
  }
  /// What computes v·(z(point 2k) − z(point 2k + 1)) of the last answers.
  auto change(const scalar* v) const {
    return [v, z = scores_.data(), classes = classes_](index_t k) {
      double sum = 0;
      for (index_t c = 0; c < classes; ++c)
        sum += double(v[c]) * (double(z[2 * k * classes + c]) - double(z[(2 * k + 1) * classes + c]));
      return sum;
    };
  }

private:
  void copy(const scalar* from, scalar* to, index_t n) const {
    team_.each(n, [=](index_t j) { to[j] = from[j]; });
  }

  const char* who_;
  index_t size_, classes_, capacity_, tile_;
  session_of<Model, Backend> inner_;
  decltype(std::declval<Backend&>().team()) team_;
  typename Backend::template buffer<scalar> images_, points_, scores_;
};

} // namespace advx::model::detail
