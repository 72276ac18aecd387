// Images of a grid: what a run hands out is exactly what is read back from 8 bits, and is as good as the attack's own.
#include <advx/attack/lattice.hpp>
#include <advx/attack/presets.hpp>
#include <advx/attack/run.hpp>

#include <catch2/catch.hpp>

#include <cmath>

#include "attack/support.hpp"
#include "seams/differential_evolution.hpp"
#include "seams/hop_skip_jump.hpp"

namespace {

using advx::index_t;
using advx::attack::on_lattice;
namespace attack = advx::attack;

constexpr std::size_t pixels = 24, classes = 4;
constexpr index_t image_count = 40;

/// A preset of a recipe.
template <class Recipe>
struct as_preset {
  Recipe attack{};
  constexpr auto recipe() const { return attack; }
};
template <class R>
as_preset(R) -> as_preset<R>;

/// Images as they are read from a file of so many levels.
template <class T, class Model>
attack_test::scene<T> stored_scene(const Model& m, int levels) {
  attack_test::scene<T> s(m, image_count);
  for (T& v : s.images.values) v = std::round(v * T(levels - 1)) / T(levels - 1);
  s.relabel();
  return s;
}

template <class T>
bool beats(const attack_test::scene<T>& s, std::size_t i, const T* x, bool targeted) {
  const auto label = s.model.label(x);
  return targeted ? label == s.targets[i] : label != s.labels[i];
}

/// Stores an image as integers and reads it again.
template <class T>
std::vector<T> stored(const T* x, index_t n, int levels) {
  std::vector<T> out;
  for (index_t j = 0; j < n; ++j) {
    const auto level = static_cast<int>(std::lround(double(x[j]) * (levels - 1)));
    out.push_back(static_cast<T>(level) / static_cast<T>(levels - 1));
  }
  return out;
}

/// @param least share of the attack's own successes that must survive
template <class T, class Preset>
void survives(const Preset& a, const attack_test::scene<T>& s, int levels, double least) {
  const on_lattice grid{a, levels};
  constexpr bool population = std::is_same_v<Preset, as_preset<seams::few_pixels>>;
  for (const bool targeted : {false, true}) {
    const auto go = [&](const auto& what, advx::options o) {
      return targeted ? advx::run(what, s.model, s.images, advx::goal::targeted{s.labels, s.targets}, o)
                      : advx::run(what, s.model, s.images, advx::goal::untargeted{s.labels}, o);
    };
    const auto plain = go(a, {});
    s.model.log->forward_rows = 0;
    s.model.log->pullback_rows = 0;
    const auto r = go(grid, {});
    std::int64_t forward = r.verification_rows, pullback = 0;
    int wanted = 0, kept = 0;
    for (index_t i = 0; i < image_count; ++i) {
      const auto k = static_cast<std::size_t>(i);
      INFO("image " << i << (targeted ? ", targeted" : ", untargeted"));
      const T *x = r.images.row(i), *x0 = s.images.row(i);
      const std::vector<T> read = stored(x, s.images.cols(), levels);
      CHECK(std::equal(read.begin(), read.end(), x)); // also of the failed ones
      if (r.success[k] != 0) CHECK(beats(s, k, read.data(), targeted));
      wanted += plain.success[k];
      kept += r.success[k] != 0 && plain.success[k] != 0;
      if (r.success[k] != 0 && plain.success[k] != 0) {
        if (r.other_rankings.empty()) CHECK(r.l0[k] <= plain.l0[k]);
        bool spread = false;
        for (index_t j = 0; j < s.images.cols(); ++j)
          spread = spread || (plain.images.row(i)[j] == x0[j] && x[j] != x0[j]);
        // A grid's point of the first tick counts, too: one of a population may have changed another pixel.
        if (r.other_rankings.empty() && !population) CHECK(!spread);
      }
      CHECK(r.queries[k] >= plain.queries[k]);
      forward += r.queries[k];
      pullback += r.pullback_rows[k];
    }
    CHECK(wanted > 0);
    CHECK(kept >= least * wanted);
    CHECK(s.model.log->forward_rows == forward);
    CHECK(s.model.log->pullback_rows == pullback);

    for (const index_t batch : {1, 7}) {
      advx::options o;
      o.batch = batch;
      o.threads = batch == 7 ? 2 : 1;
      const auto again = go(grid, o);
      CHECK(again.images.values == r.images.values);
      CHECK(again.success == r.success);
      CHECK(again.queries == r.queries);
      CHECK(again.l2 == r.l2);
    }
  }
}

} // namespace

