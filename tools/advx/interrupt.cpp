#include "interrupt.hpp"

#include <csignal>

namespace advx_command {

std::atomic<bool> interrupt_seen{false};

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupt_seen = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART); // the second one has its usual effect
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN); // a write beyond the limit of a file's size fails like one on a full disk
}

} // namespace advx_command
