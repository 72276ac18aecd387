/// @file
/// From linearised boundary to linearised boundary with few coordinates: SparseFool's walk.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/norm/l0.hpp>
#include <advx/norm/l1.hpp>
#include <advx/norm/l2.hpp>
#include <advx/walk/nearest_boundary.hpp>

#include <concepts>
#include <limits>

namespace advx::walk {

/// The machine of `sparse` for a recipe with a `walk`: a walk to the nearest boundary in L2, and from where it ends the
/// boundary's normal; then the sparsest point beyond that hyperplane is looked at, and is where the next walk begins.
template <class Recipe, class T>
class sparse_machine {
  struct inner_recipe {
    norm::l2 norm{};
    nearest_boundary walk{};
    constexpr double confidence() const { return 0; }
  };
  using inner_type = boundary_machine<inner_recipe, T>;

public:
  static constexpr index_t max_points = 1;
  static constexpr index_t max_gradients = 1;
  static constexpr index_t max_cotangents = inner_type::max_cotangents;

  struct state {
    typename inner_type::state inner{};
    bool crossed = false; ///< the inner walk's point has left the class
    bool sparse = false;  ///< the next point is the sparse one
    bool finished = false;
    attack::tally tally{};
  };

  template <class Memory>
  sparse_machine(Memory& memory, const Recipe& r, index_t slots, index_t size, index_t classes)
      : recipe(r),
        inner(memory, inner_recipe{{}, r.walk.inner}, slots, size, classes),
        length(size),
        class_count(classes),
        vectors(memory.template take<T>(3 * slots * size)) {}

  constexpr index_t cotangents() const { return inner.cotangents(); }
  constexpr attack::request request(const state& r) const {
    if (r.finished) return {};
    return r.sparse ? attack::request{0, 1, 0} : inner.request(r.inner);
  }
  constexpr const attack::tally& tally(const state& r) const { return r.tally; }

  template <class Team>
  constexpr void begin(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    T *x = present(s), *lower = x + length, *upper = lower + length;
    const T room = recipe.walk.delta < double(std::numeric_limits<T>::max()) ? T(recipe.walk.delta)
                                                                             : std::numeric_limits<T>::max();
    team.each(length, [=](index_t j) {
      const T x0 = image.original[j];
      x[j] = x0;
      lower[j] = kernel::maximum(image.lower[j], x0 - room);
      upper[j] = kernel::minimum(image.upper[j], x0 + room);
    });
    inner.begin(team, r.inner, s, from_here(s, image));
  }
  template <class Team>
  constexpr void write(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t i,
                       T* out) const {
    if (!r.sparse) {
      inner.write(team, r.inner, s, from_here(s, image), i, out);
      return;
    }
    const T *x = present(s), *lower = x + length, *upper = lower + length;
    team.each(length, [=, longer = T(1 + recipe.walk.overshoot), x0 = image.original](index_t j) {
      out[j] = x[j] == x0[j] ? x0[j] : kernel::clamp(x0[j] + longer * (x[j] - x0[j]), lower[j], upper[j]);
    });
  }

  template <class Team>
  constexpr bool observe(const Team& team, state& r, index_t s, const image_ref<T>& image,
                         const attack::answer<T>* a) const {
    if (r.sparse) {
      r.finished = a->success || r.tally.iterations >= recipe.walk.rounds;
      return r.finished;
    }
    r.crossed = inner.observe(team, r.inner, s, from_here(s, image), a);
    return false;
  }
  template <score_scale Scale, class Team>
  constexpr bool cotangent(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t i,
                           const attack::answer<T>& a, T* out) const {
    if (!r.crossed) return inner.template cotangent<Scale>(team, r.inner, s, from_here(s, image), i, a, out);
    if (i > 0) return false;
    // The boundary that has been crossed: between the goal's side and the best of the other.
    const label_t own = image.goal.targeted() ? image.goal.target : image.goal.label;
    const T sign = image.goal.targeted() ? T(1) : T(-1);
    team.each(class_count,
              [=, rival = a.summary.rival](index_t j) { out[j] = j == own ? sign : (j == rival ? -sign : T(0)); });
    return true;
  }
  template <score_scale Scale, class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image, const attack::answer<T>* a,
                         const T* const* gradients) const {
    if (r.sparse) {
      r.sparse = false;
      r.inner = {};
      inner.begin(team, r.inner, s, from_here(s, image));
      return;
    }
    if (!r.crossed) {
      inner.template advance<Scale>(team, r.inner, s, from_here(s, image), a, gradients);
      r.finished = inner.request(r.inner).total() == 0;
      return;
    }
    r.crossed = false;
    ++r.tally.iterations;
    T* x = present(s);
    const T* normal = gradients[0];
    norm::half_space<T> h{x, normal, x + length, x + 2 * length, length, T(0)};
    const T way = team.template sum<T>(length, [=, to = a->point](index_t j) { return normal[j] * (to[j] - x[j]); });
    const T unit = norm::l2{}.template dual_length<T>(team, length, [=](index_t j) { return normal[j]; });
    h.missing = kernel::maximum(T(recipe.walk.lambda) * way, T(0)) + T(margin) * unit;
    if (!(h.deepest(team) > T(0))) { // every coordinate that would help is spent
      r.finished = true;
      return;
    }
    const auto to = norm::l1{}.template nearest_in<T>(team, h);
    team.each(length, [=](index_t j) { x[j] = to(j); });
    r.sparse = true;
  }

private:
  /// How far beyond the hyperplane, in the images' unit (SparseFool's program).
  static constexpr double margin = 1e-3;

  constexpr image_ref<T> from_here(index_t s, image_ref<T> image) const {
    image.start = present(s);
    return image;
  }
  constexpr T* present(index_t s) const { return vectors + 3 * s * length; }

  Recipe recipe;
  inner_type inner;
  index_t length;
  index_t class_count;
  T* vectors; ///< per slot: the sparse point, and its bounds
};

/// Modas et al. 2019, Algorithm 2: a boundary found in L2 is crossed by the fewest coordinates, each up to its bound.
struct sparse {
  double lambda = 3; ///< λ ≥ 1: how far beyond the boundary that was found, in its distance
  double delta = std::numeric_limits<double>::infinity(); ///< the most that a coordinate changes, > 0
  double overshoot = 0.02;                                ///< ε ≥ 0: what is looked at lies at x0 + (1 + ε)·walk
  int rounds = 20;                                        ///< boundaries, ≥ 1
  nearest_boundary inner{};                               ///< finds a boundary

  static constexpr const char* name = "sparse";
  static constexpr attack::access access = attack::access::gradients;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(lambda >= 1, "walk::sparse", "lambda", "lambda >= 1", lambda);
    ::advx::detail::require(delta > 0, "walk::sparse", "delta", "delta > 0", delta);
    ::advx::detail::require(overshoot >= 0, "walk::sparse", "overshoot", "overshoot >= 0", overshoot);
    ::advx::detail::require(rounds >= 1, "walk::sparse", "rounds", "rounds >= 1", rounds);
    ::advx::detail::require(inner.inside == bounds::each_step, "walk::sparse", "inner.inside", "bounds::each_step",
                            double(inner.inside));
    inner.check();
  }
  /// It makes δ sparse: a norm that ranks by size would prefer the walks in between.
  template <class Norm>
  static constexpr bool fits = std::same_as<Norm, norm::l0>;
  template <class Recipe, class T>
  using machine = sparse_machine<Recipe, T>;
};

} // namespace advx::walk
