// Compile time, memory and object size of translation units on each compiler at hand, beside a committed baseline.
// Compared is a unit's time over that of the standard headers alone on the same compiler in the same rounds, which
// depends little on the machine.
#include <advx/data/files.hpp>
#include <advx/version.hpp>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>

#include "units.hpp"

namespace {

using compile_time::unit;
using nlohmann::ordered_json;
using words = std::vector<std::string>;

struct settings {
  int runs = 5;
  words compilers{"g++", "clang++", "nvcc"};
  words flags{"-O2"};
  words includes{}; ///< folders of third parties
  std::string only{};
  std::string json = "compile_time.json";
  std::string baseline = "benchmarks/compile_time/baseline.json";
  double check = 0; ///< fails where a ratio has grown by more than this factor; 0: never
};

/// What a command used, its descendants included.
struct usage {
  double seconds = 0;   ///< user CPU time
  double megabytes = 0; ///< the greatest process's resident memory
};

/// Runs a command with its output in `log`; nothing where it fails.
std::optional<usage> run(const words& command, const std::string& log) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str())); // as exec has it
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const int to = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(to, 1);
    dup2(to, 2);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  rusage used{};
  if (child < 0 || wait4(child, &status, 0, &used) != child || status != 0) return {};
  return usage{double(used.ru_utime.tv_sec) + 1e-6 * double(used.ru_utime.tv_usec), double(used.ru_maxrss) / 1024};
}

std::string first_line(const std::string& path, const std::string& containing = "") {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);)
    if (line.find(containing) != std::string::npos) return line;
  return {};
}

std::string machine() {
  const std::string line = first_line("/proc/cpuinfo", "model name");
  return line.empty() ? "unknown" : line.substr(line.find(':') + 2);
}

struct measured {
  std::vector<double> seconds{};
  double megabytes = 0;
  std::uintmax_t bytes = 0;
  std::string fault{}; ///< why it does not compile
  double median() const {
    std::vector<double> v = seconds;
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
  }
};

/// A compiler, and the units that it has compiled.
class compiler {
public:
  compiler(std::string program, const settings& s, std::string folder)
      : program_(std::move(program)),
        settings_(s),
        folder_(std::move(folder)),
        cuda_(program_.find("nvcc") != std::string::npos) {}

  /// Its name and version; nothing where there is no such program.
  std::optional<std::string> version() const {
    if (!run({program_, "--version"}, log())) return {};
    return first_line(log(), cuda_ ? "release" : "");
  }
  /// Can it include what a unit needs?
  bool has(const std::string& header) const {
    if (header.empty()) return true;
    const std::string source = folder_ + "/probe.cpp";
    std::ofstream(source) << "#if !__has_include(<" << header << ">)\n#error\n#endif\n";
    words command = start();
    command.insert(command.end(), {"-E", source});
    return run(command, log()).has_value();
  }
  bool takes(const unit& u) const { return cuda_ || !u.cuda; }

  void compile(const unit& u, measured& m) const {
    if (!m.fault.empty()) return;
    // The definitions stand in a source of their own, since nvcc takes a comma in -D for the next definition.
    const std::string source = folder_ + "/unit.cpp", object = folder_ + "/unit.o";
    std::ofstream text(source);
    for (const std::string& definition : u.definitions) text << "#define " << definition << '\n';
    text << "#include \"" << std::filesystem::absolute(u.source).string() << "\"\n";
    text.close();
    words command = start();
    command.insert(command.end(), {"-c", source, "-o", object});
    const auto used = run(command, log());
    if (!used) {
      m.fault = first_line(log(), "error");
      return;
    }
    m.seconds.push_back(used->seconds);
    m.megabytes = std::max(m.megabytes, used->megabytes);
    m.bytes = std::filesystem::file_size(object);
  }

private:
  std::string log() const { return folder_ + "/log"; }
  words start() const {
    words w{program_, "-std=c++20", "-I", "include", "-DADVX_WITH_ONEDNN"};
    if (cuda_) w.insert(w.end(), {"-x", "cu", "-arch=sm_90", "--expt-relaxed-constexpr", "--extended-lambda"});
    w.insert(w.end(), settings_.flags.begin(), settings_.flags.end());
    for (const std::string& folder : settings_.includes) w.insert(w.end(), {"-isystem", folder});
    return w;
  }

