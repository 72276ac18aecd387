// The attacks that stand on L-BFGS-B: their steps are the scalar program's, their searches the papers', their images
// near the exact answers.
#include <advx/attack/presets.hpp>
#include <advx/backend/reference/team.hpp>
#include <advx/model/preprocessed.hpp>
#include <advx/optimizer/lbfgsb_scalar.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdio>
#include <limits>

#include "attack/linear_scene.hpp"
#include "attack/recorded.hpp"

namespace {

using attack_test::gap;
using attack_test::image_count;
using attack_test::index_t;
using attack_test::linear_scene;
using attack_test::pixels;
using attack_test::ratios;
using attack_test::recorded;
using attack_test::single;
using oracle::lp;
using oracle::vec;

/// What a whole run of the scalar program evaluates, and where it ends.
struct minimised {
  std::vector<vec> points;
  vec end;
};

/// ‖x − x0‖₂² + c·loss in [0, 1], from `x`, where loss is the cross-entropy of the target, or minus that of the label.
minimised minimise(const oracle::model& m, oracle::goal g, const vec& x0, double c, vec x,
                   const advx::optimizer::lbfgsb_parameters& parameters) {
  minimised run;
  const auto f = [&](const double* at, double* gradient) {
    const vec p(at, at + x0.size()), z = m.scores(p), d = oracle::minus(p, x0);
    vec slope = oracle::cross_entropy_slope(z, g.label);
    for (double& v : slope) v *= g.targeted ? c : -c;
    const vec loss = m.vjp(p, slope);
    for (std::size_t j = 0; j < p.size(); ++j) gradient[j] = loss[j] + 2 * d[j];
    run.points.push_back(p);
    return oracle::dot(d, d) + (g.targeted ? c : -c) * oracle::cross_entropy(z, g.label);
  };
  const vec lower(x.size(), 0.0), upper(x.size(), 1.0);
  advx::optimizer::lbfgsb_minimise(advx::backend::reference_team{}, parameters, f, x.data(), lower.data(), upper.data(),
                                   index_t(x.size()));
  run.end = x;
  return run;
}

/// What an attack has told its optimizer.
struct told {
  vec x, gradient;
  double value = 0;
  bool first = false; ///< of a run
};

/// L-BFGS-B that writes down what it is told.
struct overheard : advx::optimizer::lbfgsb {
  static inline std::vector<told> heard;

