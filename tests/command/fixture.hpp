// What the tests of the command share: a network and digits in files, and runs of the program.
#pragma once

#include <advx/core/types.hpp>

#include <map>
#include <string>
#include <vector>

namespace command {

/// A folder that is removed in the end, with net.onnx (784-100-100-10, trained), x.npy (uint8) and y.npy: 40 digits.
class workplace {
public:
  workplace();
  ~workplace();
  workplace(const workplace&) = delete;
  workplace& operator=(const workplace&) = delete;

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  /// evaluate --model ... --inputs ... --labels ... --quiet --output DIR, and what follows.
  std::vector<std::string> evaluate(const std::string& output, const std::vector<std::string>& more) const;

private:
  std::string folder_;
};

/// How a program ended, and what it said.
struct ending {
  int status = 0; ///< 128 + n where signal n has ended it
  std::string out, err;
  double seconds = 0;
};

/// When and how the program is disturbed.
struct disturbance {
  double after = -1; ///< seconds; negative: not by the clock
  std::string at{};  ///< or as soon as this file has `bytes` bytes; none: not by a file
  long bytes = 0;
  int signal = 9;      ///< that is sent then
  long file_size = -1; ///< the largest file in bytes that it may write, as on a full disk; negative: any
};

/// Runs the program to its end.
ending run(const std::vector<std::string>& arguments, const disturbance& d = {});

/// Every file below a folder, by its path there; timing.json, which is never the same twice, is left out.
std::map<std::string, std::string> files(const std::string& folder);

} // namespace command
