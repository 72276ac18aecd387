// The program advx: what it lists, what it finds, how it goes on after it was killed, and what it says when misused.
#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <set>

#include "fixture.hpp"

using command::disturbance;
using command::ending;
using command::files;
using command::run;
using command::workplace;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;
using strings = std::vector<std::string>;

/// Several kinds of attacks, over some seconds: many images finish, none at once.
const strings several{"--attack",  "pgd-linf:epsilon=0.1,steps=20",
                      "--attack",  "cw-l2:steps=150,search_steps=4,step=0.05",
                      "--attack",  "ead-en:steps=100,search_steps=3",
                      "--attack",  "ead-l1:steps=100,search_steps=3",
                      "--batch",   "3",
                      "--threads", "2"};

strings with(strings a, const strings& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The same files with the same bytes; says which differ.
void same(const std::map<std::string, std::string>& is, const std::map<std::string, std::string>& must) {
  REQUIRE(is.size() == must.size());
  for (const auto& [name, bytes] : must) {
    INFO(name);
    REQUIRE(is.contains(name));
    CHECK(is.at(name) == bytes);
  }
}

json read_json(const std::string& path) {
  return json::parse(files(fs::path(path).parent_path().string()).at(fs::path(path).filename().string()));
}

} // namespace

TEST_CASE("list names every attack with its parameters", "[command]") {
  const ending e = run({"list", "--json"});
  REQUIRE(e.status == 0);
  CHECK(e.err.empty());
  const json all = json::parse(e.out);
  std::set<std::string> names;
  for (const json& a : all.at("attacks")) {
    const std::string name = a.at("name");
    INFO(name);
    CHECK(names.insert(name).second);
    for (const char* text : {"summary", "source", "norm", "access"}) CHECK_FALSE(a.at(text).get<std::string>().empty());
    CHECK_FALSE(a.at("parameters").empty());
    for (const json& p : a.at("parameters")) {
      INFO(p.at("name"));
      CHECK_FALSE(p.at("meaning").get<std::string>().empty());
      CHECK(p.contains("default"));
      if (p.at("default").is_number() && p.at("minimum").is_number()) CHECK(p.at("default") >= p.at("minimum"));
      if (p.at("default").is_number() && p.at("maximum").is_number()) CHECK(p.at("default") <= p.at("maximum"));
    }
  }
  strings expected{"cw-l2",        "cw-linf",          "cw-l0",      "ead-en",       "ead-l1",        "encv-adam",
                   "encv-adagrad", "encv-rmsprop",     "encv-sgd",   "lbfgs",        "tabacof",       "deepfool-l1",
                   "deepfool-l2",  "deepfool-linf",    "sparsefool", "jsma",         "zoo-adam",      "one-pixel",
                   "square-linf",  "hop-skip-jump-l2", "gen-attack", "universal-l2", "universal-linf"};
  for (const char* family :
       {"fgm", "ifgm", "mi-fgm", "pgd", "fgm-grid", "fgm-bisection", "ifgm-grid", "ifgm-bisection"})
    for (const char* norm : {"-l1", "-l2", "-linf"}) expected.push_back(std::string(family) + norm);
  for (const std::string& name : expected) {
    INFO(name);
    CHECK(names.contains(name));
    CHECK(run({"list"}).out.find(name + "  (") != std::string::npos);
  }
}

