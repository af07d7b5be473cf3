// SPDX-License-Identifier: Apache-2.0
// Flags of the commands whose work is done by other modules, and `hence version`.

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "json/builder.h"

namespace hence::cli {

int serve_entry(const Call& call) {
  ServeArguments arguments;
  Flags flags(call);
  flags.text("--data-dir", arguments.data_dir,
             "the folder of the log and the state; made if absent", Need::required);
  flags.text("--listen", arguments.listen, "ADDRESS:PORT; else as configured, else 127.0.0.1:4362");
  flags.text("--config", arguments.config_file, "hence.yaml; SIGHUP reads it again");
  if (const auto code = flags.parse()) return *code;
  return call.programs.serve(arguments);
}

int dev_entry(const Call& call) {
  DevArguments arguments;
  Flags flags(call);
  flags.positionals("FILE", arguments.files,
                    "files or folders of resources, applied as they change", Need::optional);
  flags.text("--listen", arguments.listen, "ADDRESS:PORT; else 127.0.0.1:4362");
  if (const auto code = flags.parse()) return *code;
  return call.programs.dev(arguments);
}

int test_command(const Call& call) {
  TestArguments arguments;
  Flags flags(call);
  flags.positionals("PATH", arguments.paths, "*.test.yaml files, or folders of them");
  flags.text("--report", arguments.report, "writes the results to this file as JUnit XML");
  flags.text("--filter", arguments.filter, "only tests whose name holds this");
  if (const auto code = flags.parse()) return *code;
  arguments.colour = call.io.colour;
  return call.programs.test(arguments);
}

int version_command(const Call& call) {
  OutputFlags output;
  Flags flags(call);
  flags.output(output, Format::table);
  if (const auto code = flags.parse()) return *code;
  json::Builder builder;
  builder.begin_object().member("version", kVersion);
  if (!call.io.commit.empty()) builder.member("commit", call.io.commit);
  builder.end_object();
  call.io.out(format_value(output.format, std::move(builder).finish(),
                           [&] {
                             const std::string& commit = call.io.commit;
                             return "hence " + std::string(kVersion) + (commit.empty() ? "" : " (" + commit + ")") + "\n";
                           }));
  return kExitOk;
}

}  // namespace hence::cli
