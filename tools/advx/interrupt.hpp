// Ctrl-C and its like: the work under way ends at the model's next pass.
#pragma once

#include <atomic>

namespace advx_command {

/// Thrown out of a pass when the user has interrupted the program.
struct interrupted {};

/// Set by SIGINT, SIGTERM and SIGHUP once `catch_interrupts` was called. A second signal ends the program at once.
extern std::atomic<bool> interrupt_seen;
static_assert(std::atomic<bool>::is_always_lock_free);

void catch_interrupts();

} // namespace advx_command