TEST_CASE("every attack runs on a network from a file", "[command]") {
  const workplace here;
  const json all = json::parse(run({"list", "--json"}).out);
  strings attacks{"--limit", "2"};
  for (const json& a : all.at("attacks")) {
    std::string few;
    for (const auto& [key, value] :
         {std::pair{"steps", "5"}, std::pair{"search_steps", "2"}, std::pair{"points", "10"}})
      for (const json& p : a.at("parameters"))
        if (p.at("name") == key) few += (few.empty() ? ":" : ",") + std::string(key) + "=" + value;
    attacks.push_back("--attack");
    attacks.push_back(a.at("name").get<std::string>() + few);
  }
  const ending e = run(here.evaluate("out", attacks));
  INFO(e.err);
  REQUIRE(e.status == 0);
  const json results = read_json(here.path("out/results.json"));
  REQUIRE(results.at("attacks").size() == all.at("attacks").size());
  for (std::size_t i = 0; i < results.at("attacks").size(); ++i) {
    const json &found = results["attacks"][i], &listed = all["attacks"][i];
    CHECK(found.at("name") == listed.at("name"));
    CHECK(found.at("norm") == listed.at("norm"));
    CHECK(fs::exists(here.path("out/" + found.at("file").get<std::string>())));
  }
}

TEST_CASE("an evaluation's files agree with each other", "[command]") {
  const workplace here;
  const ending e =
      run(here.evaluate("out", {"--attack", "pgd-linf:epsilon=0.1", "--attack", "pgd-linf:epsilon=0.01", "--attack",
                                "cw-l2:steps=100,search_steps=3,step=0.1", "--targets", "all", "--limit", "4"}));
  INFO(e.err);
  REQUIRE(e.status == 0);
  CHECK(e.out.find("pgd-linf-2") != std::string::npos);
  const json results = read_json(here.path("out/results.json")), about = read_json(here.path("out/run.json"));
  CHECK(about.at("complete") == true);
  CHECK(about.at("row_invariant").at("verdict") == true);
  CHECK(about.at("goal") == "all");
  CHECK(about.at("model").at("inputs") == json{1, 28, 28});
  CHECK_FALSE(fs::exists(here.path("out/journal")));
  const auto inputs = advx::data::read_npz(here.path("out/inputs.npz"));
  CHECK(inputs.at("x").shape == std::vector<advx::index_t>{4, 1, 28, 28});
  const auto x = inputs.at("x").as<float>();
  CHECK(inputs.at("labels").size() == 4);
  CHECK(inputs.at("clean_confidence").size() == 4);
  REQUIRE(results.at("attacks").size() == 3);
  CHECK(results["attacks"][1].at("name") == "pgd-linf-2");
  CHECK(results["attacks"][1].at("parameters").at("step") == 2.5 * 0.01 / 40);
  for (const json& a : results.at("attacks")) {
    INFO(a.at("name"));
    const auto npz = advx::data::read_npz(here.path("out/" + a.at("file").get<std::string>()));
    const auto y = npz.at("x").as<float>();
    const auto labels = npz.at("labels").as<std::int64_t>(), targets = npz.at("targets").as<std::int64_t>();
    const auto success = npz.at("success").as<std::uint8_t>();
    const auto confidence = npz.at("confidence").as<float>();
    REQUIRE(npz.at("x").shape == std::vector<advx::index_t>{36, 1, 28, 28});
    REQUIRE(a.at("images").size() == 36);
    for (std::size_t i = 0; i < 36; ++i) {
      const json& row = a["images"][i];
      double far = 0;
      for (std::size_t j = 0; j < 784; ++j)
        far = std::max(far, std::abs(double(y[784 * i + j]) - x[784 * (i / 9) + j]));
      CHECK(far == Approx(row.at("linf").get<double>()).margin(1e-12));
      CHECK(row.at("success") == (success[i] != 0));
      CHECK(row.at("adversarial_label") == labels[i]);
      if (success[i] != 0) {
        CHECK(labels[i] == targets[i]);
        CHECK(confidence[i] > 0.1f);
      }
    }
  }
  CHECK(results["attacks"][2].at("success_rate") > 0.5);
}

