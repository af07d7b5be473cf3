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

/// "until 10:15 (in 2 h)", "call http": the title says that it waits for it.
std::string waits_column(json::View row, const Style& style) {
  const std::string text = waiting(cell(row, "waits"), style.now);
  constexpr std::string_view kFor = "waits for ", kWaits = "waits ";
  return text.substr(text.starts_with(kFor) ? kFor.size() : kWaits.size());
}

bool has_subflows(json::View list) {
  const auto items = list.find("items");
  if (!items) return false;
  for (const json::View item : items->elements()) {
    if (item.find("parent")) return true;
  }
  return false;
}

}  // namespace

int instance_list(const Call& call) {
  std::string workflow, parent, status;
  bool parked = false;
  ServerFlags server;
  OutputFlags output;
  ListFlags list;
  Flags flags(call);
  flags.text("--workflow", workflow, "of this workflow, namespace/name");
  flags.text("--parent", parent, "subflows of this instance");
  flags.text("--status", status, "running, waiting, compensating, completed, faulted, cancelled …");
  flags.flag("--parked", parked, "only those whose compensation waits for a person");
  flags.list(list).server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Client client(server);
  const auto fetch = [&]() -> Result<json::Value> {
    HENCE_TRY(UrlQuery query, list_query(list, call.io.now()));
    query.emplace_back("workflow", workflow);
    query.emplace_back("parent", parent);
    query.emplace_back("status", status);
    if (parked) query.emplace_back("parked", "true");
    return client.get("/instances", query);
  };
  return show_list(call.io, output, list, fetch, [](json::View answer, const Style& style) {
    std::vector<std::string> titles{"ID", "WORKFLOW", "STATUS", "STARTED", "TOOK", "WAITS"};
    const bool family = has_subflows(answer);
    if (family) titles.insert(titles.begin() + 1, "PARENT");
    return draw_items(answer, style, titles, [&](json::View row) {
      std::vector<std::string> cells{cell(row, "id"),
                                     cell(row, "workflow") + ":" + cell(row, "version"),
                                     cell(row, "status"),
                                     when(row, "started", style.now),
                                     took(row, "started", "ended"),
                                     row.string_or("waits", "").empty()
                                         ? ""
                                         : waits_column(row, style)};
      if (family) cells.insert(cells.begin() + 1, cell(row, "parent"));
      return cells;
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

int instance_why(const Call& call) {
  std::string id;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("ID", id, "the instance, as instance list shows it");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> answer = Client(server).get(path_of(id, "/why"));
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] { return render_why(*answer, style_of(call.io)); }));
  return kExitOk;
}

namespace {

/// On instances whose compensation waits for a person.
Act act_on_parked(std::string_view verb, std::string_view done, std::function<std::string(const std::string& id)> said) {
  return {"/instances", verb, "the instance, as instance list --parked shows it",
          {{"--workflow", "workflow", "parked ones of this workflow, namespace/name"}},
          done, std::move(said)};
}

}  // namespace

int instance_cancel(const Call& call) {
  Act act = act_on_instances("cancel", "cancelled", "pending, running, waiting, suspended or compensating",
                        [](const std::string& id) { return "cancelled " + id + "\n"; });
  act.switches = {{"--compensate", "compensate", "undo first what its tasks did (metadata.compensate)"}};
  return run_act(call, act);
}

int instance_redrive_compensation(const Call& call) {
  return run_act(call, act_on_parked("compensation/redrive", "run again", [](const std::string& id) {
                   return "undoes again what it parked; hence instance trace " + id + " shows how it goes\n";
                 }));
}

int instance_skip_compensation(const Call& call) {
  return run_act(call, act_on_parked("compensation/skip", "skipped", [](const std::string& id) {
                   return "leaves it undone and goes on; hence instance trace " + id + " shows how it goes\n";
                 }));
}

int instance_suspend(const Call& call) {
  return run_act(call, act_on_instances("suspend", "suspended", "pending, running, waiting or compensating", [](const std::string& id) {
                   return "suspended " + id + "; hence instance resume " + id + " lets it go on\n";
                 }));
}

int instance_resume(const Call& call) {
  return run_act(call, act_on_instances("resume", "resumed", "suspended",
                                   [](const std::string& id) { return "resumed " + id + goes_on(id); }));
}

int instance_retry(const Call& call) {
  Act act = act_on_instances("retry", "retried", "faulted", [](const std::string& id) { return "retries " + id + goes_on(id); });
  act.extras = {{"--input", "input", "of the task that failed, instead of what it had: JSON; @FILE or - reads it"}};
  return run_act(call, act);
}

int instance_skip(const Call& call) {
  Act act = act_on_instances("skip", "skipped", "pending, running, waiting, suspended, compensating or faulted",
                        [](const std::string& id) { return "skipped a task of " + id + goes_on(id); });
  act.extras = {{"--task", "task", "its name, or its reference where names are not enough", false, true},
                {"--result", "output", "what it gives on, instead of its input: JSON; @FILE or - reads it", true}};
  return run_act(call, act);
}

int instance_set_context(const Call& call) {
  Act act = act_on_instances("context", "given a context", "pending, running, waiting, suspended, compensating or faulted",
                             [](const std::string& id) { return "set the context of " + id + "\n"; });
  act.extras = {{"--value", "context", "the new context: JSON; @FILE or - reads it", true, true}};
  return run_act(call, act);
}

}  // namespace hence::cli
