/// @file
/// Universal perturbations: one δ that changes the class of most images.
#pragma once

#include <advx/aggregate/sum.hpp>
#include <advx/attack/inquiry.hpp>
#include <advx/attack/run.hpp>
#include <advx/concepts/norm.hpp>
#include <advx/core/list.hpp>
#include <advx/norm/l2.hpp>
#include <advx/norm/linf.hpp>

#include <chrono>
#include <limits>
#include <numeric>

namespace advx {

/// What find_universal returns.
template <class Images>
struct universal_result {
  Images perturbation;              ///< v, one row
  double norm = 0;                  ///< ‖v‖ in the recipe's norm, in double from the stored values; ≤ ξ
  std::vector<double> fooling_rate; ///< after each pass, of clip(x + v) over the images that v was made from
  index_t pass = -1;                ///< whose v this is: that with the highest of these rates; -1: no pass was finished
  std::vector<double> spectrum;     ///< singular values of the perturbations (aggregate::low_rank), falling
  std::vector<label_t> clean_labels; ///< the model's classes for the images
  std::int64_t attacked = 0;         ///< images that the inner attack was run on, all passes together
  std::int64_t added = 0;            ///< of these, whose perturbation went into v
  std::int64_t queries = 0;          ///< answers asked of the model, those for fooling rates and verification too
  std::int64_t forward_rows = 0;     ///< of these, not pulled back
  std::int64_t pullback_rows = 0;    ///< rows pulled back
  double model_seconds = 0;          ///< CPU time inside the inner attacks' passes, all threads; 0 on a device
  bool complete = true;              ///< false: the observer or the time limit ended it

  /// Share of the images, in [0, 1], that v fools.
  double best_rate() const { return pass < 0 ? 0.0 : fooling_rate[static_cast<std::size_t>(pass)]; }
};

namespace attack {

/// ξ of Moosavi-Dezfooli et al. 2017, of images in [0, 1]: 2,000/255 in L2, 10/255 in L∞.
template <class Norm>
inline constexpr double usual_xi = 2000.0 / 255;
template <>
inline constexpr double usual_xi<norm::linf> = 10.0 / 255;

/// One perturbation for all images: an attack's own perturbations, put together and projected on a ball, pass for pass
/// (Moosavi-Dezfooli et al. 2017, Algorithm 1). find_universal finds it; `run` hands out what it does to each image.
///
/// `Attack`: any recipe or preset, best one that seeks the least perturbation. `Norm`: one with a ball.
/// `Aggregate`: aggregate::one_by_one is the paper's; together attacks many images at once; low_rank is Wu &
/// Huberman's.
template <class Attack, class Norm, class Aggregate = aggregate::one_by_one>
struct universal {
  static_assert(norm::projectable<Norm>, "advx: a universal perturbation needs a norm with a ball: norm::l1, norm::l2 "
                                         "or norm::linf");

  Attack attack{};
  Norm norm{};
  double xi = usual_xi<Norm>; ///< ξ > 0, radius of the ball; infinity: no ball
  double delta = 0.2;         ///< δ in [0, 1): passes end when the fooling rate is at least 1 − δ
  int passes = 10;            ///< over all images, at most, ≥ 1
  Aggregate aggregate{};

