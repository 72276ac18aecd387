/// @file
/// The figures that papers state of an attack on many images.
#pragma once

#include <advx/attack/inquiry.hpp>
#include <advx/attack/run.hpp>
#include <advx/concepts/norm.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

namespace advx {

/// Where the channels of a pixel lie in an image's row.
struct pixel_layout {
  index_t channels = 1;
  bool channels_first = true; ///< true: one plane after the other; false: a pixel's channels side by side
};

/// Over the images that were attacked: those with the status already_adversarial, misclassified from the start, are
/// none. Means over successes are NaN where there is no success.
struct measures {
  index_t attacked = 0;          ///< images (× targets) that count, |D'|
  index_t fooled = 0;            ///< of these, with success
  double fooling_rate = 0;       ///< fooled / attacked, in [0, 1]; NaN where none was attacked
  double average_confidence = 0; ///< mean highest softmax probability of the successes; NaN for models of labels
  double mean_distance = 0;      ///< Δ̂: mean ‖x' − x‖ of the successes, in the images' unit
  double relative_distance = 0;  ///< ρ̂_adv: mean ‖x' − x‖ / ‖x‖ of the successes whose ‖x‖ is not 0
  double changed_pixels = 0;     ///< median percentage of pixels with any changed channel, of the successes
  double rmsd = 0;               ///< mean over the successes of √(Σ(x' − x)²/n), in the images' unit
  double iterations = 0;         ///< mean of all attacked
};

namespace detail {

inline double mean_of(double sum, double count) {
  return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

/// The middle one, or the mean of the two middle ones.
inline double median_of(std::vector<double> v) {
  if (v.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(v.begin(), v.end());
  return (v[(v.size() - 1) / 2] + v[v.size() / 2]) / 2;
}

/// The share in percent of the pixels in which two images differ.
template <class T>
double percent_changed(const T* a, const T* b, index_t n, pixel_layout layout) {
  const index_t pixels = n / layout.channels;
  index_t changed = 0;
  for (index_t p = 0; p < pixels; ++p) {
    bool differs = false;
    for (index_t c = 0; c < layout.channels; ++c) {
      const index_t j = layout.channels_first ? c * pixels + p : p * layout.channels + c;
      differs = differs || a[j] != b[j];
    }
    changed += differs ? 1 : 0;
  }
  return 100.0 * static_cast<double>(changed) / static_cast<double>(pixels);
}

/// The highest probability that scores of a scale stand for.
template <class T>
double confidence_of(const T* scores, index_t classes, score_scale scale) {
  const double top = static_cast<double>(*std::max_element(scores, scores + classes));
  if (scale == score_scale::probabilities) return top;
  double sum = 0;
  for (index_t k = 0; k < classes; ++k) sum += std::exp(static_cast<double>(scores[k]) - top);
  return 1 / sum;
}

} // namespace detail

/// The measures of a run's result, of its own ranking or of one of `other_rankings`.
///
/// @param norm   of Δ̂ and ρ̂_adv: norm::l2{}, or any with a distance
/// @param model  the attacked one; a forward row per success tells its confidence
/// @param images the originals, as they were given to the run
/// @param run    the run's result
/// @param kept   its images and successes: the result itself, or one of its other rankings
/// @throws argument_error where sizes disagree
template <class Norm, class Model, class Images, class Outcome,
          class Backend = typename image_traits<Images, scalar_of<Model>>::backend>
measures measure(const Norm& norm, const Model& model, const Images& images, const run_table& run, const Outcome& kept,
                 pixel_layout layout = {}, Backend backend = {}) {
  static_assert(norm::measurable<Norm>, "advx: measures need a norm with a distance");
  using T = scalar_of<Model>;
  const auto input = image_traits<Images, T>::view(images, model.input_size());
  const auto found = image_traits<std::remove_cvref_t<decltype(kept.images)>, T>::view(kept.images, model.input_size());
  const batch_view<const T> x0 = input.view, x = found.view;
  if (x0.cols != model.input_size() || x.cols != x0.cols || run.cases < 1 || x.rows != x0.rows * run.cases ||
      kept.success.size() != static_cast<std::size_t>(x.rows) || run.status.size() != kept.success.size())
    detail::refuse("advx: measure: %td results of %td values for %td images of %td values and %td cases each; pass a "
                   "run's result with the images that it was given",
                   x.rows, x.cols, x0.rows, x0.cols, run.cases);
  if (layout.channels < 1 || x0.cols % layout.channels != 0)
    detail::refuse("advx: measure: %td channels of %td values; the channels must divide them", layout.channels,
                   x0.cols);
  const backend::vector_team team;
  const std::vector<T> zero(static_cast<std::size_t>(x0.cols));
  std::vector<index_t> successes;
  std::vector<double> changed;
  measures m;
  double iterations = 0, distances = 0, relative = 0, rmsd = 0, confidence = 0, lit = 0;
  for (index_t i = 0; i < x.rows; ++i) {
    const auto k = static_cast<std::size_t>(i);
    if (run.status[k] == status::already_adversarial) continue;
    ++m.attacked;
    iterations += static_cast<double>(run.iterations[k]);
    if (kept.success[k] == 0) continue;
    successes.push_back(i);
    const T* original = x0.row(i / run.cases);
    const double distance = norm.distance(team, x.row(i), original, x0.cols);
    const double length = norm.distance(team, original, zero.data(), x0.cols);
    distances += distance;
    if (length > 0) {
      relative += distance / length;
      lit += 1;
    }
    const double squares = team.template sum<double>(x0.cols, [a = x.row(i), b = original](index_t j) {
      const double d = static_cast<double>(a[j]) - static_cast<double>(b[j]);
      return d * d;
    });
    rmsd += std::sqrt(squares / static_cast<double>(x0.cols));
    changed.push_back(detail::percent_changed(x.row(i), original, x0.cols, layout));
  }
  m.fooled = static_cast<index_t>(successes.size());
  const auto attacked = static_cast<double>(m.attacked), fooled = static_cast<double>(m.fooled);
  m.fooling_rate = detail::mean_of(fooled, attacked);
  m.iterations = detail::mean_of(iterations, attacked);
  m.mean_distance = detail::mean_of(distances, fooled);
  m.relative_distance = detail::mean_of(relative, lit);
  m.rmsd = detail::mean_of(rmsd, fooled);
  m.changed_pixels = detail::median_of(changed);
  m.average_confidence = std::numeric_limits<double>::quiet_NaN();
  if constexpr (attack::inquiry<Model, Backend>::scored) {
    attack::inquiry<Model, Backend> ask(model, backend);
    ask(
        m.fooled, [&](index_t i, T* to) { std::copy_n(x.row(successes[static_cast<std::size_t>(i)]), x.cols, to); },
        [&](index_t, label_t, const T* z) {
          confidence += detail::confidence_of(z, model.class_count(), Model::scale);
        });
    m.average_confidence = detail::mean_of(confidence, fooled);
  }
  return m;
}

/// The same of a result's own ranking.
template <class Norm, class Model, class Images, class Container,
          class Backend = typename image_traits<Images, scalar_of<Model>>::backend>
measures measure(const Norm& norm, const Model& model, const Images& images, const result<Container>& of,
                 pixel_layout layout = {}, Backend backend = {}) {
  return measure(norm, model, images, static_cast<const run_table&>(of), static_cast<const outcome<Container>&>(of),
                 layout, backend);
}

} // namespace advx
