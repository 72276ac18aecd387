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
[[gnu::cold]] inline void prepare(outcome_table& o, std::size_t n) {
  o.success.resize(n);
  o.labels.assign(n, no_label);
  for (auto* d : {&o.l0, &o.l1, &o.l2, &o.linf}) d->resize(n);
}

template <class T>
void check_images(batch_view<const T> images, const box& b) {
  const auto n = static_cast<std::size_t>(images.cols);
  for (const auto& [bounds, name] : {std::pair{b.lowers, "lowers"}, std::pair{b.uppers, "uppers"}})
    if (!bounds.empty() && bounds.size() != n)
      throw argument_error(std::string("advx: options.box.") + name + " has " + std::to_string(bounds.size()) +
                           " values, and an image has " + std::to_string(n) + "; give one per coordinate, or none");
  for (std::size_t j = 0; j < n; ++j) {
    const double low = b.lowers.empty() ? b.lower : b.lowers[j], high = b.uppers.empty() ? b.upper : b.uppers[j];
    if (!(low <= high) || !kernel::is_finite(low) || !kernel::is_finite(high))
      throw argument_error("advx: options.box: coordinate " + std::to_string(j) + " has the bounds [" + spelled(low) +
                           ", " + spelled(high) + "]; they must be finite, the lower one first");
  }
  std::vector<T> lowers(n), uppers(n);
  for (std::size_t j = 0; j < n; ++j) {
    lowers[j] = static_cast<T>(b.lowers.empty() ? b.lower : b.lowers[j]);
    uppers[j] = static_cast<T>(b.uppers.empty() ? b.upper : b.uppers[j]);
  }
  for (index_t i = 0; i < images.rows; ++i) {
    const T* x = images.row(i);
    std::int32_t outside = 0; // a count without a branch is done in whole vectors
    for (std::size_t j = 0; j < n; ++j) outside += lowers[j] <= x[j] && x[j] <= uppers[j] ? 0 : 1;
    if (outside == 0) continue;
    std::size_t j = 0;
    while (lowers[j] <= x[j] && x[j] <= uppers[j]) ++j;
    throw argument_error("advx: images: row " + std::to_string(i) + ", coordinate " + std::to_string(j) + " is " +
                         spelled(double(x[j])) + ", outside the box [" + spelled(double(lowers[j])) + ", " +
                         spelled(double(uppers[j])) + "]; scale the images, or set options.box");
  }
}

template <class Goal>
[[gnu::cold]] void check_goal(const Goal& goal, index_t images, index_t classes) {
  if (goal.images() != images)
    throw argument_error("advx: goal: " + std::to_string(goal.images()) + " labels for " + std::to_string(images) +
                         " images; give one label per image");
  if constexpr (requires { goal.targets; }) {
    if (goal.targets.size() != goal.labels.size() * static_cast<std::size_t>(goal.cases()) ||
        (goal.targets.empty() && images > 0))
      throw argument_error("advx: goal: " + std::to_string(goal.targets.size()) + " targets for " +
                           std::to_string(images) + " images; give the same number of targets for every image");
  }
  for (index_t i = 0; i < images; ++i)
    for (index_t k = 0; k < goal.cases(); ++k) {
      const row_goal g = goal.at(i, k);
      const auto refuse = [&](const char* what, label_t value, const std::string& remedy) {
        throw argument_error("advx: goal: image " + std::to_string(i) + " has the " + what + ' ' +
                             std::to_string(value) + "; " + remedy);
      };
      if (g.label < 0 || g.label >= classes)
        refuse("label", g.label, "the model's classes are 0 to " + std::to_string(classes - 1));
      if constexpr (!requires { goal.targets; }) continue;
      if (g.target < 0 || g.target >= classes)
        refuse("target", g.target, "the model's classes are 0 to " + std::to_string(classes - 1));
      if (g.target == g.label) refuse("target", g.target, "a target must differ from the image's own label");
    }
}

} // namespace detail

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
/// the image, its position and the seed, and not of batch or threads, if the model is row-invariant.
template <class Attack, class Model, class Images, class Goal,
          class Backend = typename image_traits<Images, scalar_of<Model>>::backend>
auto run(const Attack& attack, const Model& model, const Images& images, const Goal& goal, const options& settings = {},
         Backend backend = {}) {
  using T = scalar_of<Model>;
  using traits = image_traits<Images, T>;
  const auto recipe = detail::recipe_of(attack);
  using recipe_type = std::remove_const_t<decltype(recipe)>;
  recipe.check();

  const auto input = traits::view(images, model.input_size());
  const batch_view<const T> rows = input.view;
  const index_t classes = model.class_count();
  if (rows.cols != model.input_size())
    throw argument_error("advx: images: a row has " + std::to_string(rows.cols) + " values, and the model takes " +
                         std::to_string(model.input_size()) + "; give one row per image, flattened");
  if (classes < 2)
    throw argument_error("advx: model: class_count() is " + std::to_string(classes) + ", and must be at least 2");
  detail::check_images(rows, settings.box);
  detail::check_goal(goal, rows.rows, classes);
  if (!settings.epsilon.empty() && static_cast<index_t>(settings.epsilon.size()) != rows.rows)
    throw argument_error("advx: options.epsilon has " + std::to_string(settings.epsilon.size()) + " values for " +
                         std::to_string(rows.rows) + " images; give one per image, or none");
  for (std::size_t i = 0; i < settings.epsilon.size(); ++i)
    if (const double e = settings.epsilon[i]; !(e >= 0 && e < 1e30))
      throw argument_error("advx: options.epsilon: image " + std::to_string(i) + " has the radius " +
                           detail::spelled(e) + "; a radius must be at least 0");
  detail::require(settings.batch >= 0, "options", "batch", "batch >= 0", double(settings.batch));
  detail::require(settings.threads >= 0, "options", "threads", "threads >= 0", settings.threads);
  detail::require(settings.tie >= 0, "options", "tie", "tie >= 0", settings.tie);
  detail::require(settings.budget.queries >= 1, "options.budget", "queries", "queries >= 1",
                  double(settings.budget.queries));
  detail::require(settings.budget.seconds > 0, "options.budget", "seconds", "seconds > 0", settings.budget.seconds);

  const attack::run_order<T> order(rows, classes, goal, settings);
  const auto n = static_cast<std::size_t>(order.jobs());
  result<typename traits::container> out;
  out.cases = order.cases;
  out.status.assign(n, status::stopped);
  out.clean_labels.assign(n, no_label);
  out.constant.resize(n);
  for (auto* counter : {&out.iterations, &out.queries, &out.forward_rows, &out.pullback_rows}) counter->resize(n);
  out.row_invariant = is_row_invariant_on<Model, Backend>;

  const auto rankings = recipe.rankings();
  out.other_rankings.resize(static_cast<std::size_t>(rankings.size - 1));
  attack::outputs<T> to{out, {}, {}};
  rankings.visit([&](const auto& norm, index_t k) {
    auto& ranked = k == 0 ? static_cast<outcome<typename traits::container>&>(out)
                          : out.other_rankings[static_cast<std::size_t>(k - 1)];
    ranked.ranking = norm.name;
    ranked.images = traits::make(images, order.jobs());
    detail::prepare(ranked, n);
    to.rankings.push_back(&ranked);
    to.images.push_back(traits::data(ranked.images));
    for (index_t i = 0; i < order.jobs(); ++i)
      std::copy_n(rows.row(i / order.cases), rows.cols, to.images.back() + i * rows.cols);
  });
  attack::bound<recipe_type, Model, Backend>(recipe, model, backend)(order, to);
  return out;
}

} // namespace advx
