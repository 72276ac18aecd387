/// @file
/// The form "an attack whose images survive being stored as integers".
#pragma once

#include <advx/attack/ledger.hpp>
#include <advx/attack/machine.hpp>
#include <advx/core/require.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/kernel/lattice.hpp>
#include <advx/norm/half_space.hpp>
#include <advx/norm/l0.hpp>
#include <advx/norm/l1.hpp>

#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

namespace advx::attack {

/// The machine of `lattice`: an inner machine, whose successes a ledger of its own keeps, since none of them is a
/// result; then, for each ranking, the grid's points about the best of them, which are.
template <class Recipe, class T>
class lattice_machine {
  using attack_type = decltype(Recipe::attack);
  using inner_type = typename attack_type::template machine<T>;
  using rankings_type = decltype(std::declval<const attack_type&>().rankings());
  using norm_type = std::remove_cvref_t<decltype(std::declval<rankings_type>().template get<0>())>;
  using book_type = ledger<rankings_type, T>;

public:
  static constexpr index_t max_points = inner_type::max_points;
  static constexpr index_t max_gradients = [] {
    if constexpr (requires { inner_type::max_gradients; })
      return index_t{inner_type::max_gradients};
    else
      return index_t{inner_type::max_points};
  }();
  static constexpr index_t max_cotangents = [] {
    if constexpr (requires { inner_type::max_cotangents; })
      return index_t{inner_type::max_cotangents};
    else
      return index_t{1};
  }();

  struct state {
    typename inner_type::state inner{};
    typename book_type::row kept{};
    index_t ranking = -1; ///< whose best success is on its way to the grid; −1: the attack is at work
    int step = 0;         ///< repairs of it
    double failed = 0;    ///< the greatest reach (see `round`) without success
    double reached = 0;   ///< the least with one; 0: none
    double tried = 0;     ///< the present one
    bool fresh = true;    ///< nothing has been answered yet
    bool ended = false;   ///< the attack is
    bool finished = false;
  };

  template <class Memory>
  lattice_machine(Memory& memory, const Recipe& r, index_t slots, index_t size, index_t classes)
      : recipe(r),
        inner(memory, r.attack, slots, size, classes),
        book(memory, r.attack.rankings(), slots, size),
        length(size),
        class_count(classes),
        vectors(memory.template take<T>(vectors_each * slots * size)),
        judged(memory.template take<answer<T>>(max_points * slots)) {}

  constexpr index_t cotangents() const {
    if constexpr (max_cotangents > 1)
      return inner.cotangents();
    else
      return 1;
  }
  constexpr attack::request request(const state& r) const {
    if (r.finished) return {};
    if (r.ranking >= 0) return differentiable ? attack::request{1, 0, 0} : attack::request{0, 1, 0};
    attack::request asked = inner.request(r.inner);
    asked.judged_from = asked.total();
    return asked;
  }
  constexpr const attack::tally& tally(const state& r) const { return inner.tally(r.inner); }

  template <class Team>
  constexpr void begin(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    book.begin(r.kept, image);
    inner.begin(team, r.inner, s, image);
  }
  template <class Team>
  constexpr void write(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t i,
                       T* out) const {
    if (r.ranking < 0)
      inner.write(team, r.inner, s, image, i, out);
    else
      team.each(length, [out, from = on_grid(s)](index_t j) { out[j] = from[j]; });
  }

