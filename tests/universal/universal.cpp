// Universal perturbations on small models: against a transcription of the paper's algorithm, and by their properties.
#include <advx/attack/universal_presets.hpp>

#include <catch2/catch.hpp>

#include <cmath>

#include "attack/support.hpp"

namespace {

using advx::batch;
using advx::index_t;
using advx::label_t;
using attack_test::scene;

constexpr index_t count = 40, pixels = 16;

scene<double> mlp_scene() { return {oracle::smooth_mlp<double>(4, pixels, 8, 5), count}; }

template <class T>
double length(const T* v, index_t n) {
  double squares = 0;
  for (index_t j = 0; j < n; ++j) squares += double(v[j]) * double(v[j]);
  return std::sqrt(squares);
}

std::vector<double> shifted(const double* x, const std::vector<double>& v) {
  std::vector<double> to(v.size());
  for (std::size_t j = 0; j < v.size(); ++j) to[j] = std::min(1.0, std::max(0.0, x[j] + v[j]));
  return to;
}

/// The paper's Algorithm 1 in plain loops, with the library's order and inner attack; v after each pass.
struct transcription {
  std::vector<std::vector<double>> after_pass;
  std::vector<double> rates;

  transcription(const scene<double>& s, double xi, int passes, std::uint64_t seed) {
    std::vector<double> v(std::size_t(pixels), 0.0);
    std::vector<int> order(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) order[std::size_t(i)] = i;
    for (int pass = 0; pass < passes; ++pass) {
      const advx::kernel::random_stream draw{seed, std::uint32_t(pass), 0x0DE2U};
      for (std::uint32_t i = std::uint32_t(count); i > 1; --i) std::swap(order[i - 1], order[draw.bits(i) % i]);
      for (const int i : order) {
        const label_t own = s.labels[std::size_t(i)];
        const auto at = shifted(s.images.row(i), v);
        if (s.model.label(at.data()) != own) continue;
        batch<double> one(1, pixels);
        std::copy(at.begin(), at.end(), one.row(0));
        const auto r = advx::run(advx::attack::deepfool_l2{.steps = 10, .step = 1}, s.model, one,
                                 advx::goal::untargeted{std::vector<label_t>{own}});
        if (r.success[0] == 0) continue;
        for (std::size_t j = 0; j < v.size(); ++j) v[j] += r.images.row(0)[j] - at[j];
        const double norm = length(v.data(), pixels);
        if (norm > xi)
          for (double& value : v) value *= xi / norm;
      }
      int fooled = 0;
      for (int i = 0; i < count; ++i)
        fooled += s.model.label(shifted(s.images.row(i), v).data()) != s.labels[std::size_t(i)];
      rates.push_back(double(fooled) / double(count));
      after_pass.push_back(v);
    }
  }
};

} // namespace

TEST_CASE("a universal perturbation is that of the paper's algorithm, written out", "[universal]") {
  const auto s = mlp_scene();
  for (const double xi : {0.2, 0.5, 1.0})
    for (const int passes : {1, 2, 4}) {
      INFO("xi " << xi << ", " << passes << " passes");
      const advx::attack::universal_l2 a{.xi = xi, .delta = 0, .passes = passes};
      const auto r = advx::find_universal(a, s.model, s.images, {.seed = 11});
      const transcription t(s, xi, passes, 11);
      REQUIRE(r.fooling_rate == t.rates);
      const auto best = std::max_element(t.rates.begin(), t.rates.end()) - t.rates.begin();
      REQUIRE(r.pass == best);
      for (index_t j = 0; j < pixels; ++j)
        CHECK(r.perturbation.row(0)[j] == Approx(t.after_pass[std::size_t(best)][std::size_t(j)]).margin(1e-9));
      CHECK(r.best_rate() > 0); // a perturbation that fools nothing would agree with any other
      CHECK(r.clean_labels == s.labels);
    }
}

TEST_CASE("passes end when enough images are fooled", "[universal]") {
  const auto s = mlp_scene();
  const advx::attack::universal_l2 all{.xi = 1, .delta = 0, .passes = 3};
  const auto r = advx::find_universal(all, s.model, s.images);
  REQUIRE(r.fooling_rate.size() == 3);
  REQUIRE(r.fooling_rate[0] > 0.05);
  advx::attack::universal_l2 few = all;
  few.delta = 1 - r.fooling_rate[0] + 1e-9;
  const auto q = advx::find_universal(few, s.model, s.images);
  CHECK(q.fooling_rate.size() == 1);
  CHECK(q.queries < r.queries);
}

