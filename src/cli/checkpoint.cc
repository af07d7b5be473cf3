// SPDX-License-Identifier: Apache-2.0
// `hence checkpoint …`: made and listed by the running server, restored where none runs.

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/render.h"
#include "json/builder.h"

namespace hence::cli {
namespace {

/// Writing a large log takes the disk a while.
constexpr Duration kCreateTimeout = Duration::minutes(30);

}  // namespace

int checkpoint_create(const Call& call) {
  std::string name;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("NAME", name, "of the checkpoint; left out, the time", Need::optional);
  flags.server(server).output(output, Format::table);
  if (const auto code = flags.parse()) return *code;
  json::Builder body;
  body.begin_object();
  if (!name.empty()) body.member("name", name);
  body.end_object();
  const Result<json::Value> answer =
      Client(server).post("/checkpoints", std::move(body).finish(), kCreateTimeout);
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] {
    return "checkpoint " + cell(*answer, "name") + ": log up to " + cell(*answer, "position") +
           ", chain " + cell(*answer, "chain") + "\n";
  }));
  return kExitOk;
}

int checkpoint_list(const Call& call) {
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> answer = Client(server).get("/checkpoints");
  if (!answer.ok()) return call.io.fail(answer.error());
  const Style style = style_of(call.io);
  call.io.out(format_list(output.format, *answer, [&] {
    return draw_items(*answer, style, {"NAME", "CREATED", "POSITION", "BYTES"}, [&](json::View row) {
      return std::vector{cell(row, "name"), when(row, "created", style.now), cell(row, "position"),
                         cell(row, "bytes")};
    });
  }));
  return kExitOk;
}

int checkpoint_restore(const Call& call) {
  std::string folder, data_dir;
  OutputFlags output;
  Flags flags(call);
  flags.positional("FOLDER", folder, "the checkpoint, as a path: DATA/checkpoints/NAME");
  flags.text("--data-dir", data_dir, "the data folder to make; it must not exist, or be empty",
             Need::required);
  flags.output(output, Format::table);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> answer = call.programs.restore(folder, data_dir);
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] {
    return "restored " + cell(*answer, "name") + " into " + data_dir + ": every byte checked, log up to " +
           cell(*answer, "position") + ", chain " + cell(*answer, "chain") + "\nhence serve --data-dir " +
           data_dir + " goes on from there\n";
  }));
  return kExitOk;
}

}  // namespace hence::cli
