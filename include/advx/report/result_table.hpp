/// @file
/// Records as a fixed-width ASCII table, one line an attack.
#pragma once

#include <advx/report/attack_record.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace advx::report {

namespace detail {

/// Four significant figures, at most seven characters wide for what occurs: 0.03125, 1.532, 23.41, 784, 1.2e+05.
inline std::string figure(const std::optional<double>& value) {
  if (!value) return "-";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", *value);
  return text.data();
}

inline std::string fixed(double value, int digits) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

} // namespace detail

/// Prints attack, goal, success %, mean and median L0, L1, L2 and L∞ over the successes, rows pulled back, rows only
/// forwarded and queries per image, seconds, and the model's share of the CPU time in % ("-" where there is none).
inline void print_table(std::FILE* out, std::span<const attack_record> records) {
  using row = std::vector<std::string>;
  std::vector<row> rows{
      {"", "", "success", "L0", "", "L1", "", "L2", "", "Linf", "", "pullback", "forward-", "queries", "", "in model"},
      {"attack", "goal", "%", "mean", "median", "mean", "median", "mean", "median", "mean", "median", "rows/img",
       "only/img", "/img", "seconds", "%"}};
  for (const attack_record& record : records) {
    const summary s = aggregate(record);
    row line{record.name, record.goal, detail::fixed(100 * s.success_rate, 1)};
    for (const centre& c : {s.l0, s.l1, s.l2, s.linf}) {
      line.push_back(detail::figure(c.mean));
      line.push_back(detail::figure(c.median));
    }
    for (const double count : {s.pullback_rows, s.forward_rows, s.queries}) line.push_back(detail::fixed(count, 1));
    line.push_back(detail::fixed(record.seconds, 2));
    line.push_back(record.cpu_seconds > 0 ? detail::fixed(100 * record.model_cpu_seconds / record.cpu_seconds, 1)
                                          : "-");
    rows.push_back(std::move(line));
  }

  std::vector<std::size_t> widths(rows[0].size());
  for (const row& line : rows)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  std::size_t total = 2 * (widths.size() - 1);
  for (const std::size_t width : widths) total += width;

  std::size_t printed = 0;
  for (const row& line : rows) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string blanks(widths[i] - line[i].size(), ' ');
      text += (i == 0 ? "" : "  ") + (i < 2 ? line[i] + blanks : blanks + line[i]); // words left, numbers right
    }
    std::fprintf(out, "%s\n", text.c_str());
    if (++printed == 2) std::fprintf(out, "%s\n", std::string(total, '-').c_str());
  }
  std::fflush(out);
}

} // namespace advx::report
