// The few-pixel attack: against a plain transcription, step by step; against an exhaustive search; and what it
// promises.
#include <advx/attack/population_presets.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <set>

#include "attack/recorded.hpp"

using advx::index_t;
using advx::label_t;
using advx::status;
using advx::attack::one_pixel;
using attack_test::gap;
using attack_test::recorded;
using attack_test::scene;
using attack_test::single;
using oracle::vec;

namespace {

double probability(const vec& z, std::size_t k) {
  double sum = 0;
  for (const double v : z) sum += std::exp(v - z[k]);
  return 1 / sum;
}

/// Differential evolution as the paper tells it, with lists of who is left to be drawn; images are one row of pixels.
struct transcription {
  one_pixel settings;
  const oracle::smooth_mlp<double>& model;
  vec original;
  advx::row_goal goal;
  std::uint64_t seed;

  std::vector<vec> points; ///< all that were looked at, in order
  std::vector<vec> members;
  std::vector<double> fitness;

  std::size_t genes() const { return std::size_t(settings.pixels) * 3; }
  index_t at(std::size_t person, std::size_t gene) const { return index_t(person * (genes() + 1) + gene); }

  vec image(const vec& person) const {
    vec x = original;
    for (std::size_t k = 0; k < person.size(); k += 3) {
      const auto j = std::min(std::size_t(person[k]), x.size() - 1);
      x[j] = std::floor(person[k + 2] * 255 + 0.5) / 255;
    }
    return x;
  }
  double judge(const vec& person) {
    points.push_back(image(person));
    const vec z = model.scores(points.back());
    return goal.targeted() ? -probability(z, std::size_t(goal.target)) : probability(z, std::size_t(goal.label));
  }
  std::vector<std::size_t> draw(const advx::kernel::random_stream& random, std::size_t person, unsigned count) const {
    std::vector<std::size_t> left, drawn;
    for (std::size_t p = 0; p < members.size(); ++p)
      if (p != person) left.push_back(p);
    for (unsigned k = 0; k < count; ++k) {
      const double u = random.bits(at(person, genes()), k) / 4294967296.0;
      const auto which = std::size_t(u * double(left.size()));
      drawn.push_back(left[which]);
      left.erase(left.begin() + std::ptrdiff_t(which));
    }
    return drawn;
  }

  void run() {
    points.push_back(original);
    const auto count = std::size_t(settings.population);
    const double high[] = {double(original.size()), 1, 1}; // x, y, value
    const advx::kernel::random_stream first{seed, 0, 0};
    for (std::size_t p = 0; p < count; ++p) {
      vec person;
      for (std::size_t g = 0; g < genes(); ++g)
        person.push_back(g % 3 == 2 ? std::clamp((128 + 127 * first.normal<double>(at(p, g))) / 255, 0.0, 1.0)
                                    : high[g % 3] * first.uniform<double>(at(p, g)));
      members.push_back(person);
      fitness.push_back(judge(person));
    }
    for (int generation = 1; generation <= settings.steps; ++generation) {
      const advx::kernel::random_stream random{seed, 0, std::uint32_t(generation)};
      double f = settings.difference;
      if (settings.dither > 0) f += settings.dither * random.uniform<double>(at(count, 0));
      const auto best = std::size_t(std::min_element(fitness.begin(), fitness.end()) - fitness.begin());
      std::vector<vec> children;
      for (std::size_t p = 0; p < count; ++p) {
        const auto drawn = draw(random, p, settings.from_best ? 2 : 3);
        const vec& a = members[settings.from_best ? best : drawn[0]];
        const vec &b = members[drawn[drawn.size() - 2]], &c = members[drawn.back()];
        const auto always = std::size_t(random.bits(at(p, genes()), 3) / 4294967296.0 * double(genes()));
        vec child;
        for (std::size_t g = 0; g < genes(); ++g) {
          const double mutant = std::clamp(a[g] + f * (b[g] - c[g]), 0.0, high[g % 3]);
          const bool taken =
              settings.crossover >= 1 || g == always || random.uniform<double>(at(p, g)) < settings.crossover;
          child.push_back(taken ? mutant : members[p][g]);
        }
        children.push_back(child);
      }
      for (std::size_t p = 0; p < count; ++p) {
        const double now = judge(children[p]);
        if (now > fitness[p]) continue;
        fitness[p] = now;
        members[p] = children[p];
      }
    }
  }
};

/// The least probability of the label (or the greatest of the target) over all pixels and 256 values.
double exhaustive(const oracle::smooth_mlp<double>& model, vec x, advx::row_goal goal) {
  double best = goal.targeted() ? 0 : 1;
  for (double& pixel : x) {
    const double before = pixel;
    for (int level = 0; level < 256; ++level) {
      pixel = level / 255.0;
      const vec z = model.scores(x);
      best = goal.targeted() ? std::max(best, probability(z, std::size_t(goal.target)))
                             : std::min(best, probability(z, std::size_t(goal.label)));
    }
    pixel = before;
  }
  return best;
}

advx::options one_thread(index_t batch = 8) {
  advx::options o;
  o.batch = batch;
  o.threads = 1;
  return o;
}

} // namespace

