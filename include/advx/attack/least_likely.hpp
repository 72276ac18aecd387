/// @file
/// The goal that asks the model: each image's least likely class.
#pragma once

#include <advx/attack/arena.hpp>
#include <advx/attack/images.hpp>
#include <advx/concepts/explain.hpp>
#include <advx/core/batch.hpp>
#include <advx/goal/goal.hpp>

#include <algorithm>

namespace advx::goal {

/// The class with the smallest score other than the image's own (Kurakin et al. 2017); one forward row per image.
/// @throws argument_error where the images do not fit the model or the labels
template <class Model, class Images, class Labels,
          class Backend = typename image_traits<Images, scalar_of<Model>>::backend>
targeted least_likely(const Model& model, const Images& images, const Labels& labels, Backend backend = {}) {
  using T = scalar_of<Model>;
  static_assert(::advx::detail::require_scores<Model, Backend>::value);
  targeted g{labels, std::vector<label_t>{}, "least likely"};
  const auto input = image_traits<Images, T>::view(images, model.input_size());
  const batch_view<const T> x = input.view;
  const index_t classes = model.class_count();
  detail::require_classes(classes);
  if (x.cols != model.input_size() || x.rows != static_cast<index_t>(g.labels.size()))
    throw argument_error("advx: goal::least_likely: images of " + std::to_string(x.rows) + " x " +
                         std::to_string(x.cols) + " for " + std::to_string(g.labels.size()) +
                         " labels and a model of " + std::to_string(model.input_size()) +
                         " inputs; give one row per label, flattened");
  const index_t tile = std::max<index_t>(1, std::min<index_t>(x.rows, 64));
  auto session = model.session(backend, tile);
  attack::arena<Backend> memory(backend);
  T *points = memory.template take<T>(tile * x.cols), *answers = memory.template take<T>(tile * classes);
  batch<T> scores(tile, classes);
  for (index_t first = 0; first < x.rows; first += tile) {
    const index_t rows = std::min(tile, x.rows - first);
    backend.upload(x.row(first), rows * x.cols, points);
    session.forward(batch_view<const T>{points, rows, x.cols}, batch_view<T>{answers, rows, classes});
    backend.download(answers, rows * classes, scores.view().data);
    for (index_t i = 0; i < rows; ++i) {
      const label_t own = g.labels[static_cast<std::size_t>(first + i)];
      label_t least = own == 0 ? 1 : 0;
      for (label_t j = 0; j < classes; ++j)
        if (j != own && scores.row(i)[j] < scores.row(i)[least]) least = j;
      g.targets.push_back(least);
    }
  }
  return g;
}

} // namespace advx::goal