  static constexpr const char* form = "universal";
  static constexpr attack::access access = decltype(::advx::detail::recipe_of(std::declval<const Attack&>()))::access;
  constexpr auto rankings() const { return list<Norm>{norm}; }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::recipe_of(attack).check();
    ::advx::detail::check_policy(norm);
    ::advx::detail::check_policy(aggregate);
    ::advx::detail::require(xi > 0, "attack::universal", "xi", "xi > 0", xi);
    ::advx::detail::require(delta >= 0 && delta < 1, "attack::universal", "delta", "delta in [0, 1)", delta);
    ::advx::detail::require(passes >= 1, "attack::universal", "passes", "passes >= 1", passes);
  }
};

/// Moves v to the nearest point of {‖v‖ ≤ radius}; the stored values obey it, measured in double.
template <class Norm, class T>
void project_on_ball(const Norm& norm, double radius, std::span<T> v) {
  if (radius == std::numeric_limits<double>::infinity()) return;
  const backend::vector_team team;
  const std::vector<T> zero(v.size()), low(v.size(), std::numeric_limits<T>::lowest()),
      high(v.size(), std::numeric_limits<T>::max());
  image_ref<T> ball;
  ball.original = zero.data();
  ball.lower = low.data();
  ball.upper = high.data();
  ball.size = static_cast<index_t>(v.size());
  ball.magnitude = 0;
  T* x = v.data();
  if (norm.distance(team, x, ball.original, ball.size) <= radius) return;
  const auto to = norm.template projection<T>(team, ball, radius, [x](index_t j) { return x[j]; });
  team.each(ball.size, [=](index_t j) { x[j] = to(j, x[j]); });
  norm.fit(team, ball, radius, x);
}

} // namespace attack

namespace detail {

/// The box in the images' own type.
template <class T>
struct stored_box {
  std::vector<T> lower, upper;

  stored_box(const box& b, index_t n) {
    for (index_t j = 0; j < n; ++j) {
      lower.push_back(static_cast<T>(b.low(j)));
      upper.push_back(static_cast<T>(b.high(j)));
    }
  }
  /// to = clip(x + v)
  void add(const T* x, const T* v, T* to) const {
    for (std::size_t j = 0; j < lower.size(); ++j) to[j] = kernel::clamp(x[j] + v[j], lower[j], upper[j]);
  }
};

/// Checks that both ways to look at a set of images share.
template <class T, class Model>
stored_box<T> check_set(const Model& model, batch_view<const T> rows, const options& settings) {
  if (rows.rows < 1) refuse("advx: images: there are none, and a fooling rate needs at least 1");
  if (rows.cols != model.input_size())
    refuse("advx: images: a row has %td values, and the model takes %td; give one row per image, flattened", rows.cols,
           model.input_size());
  check_options(settings, rows.rows, rows.cols);
  stored_box<T> bounds(settings.box, rows.cols);
  check_images(rows, bounds.lower.data(), bounds.upper.data());
  return bounds;
}

} // namespace detail

/// Share of `images`, in [0, 1], whose class clip(x + v) changes on `model`: the classes are the model's own, for x and
/// for the clipped sum. For images that v was not made from, and for other models than its own.
///
/// @param perturbation v, one row
/// @throws argument_error for no images, other sizes, or images outside the box; model_error for scores that are not
///         finite
template <class Model, class Images, class Perturbation,
          class Backend = typename image_traits<Images, scalar_of<Model>>::backend>
double fooling_rate(const Model& model, const Images& images, const Perturbation& perturbation,
                    const options& settings = {}, Backend backend = {}) {
  using T = scalar_of<Model>;
  const auto input = image_traits<Images, T>::view(images, model.input_size());
  const batch_view<const T> rows = input.view;
  const auto given = image_traits<Perturbation, T>::view(perturbation, model.input_size());
  const batch_view<const T> v = given.view;
  const auto bounds = detail::check_set(model, rows, settings);
  if (v.rows != 1 || v.cols != rows.cols)
    detail::refuse("advx: fooling_rate: the perturbation is %td × %td, and an image has %td values; give one row",
                   v.rows, v.cols, rows.cols);
  attack::inquiry<Model, Backend> ask(model, backend);
  std::vector<label_t> clean(static_cast<std::size_t>(rows.rows));
  index_t fooled = 0;
  ask(
      rows.rows, [&](index_t i, T* to) { std::copy_n(rows.row(i), rows.cols, to); },
      [&](index_t i, label_t y, const T*) { clean[static_cast<std::size_t>(i)] = y; });
  ask(
      rows.rows, [&](index_t i, T* to) { bounds.add(rows.row(i), v.data, to); },
      [&](index_t i, label_t y, const T*) { fooled += y != clean[static_cast<std::size_t>(i)]; });
  return static_cast<double>(fooled) / static_cast<double>(rows.rows);
}

