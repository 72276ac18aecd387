/// @file
/// The form "repeat an attack under a tightening constraint".
#pragma once

#include <advx/attack/machine.hpp>
#include <advx/core/list.hpp>
#include <advx/core/require.hpp>
#include <advx/core/score_scale.hpp>
#include <advx/loss/margin.hpp>

#include <cstddef>
#include <limits>

namespace advx::attack {

/// The machine of `tighten`: an inner machine, which begins again from each success under the next constraint. The
/// constant that has succeeded is the first one then.
template <class Recipe, class T>
class tightened {
  using rule_type = decltype(Recipe::rule);
  using inner_type = typename decltype(Recipe::attack)::template machine<T>;

public:
  static constexpr index_t max_points = inner_type::max_points;
  static constexpr index_t max_gradients = inner_type::max_gradients;

  struct state {
    typename inner_type::state inner{};
    typename rule_type::state rule{};
    double constant = 0; ///< the first one of the inner search
    bool met = false;    ///< the point at `saved` meets the constraint
    bool restarted = false;
    bool finished = false;
  };

  template <class Memory>
  tightened(Memory& memory, const Recipe& r, index_t slots, index_t size, index_t classes)
      : recipe(r),
        inner(memory, r.attack, slots, size, classes),
        length(size),
        class_count(classes),
        vectors(memory.template take<T>(slots * (1 + rule_type::vectors) * size)) {}

  constexpr attack::request request(const state& r) const {
    return r.finished ? attack::request{} : inner.request(r.inner);
  }
  constexpr const attack::tally& tally(const state& r) const { return inner.tally(r.inner); }

  template <class Team>
  constexpr void begin(const Team& team, state& r, index_t s, const image_ref<T>& image) const {
    r.constant = recipe.attack.search.constant;
    recipe.rule.begin(team, r.rule, image, of_rule(s));
    machine(r).begin(team, r.inner, s, narrowed(r, s, image));
  }
  template <class Team>
  constexpr void write(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t i,
                       T* out) const {
    machine(r).write(team, r.inner, s, narrowed(r, s, image), i, out);
  }

  template <class Team>
  constexpr bool observe(const Team& team, state& r, index_t s, const image_ref<T>& image,
                         const answer<T>* answers) const {
    const index_t asked = kernel::minimum(request(r).total(), max_points);
    answer<T> seen[std::size_t(max_points)];
    for (index_t i = 0; i < asked; ++i) {
      seen[i] = answers[i];
      seen[i].success = !r.met && seen[i].success && recipe.rule.meets(team, r.rule, image, seen[i].point);
      if (!seen[i].success) continue;
      r.met = true;
      team.each(length, [to = saved(s), from = seen[i].point](index_t j) { to[j] = from[j]; });
    }
    return machine(r).observe(team, r.inner, s, narrowed(r, s, image), seen) && !r.met;
  }
  template <score_scale Scale, class Team>
  constexpr bool cotangent(const Team& team, const state& r, index_t s, const image_ref<T>& image, index_t i,
                           const answer<T>& a, T* out) const {
    if (!r.met) return machine(r).template cotangent<Scale>(team, r.inner, s, narrowed(r, s, image), i, a, out);
    if constexpr (rule_type::needs_slope) {
      // Beyond every confidence the loss is the margin itself.
      constexpr loss::margin slope{std::numeric_limits<double>::infinity()};
      return slope.template operator()<Scale>(team, a.scores, class_count, image.goal, a.summary, image.tie, out)
          .active;
    } else {
      return false;
    }
  }
  template <score_scale Scale, class Team>
  constexpr void advance(const Team& team, state& r, index_t s, const image_ref<T>& image, const answer<T>* answers,
                         const T* const* gradients) const {
    if (!r.met) {
      machine(r).template advance<Scale>(team, r.inner, s, narrowed(r, s, image), answers, gradients);
      return;
    }
    r.met = false;
    r.constant = inner.tally(r.inner).constant;
    r.finished = !recipe.rule.tighten(team, r.rule, image, of_rule(s), saved(s), gradients[0]);
    r.restarted = true;
    if (!r.finished) machine(r).restart(team, r.inner, s, narrowed(r, s, image));
  }

private:
  /// The inner machine under the present constraint.
  constexpr inner_type machine(const state& r) const {
    auto attack = recipe.attack;
    attack.search.constant = r.constant;
    recipe.rule.apply(r.rule, attack);
    return inner.with(attack);
  }
  /// The image under the present constraint, to start where the last success was.
  constexpr image_ref<T> narrowed(const state& r, index_t s, const image_ref<T>& image) const {
    image_ref<T> narrow = recipe.rule.narrow(image, of_rule(s));
    if (r.restarted) narrow.start = saved(s);
    return narrow;
  }
  constexpr T* saved(index_t s) const { return vectors + s * (1 + rule_type::vectors) * length; }
  constexpr T* of_rule(index_t s) const { return saved(s) + length; }

  Recipe recipe;
  inner_type inner;
  index_t length;
  index_t class_count;
  T* vectors; ///< per slot: the success that the inner attack starts from, and what the rule keeps
};

/// Runs an attack of the form `penalty`; each success under the constraint tightens it, and the attack begins again
/// from there, with the constant that has succeeded. Ends where the attack fails or nothing is left to tighten; the
/// best success by the rule's norm counts. Source: Carlini & Wagner 2017, sections VI-B and VI-C.
///
/// `Rule`: an aggregate as tightening::threshold and tightening::freeze are.
template <class Rule, class Attack>
struct tighten {
  static_assert(Rule::template fits<Attack>,
                "advx: this rule cannot tighten this attack: tightening::threshold lowers the `threshold` of a norm "
                "such as norm::hinge_linf; tightening::freeze needs an optimizer whose gradient is taken at the point "
                "that is judged, such as optimizer::adam");

  Rule rule{};
  Attack attack{};

  static constexpr const char* form = "tighten";
  static constexpr attack::access access = Attack::access;

  static constexpr bool accepts(score_scale scale) { return Attack::accepts(scale); }
  constexpr double confidence() const { return attack.confidence(); }
  /// Throws argument_error where a parameter is out of its range.
  void check() const {
    ::advx::detail::check_policy(rule);
    attack.check();
  }
  constexpr auto rankings() const { return list<typename Rule::norm>{}; }

  template <class T>
  using machine = tightened<tighten, T>;
};

template <class R, class A>
tighten(R, A) -> tighten<R, A>;

} // namespace advx::attack
