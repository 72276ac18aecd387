/// @file
/// Where a run's answers go, and its work order as the host holds it.
#pragma once

#include <advx/attack/slot_programs.hpp>
#include <advx/core/options.hpp>
#include <advx/core/result.hpp>

#include <limits>
#include <vector>

namespace advx::attack {

/// Images at work at once: the user's number, or the backend's own.
template <class Backend>
index_t batch_for(const options& settings) {
  if (settings.batch > 0) return settings.batch;
  if constexpr (requires { Backend::suitable_batch; })
    return Backend::suitable_batch;
  else
    return 32;
}

/// What all drivers of a run share and none changes; all in the host's memory.
template <class T>
struct run_order {
  batch_view<const T> images;
  index_t classes;
  const options& settings;
  index_t cases;
  std::vector<row_goal> goals; ///< per job
  std::vector<T> bounds;       ///< lower, upper, middle, half, inverse half of the box: `images.cols` values each
  T magnitude = 0;

  /// @param goal any with `cases()` and `at(image, case)`
  template <class Goal>
  run_order(batch_view<const T> x, index_t class_count, const Goal& goal, const options& o)
      : images(x),
        classes(class_count),
        settings(o),
        cases(goal.cases()),
        goals(static_cast<std::size_t>(jobs())),
        bounds(static_cast<std::size_t>(5 * x.cols)) {
    for (index_t i = 0; i < jobs(); ++i) goals[static_cast<std::size_t>(i)] = goal.at(i / cases, i % cases);
    const box& b = o.box;
    const index_t n = x.cols;
    T *lower = bounds.data(), *upper = lower + n, *middle = upper + n, *half = middle + n, *inverse = half + n;
    for (index_t j = 0; j < n; ++j) {
      lower[j] = static_cast<T>(b.low(j));
      upper[j] = static_cast<T>(b.high(j));
      half[j] = (upper[j] - lower[j]) / T(2);
      middle[j] = lower[j] + half[j];
      inverse[j] = half[j] >= std::numeric_limits<T>::min() ? T(1) / half[j] : T(0);
      magnitude = kernel::maximum(magnitude, kernel::maximum(kernel::absolute(lower[j]), kernel::absolute(upper[j])));
    }
  }

  index_t jobs() const { return images.rows * cases; }

  /// What all images share; `box` is a copy of `bounds` in the backend's memory.
  image_ref<T> common(const T* box) const {
    const index_t n = images.cols;
    image_ref<T> r;
    r.lower = box;
    r.upper = box + n;
    r.middle = box + 2 * n;
    r.half = box + 3 * n;
    r.inverse_half = box + 4 * n;
    r.size = n;
    r.classes = classes;
    r.seed = settings.seed;
    r.queries = settings.budget.queries;
    r.tie = static_cast<T>(settings.tie);
    r.magnitude = magnitude;
    return r;
  }
};

/// The tables that a run fills; every job's entries are its own, so that workers need no lock.
template <class T>
struct outputs {
  run_table& run;
  std::vector<outcome_table*> rankings;
  std::vector<T*> images; ///< per ranking: a row per job
};

} // namespace advx::attack
