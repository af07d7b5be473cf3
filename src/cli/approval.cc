// SPDX-License-Identifier: Apache-2.0
// `hence approval …`: what waits for a person's decision.

#include "cli/act.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/render.h"
#include "json/builder.h"

namespace hence::cli {
namespace {

int decide(const Call& call, std::string_view verb, std::string_view done) {
  std::string id, reason, by;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("ID", id, "the approval, as approval list shows it");
  flags.text("--reason", reason, "why: kept in the record of it, and given to the workflow");
  flags.text("--by", by, "who decides, where the server knows nobody (it has no token)");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  if (reason.empty()) return call.io.fail(std::string(kSayWhy), kExitWrongUse);
  json::Builder body;
  body.begin_object().member("reason", reason);
  if (!by.empty()) body.member("by", by);
  body.end_object();
  const std::string path = "/approvals/" + url_escape(id) + "/" + std::string(verb);
  const Result<json::Value> answer = Client(server).post(path, std::move(body).finish());
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] { return std::string(done) + " " + id + "\n"; }));
  return kExitOk;
}

}  // namespace

int approval_list(const Call& call) {
  std::string workflow, status;
  bool all = false;
  ServerFlags server;
  OutputFlags output;
  ListFlags list;
  Flags flags(call);
  flags.text("--workflow", workflow, "of this workflow, namespace/name");
  flags.text("--status", status, "pending (if not given), granted, denied, expired or withdrawn");
  flags.flag("--all", all, "decided ones too");
  flags.list(list).server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  if (all && !status.empty()) return call.io.fail("--all and --status exclude each other", kExitWrongUse);
  const Client client(server);
  const auto fetch = [&]() -> Result<json::Value> {
    HENCE_TRY(UrlQuery query, list_query(list, call.io.now()));
    query.emplace_back("workflow", workflow);
    query.emplace_back("status", !status.empty() ? status : all ? "" : "pending");
    return client.get("/approvals", query);
  };
  return show_list(call.io, output, list, fetch, [](json::View answer, const Style& style) {
    return draw_items(answer, style, {"ID", "STATUS", "TITLE", "WORKFLOW", "REQUESTED", "DEADLINE", "BY"},
                      [&](json::View row) {
                        return std::vector{cell(row, "id"),       cell(row, "status"),
                                           cell(row, "title"),    cell(row, "workflow"),
                                           when(row, "requested", style.now), when(row, "deadline", style.now),
                                           cell(row, "by")};
                      });
  });
}

int approval_get(const Call& call) {
  std::string id;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("ID", id, "the approval, as approval list shows it");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> answer = Client(server).get("/approvals/" + url_escape(id));
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] { return render_members(*answer, style_of(call.io)); }));
  return kExitOk;
}

int approval_grant(const Call& call) { return decide(call, "grant", "granted"); }

int approval_deny(const Call& call) { return decide(call, "deny", "denied"); }

}  // namespace hence::cli