  template <class Team, class T, class Objective>
  void tell(const Team& team, row<T>& r, const advx::optimizer::place<T>& p, const Objective& objective) const {
    told t{
        {p.iterate, p.iterate + p.size}, vec(std::size_t(p.size)), double(objective.value), r.inner.evaluations == 0};
    for (index_t j = 0; j < p.size; ++j) t.gradient[std::size_t(j)] = objective.gradient(j);
    heard.push_back(std::move(t));
    advx::optimizer::lbfgsb::tell(team, r, p, objective);
  }
};

/// An attack whose optimizer is overheard.
template <class Recipe>
auto overhear(const Recipe& r) {
  return advx::attack::penalty{r.norm, r.loss, overheard{r.optimizer}, r.space, r.search, r.also, r.abort_early};
}

template <class Optimizer>
advx::optimizer::lbfgsb_parameters parameters_of(const Optimizer& o) {
  return {o.memory, o.steps, o.evaluations, o.gradient_tolerance, o.value_tolerance, o.trials};
}

/// Gives the scalar program, evaluation by evaluation, the attack's own point, value and gradient, to the bit: from
/// there it must go where the attack's optimizer goes, whatever it has to decide.
template <class Attack>
void follow(const Attack& attack) {
  const auto recipe = overhear(attack.recipe());
  const single s;
  std::size_t followed = 0, runs = 0;
  double worst = 0;
  for (const bool targeted : {false, true})
    for (index_t i = 0; i < image_count; ++i) {
      INFO("image " << i << (targeted ? ", targeted" : ", untargeted"));
      overheard::heard.clear();
      s.attack(recipe, i, targeted);
      const std::vector<told> heard = overheard::heard;
      for (std::size_t begin = 0, end = 0; begin < heard.size(); begin = end, ++runs) {
        REQUIRE(heard[begin].first);
        for (end = begin + 1; end < heard.size() && !heard[end].first;) ++end;
        std::size_t at = begin;
        vec x = heard[begin].x;
        const vec lower(x.size(), 0.0), upper(x.size(), 1.0);
        const auto f = [&](const double* point, double* gradient) {
          REQUIRE(at < end);
          worst = std::max(worst, gap(x, heard[at].x));
          REQUIRE(worst <= 1e-12);
          REQUIRE(point == x.data());
          x = heard[at].x;
          std::copy(heard[at].gradient.begin(), heard[at].gradient.end(), gradient);
          return heard[at++].value;
        };
        advx::optimizer::lbfgsb_minimise(advx::backend::reference_team{}, parameters_of(recipe.optimizer), f, x.data(),
                                         lower.data(), upper.data(), index_t(x.size()));
        REQUIRE(at == end);
        followed += end - begin;
      }
    }
  std::printf("%zu evaluations in %zu runs: points at most %.1e apart\n", followed, runs, worst);
  CHECK(followed > 500);
  CHECK(runs > 30);
}

/// All runs of an attack. `start()` makes an image's search: `next(c, success)` says whether there is a further run,
/// and makes c its constant.
/// Returns how many ends were judged that were not the last point.
template <class Recipe, class Start>
std::size_t compare(const Recipe& recipe, bool warm, Start start) {
  const auto parameters = parameters_of(recipe.optimizer);
  const single s;
  const auto m = oracle::model_of(s.mlp);
  std::size_t succeeded = 0, runs = 0, ends = 0;
  for (const bool targeted : {false, true})
    for (index_t i = 0; i < image_count; ++i) {
      INFO("image " << i << (targeted ? ", targeted" : ", untargeted"));
      const vec x0 = s.original(i);
      const auto goal = s.paper_goal(i, targeted);
      const recorded ours = s.attack(recipe, i, targeted);
      std::size_t at = 1, told = 0;
      auto next = start();
      double c = recipe.search.constant;
      vec x = x0;
      double nearest = std::numeric_limits<double>::infinity();
      for (bool more = true; more; ++runs) {
        INFO("c = " << c);
        const minimised run = minimise(m, goal, x0, c, warm ? x : x0, parameters);
        told += run.points.size();
        for (const vec& p : run.points) {
          REQUIRE(at < ours.points.size());
          REQUIRE(gap(ours.points[at++], p) <= 1e-6);
          if (oracle::margin(m.scores(p), goal) >= 0)
            nearest = std::min(nearest, oracle::norm(lp::two, oracle::minus(p, x0)));
        }
        // The end is judged once more where it is not the last point.
        if (gap(run.points.back(), run.end) > 0) {
          ++ends;
          REQUIRE(gap(ours.points[at++], run.end) <= 1e-6);
        }
        x = run.end;
        more = next(c, oracle::margin(m.scores(x), goal) >= 0);
      }
      CHECK(at == ours.points.size());
      CHECK(std::size_t(ours.result.iterations[0]) == told);
      CHECK((ours.result.success[0] != 0) == (nearest < 1e9));
      if (!(nearest < 1e9)) continue;
      ++succeeded;
      CHECK(ours.result.l2[0] == Approx(nearest).epsilon(1e-6));
    }
  CHECK(succeeded > 4);
  CHECK(runs > 30);
  return ends;
}

} // namespace

TEST_CASE("lbfgs makes the steps of L-BFGS-B, for each c of its line search", "[attack][oracle]") {
  const advx::attack::lbfgs attack{.search_steps = 7, .steps = 40, .constant = 0.2, .memory = 5};
  compare(attack.recipe(), false, [] {
    return [low = 0.0, high = 0.0, runs = 0](double& c, bool success) mutable {
      (success ? high : low) = c;
      if (++runs == 7) return false;
      if (low == 0 || high == 0)
        c = success ? c / 10 : c * 10;
      else if (high / low <= 1.05)
        return false;
      else
        c = std::sqrt(low * high);
      return true;
    };
  });
}