  template <class Team>
  constexpr bool observe(const Team& team, state& r, index_t s, const image_ref<T>& image,
                         const answer<T>* answers) const {
    if (r.ranking >= 0) return false;
    const attack::request asked = inner.request(r.inner);
    const double limit = recipe.limit(image);
    for (index_t i = 0; i < asked.total(); ++i) {
      answer<T> mine = answers[i];
      mine.success = (i >= asked.judged_from || r.fresh) &&
                     book.judge(team, r.kept, s, image, mine.point, mine.summary, recipe.confidence(), limit);
      team.each(1, [&](index_t) { seen(s)[i] = mine; });
    }
    // At once: a slot that waits for a later pass is not told when the points are overwritten.
    book.settle(team, r.kept, s, image, r.kept.nearest);
    // An original that meets the goal and is no image of the grid: there is nothing to attack, only to round.
    r.ended = r.fresh && seen(s)[0].success;
    r.fresh = false;
    r.ended = r.ended || inner.observe(team, r.inner, s, image, seen(s));
    return false;
  }
  template <score_scale Scale, class Team>
  constexpr bool cotangent(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t i,
                           const answer<T>& a, T* out) const {
    if (r.ranking < 0) return !r.ended && inner.template cotangent<Scale>(team, r.inner, s, image, i, a, out);
    if (i > 0 || !repairable(r, image, a)) return false;
    // The margin's own slope, on any scale of scores.
    const label_t own = image.goal.targeted() ? image.goal.target : image.goal.label;
    const T sign = image.goal.targeted() ? T(1) : T(-1);
    team.each(class_count,
              [=, rival = a.summary.rival](index_t j) { out[j] = j == own ? sign : (j == rival ? -sign : T(0)); });
    return true;
  }

  template <score_scale Scale, class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image, const answer<T>* answers,
                         const T* const* gradients) const {
    if (r.ranking < 0) {
      if (!r.ended) inner.template advance<Scale>(team, r.inner, s, image, seen(s), gradients);
      look_at_end(team, r, s, image);
    } else if (!repairable(r, image, *answers) || !climb(team, s, image, *answers, gradients[0])) {
      next(team, r, s, image);
    } else {
      ++r.step;
    }
  }
  template <score_scale Scale, class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image,
                         const answer<T>* answers) const {
    if (r.ranking < 0) {
      if (!r.ended) inner.template advance<Scale>(team, r.inner, s, image, seen(s));
      look_at_end(team, r, s, image);
    } else {
      stretch(team, r, s, image, *answers);
    }
  }
  template <class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image,
                         const answer<T>* answers) const {
    if (r.ranking < 0) {
      if (!r.ended) inner.advance(team, r.inner, s, image, seen(s));
      look_at_end(team, r, s, image);
    } else {
      stretch(team, r, s, image, *answers);
    }
  }

