// Bad input is refused before anything runs, in words that name the argument, the row, the value and the remedy.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include <limits>

#include "attack/support.hpp"

namespace {

using advx::status;
using attack_test::batch;
using attack_test::index_t;
using attack_test::label_t;
using attack_test::scene;
using attack_test::watched;
using Catch::Contains;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
const advx::attack::ifgm_linf attack{.epsilon = 0.1, .steps = 3};

scene<double> four_images() { return {oracle::linear_model<double>(3, 5), 4}; }

/// Runs, and returns what was said in refusal; the model must not have been asked anything.
template <class Error, class Attack, class Goal>
std::string refusal(const Attack& a, const scene<double>& s, const Goal& goal, const advx::options& o = {}) {
  std::string words = "(nothing was refused)";
  try {
    advx::run(a, s.model, s.images, goal, o);
  } catch (const Error& e) {
    words = e.what();
  }
  CHECK_THAT(words, Catch::StartsWith("advx: "));
  if (std::is_same_v<Error, advx::argument_error>) CHECK(s.model.log->forward_rows == 0);
  return words;
}
template <class Attack>
std::string refusal_of(const Attack& a) {
  const auto s = four_images();
  return refusal<advx::argument_error>(a, s, advx::goal::untargeted{s.labels});
}

} // namespace

TEST_CASE("images that are wrong are refused by row and coordinate", "[attack][errors]") {
  auto s = four_images();
  const auto goal = advx::goal::untargeted{s.labels};
  SECTION("NaN") {
    s.images.row(2)[3] = not_a_number;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal),
               Contains("images") && Contains("row 2") && Contains("coordinate 3") && Contains("nan"));
  }
  SECTION("infinite") {
    s.images.row(1)[0] = -std::numeric_limits<double>::infinity();
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal), Contains("row 1") && Contains("-inf"));
  }
  SECTION("outside the box") {
    s.images.row(3)[4] = 1.5;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal), Contains("row 3") && Contains("coordinate 4") &&
                                                                   Contains("1.5") && Contains("[0, 1]") &&
                                                                   Contains("options.box"));
  }
  SECTION("outside their own coordinate's bounds") {
    const std::vector<double> uppers{1, 1, 0.5, 1, 1};
    advx::options o;
    o.box.uppers = uppers;
    s.images.row(0)[2] = 0.75;
    for (index_t i = 1; i < 4; ++i) s.images.row(i)[2] = 0.25;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o),
               Contains("row 0") && Contains("coordinate 2") && Contains("0.75") && Contains("[0, 0.5]"));
  }
  SECTION("of another width") {
    s.images = batch<double>(4, 6);
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal), Contains("images") && Contains("6") && Contains("5"));
  }
}

TEST_CASE("goals that are wrong are refused by image", "[attack][errors]") {
  auto s = four_images();
  SECTION("a label out of range") {
    s.labels[2] = 3;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, advx::goal::untargeted{s.labels}),
               Contains("image 2") && Contains("label 3") && Contains("0 to 2"));
  }
  SECTION("a negative label") {
    s.labels[1] = -7;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, advx::goal::untargeted{s.labels}),
               Contains("image 1") && Contains("label"));
  }
  SECTION("a target out of range") {
    s.targets[3] = 9;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, advx::goal::targeted{s.labels, s.targets}),
               Contains("image 3") && Contains("target 9") && Contains("0 to 2"));
  }
  SECTION("the image's own class as target") {
    s.targets[0] = s.labels[0];
    CHECK_THAT(refusal<advx::argument_error>(attack, s, advx::goal::targeted{s.labels, s.targets}),
               Contains("image 0") && Contains("differ"));
  }
  SECTION("too few labels") {
    s.labels.pop_back();
    CHECK_THAT(refusal<advx::argument_error>(attack, s, advx::goal::untargeted{s.labels}),
               Contains("3 labels") && Contains("4 images"));
  }
  SECTION("targets that do not divide among the images") {
    s.targets.push_back(0);
    CHECK_THAT(refusal<advx::argument_error>(attack, s, advx::goal::targeted{s.labels, s.targets}),
               Contains("5 targets") && Contains("4 images"));
  }
  SECTION("no targets at all") {
    s.targets.clear();
    CHECK_THAT(refusal<advx::argument_error>(attack, s, advx::goal::targeted{s.labels, s.targets}),
               Contains("0 targets"));
  }
  SECTION("one class leaves no other") {
    CHECK_THROWS_WITH(advx::goal::next(s.labels, 1), Contains("at least 2 classes") && Contains("got 1"));
  }
}