namespace {

template <class Norm, class T>
void stays_in_the_ball(double xi) {
  const scene<T> s(oracle::smooth_mlp<T>(4, pixels, 8, 5), count);
  const auto holds = [&](const auto& a) {
    const auto r = advx::find_universal(a, s.model, s.images, {.seed = 3});
    const std::vector<T> zero(static_cast<std::size_t>(pixels));
    const double norm = Norm{}.distance(advx::backend::reference_team{}, r.perturbation.row(0), zero.data(), pixels);
    INFO(Norm::name << ", xi " << xi);
    CHECK(norm <= xi);                     // exactly, of the stored values
    CHECK(norm > 0.9 * std::min(xi, 0.5)); // a greater one need not be used up
    CHECK(r.norm == norm);
    CHECK(advx::fooling_rate(s.model, s.images, r.perturbation) == r.best_rate());
    int fooled = 0; // by the model alone
    for (index_t i = 0; i < count; ++i) {
      std::vector<T> x(std::size_t(pixels), T(0));
      for (index_t j = 0; j < pixels; ++j)
        x[std::size_t(j)] = std::min(T(1), std::max(T(0), s.images.row(i)[j] + r.perturbation.row(0)[j]));
      fooled += s.model.label(x.data()) != s.labels[std::size_t(i)];
    }
    CHECK(r.best_rate() == double(fooled) / double(count));
  };
  holds(advx::attack::universal_deepfool<Norm>{.xi = xi, .delta = 0, .passes = 2});
  holds(advx::attack::batched_universal_deepfool<Norm>{.xi = xi, .delta = 0, .passes = 2});
}

} // namespace

TEST_CASE("a universal perturbation lies in its ball, and its rate is that of the clipped images", "[universal]") {
  for (const double xi : {0.1, 0.3, 0.7}) {
    stays_in_the_ball<advx::norm::l2, float>(xi);
    stays_in_the_ball<advx::norm::l2, double>(xi);
    stays_in_the_ball<advx::norm::linf, float>(xi / 3);
    stays_in_the_ball<advx::norm::linf, double>(xi / 3);
    stays_in_the_ball<advx::norm::l1, float>(xi);
  }
}

TEST_CASE("the projection is the nearest point of the ball, in stored values", "[universal]") {
  const auto projected = [](auto norm, double xi, std::vector<float> v) {
    advx::attack::project_on_ball(norm, xi, std::span<float>(v));
    return v;
  };
  const std::vector<float> v{3, -4, 0};
  CHECK(projected(advx::norm::l2{}, 5, v) == v);
  CHECK(projected(advx::norm::l2{}, std::numeric_limits<double>::infinity(), v) == v);
  const auto two = projected(advx::norm::l2{}, 1, v);
  CHECK(two[0] == Approx(0.6));
  CHECK(two[1] == Approx(-0.8));
  CHECK(two[2] == 0);
  const auto max = projected(advx::norm::linf{}, 1, v);
  CHECK(max[0] == Approx(1));
  CHECK(max[1] == Approx(-1));
  const auto one = projected(advx::norm::l1{}, 3, v);
  CHECK(one[0] == Approx(1));
  CHECK(one[1] == Approx(-2));
  for (std::uint32_t k = 0; k < 200; ++k) { // lengths that rounding would push out
    const advx::kernel::random_stream draw{7, k, 0};
    std::vector<float> w(50);
    for (index_t j = 0; j < 50; ++j) w[std::size_t(j)] = draw.normal<float>(j);
    const double xi = 0.01 + 2 * draw.uniform<double>(99);
    CHECK(length(projected(advx::norm::l2{}, xi, w).data(), 50) <= xi);
    for (const float x : projected(advx::norm::linf{}, xi, w)) CHECK(std::abs(double(x)) <= xi);
  }
}

TEST_CASE("perturbations are put together by hand", "[universal]") {
  // Lengths 1 and 2: weights 1 and 1/4; mean length 3/2, mean inverse 3/4, so m = 2, and two rows share by sqrt 2.
  batch<double> changes(2, 3);
  changes.row(0)[0] = 1;
  changes.row(1)[1] = -2;
  std::vector<double> v{1, 1, 1}, none;
  advx::aggregate::together{.images = 2, .gain = 3}.add(std::as_const(changes).view(), 0, v.data(), none);
  CHECK(v[0] == Approx(1 + 3 * 2 / std::sqrt(2.0)));
  CHECK(v[1] == Approx(1 - 3 * 2 / std::sqrt(2.0) * 0.5));
  CHECK(v[2] == 1);
  advx::aggregate::one_by_one{}.add(std::as_const(changes).view(), 0, v.data(), none);
  CHECK(v[2] == 1);
  CHECK(v[1] == Approx(-1 - 3 * 2 / std::sqrt(2.0) * 0.5));

  changes.row(0)[0] = 1e-12; // on its boundary: it may not outweigh the other beyond measure
  std::vector<double> w(3, 0.0);
  advx::aggregate::together{}.add(std::as_const(changes).view(), 0, w.data(), none);
  CHECK(w[1] == Approx(-0.5 / (10.25 * std::sqrt(2.0)))); // lengths 1/20 and 2 of a mean of 1
  std::vector<double> still{1, 2, 3};
  advx::aggregate::together{}.add(batch<double>(2, 3).view().as_const(), 0, still.data(), none);
  CHECK(still == std::vector<double>{1, 2, 3});
}

