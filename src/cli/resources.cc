// SPDX-License-Identifier: Apache-2.0
// `hence get` and `hence delete`: resources as the server has them.

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/resources.h"
#include "json/yaml.h"
#include "resource/resource.h"
#include "workflow/faults.h"

namespace hence::cli {
namespace {

std::string path_of(resource::Kind kind, std::string_view name = {}) {
  std::string path = "/" + std::string(resource::kind_plural(kind));
  if (!name.empty()) path += "/" + path_escape(name);
  return path;
}

/// Each version with how many instances run on it, those that are gone too.
std::string draw_workflows(json::View answer, const Style& style) {
  std::string out = draw_items(answer, style, {"NAME", "RUNNING", "NEW ONES", "REVISION", "CHANGED"}, [&](json::View item) {
    return std::vector{cell(item, "name"), cell(item, "running"), std::string(item.find("latest") ? "latest" : ""),
                       cell(item, "revision"), when(item, "changed", style.now)};
  });
  if (const auto deleted = answer.find("deleted")) {
    for (const json::View one : deleted->elements()) {
      out += cell(one, "name") + " is deleted; " + cell(one, "running") + " still on it\n";
    }
  }
  return out;
}

int unknown_kind(const Io& io, const std::string& word) {
  return io.fail("there is no kind \"" + word + "\"" + workflow::suggestion(word, kKindWords),
                 kExitWrongUse);
}

}  // namespace

int show_resources(const Call& call, const ServerFlags& server, const OutputFlags& output,
                   const ListFlags& list, resource::Kind kind) {
  const Client client(server);
  return show_list(
      call.io, output, list, [&] { return client.get(path_of(kind)); },
      [&](json::View answer, const Style& style) {
        if (kind == resource::Kind::workflow) return draw_workflows(answer, style);
        return draw_items(answer, style, {"NAME", "REVISION", "CHANGED"}, [&](json::View item) {
          return std::vector{cell(item, "name"), cell(item, "revision"),
                             when(item, "changed", style.now)};
        });
      });
}

int show_resource(const Call& call, const ServerFlags& server, const OutputFlags& output,
                  resource::Kind kind, const std::string& name) {
  const Result<json::Value> answer = Client(server).get(path_of(kind, name));
  if (!answer.ok()) return call.io.fail(answer.error());
  // The document alone: what comes out can be applied again.
  const json::View document = answer->view().find("document").value_or(answer->view());
  call.io.out(format_value(output.format, document, [&] {
    std::string text;
    json::write_yaml(document, text);
    return text;
  }));
  return kExitOk;
}

int get_command(const Call& call) {
  std::string word, name;
  ServerFlags server;
  OutputFlags output;
  bool watch = false;
  Flags flags(call);
  flags.positional("KIND", word, "rule, workflow, source, sink, secret, event-type or schedule");
  flags.positional("NAME", name, "only this one; a workflow's is namespace/name", Need::optional);
  flags.flag("-w,--watch", watch, "shows the list again whenever it changes, until you stop it");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const auto kind = resource::find_kind(word);
  if (!kind) return unknown_kind(call.io, word);
  if (!name.empty()) return show_resource(call, server, output, *kind, name);
  ListFlags list;
  list.watch = watch;
  return show_resources(call, server, output, list, *kind);
}

int delete_command(const Call& call) {
  std::string word, name;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("KIND", word, "rule, workflow, source, sink, secret, event-type or schedule");
  flags.positional("NAME", name, "its name; a workflow's is namespace/name:version");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const auto kind = resource::find_kind(word);
  if (!kind) return unknown_kind(call.io, word);
  const std::string title = std::string(resource::kind_name(*kind)) + " " + name;
  if (!server.yes && call.io.input_terminal && !call.io.confirm("delete " + title + "?")) {
    return call.io.fail("nothing was deleted", kExitNo);
  }
  const Result<json::Value> answer = Client(server).remove(path_of(*kind, name));
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] { return "deleted " + title + "\n"; }));
  return kExitOk;
}

}  // namespace hence::cli
