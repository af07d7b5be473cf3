// SPDX-License-Identifier: Apache-2.0
#include "cli/act.h"

#include "cli/client.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "json/builder.h"

namespace hence::cli {

int run_act(const Call& call, const Act& act) {
  std::string id, reason;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("ID", id, act.id_help);
  flags.text("--reason", reason, "kept in the record of it");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  json::Builder body;
  body.begin_object();
  if (!reason.empty()) body.member("reason", reason);
  body.end_object();
  const std::string path = std::string(act.collection) + "/" + url_escape(id) + "/" + std::string(act.verb);
  const Result<json::Value> answer = Client(server).post(path, std::move(body).finish());
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] { return act.said(id); }));
  return kExitOk;
}

}  // namespace hence::cli
