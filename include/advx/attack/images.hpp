/// @file
/// How containers of images enter and leave a run. Other array libraries specialise `image_traits`.
#pragma once

#include <advx/backend/reference/reference.hpp>
#include <advx/core/batch.hpp>

namespace advx {

/// For a container `Images` of scalar `T`: `view(images, columns)` gives an object whose `.view` is a batch_view<const
/// T> (and which owns the values where they had to be evaluated; `columns` is the width of no rows), `container` what
/// comes out, `make(images, rows)` one with room for so many rows, `data(container)` its values, `backend` the backend
/// that is used unless another is asked for.
template <class Images, class T>
struct image_traits;

namespace detail {
template <class T>
struct borrowed_images {
  batch_view<const T> view;
};
} // namespace detail

template <class T>
struct image_traits<batch_view<const T>, T> {
  using backend = advx::backend::reference;
  using container = batch<T>;
  static detail::borrowed_images<T> view(const batch_view<const T>& images, index_t) { return {images}; }
  static container make(const batch_view<const T>& images, index_t rows) { return container(rows, images.cols); }
  static T* data(container& c) { return c.data(); }
};
template <class T>
struct image_traits<batch_view<T>, T> : image_traits<batch_view<const T>, T> {
  static detail::borrowed_images<T> view(const batch_view<T>& images, index_t) { return {images.as_const()}; }
  static batch<T> make(const batch_view<T>& images, index_t rows) { return batch<T>(rows, images.cols); }
};
template <class T>
struct image_traits<batch<T>, T> : image_traits<batch_view<const T>, T> {
  static detail::borrowed_images<T> view(const batch<T>& images, index_t) { return {images.view()}; }
  static batch<T> make(const batch<T>& images, index_t rows) { return batch<T>(rows, images.cols()); }
};

} // namespace advx