TEST_CASE("an evaluation that is killed goes on and ends as if it had not been", "[command]") {
  const workplace here;
  const ending whole = run(here.evaluate("whole", several));
  INFO(whole.err);
  REQUIRE(whole.status == 0);
  const auto must = files(here.path("whole"));
  CHECK(must.contains("results.json"));
  for (const double parts : {2.0, 5.0, 20.0}) { // killed again and again, each time later
    INFO(parts);
    const std::string out = "parts-" + std::to_string(int(parts));
    ending last;
    double after = whole.seconds / parts;
    int killed = 0;
    while ((last = run(here.evaluate(out, several), {.after = after})).status == 128 + SIGKILL) {
      after *= 1.2;
      ++killed;
    }
    INFO(last.err);
    CHECK(killed > 0);
    REQUIRE(last.status == 0);
    same(files(here.path(out)), must);
  }
  int moment = 0, killed = 0;
  for (const char* file : {"run.json", "journal/pgd-linf", "adversarial_pgd-linf.npz", "journal/ead-en", "inputs.npz",
                           "results.json", "timing.json", "index.html"}) {
    INFO(file);
    const std::string out = "moment-" + std::to_string(moment++);
    killed += run(here.evaluate(out, several), {.at = here.path(out + "/" + file)}).status == 128 + SIGKILL ? 1 : 0;
    REQUIRE(run(here.evaluate(out, several)).status == 0);
    same(files(here.path(out)), must);
  }
  CHECK(killed >= 4); // the last files may be there before the program is seen to write them
}

TEST_CASE("a journal that ends in a broken record loses that record alone", "[command]") {
  const workplace here;
  const strings one{"--attack", "cw-l2:steps=200,search_steps=5", "--batch", "1", "--threads", "1"};
  const ending whole = run(here.evaluate("whole", one));
  REQUIRE(whole.status == 0);
  const std::string journal = here.path("cut/journal/cw-l2");
  REQUIRE(run(here.evaluate("cut", one), {.at = journal, .bytes = 20000, .signal = SIGINT}).status == 130);
  const auto size = fs::file_size(journal);
  REQUIRE(size > 4000);
  const advx::data::detail::descriptor file(::open(journal.c_str(), O_WRONLY));
  REQUIRE(::pwrite(file.fd, "?", 1, static_cast<off_t>(size - 2000)) == 1); // in the last record but one
  REQUIRE(run(here.evaluate("cut", one)).status == 0);
  same(files(here.path("cut")), files(here.path("whole")));
}

TEST_CASE("Ctrl-C keeps what is finished and says how to go on", "[command]") {
  const workplace here;
  const ending whole = run(here.evaluate("whole", several));
  REQUIRE(whole.status == 0);
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string out = "interrupted-" + std::to_string(signal);
    const ending e = run(here.evaluate(out, several), {.at = here.path(out + "/journal/cw-l2"), .signal = signal});
    CHECK(e.status == 130);
    CHECK(e.err.find("the same command goes on") != std::string::npos);
    CHECK(read_json(here.path(out + "/run.json")).at("complete") == false);
    CHECK_FALSE(fs::exists(here.path(out + "/results.json")));
    REQUIRE(run(here.evaluate(out, several)).status == 0);
    same(files(here.path(out)), files(here.path("whole")));
  }
}

