// What a run has found so far, on the disk: a record for each finished row, so that a run that is killed goes on.
#pragma once

#include <advx/data/files.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "attacks/shelf.hpp"

namespace advx_command {

/// Seconds that a run has taken, in all its parts.
struct spent {
  double wall = 0;
  double cpu = 0;
  double model = 0; ///< CPU time inside the model; not known of a part that was killed
};

/// The file of one run: a header that says of which one, then records of one length. A record is appended by one write
/// and ends in a checksum; what follows the first broken one is not there.
class journal {
public:
  /// Opens or makes the file at `path`. `fingerprint` tells this run from any other: a file of another one is begun
  /// anew. Rows that are there are put into `all`, whose tables are made. @throws advx::file_error
  journal(const std::string& path, const std::string& fingerprint, run_result& all);

  bool has(std::size_t row) const { return there_[row] != 0; }
  std::size_t rows_there() const;
  spent time() const { return spent_; }

  /// Appends row `row` of `all` and the time spent so far. @throws advx::file_error, as on a full disk
  void append(const run_result& all, std::size_t row, const spent& so_far);
  /// Appends the time alone.
  void note(const spent& so_far);

private:
  void write(std::vector<std::byte> payload);
  void flush();

  std::string path_;
  advx::data::detail::descriptor file_;
  std::size_t record_ = 0;
  std::vector<std::uint8_t> there_;
  spent spent_;
  std::chrono::steady_clock::time_point flushed_{};
};

/// Makes the tables of a run's result, all rows unknown, with room for the images.
void prepare(run_result& all, int rankings, advx::index_t images, advx::index_t cases, advx::index_t size);
/// Copies a row of one result to a row of another.
void copy_row(const run_result& from, std::size_t row, run_result& to, std::size_t to_row);
/// The k-th ranking of a result.
const advx::outcome<advx::batch<float>>& ranking(const run_result& r, int k);
advx::outcome<advx::batch<float>>& ranking(run_result& r, int k);

} // namespace advx_command
