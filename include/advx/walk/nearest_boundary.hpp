/// @file
/// From one linearised class boundary to the next: DeepFool's walk.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/concepts/norm.hpp>
#include <advx/core/require.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/norm/half_space.hpp>

#include <cstddef>
#include <limits>

namespace advx::walk {

/// What a walk makes of the box.
enum class bounds {
  each_step, ///< a step ends at the nearest point of half-space ∩ box
  clipped,   ///< a step knows no box, and every point is clipped (what most programs do)
  at_end     ///< the walk knows no box, and its last point is clipped (the papers)
};

/// A walk over several classes' boundaries keeps the rows of the Jacobian that it asks for in one tick.
inline constexpr int most_classes = 32;

/// The machine of `nearest_boundary` for a recipe with a `norm` and a `walk`.
///
/// Each tick: one forward pass at the point, one pullback for every class that may be the nearest. Classes are the best
/// of the original image, as in DeepFool's program; towards a target, the target alone, against the best other.
template <class Recipe, class T>
class boundary_machine {
public:
  static constexpr index_t max_points = 1;
  static constexpr index_t max_gradients = 1;
  static constexpr index_t max_cotangents = most_classes - 1;

  struct state {
    label_t classes[std::size_t(max_cotangents)] = {}; ///< that the walk may end in
    index_t step = 0;
    bool chosen = false; ///< the classes are
    bool ending = false; ///< only the clipped point is still to be judged
    bool finished = false;
    attack::tally tally{};
  };

  template <class Memory>
  boundary_machine(Memory& memory, const Recipe& r, index_t slots, index_t size, index_t classes)
      : recipe(r),
        length(size),
        class_count(classes),
        walked(memory.template take<T>(2 * slots * size)) {}

  /// Rows of the Jacobian at each point.
  constexpr index_t cotangents() const { return kernel::minimum(index_t{recipe.walk.classes}, class_count) - 1; }

  constexpr attack::request request(const state& r) const {
    if (r.finished) return {};
    if (r.ending) return {0, 1, 0};
    return {1, 0, clips_at_end() ? index_t{1} : index_t{0}};
  }
  constexpr const attack::tally& tally(const state& r) const { return r.tally; }

  template <class Team>
  constexpr void begin(const Team& team, state&, index_t s, const image_ref<T>& image) const {
    const T* from = image.start != nullptr ? image.start : image.original;
    team.each(length, [to = walk_of(s), from](index_t j) { to[j] = from[j]; });
  }
  template <class Team>
  constexpr void write(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t, T* out) const {
    const T* from = image.start != nullptr ? image.start : image.original;
    const bool clip = !clips_at_end() || r.ending;
    team.each(length, [=, walk = walk_of(s), longer = T(1 + recipe.walk.overshoot)](index_t j) {
      const T x = from[j] + longer * (walk[j] - from[j]);
      out[j] = clip ? kernel::clamp(x, image.lower[j], image.upper[j]) : x;
    });
  }

  template <class Team>
  constexpr bool observe(const Team&, state& r, index_t, const image_ref<T>& image, const attack::answer<T>* a) const {
    if (!r.chosen) {
      r.chosen = true;
      choose(r, image, a->scores);
    }
    if (r.ending) {
      r.finished = true;
      return true;
    }
    if (a->summary.margin < a->summary.required(recipe.confidence(), image.tie)) return false;
    // The walk is over; its own point counts unless it is still to be clipped.
    r.ending = clips_at_end();
    r.finished = !r.ending;
    return r.finished;
  }

  template <score_scale, class Team>
  constexpr bool cotangent(const Team& team, const state& r, index_t, const image_ref<T>& image, index_t i,
                           const attack::answer<T>& a, T* out) const {
    if (r.ending || r.step == recipe.walk.steps || (image.goal.targeted() && i > 0)) return false;
    const pair of = sides(r, image, a, i);
    team.each(class_count, [=](index_t j) { out[j] = j == of.towards ? T(1) : (j == of.from ? T(-1) : T(0)); });
    return true;
  }

