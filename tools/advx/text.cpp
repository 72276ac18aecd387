#include "text.hpp"

#include <advx/core/error.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

namespace advx_command {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

std::optional<double> to_number(std::string_view text) {
  if (text == "inf" || text == "infinity") return std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || std::isnan(value)) return std::nullopt;
  return value;
}

std::string number_text(double value) {
  char text[40];
  const auto written = std::to_chars(text, text + sizeof text, value);
  return {text, written.ptr};
}

std::vector<double> to_numbers(std::string_view text, const std::string& option) {
  std::vector<double> numbers;
  for (const std::string& part : split(text, ',')) {
    const auto value = to_number(part);
    if (!value || !std::isfinite(*value))
      throw advx::argument_error("advx: " + option + ": '" + part + "' is no number; give numbers with commas between");
    numbers.push_back(*value);
  }
  return numbers;
}

namespace {

/// Letters to insert, leave out, change or swap with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before = last;
    last = now;
  }
  return last.back();
}

} // namespace

std::string suggestion(std::string_view wrong, const std::vector<std::string>& known) {
  if (known.empty()) return "; there are none";
  const auto nearest = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return edit_distance(wrong, a) < edit_distance(wrong, b);
  });
  if (edit_distance(wrong, *nearest) <= std::max<std::size_t>(2, nearest->size() / 3))
    return "; did you mean '" + *nearest + "'?";
  std::string all;
  for (const std::string& word : known) all += (all.empty() ? "" : ", ") + word;
  return "; there are: " + all;
}

} // namespace advx_command
