/// @file
/// xtensor's containers and expressions as images of a run.
#pragma once

#include <advx/attack/images.hpp>
#include <advx/backend/xtensor/xtensor.hpp>
#include <advx/core/error.hpp>

#include <xtensor/xarray.hpp>
#include <xtensor/xexpression.hpp>
#include <xtensor/xnoalias.hpp>

#include <string>

namespace advx {

/// The first dimension counts the images; the others are flattened. Lazy expressions are evaluated once, other scalars
/// converted. What comes out has the input's shape but for the first dimension.
template <class Images, class T>
requires xt::is_xexpression<Images>::value struct image_traits<Images, T> {
  using backend = advx::backend::xtensor;
  using container = xt::xarray<T>;

  struct evaluated {
    container values;
    batch_view<const T> view;
  };
  static evaluated view(const Images& images, index_t columns) {
    if (images.dimension() < 1)
      throw argument_error("advx: images: a scalar has no rows; the first dimension must count the images");
    evaluated out{container::from_shape(images.shape()), {}};
    xt::noalias(out.values) = xt::cast<T>(images);
    const auto rows = static_cast<index_t>(images.shape()[0]);
    out.view = {out.values.data(), rows, rows == 0 ? columns : static_cast<index_t>(out.values.size()) / rows};
    return out;
  }
  static container make(const Images& images, index_t rows) {
    typename container::shape_type shape(images.shape().begin(), images.shape().end());
    shape[0] = static_cast<std::size_t>(rows);
    return container::from_shape(shape);
  }
  static T* data(container& c) { return c.data(); }
};

} // namespace advx