TEST_CASE("differential evolution makes the paper's steps", "[oracle]") {
  const single s;
  const one_pixel plain{.population = 150, .steps = 6, .below = 0, .above = 1};
  auto three = plain, crossed = plain, best = plain;
  three.pixels = 3;
  crossed.pixels = 2;
  crossed.crossover = 0.6;
  crossed.dither = 0.5;
  best.from_best = true;
  best.difference = 0.8;
  std::size_t moved = 0;
  for (const one_pixel& a : {plain, three, crossed, best})
    for (const bool targeted : {false, true})
      for (index_t i = 0; i < 3; ++i) {
        CAPTURE(a.pixels, a.crossover, a.from_best, targeted, i);
        const recorded ours = s.attack(a, i, targeted, 7);
        const auto own = std::size_t(i);
        transcription paper{
            a,  s.mlp, s.original(i), {s.all.labels[own], targeted ? s.all.targets[own] : advx::no_label}, 7, {},
            {}, {}};
        paper.run();
        REQUIRE(ours.points.size() == 1 + 150 * 7);
        REQUIRE(paper.points.size() == ours.points.size());
        for (std::size_t k = 0; k < paper.points.size(); ++k) {
          CAPTURE(k);
          REQUIRE(gap(ours.points[k], paper.points[k]) <= 1e-12);
          moved += gap(ours.points[k], s.original(i)) > 0;
        }
        CHECK(ours.result.iterations[0] == a.steps);
      }
  CHECK(moved > 20000);
}

TEST_CASE("one pixel is as good as an exhaustive search finds", "[oracle]") {
  const oracle::smooth_mlp<double> mlp(4, 64, 8, 7);
  const scene<double> all(mlp, 10);
  for (const bool targeted : {false, true}) {
    int near = 0;
    for (index_t i = 0; i < 10; ++i) {
      scene<double> one = all.picked({i});
      one.model.log = std::make_shared<attack_test::call_log>();
      one.model.log->keeps_points = true;
      const one_pixel a{.population = 100, .steps = 60, .below = 0, .above = 1};
      if (targeted)
        advx::run(a, one.model, one.images, advx::goal::targeted{one.labels, one.targets}, one_thread());
      else
        advx::run(a, one.model, one.images, advx::goal::untargeted{one.labels}, one_thread());
      const advx::row_goal goal{one.labels[0], targeted ? one.targets[0] : advx::no_label};
      double found = targeted ? 0 : 1;
      for (const vec& x : one.model.log->points) {
        const vec z = mlp.scores(x);
        found = targeted ? std::max(found, probability(z, std::size_t(goal.target)))
                         : std::min(found, probability(z, std::size_t(goal.label)));
      }
      const vec x0(one.images.row(0), one.images.row(0) + 64);
      const double best = exhaustive(mlp, x0, goal);
      CAPTURE(targeted, i, best, found);
      CHECK((targeted ? found <= best * (1 + 1e-12) : found >= best * (1 - 1e-12)));
      near += std::abs(found - best) <= 0.01 * best;
    }
    CHECK(near >= 9);
  }
}