  std::string program_;
  const settings& settings_;
  std::string folder_;
  bool cuda_;
};

/// The entry of a report for a compiler: of the same version if there is one, on the same machine rather than another.
const ordered_json* find(const ordered_json& report, const std::string& version, const std::string& machine) {
  const ordered_json* found = nullptr;
  for (const ordered_json& c : report.at("compilers"))
    if (c.at("version") == version && (found == nullptr || c.at("machine") == machine)) found = &c;
  return found;
}
std::optional<double> number(const ordered_json* entry, const std::string& unit_name, const char* key) {
  if (entry == nullptr) return {};
  for (const ordered_json& u : entry->at("units"))
    if (u.at("name") == unit_name) return u.at(key).get<double>();
  return {};
}

/// Measures all units on one compiler, a round after the other, and prints them as rows of a Markdown table. Returns
/// how many units do not compile or have grown by more than `check`.
int measure(const compiler& with, const std::string& version, const settings& s, const ordered_json& baseline,
            ordered_json& report) {
  ordered_json entry{{"version", version}, {"machine", machine()}, {"flags", s.flags}, {"runs", s.runs}};
  entry["left_out"] = ordered_json::object();
  std::vector<unit> units;
  std::map<std::string, bool> known;
  for (const unit& u : compile_time::units()) {
    if (!with.takes(u)) continue;
    // The first two are what others are compared with.
    const bool base = u.name == "standard headers" || u.name == "xtensor alone";
    if (!base && u.name.find(s.only) == std::string::npos) continue;
    if (known.find(u.needs) == known.end()) known[u.needs] = with.has(u.needs);
    if (known[u.needs])
      units.push_back(u);
    else
      entry["left_out"][u.name] = "<" + u.needs + "> was not found";
  }
  std::vector<measured> all(units.size());
  for (int round = 0; round < s.runs; ++round)
    for (std::size_t i = 0; i < units.size(); ++i) with.compile(units[i], all[i]);

  if (!all.front().fault.empty())
    throw std::runtime_error("advx: " + version + " does not compile the standard headers: " + all.front().fault);
  const ordered_json* before = find(baseline, version, entry["machine"]);
  const double standard = all.front().median();
  int worse = 0;
  std::printf("\n%s, `", version.c_str());
  for (const std::string& flag : s.flags) std::printf("%s ", flag.c_str());
  std::printf("-c`, medians of %d:\n\n", s.runs);
  std::printf("| translation unit | user s | ÷ standard headers | baseline | peak MB | object KB "
              "|\n|---|---|---|---|---|---|\n");
  for (std::size_t i = 0; i < units.size(); ++i) {
    const measured& m = all[i];
    if (!m.fault.empty()) {
      entry["does_not_compile"][units[i].name] = m.fault;
      std::printf("| %s | does not compile | | | | |\n", units[i].name.c_str());
      std::fprintf(stderr, "does not compile: %s: %s\n", units[i].name.c_str(), m.fault.c_str());
      ++worse;
      continue;
    }
    const double ratio = m.median() / standard;
    const auto was = number(before, units[i].name, "ratio");
    std::printf("| %s | %.2f | %.2f | ", units[i].name.c_str(), m.median(), ratio);
    if (was)
      std::printf("%.2f | ", *was);
    else
      std::printf("– | ");
    std::printf("%.0f | %.0f |\n", m.megabytes, double(m.bytes) / 1024);
    if (s.check > 0 && was && ratio > s.check * *was) {
      std::fprintf(stderr, "slower than the baseline: %s, %.2f over the standard headers, was %.2f\n",
                   units[i].name.c_str(), ratio, *was);
      ++worse;
    }
    entry["units"].push_back({{"name", units[i].name},
                              {"user_seconds", m.median()},
                              {"ratio", ratio},
                              {"peak_megabytes", m.megabytes},
                              {"object_bytes", m.bytes}});
  }
  for (const auto& [name, why] : entry["left_out"].items())
    std::printf("left out: %s, %s\n", name.c_str(), why.get<std::string>().c_str());

  std::printf("\n| | measured | target |\n|---|---|---|\n");
  const auto seconds = [&](const char* name) { return number(&entry, name, "user_seconds"); };
  const auto umbrella = seconds("advx.hpp"), attack = seconds("pgd_linf on xtensor"), alone = seconds("xtensor alone");
  if (umbrella) std::printf("| `advx.hpp` over its standard headers | %.2f s | 0.5 s |\n", *umbrella - standard);
  if (attack && alone) std::printf("| PGD on xtensor ÷ xtensor alone | %.2f | 1.5 |\n", *attack / *alone);
  double most = 0;
  for (const measured& m : all) most = std::max(most, m.megabytes);
  std::printf("| greatest memory | %.0f MB | 1500 MB |\n", most);
  std::fflush(stdout);
  report["compilers"].push_back(entry);
  return worse;
}