  template <score_scale, class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image, const attack::answer<T>* a,
                         const T* const* gradients) const {
    if (r.ending) return; // the next point is the clipped one
    if (r.step == recipe.walk.steps) {
      r.ending = clips_at_end();
      r.finished = !r.ending;
      return;
    }
    const auto half_space_of = [&](index_t i) {
      const pair of = sides(r, image, *a, i);
      return norm::half_space<T>{a->point,
                                 gradients[i],
                                 knows_box() ? image.lower : nullptr,
                                 knows_box() ? image.upper : nullptr,
                                 length,
                                 a->scores[of.from] - a->scores[of.towards]};
    };
    // The nearest half-space that the box does not hide; if it hides all, the one that it lets come nearest. Without
    // the box's faces a half-space is no farther, so most need no search for the point itself.
    index_t best = -1;
    double nearest = std::numeric_limits<double>::infinity();
    T deepest = std::numeric_limits<T>::lowest();
    T* point = walk_of(s) + length;
    for (index_t i = 0; i < (image.goal.targeted() ? 1 : cotangents()); ++i) {
      const auto h = half_space_of(i);
      const T steep = steepness(team, h);
      if (!(steep > T(0)) || static_cast<double>(kernel::maximum(h.missing, T(0)) / steep) >= nearest) continue;
      const T depth = h.deepest(team) - h.missing;
      double distance = std::numeric_limits<double>::infinity();
      if (depth >= T(0)) {
        const auto to = recipe.norm.nearest_in(team, h);
        team.each(length, [=](index_t j) { point[j] = to(j); });
        distance = recipe.norm.distance(team, point, h.x, length);
      }
      if (distance < nearest || (nearest == std::numeric_limits<double>::infinity() && depth > deepest)) {
        best = i;
        nearest = distance;
        deepest = depth;
      }
    }
    ++r.step;
    ++r.tally.iterations;
    if (best < 0) { // flat, or cornered
      r.ending = clips_at_end();
      r.finished = !r.ending;
      return;
    }
    norm::half_space<T> h = half_space_of(best);
    // Rounding must not end a walk on a boundary.
    h.missing = T(recipe.walk.step) * kernel::maximum(h.missing, T(0)) + T(least_step) * steepness(team, h);
    const auto to = recipe.norm.nearest_in(team, h);
    team.each(length, [=, walk = walk_of(s), x = a->point](index_t j) { walk[j] += to(j) - x[j]; });
  }

private:
  /// Added to every step's length, in the images' unit: 1e-4 in DeepFool's program.
  static constexpr double least_step = 1e-4;

  /// How much of `missing` a step of length 1 brings, where it meets no face of the box.
  template <class Team>
  constexpr T steepness(const Team& team, const norm::half_space<T>& h) const {
    return recipe.norm.template dual_length<T>(team, length, [h](index_t j) { return h.steepness(j); });
  }
  struct pair {
    label_t towards, from;
  };
  /// Which score is to overtake which, for the i-th row.
  constexpr pair sides(const state& r, const image_ref<T>& image, const attack::answer<T>& a, index_t i) const {
    if (image.goal.targeted()) return {image.goal.target, a.summary.rival};
    return {r.classes[i], image.goal.label};
  }
  /// The best classes but the label, in order.
  constexpr void choose(state& r, const image_ref<T>& image, const T* scores) const {
    for (index_t i = 0; i < cotangents(); ++i) {
      label_t best = no_label;
      for (label_t k = 0; k < class_count; ++k) {
        bool taken = k == image.goal.label;
        for (index_t before = 0; before < i; ++before) taken = taken || r.classes[before] == k;
        if (!taken && (best == no_label || scores[best] < scores[k])) best = k;
      }
      r.classes[i] = best;
    }
  }
  constexpr bool knows_box() const { return recipe.walk.inside == bounds::each_step; }
  constexpr bool clips_at_end() const { return recipe.walk.inside == bounds::at_end; }
  constexpr T* walk_of(index_t s) const { return walked + 2 * s * length; }

  Recipe recipe;
  index_t length;
  index_t class_count;
  T* walked; ///< per slot: the walk without its overshoot, and a point
};

/// Moosavi-Dezfooli et al. 2016, Algorithm 2, in any norm that finds the nearest point of a half-space: the scores are
/// linearised at the present point, and the walk goes to the nearest of their boundaries, a little further than the
/// last step alone would.
struct nearest_boundary {
  double overshoot = 0.02; ///< η ≥ 0: points lie at x0 + (1 + η)·walk
  int steps = 50;          ///< at most, ≥ 1
  int classes = 10;        ///< the best so many of the original, its own included, in [2, 32]
  bounds inside = bounds::each_step;
  double step = 1; ///< share of the way to the linearised boundary that a step goes, in (0, 1]

  static constexpr const char* name = "nearest_boundary";
  static constexpr attack::access access = attack::access::gradients;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(overshoot >= 0, "walk::nearest_boundary", "overshoot", "overshoot >= 0", overshoot);
    ::advx::detail::require(steps >= 1, "walk::nearest_boundary", "steps", "steps >= 1", steps);
    ::advx::detail::require(classes >= 2 && classes <= most_classes, "walk::nearest_boundary", "classes",
                            "classes in [2, 32]", classes);
    ::advx::detail::require(step > 0 && step <= 1, "walk::nearest_boundary", "step", "step in (0, 1]", step);
  }
  template <class Norm>
  static constexpr bool fits = norm::separable<Norm, norm::half_space<double>>;
  template <class Recipe, class T>
  using machine = boundary_machine<Recipe, T>;
};

} // namespace advx::walk
