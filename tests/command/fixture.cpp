#include "fixture.hpp"

#include <advx/data/npz.hpp>
#include <advx/model/onnx/write.hpp>
#include <advx/nn/models.hpp>
#include <advx/nn/weights.hpp>

#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace command {

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

} // namespace

workplace::workplace() {
  std::string pattern = (fs::temp_directory_path() / "advx-command-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  auto net = advx::nn::mlp_sigmoid();
  advx::nn::load(ADVX_WEIGHTS "mlp_mnist.npz", net);
  advx::model::write_onnx(path("net.onnx"), net, {.image = {1, 28, 28}});
  const auto sample = advx::data::read_npz(ADVX_SAMPLE);
  advx::data::write_npy(path("x.npy"), advx::data::first_rows(sample.at("images"), 40));
  advx::data::write_npy(path("y.npy"), advx::data::first_rows(sample.at("labels"), 40));
}

workplace::~workplace() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::vector<std::string> workplace::evaluate(const std::string& output, const std::vector<std::string>& more) const {
  std::vector<std::string> all{"evaluate", "--model",     path("net.onnx"), "--inputs", path("x.npy"),
                               "--labels", path("y.npy"), "--quiet",        "--output", path(output)};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

ending run(const std::vector<std::string>& arguments, const disturbance& d) {
  static int serial = 0;
  const std::string stem =
      (fs::temp_directory_path() / ("advx-said-" + std::to_string(::getpid()) + "-" + std::to_string(serial++)))
          .string();
  const std::string out = stem + ".out", err = stem + ".err";
  std::vector<std::string> words{ADVX_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int to[] = {::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
                    ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};

  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(to[0], 1);
    ::dup2(to[1], 2);
    if (d.file_size >= 0) {
      const rlimit limit{static_cast<rlim_t>(d.file_size), static_cast<rlim_t>(d.file_size)};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  if (d.after >= 0) {
    std::this_thread::sleep_for(std::chrono::duration<double>(d.after));
    ::kill(child, d.signal);
  }
  int status = 0;
  if (!d.at.empty()) {
    const auto there = [&] {
      std::error_code missing;
      const auto size = fs::file_size(d.at, missing);
      return !missing && size >= static_cast<std::uintmax_t>(d.bytes);
    };
    bool running = true;
    while (!there() && (running = ::waitpid(child, &status, WNOHANG) == 0))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (running) {
      ::kill(child, d.signal);
      ::waitpid(child, &status, 0);
    }
  } else {
    ::waitpid(child, &status, 0);
  }
  ::close(to[0]);
  ::close(to[1]);
  ending e{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text_of(out), text_of(err),
           std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
  fs::remove(out);
  fs::remove(err);
  return e;
}

std::map<std::string, std::string> files(const std::string& folder) {
  std::map<std::string, std::string> all;
  if (!fs::exists(folder)) return all;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() != "timing.json")
      all[fs::relative(entry.path(), folder).string()] = text_of(entry.path());
  return all;
}

} // namespace command
