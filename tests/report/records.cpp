#include <advx/report/json.hpp>
#include <advx/report/result_table.hpp>

#include <catch2/catch.hpp>

#include <limits>
#include <sstream>

#include "data/support.hpp"
#include "report/printed.hpp"

using namespace advx;

namespace {

report::image_entry entry(index_t index, bool success, double size, std::int64_t count) {
  report::image_entry e;
  e.index = index;
  e.label = 7;
  e.adversarial_label = success ? 3 : 7;
  e.success = success;
  e.l0 = 4 * size;
  e.l1 = 2 * size;
  e.l2 = size;
  e.linf = size / 4;
  e.rmsd = size / 28;
  e.queries = count;
  e.forward_rows = 2 * count;
  e.pullback_rows = 3 * count;
  e.iterations = 4 * count;
  return e;
}

/// Four successes of sizes 1, 2, 4, 9 (mean 4, median 3) and a failure, which must not count among distances.
report::attack_record record() {
  report::attack_record r;
  r.name = "cw-l2";
  r.goal = "untargeted";
  r.norm = "l2";
  r.parameters = {{"steps", 200}, {"constant", 0.1}};
  r.images = {entry(0, true, 9, 10), entry(1, true, 1, 20), entry(2, false, 100, 30), entry(3, true, 4, 40),
              entry(4, true, 2, 1)};
  r.seconds = 12.345;
  r.cpu_seconds = 20;
  r.model_cpu_seconds = 19;
  return r;
}

} // namespace

TEST_CASE("Distances are averaged over the successes, counts over all images") {
  const report::summary s = report::aggregate(record());
  CHECK(s.success_rate == 0.8);
  CHECK(s.l2.mean == 4.0);
  CHECK(s.l2.median == 3.0); // of an even number
  CHECK(s.l0.mean == 16.0);
  CHECK(s.l1.median == 6.0);
  CHECK(s.linf.mean == 1.0);
  CHECK(*s.rmsd.mean == Approx(4.0 / 28));
  CHECK(s.queries == Approx(20.2));
  CHECK(s.forward_rows == Approx(40.4));
  CHECK(s.pullback_rows == Approx(60.6));
  CHECK(s.iterations == Approx(80.8));

  report::attack_record odd = record();
  odd.images.pop_back();
  CHECK(report::aggregate(odd).l2.median == 4.0);
}

TEST_CASE("Without a success there is no mean distance") {
  report::attack_record r = record();
  for (auto& image : r.images) image.success = false;
  CHECK(report::aggregate(r).success_rate == 0);
  CHECK_FALSE(report::aggregate(r).l2.mean);
  CHECK(report::to_json(r)["l2"]["median"].is_null());
  CHECK(report::aggregate({}).success_rate == 0);
  CHECK(report::aggregate({}).queries == 0);
}

TEST_CASE("results.json says what was found, in the same bytes each time") {
  report::attack_record r = record();
  r.images = {entry(5, true, 0.5, 7)};
  report::run_record run;
  run.model = {{"name", "net"}, {"parameters", 312202.0}};
  run.images = 1;
  run.clean_accuracy = 1;
  run.attacks = {r};
  const std::string expected =
      R"({"advx":")" + std::string(version) +
      R"(","model":{"name":"net","parameters":312202},"images":1,"clean_accuracy":1,"attacks":[{"name":"cw-l2",)"
      R"("parameters":{"steps":200,"constant":0.1},"goal":"untargeted","norm":"l2","success_rate":1,)"
      R"("l0":{"mean":2,"median":2},"l1":{"mean":1,"median":1},"l2":{"mean":0.5,"median":0.5},)"
      R"("linf":{"mean":0.125,"median":0.125},"rmsd":{"mean":0.017857142857142856,"median":0.017857142857142856},)"
      R"("queries":7,"forward_rows":14,"pullback_rows":21,"iterations":28,"images":[{"index":5,"label":7,)"
      R"("adversarial_label":3,"success":true,"l0":2,"l1":1,"l2":0.5,"linf":0.125,"queries":7,"pullback_rows":21}]}]})";
  CHECK(report::to_json(run).dump() == expected);

  report::run_record later = run; // other times, the same results
  later.attacks[0].seconds = 99;
  later.attacks[0].cpu_seconds = 99;
  later.attacks[0].model_cpu_seconds = 99;
  CHECK(report::to_json(later) == report::to_json(run));
}

TEST_CASE("timing.json says how long it took") {
  report::run_record run;
  run.attacks = {record()};
  CHECK(report::timing_to_json(run).dump() ==
        R"({"advx":")" + std::string(version) +
            R"(","attacks":[{"name":"cw-l2","goal":"untargeted","seconds":12.345,"cpu_seconds":20,)"
            R"("model_cpu_seconds":19}]})");
}

TEST_CASE("What is no number is null, and a file is valid JSON") {
  report::attack_record r = record();
  r.images[2].l2 = std::numeric_limits<double>::infinity();
  r.images[2].l1 = std::numeric_limits<double>::quiet_NaN();
  r.name = "not utf-8: \xff";
  const support::scratch_folder folder;
  report::write_json(folder / "a.json", report::to_json(r));
  const auto bytes = data::read_file(folder / "a.json");
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto back = nlohmann::json::parse(text);
  CHECK(back["images"][2]["l2"].is_null());
  CHECK(back["images"][2]["l1"].is_null());
  CHECK(back["images"][0]["l2"] == 9);
  CHECK(text.back() == '\n');
  CHECK_THROWS_AS(report::write_json(folder / "no/a.json", {}), file_error);
}

TEST_CASE("The table has a line for each attack, in columns") {
  report::attack_record failed = record();
  failed.name = "fgm-linf";
  failed.images.resize(3);
  for (auto& image : failed.images) image.success = false;
  failed.cpu_seconds = failed.model_cpu_seconds = 0;
  const std::vector<report::attack_record> records{record(), failed};
  const std::string text = support::printed([&](std::FILE* out) { report::print_table(out, records); });

  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  REQUIRE(lines.size() == 5);
  for (const std::string& line : lines) CHECK(line.size() == lines[0].size());
  CHECK(lines[2] == std::string(lines[0].size(), '-'));
  const auto words = [](const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> result;
    for (std::string word; in >> word;) result.push_back(word);
    return result;
  };
  CHECK(words(lines[3]) == std::vector<std::string>{"cw-l2", "untargeted", "80.0", "16", "12", "8", "6", "4", "3", "1",
                                                    "0.75", "60.6", "40.4", "20.2", "12.35", "95.0"});
  CHECK(words(lines[4]) == std::vector<std::string>{"fgm-linf", "untargeted", "0.0", "-", "-", "-", "-", "-", "-", "-",
                                                    "-", "60.0", "40.0", "20.0", "12.35", "-"});
}
