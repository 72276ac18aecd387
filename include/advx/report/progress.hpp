/// @file
/// Progress of long work: one line redrawn on a terminal, a plain line now and then elsewhere, or nothing (POSIX).
#pragma once

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>

namespace advx::report {

/// How progress is shown. `automatic` is `redrawn` on a terminal, else `lines`.
enum class progress_style { automatic, redrawn, lines, silent };

/// Shows done/total, successes, time elapsed and time left. Any thread may call `update`.
///
///     report::progress progress("cw-l2");
///     for (...) progress.update(done, total, succeeded);
class progress {
public:
  using clock = std::chrono::steady_clock;

  /// @param title   begins each line
  /// @param out     where to, standard error by default
  /// @param seconds least time between two plain lines, >= 0 (on a terminal a tenth of a second)
  explicit progress(std::string title, progress_style style = progress_style::automatic, std::FILE* out = stderr,
                    double seconds = 5)
      : name(std::move(title)),
        file(out),
        shown(style != progress_style::automatic ? style
              : ::isatty(::fileno(out)) == 1     ? progress_style::redrawn
                                                 : progress_style::lines),
        pause(shown == progress_style::redrawn ? std::min(seconds, 0.1) : seconds),
        start(clock::now()),
        last(start) {}
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  /// Ends an open line, so that what follows begins on its own.
  ~progress() {
    if (open) std::fputc('\n', file);
  }

  /// `done` of `total` images are finished, `succeeded` of them with success. The last one is always shown, once.
  void update(std::int64_t done, std::int64_t total, std::int64_t succeeded) {
    if (shown == progress_style::silent) return;
    const std::scoped_lock lock(mutex);
    if (finished) return;
    const auto now = clock::now();
    finished = done >= total;
    if (!finished && std::chrono::duration<double>(now - last).count() < pause) return;
    last = now;
    const double elapsed = std::chrono::duration<double>(now - start).count();
    std::string line = name + "  ";
    if (shown == progress_style::redrawn) line += bar(done, total) + "  ";
    line += std::to_string(done) + "/" + std::to_string(total) + "  " + std::to_string(succeeded) + " succeeded  " +
            duration(elapsed);
    if (!finished && done > 0)
      line += "  " + duration(elapsed * static_cast<double>(total - done) / static_cast<double>(done)) + " left";
    if (shown == progress_style::redrawn) {
      // Blanks wipe what a longer line left behind.
      const std::string wipe(width > line.size() ? width - line.size() : 0, ' ');
      width = line.size();
      std::fprintf(file, "\r%s%s", line.c_str(), wipe.c_str());
      open = !finished;
      if (finished) std::fputc('\n', file);
    } else {
      std::fprintf(file, "%s\n", line.c_str());
    }
    std::fflush(file);
  }

  /// "4.2 s", "3:05" (minutes), "2:03:05" (hours).
  static std::string duration(double seconds) {
    std::array<char, 64> text{};
    const auto whole = static_cast<long long>(std::min(std::max(seconds, 0.0), 1e12));
    if (whole < 60)
      std::snprintf(text.data(), text.size(), "%.1f s", std::min(std::max(seconds, 0.0), 59.9));
    else if (whole < 3600)
      std::snprintf(text.data(), text.size(), "%lld:%02lld", whole / 60, whole % 60);
    else
      std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
    return text.data();
  }

private:
  static std::string bar(std::int64_t done, std::int64_t total) {
    constexpr std::int64_t length = 20;
    const auto full = total > 0 ? std::clamp<std::int64_t>(done * length / total, 0, length) : length;
    std::string text(static_cast<std::size_t>(length) + 2, '.');
    text.front() = '[';
    text.back() = ']';
    std::fill_n(text.begin() + 1, full, '#');
    return text;
  }

  std::string name;
  std::FILE* file;
  progress_style shown;
  double pause;
  clock::time_point start, last;
  std::mutex mutex;
  std::size_t width = 0;
  bool open = false, finished = false;
};

} // namespace advx::report