TEST_CASE("a universal perturbation depends on the seed alone", "[universal]") {
  const auto s = mlp_scene();
  const advx::attack::universal_l2 one{.xi = 0.5, .delta = 0, .passes = 2};
  const advx::attack::batched_universal_l2 many{.xi = 0.5, .delta = 0, .passes = 2, .aggregate = {7}};
  const advx::attack::universal<advx::attack::pgd_l2, advx::norm::l2, advx::aggregate::together> drawn{
      .attack = {.epsilon = 0.4, .steps = 5}, .xi = 0.5, .delta = 0, .passes = 2, .aggregate = {7}};
  const auto check = [&](const auto& a) {
    const auto found = [&](std::uint64_t seed, int threads, index_t at_once) {
      return advx::find_universal(a, s.model, s.images, {.batch = at_once, .threads = threads, .seed = seed});
    };
    const auto r = found(1, 1, 1);
    CHECK(found(1, 2, 0).perturbation == r.perturbation);
    CHECK(found(1, 1, 5).fooling_rate == r.fooling_rate);
    CHECK_FALSE(found(2, 1, 1).perturbation == r.perturbation);
  };
  check(one);
  check(many);
  check(drawn);
}

TEST_CASE("a universal perturbation's rows are counted", "[universal]") {
  auto s = mlp_scene();
  for (const index_t block : {1, 9}) {
    s.model.log->forward_rows = s.model.log->pullback_rows = 0;
    const advx::attack::batched_universal_l2 a{.xi = 0.5, .delta = 0, .passes = 3, .aggregate = {block}};
    const auto r = advx::find_universal(a, s.model, s.images);
    CHECK(r.queries == s.model.log->forward_rows);
    CHECK(r.pullback_rows == s.model.log->pullback_rows);
    CHECK(r.forward_rows < r.queries);
    CHECK(r.added <= r.attacked);
    CHECK(r.attacked <= 3 * count);
    CHECK(r.queries >= count + 3 * 2 * count);
  }
}

TEST_CASE("a universal perturbation carries to models without gradients", "[universal]") {
  const auto s = mlp_scene();
  const oracle::score_only narrow{oracle::smooth_mlp<double>(4, pixels, 8, 5)};
  const oracle::label_only decides{oracle::smooth_mlp<double>(4, pixels, 8, 5)};
  const auto r =
      advx::find_universal(advx::attack::universal_l2{.xi = 0.5, .delta = 0, .passes = 2}, s.model, s.images);
  CHECK(advx::fooling_rate(narrow, s.images, r.perturbation) == r.best_rate());
  CHECK(advx::fooling_rate(decides, s.images, r.perturbation) == r.best_rate());
}

TEST_CASE("a stopped search comes back incomplete, with what it had", "[universal]") {
  const auto s = mlp_scene();
  const advx::attack::universal_l2 a{.xi = 0.5, .delta = 0, .passes = 3};
  const auto r = advx::find_universal(a, s.model, s.images, {.budget = {.seconds = 1e-9}});
  CHECK_FALSE(r.complete);
  CHECK(r.attacked == 0);
  CHECK(r.norm == 0);
  int left = 10;
  auto stop = [&](const advx::progress&) { return --left > 0; };
  const auto q = advx::find_universal(a, s.model, s.images, {.observer = stop});
  CHECK_FALSE(q.complete);
  CHECK(q.fooling_rate.size() == 1);
  CHECK(q.norm > 0);
}