words split(const std::string& text) {
  words out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

settings read(int argc, char** argv) {
  settings s;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i], name = word.substr(0, word.find('='));
    const std::string value = name.size() < word.size() ? word.substr(name.size() + 1) : "";
    if (name == "--runs")
      s.runs = std::max(1, std::atoi(value.c_str()));
    else if (name == "--compilers")
      s.compilers = split(value);
    else if (name == "--flags")
      s.flags = split(value);
    else if (name == "--includes")
      s.includes = split(value);
    else if (name == "--only")
      s.only = value;
    else if (name == "--json")
      s.json = value;
    else if (name == "--baseline")
      s.baseline = value;
    else if (name == "--check")
      s.check = value.empty() ? 1.15 : std::atof(value.c_str());
    else
      throw std::runtime_error(
          "usage: bench-compile-time [--runs=5] [--compilers=g++,clang++,nvcc] [--flags=-O2] [--includes=FOLDER,...] "
          "[--only=PART OF A NAME] [--json=FILE] [--baseline=FILE] [--check[=1.15]]; run it at the source root");
  }
  return s;
}

} // namespace

int main(int argc, char** argv) try {
  const settings s = read(argc, argv);
  if (!std::filesystem::exists("benchmarks/compile_time/standard.cpp"))
    throw std::runtime_error("advx: bench-compile-time: run it at the source root, where include and benchmarks are");
  ordered_json baseline{{"compilers", ordered_json::array()}};
  if (std::ifstream in(s.baseline); in)
    baseline = ordered_json::parse(in);
  else
    std::printf("there is no baseline %s\n", s.baseline.c_str());

  std::string pattern = std::filesystem::temp_directory_path() / "advx-compile-time-XXXXXX";
  const char* folder = mkdtemp(pattern.data());
  if (folder == nullptr) throw std::runtime_error("advx: no folder could be made in " + pattern);
  struct removal {
    std::string folder;
    ~removal() {
      std::error_code ignored;
      std::filesystem::remove_all(folder, ignored);
    }
  } const at_the_end{folder};

  ordered_json report{{"advx", ADVX_VERSION_STRING}, {"compilers", ordered_json::array()}};
  int worse = 0;
  for (const std::string& program : s.compilers) {
    const compiler c(program, s, folder);
    if (const auto version = c.version())
      worse += measure(c, *version, s, baseline, report);
    else {
      std::printf("\nleft out: %s, there is no such program\n", program.c_str());
      report["left_out"][program] = "there is no such program";
    }
    // After each compiler: all of them take most of an hour.
    const std::string text = report.dump(1) + '\n';
    advx::data::write_file_atomically(s.json, std::as_bytes(std::span(text)));
  }
  std::printf("\nWritten: %s\n", s.json.c_str());
  return worse == 0 ? 0 : 1;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 2;
}
