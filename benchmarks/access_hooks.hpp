// Counts loads and stores to watched memory, for programs compiled with -fsanitize=thread and linked without it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace accesses {

/// In bytes. A word of four bytes is read from memory if it is read before it is written, once, and written once.
struct totals {
  std::int64_t accessed = 0; ///< all loads and stores
  std::int64_t moved = 0;    ///< words read and written, each once a launch
  std::int64_t fewest = 0;   ///< words read and written, each once a tick
};

void forget(); ///< nothing is watched, nothing counted
void watch(const void* memory, std::size_t bytes);
void begin_launch();
void end_launch(bool ends_tick);
totals counted();

} // namespace accesses