TEST_CASE("a universal perturbation says which argument is out of range", "[universal]") {
  const auto s = mlp_scene();
  const auto refused = [&](const auto& a, const char* word) {
    CHECK_THROWS_AS(advx::find_universal(a, s.model, s.images), advx::argument_error);
    CHECK_THROWS_WITH(advx::find_universal(a, s.model, s.images), Catch::Contains(word));
  };
  using advx::attack::batched_universal_l2, advx::attack::universal_l2;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  refused(universal_l2{.xi = 0}, "'xi'");
  refused(universal_l2{.xi = nan}, "'xi'");
  refused(universal_l2{.delta = -0.1}, "'delta'");
  refused(universal_l2{.delta = 1}, "'delta'");
  refused(universal_l2{.passes = 0}, "'passes'");
  refused(universal_l2{.attack = {.steps = 0}}, "'steps'");
  refused(batched_universal_l2{.aggregate = {.images = 0}}, "'images'");
  refused(batched_universal_l2{.aggregate = {.gain = 0}}, "'gain'");

  CHECK_THROWS_WITH(advx::find_universal(universal_l2{}, s.model, batch<double>(0, pixels)),
                    Catch::Contains("there are none"));
  CHECK_THROWS_WITH(advx::find_universal(universal_l2{}, s.model, batch<double>(2, pixels + 1)),
                    Catch::Contains("17 values"));
  batch<double> outside = s.images;
  outside.row(3)[2] = 1.5;
  CHECK_THROWS_WITH(advx::find_universal(universal_l2{}, s.model, outside), Catch::Contains("row 3, coordinate 2"));
  CHECK_THROWS_WITH(advx::fooling_rate(s.model, s.images, batch<double>(2, pixels)), Catch::Contains("one row"));
  CHECK_THROWS_WITH(advx::fooling_rate(s.model, batch<double>(0, pixels), batch<double>(1, pixels)),
                    Catch::Contains("there are none"));
}

TEST_CASE("a model whose scores are not finite is named", "[universal]") {
  auto s = mlp_scene();
  s.model.scores_into = [](const double*, double* z) { std::fill_n(z, 4, std::nan("")); };
  CHECK_THROWS_AS(advx::find_universal(advx::attack::universal_l2{}, s.model, s.images), advx::model_error);
}

TEST_CASE("a run of a universal perturbation hands out what it does to each image", "[universal]") {
  auto s = mlp_scene();
  s.labels[3] = (s.labels[3] + 1) % 4; // an original that is another class than its label already
  const advx::attack::batched_universal_l2 a{.xi = 0.5, .delta = 0, .passes = 3};
  const auto v = advx::find_universal(a, s.model, s.images, {.seed = 11});
  std::vector<index_t> told;
  advx::progress last;
  auto finished = [&](index_t row) { told.push_back(row); };
  auto watch = [&](const advx::progress& p) {
    last = p;
    return true;
  };
  const auto r = advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels},
                           {.seed = 11, .observer = watch, .finished = finished});
  CHECK(r.complete);
  CHECK(r.ranking == "l2");
  const std::vector<double> moved(v.perturbation.row(0), v.perturbation.row(0) + pixels);
  std::int64_t queries = 0, pullbacks = 0, successes = 0;
  for (index_t i = 0; i < count; ++i) {
    INFO("image " << i);
    const auto k = static_cast<std::size_t>(i);
    const double *x = s.images.row(i), *got = r.images.row(i);
    auto to = shifted(x, moved);
    if (i == 3) std::copy_n(x, pixels, to.begin());
    CHECK(std::equal(to.begin(), to.end(), got));
    CHECK(r.labels[k] == s.model.label(to.data()));
    CHECK((r.success[k] != 0) == (r.labels[k] != s.labels[k]));
    CHECK(r.status[k] == (i == 3              ? advx::status::already_adversarial
                          : r.success[k] != 0 ? advx::status::success
                                              : advx::status::failed));
    for (std::size_t j = 0; j < to.size(); ++j) to[j] -= x[j];
    CHECK(r.l2[k] == Approx(length(to.data(), pixels)).margin(1e-12));
    CHECK(r.l2[k] <= 0.5 * (1 + 1e-12));
    CHECK(r.iterations[k] == 3);
    CHECK(told.at(k) == i);
    queries += r.queries[k];
    pullbacks += r.pullback_rows[k];
    successes += r.success[k];
  }
  CHECK(queries == v.queries);
  CHECK(pullbacks == v.pullback_rows);
  CHECK(successes > 10);
  CHECK(last.done == count);
  CHECK(last.succeeded == successes);

  auto stop = [](const advx::progress&) { return false; };
  const auto none = advx::run(a, s.model, s.images, advx::goal::untargeted{s.labels}, {.observer = stop});
  CHECK_FALSE(none.complete);
  CHECK(none.status[0] == advx::status::stopped);
  CHECK_THROWS_WITH(advx::run(a, s.model, s.images, advx::goal::next(s.labels, 4)), Catch::Contains("no target"));
}
