// Scores only, a population a tick.
#include "differential_evolution.hpp"

#include "support.hpp"

namespace {

using advx::index_t;

constexpr seams::few_pixels attack{};
constexpr seams::few_pixels thorough{.population = 200, .generations = 100};

/// Every pixel with each of 256 values.
struct exhaustive {
  double least = 1;      ///< probability of the label
  bool success = false;  ///< somewhere
  bool at_least = false; ///< where that probability is least
};

template <class Model>
exhaustive search_all(const Model& model, std::vector<double> x, std::size_t label) {
  exhaustive found;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const double before = x[j];
    for (int level = 0; level < 256; ++level) {
      x[j] = level / 255.0;
      const auto z = model.scores(x);
      double others = 0, top = -1e9, largest = 1;
      for (std::size_t k = 0; k < z.size(); ++k) {
        largest = std::max(largest, std::abs(z[k]));
        if (k == label) continue;
        others += std::exp(z[k] - z[label]);
        top = std::max(top, z[k]);
      }
      const bool met = top - z[label] >= 1e-5 * largest;
      found.success = found.success || met;
      if (1 / (1 + others) < found.least) {
        found.least = 1 / (1 + others);
        found.at_least = met;
      }
    }
    x[j] = before;
  }
  return found;
}

} // namespace

TEMPLATE_TEST_CASE_SIG("differential evolution finds what an exhaustive search finds", "", ((int K), K), 2, 4) {
  const oracle::smooth_mlp<double> mlp(K, 16, 6, 7);
  const oracle::score_only<oracle::smooth_mlp<double>> model{mlp};
  const auto p = seams::make_problem(mlp, 32);
  const auto r = advx::run(thorough, model, p.images, p.goal(), seams::settings(8, 1));
  int successes = 0, failures = 0;
  for (std::size_t i = 0; i < p.labels.size(); ++i) {
    if (i % 8 == 7) continue; // adversarial already
    CAPTURE(i);
    const std::vector<double> x0(p.images.row(index_t(i)), p.images.row(index_t(i)) + 16);
    const exhaustive all = search_all(mlp, x0, std::size_t(p.labels[i]));
    if (r.success[i]) {
      ++successes;
      CHECK(all.success);
      CHECK(r.l0[i] == 1);
      continue;
    }
    // Of several classes the label can be least probable where no other one leads: that is what the attack minimises.
    CHECK_FALSE(all.at_least);
    ++failures;
    // The image that comes back is the one that came nearest to the goal; of two classes that is the least probable.
    if (K > 2) continue;
    const std::vector<double> x(r.images.row(index_t(i)), r.images.row(index_t(i)) + 16);
    const auto z = mlp.scores(x);
    const auto own = std::size_t(p.labels[i]);
    CHECK(1 / (1 + std::exp(z[1 - own] - z[own])) == Approx(all.least).epsilon(1e-9));
    CHECK(r.queries[i] == 1 + 200 * 101);
  }
  CHECK(successes >= 3); // both must occur, or the test says nothing
  CHECK(failures >= 3);
}

TEST_CASE("several pixels do at least as well as one") {
  const oracle::smooth_mlp<double> mlp(4, 16, 6, 7);
  const oracle::score_only<oracle::smooth_mlp<double>> model{mlp};
  const auto p = seams::make_problem(mlp, 32);
  const auto one = advx::run(attack, model, p.images, p.goal(), seams::settings(8, 1));
  const auto three = advx::run(seams::few_pixels{.pixels = 3}, model, p.images, p.goal(), seams::settings(8, 1));
  CHECK(three.success_rate() > one.success_rate());
  CHECK(*std::max_element(three.l0.begin(), three.l0.end()) <= 3);
}

TEST_CASE("populations share a pass, and an image that succeeds makes room: differential evolution") {
  const oracle::smooth_mlp<double> mlp(4, 16, 6, 7);
  const oracle::score_only<oracle::smooth_mlp<double>> model{mlp};
  const auto p = seams::make_problem(mlp, 70);
  const auto whole = seams::check_driver(attack, model, p, 41);
  seams::check_stop(attack, model, p, whole);

  const seams::logged watched(model);
  advx::run(attack, watched, p.images, p.goal(), seams::settings(16, 1));
  const auto& work = *watched.log->sessions.front();
  const auto passes = double(work.forward.size());
  const auto rows = double(std::accumulate(work.forward.begin(), work.forward.end(), std::int64_t{0}));
  const double whole_populations = double(work.capacity / 40 * 40); // a population is not cut in two
  CAPTURE(passes, rows, work.capacity);
  CHECK(passes <= 1.05 * rows / whole_populations + 61);
}

TEST_CASE("no image asks more than it may, at its first question either") {
  const oracle::smooth_mlp<double> mlp(4, 16, 6, 7);
  const oracle::score_only<oracle::smooth_mlp<double>> model{mlp};
  const auto p = seams::make_problem(mlp, 20);
  for (const std::int64_t limit : {10, 41, 100}) {
    CAPTURE(limit);
    auto o = seams::settings(3, 1);
    o.budget.queries = limit;
    const auto r = advx::run(attack, model, p.images, p.goal(), o);
    CHECK_FALSE(r.complete);
    for (std::size_t i = 0; i < 20; ++i) {
      CHECK(r.queries[i] <= limit);
      CHECK(r.queries[i] % 40 == (limit < 41 ? 0 : 1));
      if (limit < 41) {
        CHECK(r.status[i] == advx::status::stopped);
        CHECK(r.l0[i] == 0);
      }
    }
  }
}

namespace {

/// Answers NaN where the first pixel is `poison`.
struct poisoned : oracle::score_only<oracle::linear_model<double>> {
  double lowest = 0;
  template <class Backend>
  auto session(Backend& backend, index_t capacity) const {
    struct mine {
      decltype(std::declval<const oracle::score_only<oracle::linear_model<double>>&>().session(backend,
                                                                                               capacity)) inner;
      double lowest;
      void forward(advx::batch_view<const double> x, advx::batch_view<double> z) {
        inner.forward(x, z);
        for (index_t i = 0; i < x.rows; ++i)
          if (x.row(i)[0] < lowest) z.row(i)[1] = std::numeric_limits<double>::quiet_NaN();
      }
    };
    return mine{oracle::score_only<oracle::linear_model<double>>::session(backend, capacity), lowest};
  }
};

} // namespace

TEST_CASE("a NaN for one of the first population is that image's status and for the image itself the model's fault") {
  const oracle::linear_model<double> linear(3, 2, 5);
  auto p = seams::make_problem(linear, 8, true); // pixels in [0.3, 0.7]
  poisoned model{{linear}, 0.2};                 // a few of the first population are below
  const auto r = advx::run(attack, model, p.images, p.goal(), seams::settings(3, 1));
  CHECK(std::count(r.status.begin(), r.status.end(), advx::status::non_finite) > 0);
  model.lowest = 0.8;
  CHECK_THROWS_AS(advx::run(attack, model, p.images, p.goal(), seams::settings(3, 1)), advx::model_error);
}
