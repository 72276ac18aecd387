#include <advx/report/progress.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

#include "report/printed.hpp"

using advx::report::progress;
using advx::report::progress_style;
using support::printed;

TEST_CASE("Where no terminal listens, progress is plain lines, the last one always") {
  const std::string text = printed([](std::FILE* out) {
    progress p("cw-l2", progress_style::automatic, out, 3600);
    for (int i = 0; i <= 50; ++i) p.update(i, 50, i / 2);
    p.update(50, 50, 25);
  });
  CHECK_THAT(text, Catch::StartsWith("cw-l2  50/50  25 succeeded  0.0 s\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.find('\r') == std::string::npos);
}

TEST_CASE("Plain lines come as often as asked") {
  const std::string text = printed([](std::FILE* out) {
    progress p("x", progress_style::lines, out, 0);
    for (int i = 1; i <= 10; ++i) p.update(i, 10, 0);
  });
  CHECK(std::count(text.begin(), text.end(), '\n') == 10);
  CHECK_THAT(text, Catch::Contains("x  5/10  0 succeeded") && Catch::Contains(" left\n"));
}

TEST_CASE("On a terminal one line is redrawn, and ended") {
  const std::string whole = printed([](std::FILE* out) {
    progress p("x", progress_style::redrawn, out, 0);
    p.update(5, 10, 2);
    p.update(10, 10, 7);
  });
  CHECK_THAT(whole, Catch::StartsWith("\rx  [##########..........]  5/10  2 succeeded"));
  CHECK_THAT(whole, Catch::Contains("\rx  [####################]  10/10  7 succeeded"));
  CHECK(std::count(whole.begin(), whole.end(), '\n') == 1);
  CHECK(whole.back() == '\n');
  const auto second = whole.find('\r', 1); // covers all of the first
  CHECK(whole.size() - 1 - second >= second);

  const std::string broken_off = printed([](std::FILE* out) {
    progress p("x", progress_style::redrawn, out, 0);
    p.update(5, 10, 2);
  });
  CHECK(broken_off.back() == '\n');
}

TEST_CASE("Silent progress prints nothing") {
  CHECK(printed([](std::FILE* out) {
          progress p("x", progress_style::silent, out, 0);
          p.update(5, 10, 2);
          p.update(10, 10, 2);
        }).empty());
}

TEST_CASE("Durations are short") {
  CHECK(progress::duration(4.24) == "4.2 s");
  CHECK(progress::duration(59.99) == "59.9 s");
  CHECK(progress::duration(185) == "3:05");
  CHECK(progress::duration(7385.9) == "2:03:05");
  CHECK(progress::duration(-1) == "0.0 s");
}
