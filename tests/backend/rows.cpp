// Row programs over whole batches: every backend runs each row once, and leaves the reference's bits.
#include <advx/backend/reference/reference.hpp>
#include <advx/backend/xtensor/xtensor.hpp>
#include <advx/kernel/gather.hpp>

#if defined(THRUST_DEVICE_SYSTEM) // the target advx::thrust is there
#include <advx/backend/thrust/host.hpp>
#endif
#if defined(_OPENMP)
#include <omp.h>
#endif

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <vector>

#include "backend/programs.hpp"
#include "backend/support.hpp"

using advx::index_t;
using backend_tests::count_row;
using backend_tests::mixed_program;
using backend_tests::uneven;

namespace {

namespace backend = advx::backend;

template <class Backend, class Program>
void run_rows(const Backend& b, index_t n, const Program& program) {
  if constexpr (requires { b.rows(n, program); })
    b.rows(n, program);
  else
    for (index_t r = 0; r < n; ++r) program(b.team(), r);
  if constexpr (requires { b.synchronize(); }) b.synchronize();
}

template <class T>
struct outcome {
  std::vector<T> values, sums;
  std::vector<index_t> marks;
};

template <class Backend, class T>
outcome<T> run_mixed(index_t rows, index_t columns) {
  Backend b;
  auto values = b.template allocate<T>(rows * columns);
  auto sums = b.template allocate<T>(rows);
  auto marks = b.template allocate<index_t>(rows);
  const auto start = uneven<T>(rows * columns, 11);
  b.upload(start.data(), rows * columns, values.data());
  run_rows(b, rows, mixed_program<T>{values.data(), sums.data(), marks.data(), columns});
  outcome<T> out{start, std::vector<T>(std::size_t(rows)), std::vector<index_t>(std::size_t(rows))};
  b.download(values.data(), rows * columns, out.values.data());
  b.download(sums.data(), rows, out.sums.data());
  b.download(marks.data(), rows, out.marks.data());
  return out;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

} // namespace

#if !defined(THRUST_DEVICE_SYSTEM)
#define HOST_BACKENDS backend::reference, backend::xtensor
#elif !defined(_OPENMP)
#define HOST_BACKENDS backend::reference, backend::xtensor, backend::thrust<backend::system::cpp>
#else
#define HOST_BACKENDS                                                                                                  \
  backend::reference, backend::xtensor, backend::thrust<backend::system::cpp>, backend::thrust<backend::system::omp>
#endif

TEMPLATE_TEST_CASE("a program over rows leaves the reference's bits", "", HOST_BACKENDS) {
  for (const index_t rows : {0, 1, 2, 7, 64})
    for (const index_t columns : {1, 63, 64, 65, 784}) {
      CAPTURE(rows, columns);
      const auto want = run_mixed<backend::reference, float>(rows, columns);
      const auto got = run_mixed<TestType, float>(rows, columns);
      CHECK(same_bits(got.values, want.values));
      CHECK(same_bits(got.sums, want.sums));
      CHECK(got.marks == want.marks);
      CHECK(std::all_of(got.marks.begin(), got.marks.end(), [](index_t m) { return m % 1000 == 1; })); // each row once
      const auto wide = run_mixed<backend::reference, double>(rows, columns);
      CHECK(same_bits(run_mixed<TestType, double>(rows, columns).values, wide.values));
    }
}

TEMPLATE_TEST_CASE("buffers are zeroed, copies copy, and moved buffers keep their values", "", HOST_BACKENDS) {
  TestType b;
  for (const index_t n : {0, 1, 1000, 300000}) { // the last is what threads share
    // Fill memory and give it back, so that an allocation without zeros would show.
    {
      auto dirt = b.template allocate<float>(n);
      std::fill(dirt.begin(), dirt.end(), 7.0f);
    }
    auto buffer = b.template allocate<float>(n);
    REQUIRE(index_t(buffer.size()) == n);
    CHECK(std::all_of(buffer.begin(), buffer.end(), [](float v) { return v == 0.0f; }));
    const auto v = uneven<float>(n, 3);
    std::vector<float> back(std::size_t(n), -1.0f);
    b.upload(v.data(), n, buffer.data());
    auto moved = std::move(buffer);
    b.download(moved.data(), n, back.data());
    CHECK(back == v);
  }
}

TEMPLATE_TEST_CASE("rows, few or in their thousands, are visited once each", "", HOST_BACKENDS) {
  const TestType b;
  for (const index_t n : {0, 1, 31, 32, 33, 100003}) {
    auto visits = b.template allocate<std::int32_t>(n);
    run_rows(b, n, count_row{visits.data()});
    CHECK(std::all_of(visits.begin(), visits.end(), [](std::int32_t v) { return v == 1; }));
    if constexpr (requires { b.long_rows(n, count_row{}); }) {
      b.long_rows(n, count_row{visits.data()});
      CHECK(std::all_of(visits.begin(), visits.end(), [](std::int32_t v) { return v == 2; }));
    }
  }
}

#if defined(_OPENMP)
TEST_CASE("few long rows are divided among OpenMP's threads and few short ones are not") {
  const backend::thrust<backend::system::omp> b;
  const auto all = [](index_t n) { return std::vector<int>(std::size_t(n), -1); };
  auto threads = all(2);
  const auto note = [&](const auto&, index_t r) { threads[std::size_t(r)] = omp_get_thread_num(); };
  b.long_rows(2, note);
  CHECK(threads == (omp_get_max_threads() > 1 ? std::vector<int>{0, 1} : std::vector<int>{0, 0}));
  threads = all(31);
  b.rows(31, note);
  CHECK(threads == std::vector<int>(31, 0));
}
#endif

TEMPLATE_TEST_CASE("chosen rows are gathered and scattered back, and marked ones are left alone", "", HOST_BACKENDS) {
  constexpr index_t rows = 9, chosen = 4, columns = 130;
  const TestType b;
  const auto values = uneven<float>(rows * columns, 17);
  const index_t numbers[chosen] = {7, 0, -1, 3};
  auto from = b.template allocate<float>(rows * columns);
  auto list = b.template allocate<index_t>(chosen);
  auto side = b.template allocate<float>(chosen * columns);
  b.upload(values.data(), rows * columns, from.data());
  b.upload(numbers, chosen, list.data());
  run_rows(b, chosen, advx::kernel::gather_rows<float>{from.data(), list.data(), side.data(), columns});
  std::vector<float> got(std::size_t(chosen * columns));
  b.download(side.data(), chosen * columns, got.data());
  for (index_t r = 0; r < chosen; ++r)
    for (index_t j = 0; j < columns; ++j)
      CHECK(got[std::size_t(r * columns + j)] ==
            (numbers[r] < 0 ? 0.0F : values[std::size_t(numbers[r] * columns + j)]));

  auto to = b.template allocate<float>(rows * columns);
  run_rows(b, chosen, advx::kernel::scatter_rows<float>{side.data(), list.data(), to.data(), columns});
  std::vector<float> back(values.size());
  b.download(to.data(), rows * columns, back.data());
  for (index_t r = 0; r < rows; ++r) {
    const bool moved = std::find(numbers, numbers + chosen, r) != numbers + chosen;
    for (index_t j = 0; j < columns; ++j) {
      const auto k = std::size_t(r * columns + j);
      CHECK(back[k] == (moved ? values[k] : 0.0F));
    }
  }
}
