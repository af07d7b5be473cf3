// SPDX-License-Identifier: Apache-2.0
// `hence instance …`: runs of workflows.

#include "cli/act.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/render.h"

namespace hence::cli {
namespace {

std::string path_of(const std::string& id, std::string_view more = {}) {
  return "/instances/" + url_escape(id) + std::string(more);
}

}  // namespace

int instance_list(const Call& call) {
  std::string workflow, status;
  bool parked = false;
  ServerFlags server;
  OutputFlags output;
  ListFlags list;
  Flags flags(call);
  flags.text("--workflow", workflow, "of this workflow, namespace/name");
  flags.text("--status", status, "running, waiting, compensating, completed, faulted, cancelled …");
  flags.flag("--parked", parked, "only those whose compensation waits for a person");
  flags.list(list).server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Client client(server);
  const auto fetch = [&]() -> Result<json::Value> {
    HENCE_TRY(UrlQuery query, list_query(list, call.io.now()));
    query.emplace_back("workflow", workflow);
    query.emplace_back("status", status);
    if (parked) query.emplace_back("parked", "true");
    return client.get("/instances", query);
  };
  return show_list(call.io, output, list, fetch, [](json::View answer, const Style& style) {
    return draw_items(answer, style, {"ID", "WORKFLOW", "STATUS", "STARTED", "TOOK", "WAITS"},
                      [&](json::View row) {
                        return std::vector{cell(row, "id"),
                                           cell(row, "workflow") + ":" + cell(row, "version"),
                                           cell(row, "status"),
                                           when(row, "started", style.now),
                                           took(row, "started", "ended"),
                                           row.string_or("waits", "").empty()
                                               ? ""
                                               : waiting(cell(row, "waits"), style.now).substr(6)};
                      });
  });
}

int instance_get(const Call& call) {
  std::string id;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("ID", id, "the instance, as instance list shows it");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> answer = Client(server).get(path_of(id));
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer,
                           [&] { return render_members(*answer, style_of(call.io)); }));
  return kExitOk;
}

int instance_trace(const Call& call) {
  std::string id;
  bool full = false;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("ID", id, "the instance, as instance list shows it");
  flags.flag("--full", full, "input and output uncut");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> answer = Client(server).get(path_of(id, "/trace"));
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer,
                           [&] { return render_trace(*answer, style_of(call.io), full); }));
  return kExitOk;
}

int instance_cancel(const Call& call) {
  return run_act(call, {"/instances",
                        "cancel",
                        "the instance, as instance list shows it",
                        {{"--workflow", "workflow", "of this workflow, namespace/name"},
                         {"--status", "status", "pending, running, waiting, suspended or compensating"}},
                        "cancelled",
                        [](const std::string& id) { return "cancelled " + id + "\n"; },
                        {{"--compensate", "compensate", "undo first what its tasks did (metadata.compensate)"}}});
}

int instance_redrive_compensation(const Call& call) {
  return run_act(call, {"/instances",
                        "compensation/redrive",
                        "the instance, as instance list --parked shows it",
                        {{"--workflow", "workflow", "parked ones of this workflow, namespace/name"}},
                        "run again",
                        [](const std::string& id) {
                          return "undoes again what it parked; hence instance trace " + id + " shows how it goes\n";
                        }});
}

int instance_skip_compensation(const Call& call) {
  return run_act(call, {"/instances",
                        "compensation/skip",
                        "the instance, as instance list --parked shows it",
                        {{"--workflow", "workflow", "parked ones of this workflow, namespace/name"}},
                        "skipped",
                        [](const std::string& id) {
                          return "leaves it undone and goes on; hence instance trace " + id + " shows how it goes\n";
                        }});
}

}  // namespace hence::cli