/// Makes one perturbation v, ‖v‖ ≤ ξ, for all `images` on `model`.
///
/// Each pass goes through the images in a new order, in blocks of the aggregate's size. Those of a block that v does
/// not fool are attacked at clip(x + v), away from the model's class for x; the aggregate adds what the attack added to
/// those where it succeeded, and v is projected. After a pass the fooling rate is measured on all images; the v with
/// the highest rate is returned. The papers' programs attack x + v unclipped, outside the box; here an attack knows the
/// box, as every image that is handed out lies in it: what clip(x + v) cannot show does not count as fooling, neither
/// in the choice of images nor in the rates.
///
/// @param recipe   attack::universal, or a preset of one
/// @param model    what the inner attack needs (concepts/model.hpp)
/// @param images   one row per image, inside the box; any container with `image_traits`
/// @param settings as for `run`; seed: of the orders, the inner attack and the aggregate; observer: sees the inner runs
/// @return         v as a container of the images' kind with one row, its rates and what it cost
/// @throws argument_error before any work; model_error for scores that are not finite
///
/// A pass costs 2 rows an image beside the inner attacks. The result is a function of images, their order and the seed,
/// and not of batch or threads, if the model is row-invariant.
template <class Attack, class Model, class Images,
          class Backend = typename image_traits<Images, scalar_of<Model>>::backend>
