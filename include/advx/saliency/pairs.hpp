/// @file
/// The saliency map over pairs of coordinates.
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/core/require.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/kernel/best_pair.hpp>

namespace advx::saliency {

/// The machine of `pairs` for a recipe with a `saliency`. A step: one forward pass, two pullbacks (the goal's own
/// score, and the sum of all others), and the best pair of coordinates that may still change.
template <class Recipe, class T>
class pair_machine {
public:
  static constexpr index_t max_points = 1;
  static constexpr index_t max_gradients = 1;
  static constexpr index_t max_cotangents = 2;

  struct state {
    index_t steps = 0; ///< that may still be made
    bool finished = false;
    attack::tally tally{};
  };

  template <class Memory>
  pair_machine(Memory& memory, const Recipe& r, index_t slots, index_t size, index_t classes)
      : recipe(r),
        length(size),
        class_count(classes),
        values(memory.template take<T>(slots * vectors())),
        columns(memory.template take<index_t>(slots * kernel::pair_memory(size))) {}

  constexpr index_t cotangents() const { return 2; }
  constexpr attack::request request(const state& r) const {
    return r.finished ? attack::request{} : attack::request{1, 0, 0};
  }
  constexpr const attack::tally& tally(const state& r) const { return r.tally; }

  template <class Team>
  constexpr void begin(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    r.steps = static_cast<index_t>(recipe.saliency.share * double(length) / 2);
    team.each(length, [x = present(s), spent = spent_of(s), from = image.original](index_t j) {
      x[j] = from[j];
      spent[j] = 0;
    });
  }
  template <class Team>
  constexpr void write(const Team& team, const state&, index_t s, const image_ref<T>&, index_t, T* out) const {
    team.each(length, [x = present(s), out](index_t j) { out[j] = x[j]; });
  }
  template <class Team>
  constexpr bool observe(const Team&, state& r, index_t, const image_ref<T>&, const attack::answer<T>* a) const {
    r.finished = a->success || r.steps == 0;
    return r.finished;
  }
  template <score_scale, class Team>
  constexpr bool cotangent(const Team& team, const state&, index_t, const image_ref<T>& image, index_t i,
                           const attack::answer<T>&, T* out) const {
    const label_t own = image.goal.targeted() ? image.goal.target : image.goal.label;
    team.each(class_count, [=](index_t k) { out[k] = (k == own) == (i == 0) ? T(1) : T(0); });
    return true;
  }
  template <score_scale, class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image, const attack::answer<T>*,
                         const T* const* gradients) const {
    // Towards a target its score is to rise and the others' to fall; away from a label the other way round.
    const T* rises = gradients[image.goal.targeted() ? 0 : 1];
    const T* falls = gradients[image.goal.targeted() ? 1 : 0];
    const T change = T(recipe.saliency.change), sign = change < T(0) ? T(-1) : T(1);
    T *x = present(s), *spent = spent_of(s);
    const auto [p, q] = kernel::best_pair<T>(
        team, length, columns + s * kernel::pair_memory(length), spent + length,
        [=](index_t j) { return sign * rises[j]; }, [=](index_t j) { return -sign * falls[j]; },
        [=](index_t j) { return spent[j] == T(0) && (sign > T(0) ? x[j] < image.upper[j] : image.lower[j] < x[j]); });
    if (p < 0) {
      r.finished = true;
      return;
    }
    const bool once = !recipe.saliency.repeat;
    team.each(2, [=, p = p, q = q](index_t i) {
      const index_t j = i == 0 ? p : q;
      x[j] = kernel::clamp(x[j] + change, image.lower[j], image.upper[j]);
      if (once) spent[j] = 1;
    });
    --r.steps;
    ++r.tally.iterations;
  }

private:
  /// The present point, a mark per coordinate, and the bounds of blocks.
  constexpr index_t vectors() const { return 2 * length + kernel::pair_bounds(length); }
  constexpr T* present(index_t s) const { return values + s * vectors(); }
  constexpr T* spent_of(index_t s) const { return present(s) + length; }

  Recipe recipe;
  index_t length;
  index_t class_count;
  T* values;
  index_t* columns;
};

/// Papernot et al. 2016, Algorithms 2 and 3: the pair of coordinates whose change raises the target's score and lowers
/// the sum of the others most, as the product of both; away from a label, lowers its score and raises the others'.
struct pairs {
  double change = 1;   ///< θ, what is added to each of the two, in the images' unit; negative: taken away; not 0
  double share = 1;    ///< γ, of the coordinates that may change, in (0, 1]: share·size/2 pairs
  bool repeat = false; ///< true: a coordinate may change again until it has reached the box

  static constexpr const char* name = "pairs";
  static constexpr attack::access access = attack::access::gradients;
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::require(change > 0 || change < 0, "saliency::pairs", "change", "change != 0", change);
    ::advx::detail::require(share > 0 && share <= 1, "saliency::pairs", "share", "share in (0, 1]", share);
  }
  template <class Recipe, class T>
  using machine = pair_machine<Recipe, T>;
};

} // namespace advx::saliency
