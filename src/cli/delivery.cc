// SPDX-License-Identifier: Apache-2.0
// `hence delivery …`: calls out to sinks, and the parked ones.

#include "cli/act.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/render.h"

namespace hence::cli {

int delivery_list(const Call& call) {
  std::string sink, status, event;
  ServerFlags server;
  OutputFlags output;
  ListFlags list;
  Flags flags(call);
  flags.text("--sink", sink, "to this sink");
  flags.text("--status", status, "ready, delayed, blocked, parked, done or cancelled");
  flags.text("--event", event, "for the event at this position");
  flags.list(list).server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Client client(server);
  const auto fetch = [&]() -> Result<json::Value> {
    HENCE_TRY(UrlQuery query, list_query(list, call.io.now()));
    query.emplace_back("sink", sink);
    query.emplace_back("status", status);
    query.emplace_back("event", event);
    return client.get("/deliveries", query);
  };
  return show_list(call.io, output, list, fetch, [](json::View answer, const Style& style) {
    return draw_items(answer, style, {"ID", "SINK", "EVENT", "STATUS", "TRIES", "CREATED", "ERROR"},
                      [&](json::View row) {
                        return std::vector{cell(row, "id"),       cell(row, "sink"),
                                           cell(row, "event"),    cell(row, "status"),
                                           cell(row, "attempts"), when(row, "created", style.now),
                                           cell(row, "error")};
                      });
  });
}

int delivery_get(const Call& call) {
  std::string id;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("ID", id, "the delivery, as delivery list shows it");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> answer = Client(server).get("/deliveries/" + url_escape(id));
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer,
                           [&] { return render_delivery(*answer, style_of(call.io)); }));
  return kExitOk;
}

int delivery_redrive(const Call& call) {
  return run_act(call, {.collection = "/deliveries",
                        .verb = "redrive",
                        .id_help = "the parked delivery, as delivery list shows it",
                        .filters = {{"--sink", "sink", "parked ones to this sink"},
                                    {"--event", "event", "parked ones for the event at this position"}},
                        .done = "tried again",
                        .said = [](const std::string& id) {
                          return "tries " + id + " again; hence delivery get " + id + " shows how it goes\n";
                        }});
}

}  // namespace hence::cli
