// The saliency map attack against the paper's algorithm with all pairs, pixel by pixel.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include "attack/recorded.hpp"

namespace {

using attack_test::index_t;
using oracle::vec;

/// Papernot et al. 2016, Algorithms 2 and 3, for a target; away from a label the two sums change places.
std::vector<vec> by_hand(const oracle::model& m, oracle::goal g, const vec& x0, const advx::attack::jsma& a) {
  std::vector<vec> points{x0};
  std::vector<bool> spent(x0.size(), false);
  vec x = x0;
  for (int left = int(a.gamma * double(x0.size()) / 2); left > 0; --left) {
    const vec scores = m.scores(x);
    vec own(scores.size(), 0), others(scores.size(), 1);
    own[g.label] = 1;
    others[g.label] = 0;
    vec rises = m.vjp(x, own), falls = m.vjp(x, others);
    if (!g.targeted) std::swap(rises, falls);
    const double sign = a.theta < 0 ? -1 : 1;
    std::size_t p = 0, q = 0;
    double most = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t j = i + 1; j < x.size(); ++j) {
        const auto may = [&](std::size_t k) { return !spent[k] && (a.theta > 0 ? x[k] < 1 : x[k] > 0); };
        const double alpha = sign * (rises[i] + rises[j]), beta = -sign * (falls[i] + falls[j]);
        if (!may(i) || !may(j) || alpha <= 0 || beta <= 0 || alpha * beta <= most) continue;
        most = alpha * beta;
        p = i;
        q = j;
      }
    if (most == 0) break;
    for (const std::size_t k : {p, q}) {
      x[k] = std::clamp(x[k] + a.theta, 0.0, 1.0);
      spent[k] = !a.repeat;
    }
    points.push_back(x);
    if (oracle::margin(m.scores(x), g) >= 0) break;
  }
  return points;
}

} // namespace

TEST_CASE("jsma changes the pixels that the paper's algorithm changes", "[attack]") {
  const attack_test::single s;
  const auto m = oracle::model_of(s.mlp);
  std::size_t steps = 0, succeeded = 0;
  for (const advx::attack::jsma& a :
       {advx::attack::jsma{}, advx::attack::jsma{.gamma = 0.4}, advx::attack::jsma{.theta = -1},
        advx::attack::jsma{.theta = 0.2, .repeat = true}, advx::attack::jsma{.theta = -0.4, .repeat = true}})
    for (const bool targeted : {false, true})
      for (index_t i = 0; i < attack_test::image_count; ++i) {
        INFO("image " << i << (targeted ? ", targeted" : ", untargeted") << ", theta " << a.theta);
        const auto ours = s.attack(a, i, targeted);
        const auto theirs = by_hand(m, s.paper_goal(i, targeted), s.original(i), a);
        REQUIRE(ours.points.size() == theirs.size());
        for (std::size_t k = 0; k < theirs.size(); ++k) REQUIRE(attack_test::gap(ours.points[k], theirs[k]) <= 1e-12);
        CHECK(std::size_t(ours.result.iterations[0]) == theirs.size() - 1);
        steps += theirs.size() - 1;
        succeeded += ours.result.success[0] != 0;
      }
  CHECK(succeeded > 20);
  CHECK(steps > 2 * succeeded);
}
