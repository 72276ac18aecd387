/// @file
/// advx::run: one call from a recipe, a model, images and a goal to a result.
#pragma once

#include <advx/attack/bound.hpp>
#include <advx/attack/images.hpp>
#include <advx/core/require.hpp>
#include <advx/goal/goal.hpp>

namespace advx {

namespace detail {

/// A preset stands for the recipe that it describes; a recipe for itself.
template <class Attack>
constexpr auto recipe_of(const Attack& attack) {
  if constexpr (requires { attack.recipe(); })
    return attack.recipe();
  else
    return attack;
}

/// The table of n images that nothing is known of.
inline void prepare(outcome_table& o, const char* ranking, std::size_t n) {
  o.ranking = ranking;
  o.success = std::vector<std::uint8_t>(n);
  o.labels = std::vector<label_t>(n, no_label);
  for (auto* d : {&o.l0, &o.l1, &o.l2, &o.linf}) *d = std::vector<double>(n);
}
inline void prepare(run_table& o, std::size_t n) {
  o.status = std::vector<status>(n, status::stopped);
  o.clean_labels = std::vector<label_t>(n, no_label);
  o.constant = std::vector<double>(n);
  for (auto* c : {&o.iterations, &o.queries, &o.forward_rows, &o.pullback_rows}) *c = std::vector<std::int64_t>(n);
}

/// Refuses settings out of their ranges, for `images` images of `n` values each.
inline void check_options(const options& o, index_t images, index_t n) {
  const auto bounds = [n](std::span<const double> b, const char* name) {
    if (!b.empty() && static_cast<index_t>(b.size()) != n)
      refuse("advx: options.box.%s has %td values, and an image has %td; give one per coordinate, or none", name,
             static_cast<index_t>(b.size()), n);
  };
  bounds(o.box.lowers, "lowers");
  bounds(o.box.uppers, "uppers");
  for (index_t j = 0; j < n; ++j) {
    const double low = o.box.low(j), high = o.box.high(j);
    if (!(low <= high) || !kernel::is_finite(low) || !kernel::is_finite(high))
      refuse("advx: options.box: coordinate %td has the bounds [%.9g, %.9g]; they must be finite, the lower one first",
             j, low, high);
  }
  if (!o.epsilon.empty() && static_cast<index_t>(o.epsilon.size()) != images)
    refuse("advx: options.epsilon has %td values for %td images; give one per image, or none",
           static_cast<index_t>(o.epsilon.size()), images);
  for (std::size_t i = 0; i < o.epsilon.size(); ++i)
    if (!(o.epsilon[i] >= 0 && o.epsilon[i] < 1e30))
      refuse("advx: options.epsilon: image %zu has the radius %.9g; a radius must be at least 0", i, o.epsilon[i]);
  if (!o.numbers.empty() && static_cast<index_t>(o.numbers.size()) != images)
    refuse("advx: options.numbers has %td values for %td images; give one per image, or none",
           static_cast<index_t>(o.numbers.size()), images);
  for (std::size_t i = 0; i < o.numbers.size(); ++i)
    require(o.numbers[i] >= 0, "options", "numbers", "numbers >= 0", double(o.numbers[i]));
  require(o.batch >= 0, "options", "batch", "batch >= 0", double(o.batch));
  require(o.threads >= 0, "options", "threads", "threads >= 0", o.threads);
  require(o.tie >= 0, "options", "tie", "tie >= 0", o.tie);
  require(o.budget.queries >= 1, "options.budget", "queries", "queries >= 1", double(o.budget.queries));
  require(o.budget.seconds > 0, "options.budget", "seconds", "seconds > 0", o.budget.seconds);
}

/// Refuses pixels outside the box.
template <class T>
void check_images(batch_view<const T> images, const T* lower, const T* upper) {
  for (index_t i = 0; i < images.rows; ++i) {
    const T* x = images.row(i);
    std::int32_t outside = 0; // a count without a branch is done in whole vectors
    for (index_t j = 0; j < images.cols; ++j) outside += lower[j] <= x[j] && x[j] <= upper[j] ? 0 : 1;
    if (outside == 0) continue;
    index_t j = 0;
    while (lower[j] <= x[j] && x[j] <= upper[j]) ++j;
    refuse("advx: images: row %td, coordinate %td is %.9g, outside the box [%.9g, %.9g]; scale the images, or set "
           "options.box",
           i, j, double(x[j]), double(lower[j]), double(upper[j]));
  }
}

/// Refuses a goal that has not the same number of classes for every image.
template <class Goal>
void check_goal(const Goal& goal, index_t images) {
  if (goal.images() != images)
    refuse("advx: goal: %td labels for %td images; give one label per image", goal.images(), images);
  if constexpr (requires { goal.targets; }) {
    const auto targets = static_cast<index_t>(goal.targets.size());
    if (targets != images * goal.cases() || (targets == 0 && images > 0))
      refuse("advx: goal: %td targets for %td images; give the same number of targets for every image", targets,
             images);
  }
}

/// Refuses labels that are none of the model's, and targets that are none or the image's own.
inline void check_labels(std::span<const row_goal> goals, index_t cases, index_t classes, bool targeted) {
  for (std::size_t i = 0; i < goals.size(); ++i) {
    const row_goal g = goals[i];
    const index_t image = static_cast<index_t>(i) / cases;
    for (const bool target : {false, true}) {
      const label_t value = target ? g.target : g.label;
      if ((!target || targeted) && (value < 0 || value >= classes))
        refuse("advx: goal: image %td has the %s %d; the model's classes are 0 to %td", image,
               target ? "target" : "label", static_cast<int>(value), classes - 1);
    }
    if (targeted && g.target == g.label)
      refuse("advx: goal: image %td has the target %d; a target must differ from the image's own label", image,
             static_cast<int>(g.target));
  }
}

/// A run's order, checked, and its tables, all rows unknown and all images the originals.
template <class T>
struct prepared_run {
  attack::run_order<T> order;
  attack::outputs<T> to;
};

/// @param rows the images, one per row; `images` tells the result's containers
template <class T, class Images, class Recipe, class Model, class Goal, class Backend>
prepared_run<T> prepare_run(result<typename image_traits<Images, T>::container>& out, const Recipe& recipe,
                            const Model& model, const Images& images, batch_view<const T> rows, const Goal& goal,
                            const options& settings, const Backend&) {
  using traits = image_traits<Images, T>;
  recipe.check();
  const index_t classes = model.class_count();
  if (rows.cols != model.input_size())
    refuse("advx: images: a row has %td values, and the model takes %td; give one row per image, flattened", rows.cols,
           model.input_size());
  if (classes < 2) refuse("advx: model: class_count() is %td, and must be at least 2", classes);
  check_options(settings, rows.rows, rows.cols);
  check_goal(goal, rows.rows);
  attack::run_order<T> order(rows, classes, goal, settings);
  check_images(rows, order.bounds.data(), order.bounds.data() + rows.cols);
  check_labels(
      order.goals, order.cases, classes, requires { goal.targets; });

  const auto n = static_cast<std::size_t>(order.jobs());
  out = {};
  out.cases = order.cases;
  prepare(out, n);
  out.row_invariant = is_row_invariant_on<Model, Backend>;

  const auto rankings = recipe.rankings();
  constexpr index_t others = decltype(rankings)::size - 1;
  if constexpr (others > 0) out.other_rankings = decltype(out.other_rankings)(std::size_t(others));
  attack::outputs<T> to{out, std::vector<outcome_table*>(1 + std::size_t(others)),
                        std::vector<T*>(1 + std::size_t(others))};
  rankings.visit([&](const auto& norm, index_t k) {
    outcome<typename traits::container>* ranked = &out;
    if constexpr (others > 0)
      if (k > 0) ranked = &out.other_rankings[static_cast<std::size_t>(k - 1)];
    ranked->images = traits::make(images, order.jobs());
    prepare(*ranked, norm.name, n);
    to.rankings[static_cast<std::size_t>(k)] = ranked;
    T* data = to.images[static_cast<std::size_t>(k)] = traits::data(ranked->images);
    for (index_t i = 0; i < order.jobs(); ++i) std::copy_n(rows.row(i / order.cases), rows.cols, data + i * rows.cols);
  });
  return {std::move(order), std::move(to)};
}

} // namespace detail

/// As `run`, into a result of the caller's, whose rows `settings.finished` may read as they become final.
template <class Attack, class Model, class Images, class Goal, class Backend>
void run_into(result<typename image_traits<Images, scalar_of<Model>>::container>& out, const Attack& attack,
              const Model& model, const Images& images, const Goal& goal, const options& settings, Backend backend) {
  using T = scalar_of<Model>;
  const auto recipe = detail::recipe_of(attack);
  using recipe_type = std::remove_const_t<decltype(recipe)>;
  const auto input = image_traits<Images, T>::view(images, model.input_size());
  auto prepared =
      detail::prepare_run<T>(out, recipe, model, images, batch_view<const T>(input.view), goal, settings, backend);
  attack::bound<recipe_type, Model, Backend>(recipe, model, backend)(prepared.order, prepared.to);
}

/// Attacks `images` on `model` with `attack` (a recipe or a preset) towards `goal`.
///
/// @param attack   what to do: attack::penalty, attack::budget, ..., or a preset of <advx/attack/presets.hpp>
/// @param model    satisfies the concept that the attack needs (concepts/model.hpp); shared, not copied
/// @param images   one row per image, inside the box; any container with `image_traits` (batch, xtensor expressions)
/// @param goal     goal::untargeted or goal::targeted, with one label per image
/// @param settings box, batch, threads, seed, limits, observer
/// @param backend  where the attack's own arithmetic runs
/// @return         images of the container's kind, one row per image and case, with verified successes and counters
/// @throws argument_error before any work, naming argument, row, value and remedy; model_error where the model answers
///         NaN for an unperturbed image
///
/// The model's passes dominate; the rest is O(rows · image size) without allocation. An image's result is a function of
/// the image, its position (or number) and the seed, and not of batch or threads, if the model is row-invariant.
template <class Attack, class Model, class Images, class Goal,
          class Backend = typename image_traits<Images, scalar_of<Model>>::backend>
auto run(const Attack& attack, const Model& model, const Images& images, const Goal& goal, const options& settings = {},
         Backend backend = {}) {
  result<typename image_traits<Images, scalar_of<Model>>::container> out;
  run_into(out, attack, model, images, goal, settings, backend);
  return out;
}

} // namespace advx
