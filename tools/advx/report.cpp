#include <advx/core/error.hpp>

#include "commands.hpp"
#include "page.hpp"
#if __has_include(<advx/report/page.hpp>)
#include <advx/report/page.hpp>
#define ADVX_COMMAND_HAS_PAGE
#endif

#include <cstdio>
#include <memory>
#include <string>

namespace advx_command {

void write_page([[maybe_unused]] const std::string& folder) {
#if defined(ADVX_COMMAND_HAS_PAGE)
  advx::report::write_page(folder);
#endif
}

void add_report(CLI::App& app) {
  CLI::App* command = app.add_subcommand("report", "rebuild the page of an evaluation from its results");
  auto folder = std::make_shared<std::string>();
  command->add_option("DIR", *folder, "what --output of `advx evaluate` named")->required();
  command->callback([folder] {
    write_page(*folder);
    std::printf("Written: %s/index.html\n", folder->c_str());
  });
}

} // namespace advx_command
