// The subcommands: each function adds one to the program, with the callback that runs it.
#pragma once

#include <CLI/CLI.hpp>

namespace advx_command {

void add_list(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_report(CLI::App& app);

} // namespace advx_command