TEST_CASE("settings that are wrong are refused by name", "[attack][errors]") {
  const auto s = four_images();
  const auto goal = advx::goal::untargeted{s.labels};
  advx::options o;
  std::vector<double> values;
  SECTION("too few radii") {
    values = {0.1, 0.1, 0.1};
    o.epsilon = values;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o),
               Contains("options.epsilon") && Contains("3") && Contains("4 images"));
  }
  SECTION("a negative radius") {
    values = {0.1, 0.1, -0.5, 0.1};
    o.epsilon = values;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o),
               Contains("epsilon") && Contains("-0.5") && Contains("image 2"));
  }
  SECTION("a radius that is NaN") {
    values = {0.1, not_a_number, 0.1, 0.1};
    o.epsilon = values;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o), Contains("epsilon") && Contains("nan"));
  }
  SECTION("a box upside down") {
    o.box = {.lower = 1, .upper = 0};
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o), Contains("options.box") && Contains("[1, 0]"));
  }
  SECTION("a box without end") {
    o.box = {.lower = 0, .upper = std::numeric_limits<double>::infinity()};
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o), Contains("options.box") && Contains("finite"));
  }
  SECTION("bounds for other coordinates") {
    values = {0, 0};
    o.box.lowers = values;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o),
               Contains("options.box.lowers") && Contains("2 values") && Contains("5"));
  }
  SECTION("a negative batch") {
    o.batch = -1;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o), Contains("batch") && Contains("got -1"));
  }
  SECTION("negative threads") {
    o.threads = -2;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o), Contains("threads") && Contains("got -2"));
  }
  SECTION("a negative tie") {
    o.tie = -1;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o), Contains("tie") && Contains("got -1"));
  }
  SECTION("no queries") {
    o.budget.queries = 0;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o), Contains("queries") && Contains("got 0"));
  }
  SECTION("no time") {
    o.budget.seconds = not_a_number;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, goal, o), Contains("seconds") && Contains("nan"));
  }
}

TEST_CASE("parameters that are wrong are refused by policy and name", "[attack][errors]") {
  using namespace advx::attack;
  CHECK_THAT(refusal_of(ifgm_linf{.epsilon = -0.1}), Contains("epsilon") && Contains("got -0.1"));
  CHECK_THAT(refusal_of(ifgm_linf{.epsilon = not_a_number}), Contains("epsilon") && Contains("nan"));
  CHECK_THAT(refusal_of(pgd_l2{.steps = 0}), Contains("steps") && Contains("got 0"));
  CHECK_THAT(refusal_of(pgd_l1{.restarts = -1}), Contains("restarts") && Contains("got -1"));
  CHECK_THAT(refusal_of(carlini_wagner_l2{.confidence = -1}), Contains("loss::margin") && Contains("confidence"));
  CHECK_THAT(refusal_of(carlini_wagner_l2{.search_steps = 0}), Contains("search::binary") && Contains("steps"));
  CHECK_THAT(refusal_of(carlini_wagner_l2{.steps = 0}), Contains("optimizer::adam") && Contains("steps"));
  CHECK_THAT(refusal_of(carlini_wagner_l2{.step = 0}), Contains("optimizer::adam") && Contains("step"));
  CHECK_THAT(refusal_of(carlini_wagner_l2{.constant = 0}), Contains("search::binary") && Contains("constant"));
  CHECK_THAT(refusal_of(elastic_net{.beta = -1}), Contains("norm::elastic_net") && Contains("beta"));
  CHECK_THAT(refusal_of(elastic_net{.step = not_a_number}), Contains("optimizer::fista") && Contains("step"));
}

TEST_CASE("a model that is wrong is refused", "[attack][errors]") {
  auto s = four_images();
  SECTION("one class") {
    s.model.classes = 1;
    CHECK_THAT(refusal<advx::argument_error>(attack, s, advx::goal::untargeted{s.labels}),
               Contains("model") && Contains("1") && Contains("at least 2"));
  }
  SECTION("NaN weights") {
    oracle::linear_model<double> m(3, 5);
    m.layer.rows[1][2] = not_a_number;
    const auto log = s.model.log;
    s.model = watched<double>(m);
    const auto goal = advx::goal::untargeted{s.labels};
    CHECK_THAT(refusal<advx::model_error>(attack, s, goal),
               Contains("model") && Contains("image 0") && Contains("NaN") && Contains("weights"));
    CHECK(s.model.log->forward_rows <= 4); // seen in the first pass
    CHECK_THAT(refusal<advx::model_error>(advx::attack::carlini_wagner_l2{}, s, goal), Contains("image 0"));
  }
  SECTION("NaN gradients at the originals") {
    s.model.vjp_into = [](const double*, const double*, double* g) { std::fill_n(g, 5, not_a_number); };
    const auto goal = advx::goal::untargeted{s.labels};
    CHECK_THAT(refusal<advx::model_error>(attack, s, goal), Contains("image 0") && Contains("NaN"));
    // Where the first gradient is that of another point than the original, the image ends and not the run.
    const auto r = advx::run(advx::attack::carlini_wagner_l2{.constant = 1}, s.model, s.images, goal);
    CHECK(std::count(r.status.begin(), r.status.end(), status::non_finite) == 4);
    CHECK(*std::max_element(r.linf.begin(), r.linf.end()) < 1e-5);
  }
  SECTION("on two threads the first error reaches the caller") {
    s.model.scores_into = [](const double*, double* z) { std::fill_n(z, 3, not_a_number); };
    advx::options o;
    o.threads = 2;
    CHECK_THAT(refusal<advx::model_error>(attack, s, advx::goal::untargeted{s.labels}, o), Contains("NaN"));
  }
}

