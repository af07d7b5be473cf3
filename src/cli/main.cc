// SPDX-License-Identifier: Apache-2.0
// The program: the command line, and the modules it brings together.

#include <csignal>

#include "cli/command.h"
#include "cli/serve.h"
#include "commit.h"
#include "connectors/shell/supervisor.h"
#include "harness/run_tests.h"
#include "server/checkpoint.h"

namespace {

int run_tests(const hence::cli::TestArguments& arguments) {
  return hence::harness::run_test_paths(arguments.paths,
                                        {arguments.report, arguments.filter, arguments.colour, {}});
}

hence::Result<hence::json::Value> restore(const std::string& checkpoint, const std::string& data_dir) {
  HENCE_TRY(const auto restored, hence::server::restore_checkpoint(checkpoint, data_dir));
  return restored.to_json();
}

}  // namespace

int main(int argc, char** argv) {
  // Started again as the parent of shell commands: before anything else is set up.
  if (const auto code = hence::connectors::shell::supervise_if_asked(argc, argv)) return *code;
  std::signal(SIGPIPE, SIG_IGN);
  const hence::cli::Programs programs{hence::cli::serve_command, hence::cli::dev_command, run_tests,
                                      restore, hence::server::verify_data_folder};
  hence::cli::Io io = hence::cli::system_io();
  io.commit = HENCE_COMMIT;
  return hence::cli::run(io, programs,
                         std::vector<std::string>(argv + 1, argv + argc));
}
