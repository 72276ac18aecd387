/// @file
/// xtensor's containers and expressions as images of a run.
#pragma once

#include <advx/attack/images.hpp>
#include <advx/backend/xtensor/xtensor.hpp>
#include <advx/core/require.hpp>

#include <xtensor/xarray.hpp>
#include <xtensor/xexpression.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>

#include <type_traits>

namespace advx {

namespace detail {
/// Do containers of this type have their values in memory as a batch has them?
template <class Images, class T>
inline constexpr bool in_place = std::is_same_v<Images, xt::xarray<T>>;
template <std::size_t N, class T>
inline constexpr bool in_place<xt::xtensor<T, N>, T> = true;
} // namespace detail

/// The first dimension counts the images; the others are flattened. Lazy expressions are evaluated once, other scalars
/// converted; a row-major container of the model's own scalar is read in place. What comes out has the input's shape
/// but for the first dimension.
template <class Images, class T>
requires xt::is_xexpression<Images>::value struct image_traits<Images, T> {
  using backend = advx::backend::xtensor;
  using container = xt::xarray<T>;

  struct evaluated {
    container values;
    batch_view<const T> view;
  };
  static auto view(const Images& images, index_t columns) {
    if (images.dimension() < 1)
      detail::refuse("advx: images: a scalar has no rows; the first dimension must count the images");
    const auto rows = static_cast<index_t>(images.shape()[0]);
    if (rows > 0) columns = static_cast<index_t>(images.size()) / rows;
    if constexpr (detail::in_place<Images, T>) {
      return detail::borrowed_images<T>{{images.data(), rows, columns}};
    } else {
      evaluated out{container::from_shape(images.shape()), {}};
      xt::noalias(out.values) = xt::cast<T>(images);
      out.view = {out.values.data(), rows, columns};
      return out;
    }
  }
  static container make(const Images& images, index_t rows) {
    typename container::shape_type shape(images.shape().begin(), images.shape().end());
    shape[0] = static_cast<std::size_t>(rows);
    return container::from_shape(shape);
  }
  static T* data(container& c) { return c.data(); }
};

} // namespace advx