TEST_CASE("no images give an empty result", "[attack][errors]") {
  auto s = four_images().picked({});
  const auto r = advx::run(attack, s.model, s.images, advx::goal::untargeted{s.labels});
  CHECK(r.status.empty());
  CHECK(r.images.rows() == 0);
  CHECK(r.complete);
  CHECK(r.success_rate() == 0);
  CHECK(s.model.log->forward_rows == 0);
}

// The model ignores the last pixel, which tells odd images from even ones; for odd ones it answers NaN as soon as pixel
// 0 has moved far enough. Only those images end by it, and the others' results are those of a sound model.
TEST_CASE("NaN on the way ends one image and leaves the others alone", "[attack][errors]") {
  oracle::smooth_mlp<double> mlp(4, 12, 8);
  for (auto& row : mlp.first.rows) row[11] = 0;
  scene<double> s(mlp, 20);
  const auto odd = [](index_t i) { return i % 2 == 1; };
  for (index_t i = 0; i < 20; ++i) {
    s.images.row(i)[0] = 0.5;
    s.images.row(i)[11] = odd(i) ? 1 : 0;
  }
  s.relabel();
  const auto goal = advx::goal::targeted{s.labels, s.targets};
  const auto dangerous = [](const double* x) { return x[11] > 0.5 && std::abs(x[0] - 0.5) > 0.03; };

  const auto check = [&](const auto& a, bool gradients_too) {
    const auto sound = s;
    auto broken = s;
    broken.model.log = std::make_shared<attack_test::call_log>();
    if (gradients_too)
      broken.model.vjp_into = [=, inner = s.model.vjp_into](const double* x, const double* v, double* g) {
        inner(x, v, g);
        if (dangerous(x)) g[5] = not_a_number;
      };
    else
      broken.model.scores_into = [=, inner = s.model.scores_into](const double* x, double* z) {
        inner(x, z);
        if (dangerous(x)) z[1] = not_a_number;
      };
    const auto good = advx::run(a, sound.model, sound.images, goal);
    const auto r = advx::run(a, broken.model, broken.images, goal);
    int ended = 0;
    for (index_t i = 0; i < 20; ++i) {
      const auto k = static_cast<std::size_t>(i);
      INFO("image " << i);
      if (r.status[k] == status::non_finite) {
        ++ended;
        CHECK(odd(i));
        for (index_t j = 0; j < 12; ++j) CHECK((r.images.row(i)[j] >= 0 && r.images.row(i)[j] <= 1));
        if (r.success[k] != 0) CHECK(s.model.label(r.images.row(i)) == s.targets[k]);
      } else if (!odd(i)) {
        CHECK(r.status[k] == good.status[k]);
        CHECK(std::equal(r.images.row(i), r.images.row(i) + 12, good.images.row(i)));
      }
    }
    CHECK(ended > 0);
    CHECK(r.complete);
  };
  SECTION("scores, I-FGM") { check(advx::attack::ifgm_l2{.epsilon = 2, .steps = 20}, false); }
  SECTION("scores, C&W") {
    check(advx::attack::carlini_wagner_l2{.search_steps = 3, .steps = 30, .step = 0.05, .constant = 1}, false);
  }
  SECTION("gradients, I-FGM L2") { check(advx::attack::ifgm_l2{.epsilon = 2, .steps = 20}, true); }
  SECTION("gradients, I-FGM Linf") { check(advx::attack::ifgm_linf{.epsilon = 0.4, .steps = 20}, true); }
  SECTION("gradients, C&W") {
    check(advx::attack::carlini_wagner_l2{.search_steps = 3, .steps = 30, .step = 0.05, .constant = 1}, true);
  }
  SECTION("gradients, EAD") {
    check(advx::attack::elastic_net{.search_steps = 3, .steps = 30, .step = 0.05, .constant = 1}, true);
  }
}
