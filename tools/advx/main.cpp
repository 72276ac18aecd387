// advx: attacks a network from an ONNX file, and reports.
#include <advx/version.hpp>

#include "commands.hpp"
#include "interrupt.hpp"

#if defined(ADVX_COMMAND_HAS_TRAIN)
#include "train.hpp"
#endif

#include <cstdio>
#include <exception>
#include <string>

namespace {

/// One line, whatever the message.
int fail(std::string message, int status) {
  for (char& c : message)
    if (c == '\n' || c == '\r') c = ' ';
  while (!message.empty() && message.back() == ' ') message.pop_back();
  std::fprintf(stderr, "%s\n", message.c_str());
  return status;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Adversarial attacks on classifiers: white-box attacks on networks from ONNX files, with a report."};
  app.set_version_flag("--version", std::string("advx ") + advx::version);
  app.require_subcommand(1);
  advx_command::catch_interrupts();
  advx_command::add_evaluate(app);
  advx_command::add_list(app);
  advx_command::add_report(app);
#if defined(ADVX_COMMAND_HAS_TRAIN)
  advx_command::add_train(app);
#endif
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::RuntimeError& ended) { // by a subcommand that has said why
    return ended.get_exit_code();
  } catch (const CLI::ParseError& fault) {
    if (fault.get_exit_code() == 0) return app.exit(fault); // help, version
    return fail(std::string("advx: ") + fault.what() + "; see advx --help", 2);
  } catch (const std::bad_alloc&) {
    return fail("advx: out of memory; use fewer images (--limit), or a smaller --batch", 1);
  } catch (const std::exception& fault) {
    return fail(fault.what(), 1);
  }
}
