#include "folder.hpp"

#include <advx/report/json.hpp>

#include <sys/file.h>

#include <filesystem>
#include <string_view>

namespace advx_command {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

namespace {

/// What tells one run from another: not how far it is, nor where its files lay.
json identity(json run) {
  run.erase("complete");
  run.erase("row_invariant");
  for (const char* file : {"model", "inputs", "labels", "targets"})
    if (run.contains(file) && run[file].is_object()) run[file].erase("path");
  return run;
}

/// Does an evaluation write a file of this name?
bool is_own(std::string_view name) {
  for (const std::string_view own : {"run.json", "results.json", "timing.json", "inputs.npz", "index.html", "journal"})
    if (name == own) return true;
  return name.starts_with("adversarial_") && name.ends_with(".npz");
}
/// Left by a program that was killed while it wrote.
bool is_partial(std::string_view name) { return name.find(".partial-") != std::string_view::npos; }

} // namespace

folder::folder(std::string path, json run, bool overwrite) : path_(std::move(path)), run_(std::move(run)) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  const std::string who = "advx: --output '" + path_ + "': ";
  std::error_code fault;
  made_ = fs::create_directories(path_, fault);
  if (fault || !fs::is_directory(path_))
    throw advx::file_error(who + "cannot make the folder: " + (fault ? fault.message() : "it is a file") +
                           "; choose another");
  lock_.fd = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_.fd < 0 || ::access(path_.c_str(), W_OK | X_OK) != 0)
    throw advx::file_error(who + "cannot be written to: " + std::strerror(errno) + "; choose another folder");
  if (::flock(lock_.fd, LOCK_EX | LOCK_NB) != 0)
    throw advx::file_error(who + "another advx is at work in it; wait for it, or choose another folder");

  bool foreign = false, known = false;
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    known = known || name == "run.json";
    foreign = foreign || !is_partial(name);
  }
  if (overwrite) {
    clear(true);
    return;
  }
  if (!known && foreign)
    throw advx::file_error(who + "holds files, and no run of advx evaluate; choose an empty folder, or --overwrite");
  if (known) {
    const auto bytes = advx::data::read_file(file("run.json"));
    const json there = json::parse(reinterpret_cast<const char*>(bytes.data()),
                                   reinterpret_cast<const char*>(bytes.data()) + bytes.size(), nullptr, false);
    if (!there.is_object())
      throw advx::file_error(who + "its run.json is damaged; choose another folder, or start anew by --overwrite");
    const json is = identity(there), must = identity(run_);
    for (const auto& [key, value] : must.items())
      if (!is.contains(key) || is[key] != value)
        throw advx::file_error(who + "holds another run (other " + key + "); choose another folder, or --overwrite");
    state_ = there.value("complete", false) ? folder_state::finished : folder_state::begun;
    if (there.contains("row_invariant")) run_["row_invariant"] = there["row_invariant"];
  }
  clear(false);
}

folder::~folder() {
  std::error_code ignored;
  if (made_) fs::remove(path_, ignored); // which only an empty folder is
}

void folder::clear(bool everything) {
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    if (is_partial(name) || (everything && is_own(name))) old.push_back(entry.path());
  }
  for (const fs::path& p : old) fs::remove_all(p);
}

void folder::write_run(json run) {
  advx::report::write_json(file("run.json"), run);
  run_ = std::move(run);
  std::error_code fault;
  fs::create_directories(file("journal"), fault);
  if (fault) throw advx::file_error("advx: --output '" + path_ + "': cannot make 'journal': " + fault.message());
}

void folder::remove_journals() {
  std::error_code ignored;
  fs::remove_all(file("journal"), ignored);
}

} // namespace advx_command
