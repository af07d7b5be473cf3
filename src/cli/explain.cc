// SPDX-License-Identifier: Apache-2.0
// `hence explain`: why each rule matched an event or did not, and what followed.

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/event.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/render.h"

namespace hence::cli {

int explain_command(const Call& call) {
  std::vector<std::string> words;
  std::string rule;
  bool full = false;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positionals("EVENT", words, "its position (07-42), its source and id, or its id");
  flags.text("--rule", rule, "only this rule, with every condition; exit 1 if it did not match");
  flags.flag("--full", full, "every condition of every rule");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  if (words.size() > 2)
    return call.io.fail("an event is named by a position, an id, or source and id", kExitWrongUse);
  const Client client(server);
  const Result<std::string> position = find_event(client, words);
  if (!position.ok()) return call.io.fail(position.error());
  const Result<json::Value> answer =
      client.get("/events/" + *position + "/explain", {{"rule", rule}});
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] {
    return render_explain(*answer, style_of(call.io), full || !rule.empty());
  }));
  if (rule.empty()) return kExitOk;
  const auto rules = (*answer)->find("rules");
  const bool matched = rules && rules->is_array() && rules->size() > 0 &&
                       rules->at(0).string_or("verdict", "") == "matched";
  return matched ? kExitOk : kExitNo;
}

}  // namespace hence::cli