TEST_CASE("tabacof_valle makes the steps of L-BFGS-B, each run from the last one's end", "[attack][oracle]") {
  const advx::attack::tabacof_valle attack{.search_steps = 12, .steps = 40, .constant = 0.5};
  auto whole = attack.recipe(), cut = whole;
  cut.optimizer.evaluations = 6;
  const auto start = [] {
    return [low = 0.0, high = 0.0, runs = 0](double& c, bool success) mutable {
      if (high == 0) {
        if (success) high = c;
      } else {
        (success ? high : low) = c;
      }
      if (++runs == 12 || (high > 0 && high - low < 0.25)) return false;
      c = high == 0 ? 2 * c : (low + high) / 2;
      return true;
    };
  };
  compare(whole, true, start);
  // Cut off in a line search, a run ends at the best point, which is judged again: it is where the next one starts.
  CHECK(compare(cut, true, start) > 0);
}

TEST_CASE("told the same values and gradients, the attack's optimizer and L-BFGS-B take every decision alike",
          "[attack][oracle]") {
  follow(advx::attack::lbfgs{.search_steps = 7, .constant = 0.2, .memory = 5});
  follow(advx::attack::tabacof_valle{.search_steps = 12, .constant = 0.5});
}

// With two classes the cross-entropy's gradient is the normal of the boundary everywhere, so the least c that succeeds
// ends at the nearest image; with more, it also pushes the other classes away, and need not.
TEST_CASE("lbfgs and tabacof_valle find the nearest image of two classes", "[attack][exact]") {
  const auto check = [](const char* what, const auto& attack) {
    ratios r;
    std::size_t active = 0;
    for (const std::uint32_t seed : {3u, 4u}) {
      const linear_scene s(2, 20, seed);
      const auto found = advx::run(attack, s.m, s.all.images, advx::goal::targeted{s.all.labels, s.all.targets});
      for (index_t i = 0; i < linear_scene::count; ++i) {
        INFO(what << ", model " << seed << ", image " << i);
        const auto k = std::size_t(i);
        const vec x0 = s.original(i);
        const auto exact = oracle::nearest_targeted(lp::two, s.map, std::size_t(s.all.targets[k]), 0, x0, s.unit);
        CHECK((found.success[k] != 0) == exact.feasible);
        if (!exact.feasible) continue;
        active += attack_test::driven_onto_the_box(exact.x, x0, s.unit);
        CHECK(found.l2[k] >= exact.distance * (1 - 1e-6));
        r.add(found.l2[k] / exact.distance);
      }
    }
    r.print(what);
    CHECK(r.mean() <= 1.02);
    CHECK(active > 0);
  };
  check("L-BFGS / exact minimal L2, two classes", advx::attack::lbfgs{});
  check("Tabacof & Valle / exact minimal L2, two classes", advx::attack::tabacof_valle{});
}

// They standardise the images: (x − mean)/σ in the box ((0 − mean)/σ, (1 − mean)/σ). There ‖δ‖₂² is 1/σ² times what it
// is in pixels, so a run on pixels with c·σ², and its bracket as wide, looks for the same minima.
TEST_CASE("tabacof_valle on standardised images finds what it finds on pixels", "[attack]") {
  const double mean = 0.3, deviation = 0.25;
  const attack_test::single s;
  const advx::model::preprocessed net{advx::model::normalise{{mean}, {deviation}}, s.mlp};
  advx::batch<double> standardised = s.all.images;
  for (double& v : standardised.values) v = (v - mean) / deviation;
  const auto z_goal = advx::goal::random(s.all.labels, 4);

  advx::options inside;
  inside.box = {(0 - mean) / deviation, (1 - mean) / deviation};
  const advx::attack::tabacof_valle there{.constant = 0.02};
  const advx::attack::tabacof_valle here{.constant = 0.02 * deviation * deviation};
  // `s.mlp` takes standardised values here, and the labels are the goal's whatever it says of them.
  const auto a = advx::run(there, s.mlp, standardised, z_goal, inside);
  const auto b = advx::run(here, net, s.all.images, z_goal);
  int compared = 0;
  for (std::size_t i = 0; i < a.success.size(); ++i) {
    INFO("image " << i);
    CHECK(a.success[i] == b.success[i]);
    CHECK(a.clean_labels[i] == b.clean_labels[i]);
    if (a.success[i] == 0 || a.status[i] == advx::status::already_adversarial) continue;
    CHECK(a.l2[i] * deviation == Approx(b.l2[i]).epsilon(0.01));
    ++compared;
  }
  CHECK(compared >= 3);
}