TEST_CASE("a grid's values are those that a division gives", "[attack]") {
  for (const int levels : {2, 3, 10, 256, 1000, 65536}) {
    const advx::kernel::lattice<float> unit{0, 1, static_cast<float>(levels - 1)};
    const advx::kernel::lattice<float> wide{-2.1f, 2.6f, static_cast<float>(levels - 1)};
    const advx::kernel::lattice<double> bytes{0, 255, static_cast<double>(levels - 1)};
    int wrong = 0;
    for (int k = 0; k < levels; ++k) {
      const auto f = static_cast<float>(k);
      wrong += unit.value(f) != f / static_cast<float>(levels - 1);
      wrong += unit.level(unit.value(f)) != f || !unit.holds(unit.value(f));
      wrong += wide.level(wide.value(f)) != f || wide.value(f) < -2.1f || wide.value(f) > 2.6f;
      wrong += bytes.level(bytes.value(k)) != k;
    }
    CHECK(wrong == 0);
    CHECK(wide.value(static_cast<float>(levels - 1)) == 2.6f);
    CHECK(!unit.holds(0.37f / static_cast<float>(levels - 1)));
  }
  const advx::kernel::lattice<double> axis{0, 10, 10};
  CHECK(axis.beyond(2.3, 1, 0) == 2);
  CHECK(axis.beyond(2.3, 1, 0.5) == 2);
  CHECK(axis.beyond(2.3, 1, 0.75) == 3);
  CHECK(axis.beyond(2.3, -1, 0) == 3);
  CHECK(axis.beyond(2.3, -1, 0.5) == 2);
  CHECK(axis.beyond(2.8, -1, 0.75) == 3); // 0.8 of a level are not yet left
  CHECK(axis.beyond(2.8, -1, 0.85) == 2);
  CHECK(axis.beyond(9.9, 1, 0.999) == 10);
  CHECK(axis.beyond(0.1, -1, 0.999) == 0);
  const advx::kernel::lattice<double> point{3, 3, 255};
  CHECK(point.value(point.level(3)) == 3);
}

TEST_CASE("successes survive storage in 8 bits", "[attack]") {
  const auto s = stored_scene<float>(oracle::smooth_mlp<float>(classes, pixels, 10), 256);
  survives(attack::carlini_wagner_l2{.search_steps = 3, .steps = 40, .step = 0.1, .constant = 1}, s, 256, 1);
  survives(attack::elastic_net{.beta = 1e-2, .search_steps = 3, .steps = 40, .step = 0.1, .constant = 1}, s, 256, 1);
  survives(attack::deepfool_l1{.overshoot = 0.001}, s, 256, 1);
  survives(attack::deepfool_l2{.overshoot = 0.001}, s, 256, 1);
  survives(attack::deepfool_linf{.overshoot = 0.001}, s, 256, 1);
  survives(attack::sparsefool{}, s, 256, 1);
  survives(attack::jsma{.theta = 0.3}, s, 256, 1);
  survives(attack::lbfgs{.search_steps = 4}, s, 256, 1);
  survives(attack::carlini_wagner_l0{.steps = 20, .step = 0.1, .constant = 0.1, .largest = 1e3, .growth = 10}, s, 256,
           1);
}

TEST_CASE("successes survive few levels", "[attack]") {
  const auto s = stored_scene<double>(oracle::smooth_mlp<double>(classes, pixels, 10), 12);
  survives(attack::deepfool_l2{}, s, 12, 1);
  survives(attack::deepfool_linf{}, s, 12, 1);
  survives(attack::carlini_wagner_l2{.search_steps = 3, .steps = 40, .step = 0.1, .constant = 1}, s, 12, 1);
}

TEST_CASE("successes by scores or labels alone survive storage", "[attack]") {
  const auto s = stored_scene<float>(oracle::smooth_mlp<float>(classes, pixels, 10), 16);
  survives(as_preset{seams::hop_skip_jump{.rounds = 5}}, s, 16, 1);
  survives(as_preset{seams::few_pixels{}}, s, 16, 1);
}

TEST_CASE("a ball's images of the grid lie in it", "[attack]") {
  const auto s = stored_scene<float>(oracle::smooth_mlp<float>(classes, pixels, 10), 256);
  const advx::goal::untargeted goal{s.labels};
  const auto check = [&](const auto& a, auto distance, double least) {
    const auto plain = advx::run(a, s.model, s.images, goal);
    const auto r = advx::run(on_lattice{a}, s.model, s.images, goal);
    double wanted = 0, kept = 0;
    for (std::size_t k = 0; k < r.success.size(); ++k) {
      wanted += plain.success[k];
      kept += r.success[k];
      if (r.success[k] != 0) CHECK((r.*distance)[k] <= a.epsilon);
    }
    CHECK(wanted > 0);
    CHECK(kept >= least * wanted);
  };
  // 25.5 levels: the nearest ones of ε itself lie outside.
  check(attack::pgd_linf{.epsilon = 0.1}, &advx::outcome_table::linf, 0.9);
  check(attack::fgm_linf{.epsilon = 0.1}, &advx::outcome_table::linf, 0.9);
  check(attack::pgd_l2{.epsilon = 0.4}, &advx::outcome_table::l2, 0.9);
  check(attack::pgd_l1{.epsilon = 1.5}, &advx::outcome_table::l1, 0.9);

  // A ball that holds no other point of the grid than the original.
  const auto none = advx::run(on_lattice{attack::pgd_linf{.epsilon = 0.003}}, s.model, s.images, goal);
  CHECK(none.success_rate() == 0);
  CHECK(none.images.values == s.images.values);
  for (const auto end : none.status) CHECK(end == advx::status::failed);
}