TEST_CASE("the same images from any file give the same results", "[command]") {
  const workplace here;
  const strings fgm{"--attack", "pgd-linf:epsilon=0.1,steps=5", "--limit", "20"};
  REQUIRE(run(here.evaluate("bytes", fgm)).status == 0);
  const auto must = files(here.path("bytes"));
  const auto images = advx::data::read_npy(here.path("x.npy")), labels = advx::data::read_npy(here.path("y.npy"));
  advx::data::write_npz(here.path("both.npz"), {{"x", images}, {"y", labels}});
  const auto unit = advx::data::to_unit_interval(images);
  advx::data::write_npy(here.path("flat.npy"), advx::data::make_array({40, 784}, unit.values));
  std::vector<std::byte> idx;
  for (const int b : {0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 28, 0, 0, 0, 28}) idx.push_back(static_cast<std::byte>(b));
  idx.insert(idx.end(), images.bytes.begin(), images.bytes.end());
  advx::data::write_file_atomically(here.path("images.idx"), idx);
  const auto agrees = [&](const std::string& out, const std::string& x, const std::string& y,
                          const strings& more = {}) {
    const ending e = run(with({"evaluate", "--model", here.path("net.onnx"), "--inputs", here.path(x), "--labels",
                               here.path(y), "--quiet", "--output", here.path(out)},
                              with(fgm, more)));
    INFO(e.err);
    REQUIRE(e.status == 0);
    const auto is = files(here.path(out));
    for (const char* file : {"results.json", "inputs.npz"})
      if (is.at(file) != must.at(file)) return false;
    return is.at("adversarial_pgd-linf.npz") == must.at("adversarial_pgd-linf.npz");
  };
  CHECK(agrees("npz", "both.npz:x", "both.npz:y"));
  CHECK(agrees("flat", "flat.npy", "y.npy"));
  CHECK(agrees("idx", "images.idx", "y.npy"));
  // Behind what the network's training did to the pixels, distances and the box stay in pixels.
  CHECK(agrees("same", "x.npy", "y.npy", {"--mean", "0", "--std", "1"}));
  CHECK_FALSE(agrees("standardised", "x.npy", "y.npy", {"--mean", "0.1307", "--std", "0.3081"}));
  const json results = read_json(here.path("standardised/results.json"));
  CHECK(results["attacks"][0]["linf"]["mean"] <= 0.1);
}

TEST_CASE("neither threads nor batch nor the order of images' ends change a file", "[command]") {
  const workplace here;
  const strings attacks{"--attack", "pgd-l2:epsilon=2,steps=10,restarts=1",   "--attack", "deepfool-l2",
                        "--attack", "cw-l2:steps=50,search_steps=2,step=0.1", "--limit",  "20"};
  REQUIRE(run(here.evaluate("a", with(attacks, {"--threads", "1", "--batch", "1"}))).status == 0);
  const auto must = files(here.path("a"));
  REQUIRE(run(here.evaluate("b", with(attacks, {"--threads", "2", "--batch", "7"}))).status == 0);
  same(files(here.path("b")), must);
  REQUIRE(run(here.evaluate("c", with(attacks, {"--threads", "3"}))).status == 0);
  same(files(here.path("c")), must);
}

#if defined(ADVX_COMMAND_HAS_THRUST)
TEST_CASE("Thrust finds the same as xtensor", "[command]") {
  const workplace here;
  const strings attacks{"--attack", "pgd-l2:epsilon=2,steps=10,restarts=1",   "--attack", "deepfool-l2",
                        "--attack", "cw-l2:steps=20,search_steps=2,step=0.1", "--limit",  "12"};
  REQUIRE(run(here.evaluate("xtensor", attacks)).status == 0);
  const ending e = run(here.evaluate("thrust", with(attacks, {"--backend", "thrust-omp", "--batch", "5"})));
  INFO(e.err);
  REQUIRE(e.status == 0);
  const auto must = files(here.path("xtensor")), is = files(here.path("thrust"));
  for (const char* file : {"results.json", "inputs.npz", "adversarial_pgd-l2.npz", "adversarial_deepfool-l2.npz",
                           "adversarial_cw-l2.npz"}) {
    INFO(file);
    CHECK(is.at(file) == must.at(file));
  }
}
#endif

