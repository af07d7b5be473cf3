// SPDX-License-Identifier: Apache-2.0
#include "cli/act.h"

#include <algorithm>
#include <deque>

#include "cli/client.h"
#include "cli/output.h"
#include "json/parse.h"

namespace hence::cli {
namespace {

/// What the flags say beside the act itself.
struct Asked {
  std::string id, reason;
  std::vector<std::string> filters, extras;
  ListFlags list;
  std::deque<bool> switches;
  bool dry_run = false;
  ServerFlags server;
  OutputFlags output;

  bool by_query() const {
    const bool filtered = std::any_of(filters.begin(), filters.end(), [](const auto& text) { return !text.empty(); });
    return filtered || !list.since.empty() || !list.until.empty();
  }
};

/// What is sent: the reason and what else was said.
Result<json::Value> body_of(const Io& io, const Act& act, const Asked& asked) {
  json::Builder body;
  body.begin_object();
  if (!asked.reason.empty()) body.member("reason", asked.reason);
  for (size_t i = 0; i < asked.switches.size(); ++i) {
    if (asked.switches[i]) body.key(act.switches[i].query).boolean(true);
  }
  for (size_t i = 0; i < act.extras.size(); ++i) {
    const Act::Extra& extra = act.extras[i];
    if (asked.extras[i].empty()) continue;
    if (!extra.json) {
      body.member(extra.member, asked.extras[i]);
      continue;
    }
    HENCE_TRY(const json::Value value, json_argument(io, extra.flag, asked.extras[i]));
    body.member(extra.member, value);
  }
  if (act.add) {
    if (const Status added = act.add(body); !added.ok()) return added.error();
  }
  body.end_object();
  return std::move(body).finish();
}

std::optional<int> read(const Call& call, const Act& act, Asked& asked) {
  Flags flags(call);
  asked.filters.resize(act.filters.size());
  asked.extras.resize(act.extras.size());
  const bool many = !act.filters.empty();
  flags.positional("ID", asked.id, std::string(act.id_help) + (many ? "; or all that a query finds" : ""),
                   many ? Need::optional : Need::required);
  for (size_t i = 0; i < act.filters.size(); ++i) flags.text(act.filters[i].flag, asked.filters[i], act.filters[i].help);
  asked.switches.resize(act.switches.size());
  for (size_t i = 0; i < act.switches.size(); ++i) flags.flag(act.switches[i].flag, asked.switches[i], act.switches[i].help);
  if (many) {
    flags.text("--since", asked.list.since, "only from this time on: 2026-05-01T12:00:00Z, or 10m ago");
    flags.text("--until", asked.list.until, "only before this time");
    flags.number("--limit", asked.list.limit, "at most so many, 1 to 1000");
    flags.text("--cursor", asked.list.cursor, "goes on after an answer's \"next\"");
    flags.flag("--dry-run", asked.dry_run, "only say which they are");
  }
  for (size_t i = 0; i < act.extras.size(); ++i) {
    flags.text(act.extras[i].flag, asked.extras[i], act.extras[i].help, act.extras[i].needed ? Need::required : Need::optional);
  }
  if (act.declare) act.declare(flags);
  flags.text("--reason", asked.reason, "why: kept in the record of it");
  flags.server(asked.server).output(asked.output);
  return flags.parse();
}

int64_t failed_of(json::View answer) {
  const auto failed = answer.find("failed");
  return failed ? failed->as_int64().value_or(0) : 0;
}

std::string describe(json::View answer, const Act& act, bool dry_run) {
  const json::View items = *answer.find("items");
  std::string text;
  for (const json::View item : items.elements()) {
    text += cell(item, "id") + (item.find("error") ? "  " + cell(item, "error") : "") + "\n";
  }
  const int64_t failed = failed_of(answer);
  text += (dry_run ? "would be " : "") + std::string(act.done) + ": " +
          std::to_string(static_cast<int64_t>(items.size()) - failed);
  if (failed > 0) text += "; not: " + std::to_string(failed);
  const std::string next = cell(answer, "next");
  return text + (next.empty() ? "\n" : "; there are more: go on with --cursor " + next + "\n");
}

int run_by_query(const Call& call, const Act& act, const Asked& asked, const json::Value& body) {
  Result<UrlQuery> query = list_query(asked.list, call.io.now());
  if (!query.ok()) return call.io.fail(query.error());
  for (size_t i = 0; i < act.filters.size(); ++i) query->emplace_back(act.filters[i].query, asked.filters[i]);
  if (asked.dry_run) query->emplace_back("dry_run", "true");
  const std::string path = std::string(act.collection) + "/by-query/" + std::string(act.verb);
  const Result<HttpReply> reply = Client(asked.server).send("POST", path, *query, "application/json",
                                                            body->to_text());
  if (!reply.ok()) return call.io.fail(reply.error());
  const Result<json::Value> answer = read_reply(*reply);
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(asked.output.format, *answer, [&] { return describe(*answer, act, asked.dry_run); }));
  return failed_of(*answer) > 0 ? kExitNo : kExitOk;
}

}  // namespace

Result<json::Value> json_argument(const Io& io, std::string_view flag, std::string text) {
  if (text == "-" || text.starts_with('@')) {
    HENCE_TRY(text, read_file(io, text == "-" ? text : text.substr(1)));
  }
  Result<json::Value> value = json::parse(text);
  if (value.ok()) return value;
  return Error(ErrorCode::RequestInvalid, std::string(flag) + " is not JSON: " + value.error().message());
}

Act act_on_instances(std::string_view verb, std::string_view done, const char* statuses,
                     std::function<std::string(const std::string& id)> said) {
  return {"/instances", verb, "the instance, as instance list shows it",
          {{"--workflow", "workflow", "of this workflow, namespace/name"},
           {"--parent", "parent", "subflows of this instance"},
           {"--status", "status", statuses}},
          done, std::move(said)};
}

std::string goes_on(const std::string& id) { return "; hence instance trace " + id + " shows how it goes\n"; }

int run_act(const Call& call, const Act& act) {
  Asked asked;
  if (const auto code = read(call, act, asked)) return *code;
  if (asked.id.empty() != asked.by_query()) {
    std::string names;
    for (const Act::Filter& filter : act.filters) names += std::string(filter.flag) + ", ";
    return call.io.fail("say which: an ID, or all that " + names + "--since, --until find", kExitWrongUse);
  }
  const bool of_query = asked.dry_run || !asked.list.cursor.empty() || asked.list.limit != ListFlags().limit;
  if (!asked.id.empty() && of_query) {
    return call.io.fail("--dry-run, --limit and --cursor are of a query; leave them or the ID out", kExitWrongUse);
  }
  if (asked.reason.empty() && !asked.dry_run) {
    return call.io.fail(std::string(kSayWhy), kExitWrongUse);
  }
  const Result<json::Value> body = body_of(call.io, act, asked);
  if (!body.ok()) return call.io.fail(body.error().message(), kExitWrongUse);
  if (asked.id.empty()) return run_by_query(call, act, asked, *body);
  const std::string path = std::string(act.collection) + "/" + url_escape(asked.id) + "/" + std::string(act.verb);
  const Result<json::Value> answer = Client(asked.server).post(path, *body);
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(asked.output.format, *answer, [&] { return act.said(asked.id); }));
  return kExitOk;
}

}  // namespace hence::cli
