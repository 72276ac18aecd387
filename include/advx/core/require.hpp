/// @file
/// Argument checks with one wording: who, which field, the rule, the value.
#pragma once

#include <advx/core/error.hpp>

#include <cstdio>
#include <string>

namespace advx::detail {

/// The shortest usual spelling of a number.
inline std::string spelled(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

/// Throws "advx: <who>: '<field>' must satisfy <rule>, got <value>" unless `holds`.
inline void require(bool holds, const char* who, const char* field, const char* rule, double value) {
  if (!holds)
    throw argument_error(std::string("advx: ") + who + ": '" + field + "' must satisfy " + rule + ", got " +
                         spelled(value));
}

/// Runs a policy's own `check()`, if it has one.
template <class Policy>
void check_policy(const Policy& policy) {
  if constexpr (requires { policy.check(); }) policy.check();
}

} // namespace advx::detail
