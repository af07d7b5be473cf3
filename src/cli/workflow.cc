// SPDX-License-Identifier: Apache-2.0
// `hence workflow …`: definitions, and starting one.

#include <algorithm>

#include "cli/act.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/render.h"
#include "cli/resources.h"
#include "json/builder.h"
#include "json/write.h"

namespace hence::cli {
namespace {

constexpr int64_t kServerWaitSeconds = 30;  ///< how long one request waits; then it looks again
constexpr Duration kAnswerTimeout = Duration::seconds(60);
constexpr Duration kFirstPause = Duration::milliseconds(100);
constexpr Duration kLongestPause = Duration::seconds(2);

struct RunFlags {
  std::string workflow, id, key, input, reason;
  bool wait = false;
};

Result<json::Value> start_body(const Io& io, const RunFlags& run) {
  json::Builder body;
  body.begin_object().member("workflow", run.workflow);
  if (!run.input.empty()) {
    HENCE_TRY(const json::Value input, json_argument(io, "--input", run.input));
    body.member("input", input);
  }
  if (!run.id.empty()) body.member("id", run.id);
  if (!run.key.empty()) body.member("key", run.key);
  if (!run.reason.empty()) body.member("reason", run.reason);
  if (run.wait) body.key("wait").number(kServerWaitSeconds);
  body.end_object();
  return std::move(body).finish();
}

bool has_ended(json::View instance) {
  const std::string_view status = instance.string_or("status", "");
  return status == "completed" || status == "faulted" || status == "cancelled";
}

/// Looks until the instance has ended.
Result<json::Value> wait_for_end(const Io& io, const Client& client, json::Value instance) {
  const std::string path = "/instances/" + std::string(instance->string_or("id", ""));
  for (Duration pause = kFirstPause; !has_ended(instance);
       pause = std::min(Duration{pause.micros * 2}, kLongestPause)) {
    if (!io.sleep(pause)) break;
    HENCE_TRY(instance, client.get(path));
  }
  return instance;
}

/// {"id","workflow","status","output","error"}, null where there is none.
json::Value outcome_of(json::View instance) {
  json::Builder builder;
  builder.begin_object();
  for (const std::string_view member : {"id", "workflow", "status", "output", "error"}) {
    builder.member(member, instance.find(member).value_or(json::View()));
  }
  builder.end_object();
  return std::move(builder).finish();
}

std::string draw_outcome(json::View outcome, const Style& style) {
  const std::string status = cell(outcome, "status");
  std::string out = style.paint(Tone::strong, cell(outcome, "workflow")) + "  " +
                    style.paint(tone_of(status), status) + "  " +
                    style.paint(Tone::dim, "(" + cell(outcome, "id") + ")") + "\n";
  for (const std::string_view member : {"output", "error"}) {
    const auto value = outcome.find(member);
    if (!value || value->is_null()) continue;
    json::write_pretty(*value, out);
    out += "\n";
  }
  return out;
}

}  // namespace

int workflow_list(const Call& call) {
  ServerFlags server;
  OutputFlags output;
  ListFlags list;
  Flags flags(call);
  flags.flag("-w,--watch", list.watch, "shows it again whenever it changes, until you stop it");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  return show_resources(call, server, output, list, resource::Kind::workflow);
}

int workflow_get(const Call& call) {
  std::string name;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("NS/NAME", name, "the workflow; with :VERSION, that one, else the latest");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  return show_resource(call, server, output, resource::Kind::workflow, name);
}

int workflow_retire(const Call& call) {
  std::string name, version;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("NS/NAME", name, "the workflow");
  flags.text("--version", version, "the version on which nothing is to begin any more", Need::required);
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const std::string title = name + ":" + version;
  const Result<json::Value> answer = Client(server).remove("/workflows/" + path_escape(title) + "?unused=true");
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] { return "retired " + title + "\n"; }));
  return kExitOk;
}

int workflow_run(const Call& call) {
  RunFlags run;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("NS/NAME", run.workflow,
                   "the workflow; with :VERSION, that one, else the latest");
  flags.text("--id", run.id, "yours; a second start with it gives the first instance");
  flags.text("--key", run.key, "instances of one key start in order");
  flags.text("--input", run.input, "JSON; @FILE or - reads it");
  flags.text("--reason", run.reason, "why: kept in the record of the start");
  flags.flag("--wait", run.wait, "waits for the end; exit 0 completed, 1 otherwise");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> body = start_body(call.io, run);
  if (!body.ok()) return call.io.fail(body.error());
  const Client client(server);
  Result<json::Value> answer = client.post("/instances", *body, kAnswerTimeout);
  if (!answer.ok()) return call.io.fail(answer.error());
  if (!run.wait) {
    const std::string id = cell(*answer, "id");
    call.io.out(format_value(output.format, *answer, [&] {
      return "started " + id + "; hence instance trace " + id + " shows how it goes\n";
    }));
    return kExitOk;
  }
  answer = wait_for_end(call.io, client, std::move(*answer));
  if (!answer.ok()) return call.io.fail(answer.error());
  const json::Value outcome = outcome_of(*answer);
  call.io.out(format_value(output.format, outcome,
                           [&] { return draw_outcome(outcome, style_of(call.io)); }));
  return outcome->string_or("status", "") == "completed" ? kExitOk : kExitNo;
}

}  // namespace hence::cli
