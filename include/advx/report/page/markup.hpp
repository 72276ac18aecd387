/// @file
/// HTML as a type of its own: text becomes markup by being escaped, and in no other way.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace advx::report::page {

/// What is HTML already.
struct markup {
  std::string html{};
  markup& operator+=(const markup& more) {
    html += more.html;
    return *this;
  }
};

/// Appends text so that HTML shows it, in elements and in quoted attributes. Control characters become U+FFFD.
inline void append_escaped(std::string& html, std::string_view text) {
  for (const char c : text) switch (c) {
    case '&':
      html += "&amp;";
      break;
    case '<':
      html += "&lt;";
      break;
    case '>':
      html += "&gt;";
      break;
    case '"':
      html += "&quot;";
      break;
    case '\'':
      html += "&#39;";
      break;
    default:
      if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
        html += "\xef\xbf\xbd";
      else
        html += c;
    }
}

namespace piece {
inline void append(std::string& html, const markup& m) { html += m.html; }
inline void append(std::string& html, std::string_view text) { append_escaped(html, text); }
template <std::integral T>
void append(std::string& html, T value) {
  html += std::to_string(value);
}
} // namespace piece

/// The pattern, which is HTML, with each "{}" replaced by the next argument: markup as it is, text escaped, integers.
template <class... Args>
markup html(std::string_view pattern, const Args&... args) {
  markup result;
  [[maybe_unused]] const auto next = [&](const auto& arg) {
    const std::size_t at = pattern.find("{}");
    result.html += pattern.substr(0, at);
    pattern.remove_prefix(at + 2);
    piece::append(result.html, arg);
  };
  (next(args), ...);
  result.html += pattern;
  return result;
}

/// `digits` digits after the point, the same in every locale.
inline std::string fixed_text(double value, int digits) {
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits);
  return {text, end.ptr};
}

/// Digits in groups of three, parted by a narrow space: 12 345.
inline std::string count_text(std::int64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3 && text[at - 4] != '-';) text.insert(at -= 3, "\u202f");
  return text;
}

/// Three significant figures, at least the whole part: 0.0832, 1.14, 23.4, 455. Whole numbers as they are.
inline std::string distance_text(double value) {
  if (!std::isfinite(value)) return "–";
  if (value == std::trunc(value) && value < 1e9) return count_text(static_cast<std::int64_t>(value));
  if (value >= 1e9 || value < 1e-5) {
    char text[40];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, 2);
    return {text, end.ptr};
  }
  if (value >= 1000) return count_text(std::llround(value));
  const int whole = static_cast<int>(std::floor(std::log10(value)));
  return fixed_text(value, std::clamp(2 - whole, 0, 8));
}
inline std::string distance_text(const std::optional<double>& value) {
  return value ? distance_text(*value) : std::string("–");
}

/// A mean of counts: one digit after the point below 1000.
inline std::string mean_text(double value) {
  return value < 1000 ? fixed_text(value, 1) : count_text(std::llround(std::min(value, 9e18)));
}

/// "98.3 %"; a share that is neither none nor all is not rounded to 0 or 100.
inline std::string percent_text(double share) {
  const double shown = share > 0 && share < 1 ? std::clamp(100 * share, 0.1, 99.9) : 100 * share;
  return fixed_text(shown, 1) + "\u00a0%";
}

/// "1 image", "12 images".
inline std::string counted(std::int64_t count, const std::string& thing) {
  return count_text(count) + "\u00a0" + thing + (count == 1 ? "" : "s");
}

/// "a", "a and b", "a, b and c".
inline markup listed(const std::vector<markup>& parts) {
  markup list;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) list.html += i + 1 == parts.size() ? " and " : ", ";
    list += parts[i];
  }
  return list;
}

} // namespace advx::report::page
