/// @file
/// The command that repeats a run.
#pragma once

#include <advx/report/page/finished_run.hpp>
#include <advx/report/page/markup.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace advx::report::page {

/// A word as a POSIX shell reads it back: in single quotes where it needs them.
inline std::string shell_word(std::string_view word) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:=,+@%").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Shortest digits that read back as the number.
inline std::string number_text(double value) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

inline std::string number_list(const std::vector<double>& numbers) {
  std::string list;
  for (const double number : numbers) {
    if (!list.empty()) list += ',';
    list += number_text(number);
  }
  return list;
}

/// `advx evaluate ...` with what run.json tells, an option a line.
inline std::vector<std::string> command_line(const run_description& run) {
  std::vector<std::string> lines = {"advx evaluate"};
  const auto add = [&](const char* option, const std::string& value) {
    // A value that begins with a minus sign is not to be taken for an option.
    if (!value.empty()) lines.push_back(option + ((value[0] == '-' ? "=" : " ") + shell_word(value)));
  };
  std::string goal = run.goal; // "least likely" is the option's least-likely
  std::replace(goal.begin(), goal.end(), ' ', '-');
  add("--model", run.model.path);
  add("--inputs", run.inputs.path);
  if (run.labels.path != run.inputs.path) add("--labels", run.labels.path); // else the inputs' file holds them
  if (run.images) add("--limit", std::to_string(*run.images));
  add("--targets", !run.targets.path.empty() ? run.targets.path : goal == "untargeted" ? "" : goal);
  if (run.lower && run.upper) add("--box", number_list({*run.lower, *run.upper}));
  add("--mean", number_list(run.mean));
  add("--std", number_list(run.std));
  for (const std::string& attack : run.attacks) add("--attack", attack);
  add("--backend", run.backend);
  if (run.seed) add("--seed", std::to_string(*run.seed));
  if (run.levels) add("--levels", std::to_string(*run.levels));
  if (run.time_limit) add("--time-limit", number_text(*run.time_limit));
  add("--output", "report");
  return lines;
}

} // namespace advx::report::page
