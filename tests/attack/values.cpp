// What an optimizer that needs values is told: the objective at its point, the bounds of its iterate, vectors and
// numbers as many as it asks for; and it may end when it likes.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <set>

#include "attack/recorded.hpp"

namespace {

using attack_test::image_count;
using attack_test::index_t;
using attack_test::pixels;
using attack_test::recorded;
using attack_test::single;
using oracle::vec;

/// What a run was told; of one thread.
struct told {
  std::vector<double> values;
  std::vector<vec> lower, upper;
  int runs = 0;
} book;

/// Gradient descent in a box that halves a step until the objective falls enough (Armijo 1966).
struct backtracking {
  double step = 1; ///< the first trial's
  int steps = 30;
  int room = 2; ///< vectors: where it stands, and the gradient there

  static constexpr bool needs_proximal = false;
  static constexpr bool needs_direction = false;
  static constexpr bool needs_value = true;
  static constexpr bool needs_bounds = true;
  static constexpr index_t max_points = 1;
  constexpr index_t vector_count() const { return room; }
  constexpr index_t number_count() const { return 1; } // f where it stands

  template <class T>
  struct row {
    T trial = 0;
    int made = 0;
    bool ended = false;
  };
  template <class T>
  constexpr advx::optimizer::asks asks_for(const row<T>& r, index_t) const {
    return r.ended ? advx::optimizer::asks{} : advx::optimizer::asks{1, 0, 0};
  }
  template <class T>
  constexpr T* point(const advx::optimizer::place<T>& p, index_t) const {
    return p.iterate;
  }
  template <class Team, class T>
  void start(const Team&, row<T>&, const advx::optimizer::place<T>& p) const {
    p.numbers[0] = std::numeric_limits<double>::infinity();
    ++book.runs;
  }
  template <class Team, class T, class Objective>
  void tell(const Team& team, row<T>& r, const advx::optimizer::place<T>& p, const Objective& objective) const {
    T *x = p.iterate, *base = p.vector(0), *g = p.vector(index_t(room) - 1);
    vec lower, upper;
    for (index_t j = 0; j < p.size; ++j) {
      lower.push_back(objective.lower(j));
      upper.push_back(objective.upper(j));
    }
    book.values.push_back(objective.value);
    book.lower.push_back(lower);
    book.upper.push_back(upper);
    double promised = 0;
    if (r.made > 0)
      for (index_t j = 0; j < p.size; ++j) promised += g[j] * (x[j] - base[j]);
    if (objective.value <= p.numbers[0] + 1e-4 * promised) {
      p.numbers[0] = objective.value;
      team.each(p.size, [=](index_t j) {
        base[j] = x[j];
        g[j] = objective.gradient(j);
      });
      r.trial = T(step);
      r.ended = ++r.made > steps;
    } else {
      r.trial /= 2;
      r.ended = r.trial < 1e-9;
    }
    team.each(p.size, [=, length = r.ended ? T(0) : r.trial](index_t j) {
      x[j] = std::min(std::max(base[j] - length * g[j], objective.lower(j)), objective.upper(j));
    });
  }
};

static_assert(advx::optimizer::needs_bounds<backtracking>);

template <class Recipe>
void check(const Recipe& recipe, bool bounded) {
  const single s;
  const auto m = oracle::model_of(s.mlp);
  std::size_t falls = 0, trials = 0;
  std::set<std::size_t> lengths;
  for (const bool targeted : {false, true})
    for (index_t i = 0; i < image_count; ++i) {
      INFO("image " << i << (targeted ? ", targeted" : ", untargeted"));
      book = {};
      const recorded ours = s.attack(recipe, i, targeted);
      CHECK(book.runs == 1);
      REQUIRE(ours.points.size() == 1 + book.values.size());
      CHECK(std::size_t(ours.result.iterations[0]) == book.values.size());
      double lowest = std::numeric_limits<double>::infinity();
      int accepted = 0;
      for (std::size_t k = 0; k < book.values.size(); ++k) {
        const vec x = ours.points[1 + k], d = oracle::minus(x, s.original(i));
        const auto goal = s.paper_goal(i, targeted);
        // An untargeted cross-entropy descends log p(label).
        const double loss = (targeted ? 1 : -1) * oracle::cross_entropy(m.scores(x), goal.label);
        REQUIRE(book.values[k] ==
                Approx(recipe.search.constant * loss + oracle::dot(d, d)).epsilon(1e-10).margin(1e-12));
        constexpr double infinite = std::numeric_limits<double>::infinity();
        REQUIRE(book.lower[k] == vec(pixels, bounded ? 0 : -infinite));
        REQUIRE(book.upper[k] == vec(pixels, bounded ? 1 : infinite));
        if (book.values[k] < lowest) ++accepted;
        lowest = std::min(lowest, book.values[k]);
      }
      falls += lowest < book.values[0];
      trials += book.values.size() > std::size_t(accepted);
      lengths.insert(book.values.size());
    }
  CHECK(falls == 2 * image_count);
  CHECK(trials > 0);
  CHECK(lengths.size() > 1); // each image its own
}

} // namespace

TEST_CASE("an optimizer that needs values is told them, and its bounds", "[attack][oracle]") {
  using namespace advx;
  const search::fixed c{.constant = 3};
  for (const int room : {2, 5}) {
    const backtracking o{.step = 2, .steps = 200, .room = room};
    check(attack::penalty{norm::l2{}, loss::cross_entropy{}, o, space::pixels{}, c, list<>{}, false}, true);
    check(attack::penalty{norm::l2{}, loss::cross_entropy{}, o, space::tanh{}, c, list<>{}, false}, false);
  }
}
