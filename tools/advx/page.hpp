// The report page, from the files of a folder alone.
#pragma once

#include <string>

namespace advx_command {

/// Writes index.html of an evaluation's folder. @throws advx::file_error
void write_page(const std::string& folder);

} // namespace advx_command