private:
  static constexpr bool differentiable = Recipe::access == access::gradients;
  static constexpr index_t vectors_each = differentiable ? 4 : 2;
  /// Offsets must not carry a point of the grid to the next one by rounding.
  static constexpr double whole_level = 0.999;
  static constexpr double nearest_level = 0.5;

  template <class Team>
  constexpr void look_at_end(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    if (r.ended || inner.request(r.inner).total() == 0) next(team, r, s, image);
  }
  /// Takes up the next ranking's best success, or, of an attack that has none, the point nearest to the goal, once.
  template <class Team>
  constexpr void next(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    ++r.ranking;
    r.finished = r.ranking >= (r.kept.succeeded ? book_type::rankings : index_t{1});
    if (r.finished) return;
    const T* from = r.kept.succeeded ? book.candidate(r.kept, s, r.ranking, 0) : r.kept.nearest;
    team.each(length, [to = found(s), from](index_t j) { to[j] = from[j]; });
    r.step = 0;
    r.failed = r.reached = 0;
    r.tried = nearest_level;
    round(team, s, image, r.tried);
    // In L1 and L2 the nearest levels may lie outside the ball; those towards the original do not.
    const double limit = recipe.limit(image);
    if (limit < std::numeric_limits<double>::infinity() &&
        recipe.attack.rankings().template get<0>().distance(team, on_grid(s), image.original, length) > limit)
      round(team, s, image, 0);
  }

  /// Rounds what was found. `reach` ≤ 1/2: towards the original (0) up to the nearest levels; up to 1: away from it;
  /// beyond: `reach` times as far along the perturbation, and away. Coordinates keep within the ball's own range.
  template <class Team>
  constexpr void round(const Team& team, index_t s, const image_ref<T>& image, double reach) const {
    const T longer = static_cast<T>(reach > 1 ? reach : 1);
    const T offset = static_cast<T>(reach < whole_level ? reach : whole_level);
    const double radius = radius_of(image);
    team.each(length, [=, this, x = found(s), to = on_grid(s)](index_t j) {
      const kernel::lattice<T> axis = axis_of(image, j);
      const T x0 = image.original[j], d = x[j] - x0;
      const T v = longer > T(1) ? kernel::clamp(x0 + longer * d, image.lower[j], image.upper[j]) : x[j];
      const T most = static_cast<T>(radius);
      const T k = axis.beyond(axis.position(kernel::clamp(v, x0 - most, x0 + most)), d, offset);
      to[j] = axis.value(k);
      if (!within(to[j], x0, radius))
        to[j] = axis.value(kernel::clamp(to[j] > x0 ? k - T(1) : k + T(1), T(0), axis.last));
    });
  }

  constexpr bool repairable(const state& r, const image_ref<T>& image, const answer<T>& a) const {
    return !a.success && r.kept.succeeded && r.step < recipe.steps && missing(image, a) > T(0);
  }
  constexpr T missing(const image_ref<T>& image, const answer<T>& a) const {
    return a.summary.required(recipe.confidence(), image.tie) - a.summary.margin;
  }
  /// A step up the linearised margin: coordinates that the attack has changed go to the next level, the steepest first,
  /// until the margin is reached. False: none can.
  template <class Team>
  constexpr bool climb(const Team& team, index_t s, const image_ref<T>& image, const answer<T>& a,
                       const T* slope) const {
    const T* x = found(s);
    T *y = on_grid(s), *lower = y + length, *upper = lower + length;
    const double radius = radius_of(image);
    team.each(length, [=, this](index_t j) {
      const kernel::lattice<T> axis = axis_of(image, j);
      const T x0 = image.original[j], k = axis.level(y[j]);
      const T down = axis.value(kernel::maximum(k - T(1), T(0))), up = axis.value(kernel::minimum(k + T(1), axis.last));
      const bool changed = x[j] != x0;
      lower[j] = changed && within(down, x0, radius) ? down : y[j];
      upper[j] = changed && within(up, x0, radius) ? up : y[j];
    });
    const norm::half_space<T> h{y, slope, lower, upper, length, missing(image, a)};
    if (!(h.deepest(team) > T(0))) return false;
    const auto to = norm::l1{}.template nearest_in<T>(team, h);
    team.each(length, [=](index_t j) {
      if (to(j) != y[j]) y[j] = slope[j] > T(0) ? upper[j] : lower[j];
    });
    return true;
  }

  /// Without a slope: further along the perturbation until the goal is met, then back by bisection.
  template <class Team>
  constexpr void stretch(const Team& team, state& r, index_t s, const image_ref<T>& image, const answer<T>& a) const {
    constexpr double growth = 1.5, close = 1.0 / 16;
    (a.success ? r.reached : r.failed) = r.tried;
    const bool bracketed = r.reached > 0;
    if (!r.kept.succeeded || r.step >= recipe.steps || r.failed == 0 ||
        (bracketed && r.reached - r.failed <= close * r.reached)) {
      next(team, r, s, image);
      return;
    }
    ++r.step;
    r.tried = bracketed ? (r.failed + r.reached) / 2 : (r.tried < 1 ? 1 : growth * r.tried);
    round(team, s, image, r.tried);
  }

  /// |δ| ≤ limit holds for every coordinate of a ball, but for L0's.
  constexpr double radius_of(const image_ref<T>& image) const {
    constexpr double most = std::numeric_limits<T>::max() / 4; // x0 ± most is finite
    return std::is_same_v<norm_type, norm::l0> ? most : kernel::minimum(recipe.limit(image), most);
  }
  /// As the ledger measures.
  static constexpr bool within(T x, T x0, double radius) {
    return kernel::absolute(static_cast<double>(x) - static_cast<double>(x0)) <= radius;
  }
  constexpr kernel::lattice<T> axis_of(const image_ref<T>& image, index_t j) const {
    return {image.lower[j], image.upper[j], static_cast<T>(recipe.levels - 1)};
  }
  constexpr answer<T>* seen(index_t s) const { return judged + max_points * s; }
  constexpr T* found(index_t s) const { return vectors + vectors_each * s * length; }
  constexpr T* on_grid(index_t s) const { return found(s) + length; }

  Recipe recipe;
  inner_type inner;
  book_type book;
  index_t length;
  index_t class_count;
  T* vectors;        ///< per slot: what the attack has found, its point of the grid, and that one's neighbours
  answer<T>* judged; ///< per slot: the last answers, by the attack's own ledger
};