TEST_CASE("images of a grid are the same after they have been stored in bytes", "[command]") {
  const workplace here;
  const strings attacks{"--attack", "deepfool-l2",      "--attack", "pgd-linf:epsilon=0.1",
                        "--attack", "ead-l1:steps=100", "--attack", "one-pixel:steps=5"};
  REQUIRE(run(here.evaluate("any", attacks)).status == 0);
  const ending e = run(here.evaluate("grid", with(attacks, {"--levels", "256"})));
  INFO(e.err);
  REQUIRE(e.status == 0);
  const json any = read_json(here.path("any/results.json")), grid = read_json(here.path("grid/results.json"));
  for (std::size_t a = 0; a < 4; ++a) {
    const json &is = grid["attacks"][a], &was = any["attacks"][a];
    INFO(is["name"]);
    CHECK(is["parameters"]["grid_levels"] == 256);
    CHECK_FALSE(was["parameters"].contains("grid_levels"));
    CHECK(is["success_rate"].get<double>() >= was["success_rate"].get<double>() - 0.051);
    if (a < 3) {
      CHECK(is["success_rate"] >= 0.9);
      const auto free = advx::data::read_npz(here.path("any/" + was["file"].get<std::string>())).at("x").as<float>();
      CHECK(std::any_of(free.begin(), free.end(), [](float v) { return v != float(std::lround(255 * v)) / 255.0F; }));
    }
    CHECK(is["images"].size() == 40);
    const auto x = advx::data::read_npz(here.path("grid/" + is["file"].get<std::string>())).at("x").as<float>();
    REQUIRE(x.size() == 40 * 784);
    for (const float v : x) REQUIRE(v == float(std::lround(255 * v)) / 255.0F);
  }
  CHECK(grid["attacks"][1]["linf"]["mean"] <= 0.1);
  CHECK(read_json(here.path("grid/run.json")).at("levels") == 256);
  CHECK(files(here.path("grid")).at("index.html").find("--levels 256") != std::string::npos);
}

TEST_CASE("a universal perturbation is one for all images, and killed it is made once more", "[command]") {
  const workplace here;
  const strings one{"--attack", "universal-l2:xi=4,passes=20,delta=0", "--attack", "universal-linf:xi=0.3"};
  const ending whole = run(here.evaluate("whole", one));
  INFO(whole.err);
  REQUIRE(whole.status == 0);
  const json results = read_json(here.path("whole/results.json"));
  CHECK(results["attacks"][0]["success_rate"] >= 0.5);
  CHECK(results["attacks"][0]["l2"]["mean"] <= 4.001);
  const auto x = advx::data::read_npz(here.path("whole/inputs.npz")).at("x").as<float>();
  const auto to = advx::data::read_npz(here.path("whole/adversarial_universal-l2.npz")).at("x").as<float>();
  for (std::size_t j = 0; j < 784; ++j) { // what the box lets through is the same for all
    float least = 2, most = -2;
    for (std::size_t i = 0; i < 40; ++i) {
      const float v = to[784 * i + j];
      if (results["attacks"][0]["images"][i]["l0"] == 0 || v == 0 || v == 1) continue;
      least = std::min(least, v - x[784 * i + j]);
      most = std::max(most, v - x[784 * i + j]);
    }
    REQUIRE(most - least <= 1e-6F);
  }
  // Before a row is there.
  const auto at_work = here.path("killed/journal/universal-l2");
  CHECK(run(here.evaluate("killed", one), {.at = at_work}).status == 128 + SIGKILL);
  REQUIRE(run(here.evaluate("killed", one)).status == 0);
  same(files(here.path("killed")), files(here.path("whole")));
  // Between rows: a full disk ends the journal there.
  const ending full = run(here.evaluate("full", one), {.file_size = 40000});
  CHECK(full.status != 0);
  const auto size = fs::file_size(here.path("full/journal/universal-l2"));
  CHECK(size > 10000);
  CHECK(size < 100000);
  REQUIRE(run(here.evaluate("full", one)).status == 0);
  same(files(here.path("full")), files(here.path("whole")));
}