auto find_universal(const Attack& recipe, const Model& model, const Images& images, const options& settings = {},
                    Backend backend = {}) {
  using T = scalar_of<Model>;
  using traits = image_traits<Images, T>;
  using clock = std::chrono::steady_clock;
  const auto form = detail::recipe_of(recipe);
  form.check();
  const auto input = traits::view(images, model.input_size());
  const batch_view<const T> rows = input.view;
  const auto bounds = detail::check_set(model, rows, settings);
  const index_t n = rows.rows, size = rows.cols;
  const auto began = clock::now();
  const auto seconds_left = [&] {
    return settings.budget.seconds - std::chrono::duration<double>(clock::now() - began).count();
  };
  // A run of one image is complete even where its observer says stop: hear that here.
  bool stopped = false;
  auto watched = [&](const progress& p) {
    stopped = stopped || (settings.observer && !settings.observer(p));
    return !stopped;
  };

  universal_result<typename traits::container> out;
  out.perturbation = traits::make(images, 1);
  T* best = traits::data(out.perturbation);
  std::fill_n(best, size, T(0));
  std::vector<T> v(static_cast<std::size_t>(size));
  attack::inquiry<Model, Backend> ask(model, backend);
  out.clean_labels.resize(static_cast<std::size_t>(n));
  ask(
      n, [&](index_t i, T* to) { std::copy_n(rows.row(i), size, to); },
      [&](index_t i, label_t y, const T*) { out.clean_labels[static_cast<std::size_t>(i)] = y; });

  std::vector<index_t> order(static_cast<std::size_t>(n)), held;
  std::iota(order.begin(), order.end(), index_t{0});
  batch<T> changes;
  std::vector<double> epsilon;
  std::vector<label_t> labels;

  // Attacks the block's images that v does not fool, and adds what that tells. False: stopped.
  const auto work = [&](std::span<const index_t> block, std::uint64_t seed) {
    held.clear();
    ask(
        static_cast<index_t>(block.size()),
        [&](index_t i, T* to) { bounds.add(rows.row(block[static_cast<std::size_t>(i)]), v.data(), to); },
        [&](index_t i, label_t y, const T*) {
          const index_t image = block[static_cast<std::size_t>(i)];
          if (y == out.clean_labels[static_cast<std::size_t>(image)]) held.push_back(image);
        });
    if (held.empty()) return true;
    batch<T> points(static_cast<index_t>(held.size()), size);
    labels.clear();
    epsilon.clear();
    for (index_t i = 0; i < points.rows(); ++i) {
      const index_t image = held[static_cast<std::size_t>(i)];
      bounds.add(rows.row(image), v.data(), points.row(i));
      labels.push_back(out.clean_labels[static_cast<std::size_t>(image)]);
      if (!settings.epsilon.empty()) epsilon.push_back(settings.epsilon[static_cast<std::size_t>(image)]);
    }
    options inner = settings;
    inner.epsilon = epsilon;
    inner.seed = seed;
    inner.observer = observer(watched);
    inner.finished = {}; // what is final in it is not in the whole
    inner.numbers = {};
    inner.budget.seconds = seconds_left();
    if (!(inner.budget.seconds > 0)) return false;
    const auto r = run(form.attack, model, points, goal::untargeted{labels}, inner, backend);
    out.attacked += points.rows();
    out.queries += std::accumulate(r.queries.begin(), r.queries.end(), r.verification_rows);
    out.forward_rows += std::accumulate(r.forward_rows.begin(), r.forward_rows.end(), r.verification_rows);
    out.pullback_rows = std::accumulate(r.pullback_rows.begin(), r.pullback_rows.end(), out.pullback_rows);
    out.model_seconds += r.model_seconds;
    if (stopped || !r.complete) return false;
    changes = batch<T>(points.rows(), size);
    changes.row_count = 0;
    for (index_t i = 0; i < points.rows(); ++i) {
      if (r.success[static_cast<std::size_t>(i)] == 0 && !form.aggregate.wants_failures()) continue;
      T* to = changes.row(changes.row_count++);
      for (index_t j = 0; j < size; ++j) to[j] = r.images.row(i)[j] - points.row(i)[j];
    }
    out.added += changes.rows();
    if (changes.rows() == 0) return true;
    form.aggregate.add(std::as_const(changes).view(), seed, v.data(), out.spectrum);
    attack::project_on_ball(form.norm, form.xi, std::span<T>(v));
    return true;
  };

  for (int pass = 0; pass < form.passes && out.complete; ++pass) {
    const kernel::random_stream draw{settings.seed, static_cast<std::uint32_t>(pass), 0x0DE2U};
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[draw.bits(static_cast<index_t>(i)) % i]);
    const index_t block = form.aggregate.block(n);
    for (index_t first = 0; first < n && out.complete; first += block) {
      const auto rest = std::span<const index_t>(order).subspan(static_cast<std::size_t>(first));
      const std::uint64_t seed = draw.bits(first, 1) | std::uint64_t{draw.bits(first, 2)} << 32;
      out.complete = work(rest.first(std::min(rest.size(), static_cast<std::size_t>(block))), seed);
    }
    index_t fooled = 0;
    ask(
        n, [&](index_t i, T* to) { bounds.add(rows.row(i), v.data(), to); },
        [&](index_t i, label_t y, const T*) { fooled += y != out.clean_labels[static_cast<std::size_t>(i)]; });
    const double rate = static_cast<double>(fooled) / static_cast<double>(n);
    out.fooling_rate.push_back(rate);
    if (pass == 0 || rate > out.best_rate()) {
      out.pass = pass;
      std::copy(v.begin(), v.end(), best);
    }
    if (rate >= 1 - form.delta) break;
  }
  out.queries += ask.forward_rows;
  out.forward_rows += ask.forward_rows;
  const std::vector<T> zero(v.size());
  out.norm = form.norm.distance(backend::vector_team{}, best, zero.data(), size);
  return out;
}

namespace detail {

template <class Recipe>
inline constexpr bool is_universal = false;
template <class A, class N, class G>
inline constexpr bool is_universal<attack::universal<A, N, G>> = true;

} // namespace detail

