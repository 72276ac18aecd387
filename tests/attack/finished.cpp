// What a program needs to save results as they come, and to go on later: rows told of as soon as they are final, and
// runs over some of the images that find what a run over all finds.
#include <advx/attack/presets.hpp>

#include <catch2/catch.hpp>

#include <numeric>
#include <stdexcept>

#include "attack/support.hpp"
#include "backend/thread_block.hpp"

namespace {

using advx::index_t;
using attack_test::scene;

const scene<double>& given() {
  static const scene<double> s(oracle::smooth_mlp<double>(4, 24, 10), 60);
  return s;
}
constexpr advx::attack::pgd_linf random_starts{.epsilon = 0.05, .steps = 6, .restarts = 2};
using result = advx::result<advx::batch<double>>;

/// Everything that a result says of a row.
auto row_of(const result& r, index_t row) {
  const auto i = static_cast<std::size_t>(row);
  const double* x = r.images.row(row);
  return std::tuple(std::vector<double>(x, x + r.images.cols()), r.success[i], r.labels[i], r.l0[i], r.l1[i], r.l2[i],
                    r.linf[i], r.status[i], r.clean_labels[i], r.iterations[i], r.queries[i], r.forward_rows[i],
                    r.pullback_rows[i]);
}

template <class Backend>
void tells_of_every_row_once(int threads) {
  const advx::goal::targeted goal = advx::goal::all_others(given().labels, 4);
  result r;
  std::vector<decltype(row_of(r, 0))> told(std::size_t(3 * given().images.rows()));
  std::vector<int> times(told.size());
  index_t done = 0, seen_at_first = -1;
  const auto keep = [&](index_t row) {
    if (seen_at_first < 0) seen_at_first = done;
    ++times[static_cast<std::size_t>(row)];
    told[static_cast<std::size_t>(row)] = row_of(r, row);
  };
  const auto watch = [&](const advx::progress& p) {
    done = p.done;
    return true;
  };
  advx::options o;
  o.batch = 6;
  o.threads = threads;
  o.finished = keep;
  o.observer = watch;
  advx::run_into(r, random_starts, given().model, given().images, goal, o, Backend{});
  CHECK(std::all_of(times.begin(), times.end(), [](int n) { return n == 1; }));
  CHECK(seen_at_first < r.images.rows()); // while others were at work
  for (index_t i = 0; i < r.images.rows(); ++i) {
    INFO("row " << i);
    CHECK(told[static_cast<std::size_t>(i)] == row_of(r, i));
  }
}

template <class Backend>
void some_are_as_among_all() {
  const auto& s = given();
  const auto all = advx::run(random_starts, s.model, s.images, advx::goal::untargeted{s.labels}, {}, Backend{});
  std::vector<index_t> numbers;
  std::vector<advx::label_t> labels;
  for (index_t i = s.images.rows() - 1; i >= 0; i -= 3) {
    numbers.push_back(i);
    labels.push_back(s.labels[static_cast<std::size_t>(i)]);
  }
  advx::batch<double> some(static_cast<index_t>(numbers.size()), s.images.cols());
  for (index_t k = 0; k < some.rows(); ++k)
    std::copy_n(s.images.row(numbers[static_cast<std::size_t>(k)]), some.cols(), some.row(k));
  advx::options o;
  o.numbers = numbers;
  o.batch = 4;
  const auto found = advx::run(random_starts, s.model, some, advx::goal::untargeted{labels}, o, Backend{});
  for (index_t k = 0; k < some.rows(); ++k) {
    INFO("row " << k);
    CHECK(row_of(found, k) == row_of(all, numbers[static_cast<std::size_t>(k)]));
  }
}

} // namespace

TEST_CASE("finished rows are told of once and do not change", "[attack]") {
  tells_of_every_row_once<advx::backend::reference>(1);
  tells_of_every_row_once<advx::backend::reference>(3);
}
TEST_CASE("finished rows are told of in lockstep", "[lockstep]") {
  tells_of_every_row_once<backend_tests::block_backend>(1);
}
TEST_CASE("a run over some of the images finds what a run over all finds", "[attack]") {
  some_are_as_among_all<advx::backend::reference>();
}
TEST_CASE("a run over some of the images finds the same in lockstep", "[lockstep]") {
  some_are_as_among_all<backend_tests::block_backend>();
}

TEST_CASE("rows that the end of a run cuts short are not told of", "[attack]") {
  result r;
  std::vector<index_t> told;
  const auto keep = [&](index_t row) { told.push_back(row); };
  const auto enough = [](const advx::progress& p) { return p.done < 20; };
  advx::options o;
  o.batch = 8;
  o.threads = 1;
  o.finished = keep;
  o.observer = enough;
  advx::run_into(r, random_starts, given().model, given().images, advx::goal::untargeted{given().labels}, o,
                 advx::backend::reference{});
  CHECK_FALSE(r.complete);
  CHECK(told.size() >= 20);
  CHECK(told.size() < std::size_t(r.images.rows()));
  for (const index_t row : told) CHECK(r.status[static_cast<std::size_t>(row)] != advx::status::stopped);
}

TEST_CASE("a row that its query limit ends is told of", "[attack]") {
  result r;
  index_t told = 0;
  const auto keep = [&](index_t) { ++told; };
  advx::options o;
  o.budget.queries = 3;
  o.finished = keep;
  advx::run_into(r, random_starts, given().model, given().images, advx::goal::untargeted{given().labels}, o,
                 advx::backend::reference{});
  CHECK(told == r.images.rows());
}

TEST_CASE("what the listener for finished rows throws ends the run", "[attack]") {
  const auto full = [](index_t) { throw std::runtime_error("the disk is full"); };
  advx::options o;
  o.finished = full;
  result r;
  CHECK_THROWS_WITH(advx::run_into(r, random_starts, given().model, given().images,
                                   advx::goal::untargeted{given().labels}, o, advx::backend::reference{}),
                    "the disk is full");
}

TEST_CASE("numbers of images are checked", "[attack]") {
  const std::vector<index_t> few{1, 2}, negative(std::size_t(given().images.rows()), -1);
  advx::options o;
  o.numbers = few;
  const auto attack = [&] {
    advx::run(random_starts, given().model, given().images, advx::goal::untargeted{given().labels}, o);
  };
  CHECK_THROWS_WITH(attack(), Catch::Contains("options.numbers has 2 values for 60 images"));
  o.numbers = negative;
  CHECK_THROWS_WITH(attack(), Catch::Contains("numbers >= 0"));
}