TEST_CASE("a folder belongs to one run", "[command]") {
  const workplace here;
  const strings fgm{"--attack", "fgm-linf", "--limit", "3"};
  REQUIRE(run(here.evaluate("out", fgm)).status == 0);
  const auto before = files(here.path("out"));
  const ending again = run(here.evaluate("out", fgm));
  CHECK(again.status == 0);
  CHECK(again.out.find("already, finished") != std::string::npos);
  same(files(here.path("out")), before);
  for (const strings& other : {strings{"--attack", "fgm-linf:epsilon=0.2", "--limit", "3"}, with(fgm, {"--seed", "1"}),
                               with(fgm, {"--targets", "next"}), with(fgm, {"--box", "0,2"})}) {
    const ending refused = run(here.evaluate("out", other));
    CHECK(refused.status != 0);
    CHECK(std::count(refused.err.begin(), refused.err.end(), '\n') == 1);
    CHECK(refused.err.find("--overwrite") != std::string::npos);
    same(files(here.path("out")), before);
  }
  REQUIRE(run(here.evaluate("out", with(fgm, {"--seed", "1", "--overwrite"}))).status == 0);
  CHECK(read_json(here.path("out/run.json")).at("seed") == 1);
  // A folder with somebody's files is nobody's run.
  fs::create_directory(here.path("mine"));
  advx::data::write_file_atomically(here.path("mine/notes"), {});
  CHECK(run(here.evaluate("mine", fgm)).status != 0);
  CHECK(files(here.path("mine")).size() == 1);
}

TEST_CASE("a time limit ends an attack with what it has found", "[command]") {
  const workplace here;
  const ending e =
      run(here.evaluate("out", {"--attack", "cw-l2:steps=1000000,abort_early=false", "--time-limit", "0.5"}));
  INFO(e.err);
  REQUIRE(e.status == 0);
  CHECK(e.seconds < 20);
  const json results = read_json(here.path("out/results.json"));
  CHECK(results["attacks"][0]["images"].size() == 40);
  for (const json& row : results["attacks"][0]["images"]) CHECK(row.at("adversarial_label") >= 0);
}

