/// @file
/// Argument checks with one wording: who, which field, the rule, the value.
#pragma once

#include <advx/core/error.hpp>

#include <cstdarg>
#include <cstdio>

namespace advx::detail {

/// Throws an Error (argument_error) with a text in printf's format, of at most 1,023 characters. In this form a message
/// costs those who include the library less than one made of strings: what is compiled is a call.
template <class Error = argument_error>
[[noreturn, gnu::cold, gnu::noinline, gnu::format(printf, 1, 2)]] void refuse(const char* format, ...) {
  char text[1024];
  std::va_list values;
  va_start(values, format);
  std::vsnprintf(text, sizeof text, format, values);
  va_end(values);
  throw Error(text);
}

/// Throws "advx: <who>: '<field>' must satisfy <rule>, got <value>" unless `holds`.
inline void require(bool holds, const char* who, const char* field, const char* rule, double value) {
  if (!holds) refuse("advx: %s: '%s' must satisfy %s, got %.9g", who, field, rule, value);
}

/// Runs a policy's own `check()`, if it has one.
template <class Policy>
void check_policy(const Policy& policy) {
  if constexpr (requires { policy.check(); }) policy.check();
}

} // namespace advx::detail