TEST_CASE("repair is what keeps successes that rounding undoes", "[attack]") {
  const auto s = stored_scene<double>(oracle::linear_model<double>(classes, pixels), 256);
  const advx::goal::untargeted goal{s.labels};
  const attack::deepfool_l2 a{.overshoot = 0};
  const auto plain = advx::run(a, s.model, s.images, goal);
  const auto rounded = advx::run(on_lattice{a, 256, 0}, s.model, s.images, goal);
  const auto repaired = advx::run(on_lattice{a}, s.model, s.images, goal);
  CHECK(plain.success_rate() == 1);
  CHECK(rounded.success_rate() < 0.9);
  CHECK(repaired.success_rate() == 1);
  for (std::size_t k = 0; k < plain.success.size(); ++k) {
    // On a linear model one step is exact, but for the rest of a level.
    CHECK(repaired.pullback_rows[k] <= plain.pullback_rows[k] + 1);
    CHECK(repaired.l2[k] <= plain.l2[k] + 2 * std::sqrt(double(pixels)) / 255);
  }
}

TEST_CASE("originals off the grid never come back as successes", "[attack]") {
  attack_test::scene<float> s(oracle::smooth_mlp<float>(classes, pixels, 10), image_count);
  for (index_t i = 0; i < image_count; i += 4) { // these meet the goal already
    const auto k = static_cast<std::size_t>(i);
    s.labels[k] = (s.labels[k] + 1) % static_cast<advx::label_t>(classes);
  }
  const auto r = advx::run(on_lattice{attack::deepfool_l2{}}, s.model, s.images, advx::goal::untargeted{s.labels});
  for (index_t i = 0; i < image_count; ++i) {
    const auto k = static_cast<std::size_t>(i);
    INFO("image " << i);
    REQUIRE(r.success[k] != 0);
    CHECK(r.status[k] == advx::status::success);
    CHECK(r.clean_labels[k] == s.model.label(s.images.row(i)));
    const std::vector<float> read = stored(r.images.row(i), s.images.cols(), 256);
    CHECK(std::equal(read.begin(), read.end(), r.images.row(i)));
    CHECK(beats(s, k, read.data(), false));
    if (i % 4 == 0) CHECK(r.linf[k] <= 0.5001 / 255);
  }
  // Of the grid, such an image is no work at all.
  auto g = stored_scene<float>(oracle::smooth_mlp<float>(classes, pixels, 10), 256);
  g.labels[0] = (g.labels[0] + 1) % static_cast<advx::label_t>(classes);
  const auto q = advx::run(on_lattice{attack::deepfool_l2{}}, g.model, g.images, advx::goal::untargeted{g.labels});
  CHECK(q.status[0] == advx::status::already_adversarial);
  CHECK(q.queries[0] == 1);
  CHECK(q.l2[0] == 0);
}

TEST_CASE("a grid in a box of other bounds", "[attack]") {
  const std::vector<double> lower(pixels, -0.5), upper(pixels, 1.75);
  attack_test::scene<float> s(oracle::smooth_mlp<float>(classes, pixels, 10), image_count);
  const advx::kernel::lattice<float> axis{-0.5f, 1.75f, 63};
  for (float& v : s.images.values) v = axis.value(axis.level(v));
  s.relabel();
  advx::options o;
  o.box.lowers = lower;
  o.box.uppers = upper;
  const auto r =
      advx::run(on_lattice{attack::deepfool_linf{}, 64}, s.model, s.images, advx::goal::untargeted{s.labels}, o);
  CHECK(r.success_rate() == 1);
  int off = 0;
  for (const float v : r.images.values) off += !axis.holds(v);
  CHECK(off == 0);
}

TEST_CASE("a grid's parameters are checked", "[attack]") {
  const attack_test::scene<float> s(oracle::smooth_mlp<float>(classes, pixels, 10), 2);
  const auto go = [&](int levels, int steps) {
    return advx::run(on_lattice{attack::deepfool_l2{}, levels, steps}, s.model, s.images,
                     advx::goal::untargeted{s.labels});
  };
  CHECK_THROWS_WITH(go(1, 20), Catch::Contains("levels") && Catch::Contains("1"));
  CHECK_THROWS_WITH(go(65537, 20), Catch::Contains("levels"));
  CHECK_THROWS_WITH(go(256, -1), Catch::Contains("steps"));
  CHECK_NOTHROW(go(2, 0));
}