TEST_CASE("misuse is told in one line and leaves nothing behind", "[command]") {
  const workplace here;
  const std::string x = here.path("x.npy"), y = here.path("y.npy");
  const auto sample = advx::data::read_npy(x);
  const auto write = [&](const std::string& name, advx::data::array a) {
    advx::data::write_npy(here.path(name), a);
    return here.path(name);
  };
  auto reshaped = [&](std::vector<advx::index_t> shape) {
    auto a = sample;
    a.shape = std::move(shape);
    return a;
  };
  std::vector<float> bright(40 * 784, 2.0f);
  std::vector<std::int64_t> wrong(40, 10), few(7, 1);
  const std::string last = write("hwc.npy", reshaped({40, 28, 28, 1})),
                    wide = write("wide.npy", reshaped({20, 28, 56})),
                    outside = write("outside.npy", advx::data::make_array({40, 1, 28, 28}, bright)),
                    ten = write("ten.npy", advx::data::make_array({40}, wrong)),
                    seven = write("seven.npy", advx::data::make_array({7}, few)),
                    own = write("own.npy", advx::data::read_npy(y));
  const strings fgm{"--attack", "fgm-linf"};
  struct fault {
    strings more;         // replaces what the fixture gives, being later
    const char* sentence; // what the line must hold
  };
  const fault all[] = {
      {{"--attack", "pgd-lnf"}, "did you mean 'pgd-linf'?"},
      {{"--attack", "pgd-linf:epsilo=1"}, "did you mean 'epsilon'?"},
      {{"--attack", "pgd-linf:epsilon=-1"}, "'epsilon' must be >= 0, got -1"},
      {{"--attack", "pgd-linf:steps=1.5"}, "'steps' must be a whole number"},
      {{"--attack", "pgd-linf:steps=many"}, "'steps' must be a number >= 1"},
      {{"--attack", "pgd-linf:steps"}, "'steps' has no value"},
      {{"--attack", "deepfool-l2:inside=outside"}, "each_step, clipped or at_end"},
      {{"--attack", "deepfool-l2", "--targets", "next"}, "takes no targets"},
      {{"--attack", "fgm-bisection-l2:first=99"}, "first"},
      {with(fgm, {"--targets", "rndom"}), "did you mean 'random'?"},
      {with(fgm, {"--targets", own}), "own class"},
      {with(fgm, {"--box", "1,0"}), "--box"},
      {with(fgm, {"--box", "zero,1"}), "'zero' is no number"},
      {with(fgm, {"--mean", "0.1,0.2,0.3"}), "--mean has 3 values"},
      {with(fgm, {"--std", "0"}), "deviation"},
      {with(fgm, {"--backend", "thrust-cuda"}), "run on the host"},
      {with(fgm, {"--backend", "xtenser"}), "did you mean 'xtensor'?"},
      {with(fgm, {"--threads", "-1"}), "--threads"},
      {with(fgm, {"--time-limit", "0"}), "--time-limit"},
      {with(fgm, {"--levels", "1"}), "--levels is 1"},
      {{"--attack", "universal-l2", "--levels", "256"}, "leave --levels out"},
      {{"--attack", "universal-l2", "--targets", "next"}, "takes no targets"},
      {with(fgm, {"--no-such-option"}), "--no-such-option"},
      {with(fgm, {"--model", here.path("none.onnx")}), "No such file"},
      {with(fgm, {"--model", x}), "no ONNX file"},
      {with(fgm, {"--inputs", here.path("none.npy")}), "No such file"},
      {with(fgm, {"--inputs", here.path("net.onnx")}), "is no .npy"},
      {with(fgm, {"--inputs", last}), "transpose(0, 3, 1, 2)"},
      {with(fgm, {"--inputs", wide}), "the model takes (20, 1, 28, 28)"},
      {with(fgm, {"--inputs", outside}), "outside the box [0, 1]"},
      {with(fgm, {"--labels", ten}), "the model's classes are 0 to 9"},
      {with(fgm, {"--labels", seven}), "7 labels for 40 images"},
      {with(fgm, {"--labels", outside}), "one class per image"},
      {with(fgm, {"--output", "/proc/advx"}), "cannot make the folder"},
      {with(fgm, {"--output", x}), "--output"},
      {{}, "--attack"},
  };
  for (const fault& f : all) {
    // A later option takes the place of an earlier one only where it is not given twice.
    strings arguments = here.evaluate("out", {});
    for (std::size_t i = 0; i < f.more.size(); ++i) {
      const auto given = std::find(arguments.begin(), arguments.end(), f.more[i]);
      if (given != arguments.end() && f.more[i].starts_with("--") && i + 1 < f.more.size()) {
        *(given + 1) = f.more[++i];
      } else {
        arguments.push_back(f.more[i]);
      }
    }
    const ending e = run(arguments);
    INFO(f.sentence);
    INFO(e.err);
    CHECK(e.status != 0);
    CHECK(e.status < 128);
    CHECK(e.err.rfind("advx: ", 0) == 0);
    CHECK(e.err.find(f.sentence) != std::string::npos);
    CHECK(std::count(e.err.begin(), e.err.end(), '\n') == 1);
    CHECK_FALSE(fs::exists(here.path("out")));
  }
  CHECK(run({"report", here.path("none")}).status != 0);
  CHECK(run({}).status != 0);
}

TEST_CASE("a full disk is told in one line, and the run goes on when there is room", "[command]") {
  const workplace here;
  const strings attack{"--attack", "cw-l2:steps=50,search_steps=2,step=0.1"};
  REQUIRE(run(here.evaluate("whole", attack)).status == 0);
  for (const long room :
       {300L, 1500L, 20000L, 70000L}) { // in run.json, the journal's first record, a later one, an npz
    INFO(room);
    const std::string out = "full-" + std::to_string(room);
    const ending e = run(here.evaluate(out, attack), {.file_size = room});
    INFO(e.err);
    CHECK(e.status == 1);
    CHECK(e.err.find("advx: ") == 0);
    CHECK(std::count(e.err.begin(), e.err.end(), '\n') == 1);
    for (const auto& [name, bytes] : files(here.path(out))) {
      CHECK(name.find(".partial") == std::string::npos);
      CHECK((name == "run.json" || name == "journal/cw-l2"));
    }
    REQUIRE(run(here.evaluate(out, attack)).status == 0);
    same(files(here.path(out)), files(here.path("whole")));
  }
}
