/// @file
/// `advx train`: trains a ready-made network and writes it as an ONNX file.
#pragma once

#include <CLI/CLI.hpp>

namespace advx_command {

/// Adds the subcommand. When it is given, parsing runs it; its faults are the library's exceptions.
void add_train(CLI::App& app);

} // namespace advx_command