/// `run` of a universal perturbation: makes v of all images, and hands out clip(x + v) of each. An image is a success
/// where that is classified, in passes and alone, as another class than its label; one whose original is, is handed
/// out as it came. Its counts are an equal share of what v cost; `constant` is 0, and `iterations` the passes made.
///
/// An image's result depends on all images of the run, their order and the seed. There are no targets: they are refused
/// with argument_error. The observer hears of no finished image before v is made.
template <class Attack, class Model, class Images, class Goal, class Backend>
  requires detail::is_universal<std::remove_const_t<decltype(detail::recipe_of(std::declval<const Attack&>()))>>
void run_into(result<typename image_traits<Images, scalar_of<Model>>::container>& out, const Attack& attack,
              const Model& model, const Images& images, const Goal& goal, const options& settings, Backend backend) {
  using T = scalar_of<Model>;
  const auto recipe = detail::recipe_of(attack);
  const auto input = image_traits<Images, T>::view(images, model.input_size());
  const batch_view<const T> rows = input.view;
  const auto prepared = detail::prepare_run<T>(out, recipe, model, images, rows, goal, settings, backend);
  const auto& goals = prepared.order.goals;
  for (std::size_t i = 0; i < goals.size(); ++i)
    if (goals[i].targeted())
      detail::refuse("advx: goal: image %zu has the target %d, and one perturbation for all images leads to no target; "
                     "give goal::untargeted",
                     i, static_cast<int>(goals[i].target));
  const index_t n = rows.rows, size = rows.cols;
  if (n == 0) return;

  progress heard{.total = n};
  const auto watch = [&](const progress&) { return !settings.observer || settings.observer(heard); };
  options of_v = settings;
  of_v.observer = observer(watch);
  const auto v = find_universal(recipe, model, rows, of_v, backend);
  out.complete = v.complete;
  out.model_seconds = v.model_seconds;

  const detail::stored_box<T> bounds(settings.box, size);
  T* handed = prepared.to.images[0];
  for (index_t i = 0; i < n; ++i) {
    const auto k = static_cast<std::size_t>(i);
    out.clean_labels[k] = v.clean_labels[k];
    if (v.clean_labels[k] == goals[k].label) bounds.add(rows.row(i), v.perturbation.row(0), handed + i * size);
    out.iterations[k] = static_cast<std::int64_t>(v.fooling_rate.size());
    const auto share = [&](std::int64_t all) { return all / n + (i < all % n ? 1 : 0); };
    out.queries[k] = share(v.queries);
    out.forward_rows[k] = share(v.forward_rows);
    out.pullback_rows[k] = share(v.pullback_rows);
  }

  attack::inquiry<Model, Backend> ask(model, backend);
  ask(
      n, [&](index_t i, T* to) { std::copy_n(handed + i * size, size, to); },
      [&](index_t i, label_t y, const T*) { out.labels[static_cast<std::size_t>(i)] = y; });
  for (index_t i = 0; i < n; ++i) {
    const auto k = static_cast<std::size_t>(i);
    label_t alone = goals[k].label;
    if (out.labels[k] != alone)
      ask(
          1, [&](index_t, T* to) { std::copy_n(handed + i * size, size, to); },
          [&](index_t, label_t y, const T*) { alone = y; });
    out.success[k] = alone != goals[k].label ? 1 : 0;
    out.status[k] = v.clean_labels[k] != goals[k].label && out.success[k] != 0 ? status::already_adversarial
                    : !v.complete                                              ? status::stopped
                    : out.success[k] != 0                                      ? status::success
                                                                               : status::failed;
    const auto d = norm::measure(backend::vector_team{}, handed + i * size, rows.row(i), size);
    out.l0[k] = d.l0;
    out.l1[k] = d.l1;
    out.l2[k] = d.l2;
    out.linf[k] = d.linf;
    heard.done += 1;
    heard.succeeded += out.success[k];
    heard.forward += out.forward_rows[k];
    heard.pullback += out.pullback_rows[k];
  }
  out.verification_rows = ask.forward_rows;
  if (!v.complete) return;
  if (settings.finished)
    for (index_t i = 0; i < n; ++i) settings.finished(i);
  if (settings.observer) settings.observer(heard);
}

} // namespace advx
