// The folder that an evaluation writes: whose it is, and what it holds.
#pragma once

#include <advx/data/files.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace advx_command {

/// How a folder stands to the run that is to be written there.
enum class folder_state { fresh, begun, finished };

/// An evaluation's folder, held by one program at a time.
class folder {
public:
  /// Makes the folder or takes the one that is there, for the run that `run` (what run.json will hold) describes.
  /// `overwrite`: what another run has left is removed.
  /// @throws advx::file_error where it cannot be made or written, is in use, or holds another run or other files
  folder(std::string path, nlohmann::ordered_json run, bool overwrite);
  /// A folder that was made for nothing is removed again.
  ~folder();
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;

  folder_state state() const { return state_; }
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string journal(const std::string& name) const { return file("journal/" + name); }
  /// run.json of this run as it is there.
  const nlohmann::ordered_json& run() const { return run_; }
  /// Writes run.json. The first time also makes the folder of journals.
  void write_run(nlohmann::ordered_json run);
  /// The journals are no longer needed.
  void remove_journals();

private:
  void clear(bool everything);

  std::string path_;
  nlohmann::ordered_json run_;
  folder_state state_ = folder_state::fresh;
  bool made_ = false; ///< by this program
  advx::data::detail::descriptor lock_{-1};
};

} // namespace advx_command
