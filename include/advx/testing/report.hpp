/// @file
/// What a check of the conformance kit answers.
#pragma once

#include <cstdio>
#include <string>
#include <utility>

namespace advx::testing {

/// Passed, or the first fault as a sentence. `checks` counts what was compared, so that an empty check is seen as one.
struct report {
  std::string fault{};
  long checks = 0;

  bool passed() const noexcept { return fault.empty() && checks > 0; }
  explicit operator bool() const noexcept { return passed(); }

  /// Counts a comparison; keeps the sentence of the first that fails. False: stop.
  template <class Sentence>
  bool expect(bool holds, const Sentence& sentence) {
    ++checks;
    if (!holds && fault.empty()) fault = sentence();
    return fault.empty();
  }
};

namespace detail {

/// A number with all its digits.
inline std::string exactly(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

} // namespace detail
} // namespace advx::testing
