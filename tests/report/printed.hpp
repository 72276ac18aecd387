/// @file
/// What a function prints to a FILE*.
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>

namespace support {

template <class F>
std::string printed(F&& f) {
  std::FILE* file = std::tmpfile();
  if (file == nullptr) throw std::runtime_error("no temporary file");
  f(file);
  std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  const std::size_t got = std::fread(text.data(), 1, text.size(), file);
  std::fclose(file);
  if (got != text.size()) throw std::runtime_error("what was printed cannot be read");
  return text;
}

} // namespace support