TEST_CASE("so many pixels change and no more, in all channels of a plane's places") {
  constexpr index_t width = 5, height = 4, channels = 3, plane = width * height;
  const oracle::smooth_mlp<double> mlp(4, std::size_t(plane * channels), 8, 3);
  const scene<double> s(mlp, 20);
  double last = 0;
  for (const int pixels : {1, 3, 5}) {
    const one_pixel a{.pixels = pixels, .population = 60, .steps = 20, .channels = channels, .width = width};
    const auto r = advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels}, one_thread());
    CHECK(r.ranking == "l0");
    REQUIRE(r.other_rankings.size() == 1);
    CHECK(r.other_rankings[0].ranking == "margin");
    int several = 0;
    for (const auto* images : {&r.images, &r.other_rankings[0].images})
      for (index_t i = 0; i < 20; ++i) {
        std::set<index_t> changed;
        for (index_t j = 0; j < plane * channels; ++j) {
          const double x = images->row(i)[j];
          if (x == s.images.row(i)[j]) continue;
          changed.insert(j % plane);
          CHECK(std::abs(x * 255 - std::round(x * 255)) < 1e-9); // of 256 levels
        }
        CHECK(index_t(changed.size()) <= pixels);
        several += index_t(changed.size()) == pixels;
      }
    CHECK(several > 10);
    CHECK(r.success_rate() >= last);
    last = r.success_rate();
    // The most certain success is no less so than the first.
    for (std::size_t i = 0; i < 20; ++i) {
      if (r.success[i] == 0) continue;
      const auto p = [&](const auto& images) {
        const double* x = images.row(index_t(i));
        const vec z = s.model.scores(x);
        double rival = -1e9;
        for (std::size_t k = 0; k < z.size(); ++k)
          if (label_t(k) != s.labels[i]) rival = std::max(rival, z[k]);
        return rival - z[std::size_t(s.labels[i])];
      };
      CHECK(p(r.other_rankings[0].images) >= p(r.images));
    }
  }
  CHECK(last > 0.3);
}

TEST_CASE("an evolution ends where a success is certain enough and not before") {
  const oracle::smooth_mlp<double> mlp(2, 16, 6, 7); // the greater margin is the greater probability
  const scene<double> s(mlp, 40);
  for (const bool targeted : {false, true}) {
    const auto on = [&](const one_pixel& a) {
      return targeted ? advx::run(a, s.model, s.images, advx::goal::targeted{s.labels, s.targets}, one_thread())
                      : advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels}, one_thread());
    };
    const one_pixel a{.pixels = 2, .population = 40, .steps = 15, .below = 0.3, .above = 0.7};
    auto never = a, first = a;
    never.below = 0;
    never.above = 1;
    first.stop_at_success = true;
    const auto ends = on(a), whole = on(never), soon = on(first);
    CHECK(soon.success == whole.success);
    CHECK(ends.success == whole.success);
    int early = 0, late = 0, uncertain = 0;
    for (std::size_t i = 0; i < 40; ++i) {
      CAPTURE(targeted, i);
      const vec z = s.model.scores(ends.other_rankings[0].images.row(index_t(i)));
      const double p = probability(z, std::size_t(targeted ? s.targets[i] : s.labels[i]));
      const bool certain = ends.success[i] != 0 && (targeted ? p > 0.7 : p < 0.3);
      CHECK(whole.queries[i] == 1 + 40 * 16);
      CHECK((ends.queries[i] < whole.queries[i] ? certain : true));
      CHECK(soon.queries[i] <= ends.queries[i]);
      if (soon.success[i] != 0) // all in the same order: the first success is the same
        CHECK(std::equal(soon.images.row(index_t(i)), soon.images.row(index_t(i)) + 16, ends.images.row(index_t(i))) ==
              (soon.l0[i] == ends.l0[i]));
      early += ends.queries[i] < whole.queries[i];
      late += ends.queries[i] == whole.queries[i];
      uncertain += soon.queries[i] < ends.queries[i] && ends.success[i] != 0;
    }
    CHECK(early >= 3);
    CHECK(late >= 3);
    CHECK(uncertain >= 3);
  }
}