/// Runs an attack and hands out images of a grid alone: coordinate j has the values lower + k·(upper − lower)/(levels −
/// 1) of its box, so that an image in [0, 1] with 256 levels is the same after it has been stored in 8 bits. The
/// attack's best image by each of its rankings is rounded. Where rounding has undone the success, it is repaired: an
/// attack by gradients linearises the margin and moves the steepest of the changed coordinates by one level each, as
/// often as `steps`; others go further along the perturbation, and back by bisection. The driver judges and verifies
/// the points of the grid, and no other.
///
/// What the attack has left alone stays as it is, if the original is of the grid. In an attack's ball the points keep
/// within it; where no such point is adversarial, the image has failed. A failed image is the best point of the grid
/// that was seen, or the original. It ends by `stopped` without success if the attack is stopped before its end.
///
/// `Attack`: a recipe of another form. A preset on the grid is `on_lattice`.
template <class Attack>
struct lattice {
  Attack attack{};
  int levels = 256; ///< of each coordinate, in [2, 65536]
  int steps = 20;   ///< of repair for each ranking, ≥ 0

  static constexpr const char* form = "lattice";
  static constexpr attack::access access = Attack::access;

  static constexpr bool accepts(score_scale scale) {
    if constexpr (requires { Attack::accepts(scale); })
      return Attack::accepts(scale);
    else
      return true;
  }
  constexpr double confidence() const { return attack.confidence(); }
  template <class T>
  constexpr double limit(const image_ref<T>& image) const {
    if constexpr (requires { attack.limit(image); })
      return attack.limit(image);
    else
      return std::numeric_limits<double>::infinity();
  }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(levels >= 2 && levels <= 65536, "attack::lattice", "levels", "levels in [2, 65536]",
                            levels);
    ::advx::detail::require(steps >= 0, "attack::lattice", "steps", "steps >= 0", steps);
    attack.check();
  }
  constexpr auto rankings() const { return attack.rankings(); }

  /// Is x an image of the grid? No other becomes a result, the original included.
  template <class Team, class T>
  constexpr bool admits(const Team& team, const image_ref<T>& image, const T* x) const {
    return team.count(image.size, [=, last = static_cast<T>(levels - 1)](index_t j) {
      return !kernel::lattice<T>{image.lower[j], image.upper[j], last}.holds(x[j]);
    }) == 0;
  }

  template <class T>
  using machine = lattice_machine<lattice, T>;
};

template <class A>
lattice(A) -> lattice<A>;
template <class A>
lattice(A, int) -> lattice<A>;
template <class A>
lattice(A, int, int) -> lattice<A>;

/// A preset whose images survive being stored: `advx::run(attack::on_lattice{attack::deepfool_l2{}}, ...)`.
template <class Preset>
struct on_lattice {
  Preset attack{};
  int levels = 256; ///< of each coordinate, in [2, 65536]
  int steps = 20;   ///< of repair for each ranking, ≥ 0

  constexpr auto recipe() const { return lattice{attack.recipe(), levels, steps}; }
};

template <class P>
on_lattice(P) -> on_lattice<P>;
template <class P>
on_lattice(P, int) -> on_lattice<P>;
template <class P>
on_lattice(P, int, int) -> on_lattice<P>;

} // namespace advx::attack
