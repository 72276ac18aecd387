// What the command knows of its attacks, whatever runs them: names, parameters with defaults and ranges, and the
// reading of `--attack name:key=value,...`.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace advx_command {

/// The values that a parameter may have.
struct range {
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
  bool lower_open = false;
  bool upper_open = false;

  bool holds(double v) const { return (lower_open ? v > lower : v >= lower) && (upper_open ? v < upper : v <= upper); }
};
constexpr range at_least(double lower) { return {.lower = lower}; }
constexpr range above(double lower) { return {.lower = lower, .lower_open = true}; }
constexpr range between(double lower, double upper) { return {.lower = lower, .upper = upper}; }

enum class kind { real, whole, flag, choice };

struct parameter {
  std::string name;
  std::string meaning;
  kind type = kind::real;
  double preset = 0; ///< the default; of a flag 0 or 1, of a choice its position
  range legal{};
  std::vector<std::string> choices{}; ///< the names of a choice's values
};

/// One value for each parameter of an attack.
using values = std::vector<double>;

/// An attack as the command offers it. Attacks that one run finds together (EAD's two decision rules) share `run`.
struct description {
  std::string name{};
  std::string summary{};
  std::string source{};
  std::string norm{};   ///< that ranks what it finds, and that its radius is in
  std::string access{}; ///< what it needs of the model: labels, scores or gradients
  bool targeted = true;
  std::string run{};
  int ranking = 0;       ///< which of the run's rankings this one is
  int rankings = 1;      ///< of the run
  bool together = false; ///< an image's result depends on the others: all are attacked, or none
  std::vector<parameter> parameters{};
};

/// "[0, 1)", "> 0", "true or false", "at_end, clipped or each_step"
std::string range_text(const parameter& p);
/// A value as the command line writes it.
std::string value_text(const parameter& p, double value);

/// An attack that was asked for.
struct request {
  std::string name;      ///< unique among those of a command line: a second pgd-linf is pgd-linf-2
  std::size_t which = 0; ///< position in the catalogue
  values numbers;        ///< of all parameters

  /// "pgd-linf:epsilon=0.1,steps=40,...", all parameters filled in.
  std::string text(const std::vector<description>& catalogue) const;
};

/// Reads `--attack` options. @throws advx::argument_error for an unknown attack or parameter (naming the one that was
/// meant, if any is near), or a value out of its range
std::vector<request> read_requests(const std::vector<std::string>& texts, const std::vector<description>& catalogue);

} // namespace advx_command