TEST_CASE("the queries that an image may have are used to the last") {
  const oracle::smooth_mlp<double> mlp(4, 16, 6, 7);
  const scene<double> s(mlp, 20);
  const one_pixel a{.population = 300, .steps = 3, .below = 0};
  const auto whole = advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels}, one_thread());
  for (const std::int64_t limit : {1, 2, 128, 129, 130, 301, 302, 1000}) {
    CAPTURE(limit);
    auto o = one_thread(3);
    o.budget.queries = limit;
    const auto r = advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels}, o);
    CHECK_FALSE(r.complete);
    for (std::size_t i = 0; i < 20; ++i) {
      CHECK(r.queries[i] == limit);
      CHECK(r.status[i] == status::stopped);
      CHECK(whole.queries[i] == 1201);
    }
  }
}

TEST_CASE("another seed finds another way and the same seed the same") {
  const oracle::smooth_mlp<double> mlp(4, 16, 6, 7);
  const scene<double> s(mlp, 20);
  const one_pixel a{.population = 20, .steps = 3};
  auto o = one_thread();
  const auto run = [&] { return advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels}, o); };
  const auto first = run();
  CHECK(run().images == first.images);
  o.seed = 1;
  CHECK_FALSE(run().images == first.images);
}

TEST_CASE("a few-pixel attack that its images cannot have is refused") {
  const oracle::smooth_mlp<double> mlp(4, 12, 6, 7);
  const scene<double> s(mlp, 2);
  const auto message = [&](const one_pixel& a) -> std::string {
    for (const int threads : {1, 2}) {
      auto o = one_thread();
      o.threads = threads;
      try {
        advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels}, o);
      } catch (const advx::argument_error& e) {
        if (threads == 2) return e.what();
      }
    }
    return "";
  };
  CHECK(message({.pixels = 12, .population = 4, .steps = 1}) == "");
  CHECK(message({.pixels = 13}) ==
        "advx: space::pixel_tuples: 13 pixels are to change, and an image has 12; attack at most so many");
  CHECK(message({.pixels = 5, .channels = 3}) ==
        "advx: space::pixel_tuples: 5 pixels are to change, and an image has 4; attack at most so many");
  CHECK(message({.channels = 5}) == "advx: space::planes: an image has 12 values, which are no 5 planes; set "
                                    "'channels' to the images' own");
  CHECK(message({.width = 5}) ==
        "advx: space::planes: a plane has 12 pixels, which are no rows of 5; set 'width' to the images' own");
  CHECK(message({.pixels = 0}) == "advx: space::pixel_tuples: a radius of 0 coordinates holds no pixel of 1 channels; "
                                  "attack at least 1 pixel");
  CHECK(message({.population = 3}) ==
        "advx: optimizer::differential_evolution: 'population' must satisfy population in [4, 1e6], got 3");
  CHECK(message({.steps = 0}) != "");
  CHECK(message({.channels = 0}) != "");
  CHECK(message({.difference = 0}) != "");
  CHECK(message({.crossover = 1.5}) != "");
  CHECK(message({.below = 2}) != "");
  CHECK(message({.levels = 1}) != "");
}
