// SPDX-License-Identifier: Apache-2.0
// `hence event list` and `get`, and finding events by what users call them.
#include "cli/event.h"

#include "base/ids.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/render.h"
#include "json/builder.h"

namespace hence::cli {
namespace {

json::Value with_rows(json::View list) {
  json::Builder builder;
  builder.begin_object().key("items").begin_array();
  if (const auto items = list.find("items"); items && items->is_array()) {
    for (const json::View item : items->elements()) builder.value(event_row(item));
  }
  builder.end_array();
  if (const auto next = list.find("next")) builder.member("next", *next);
  builder.end_object();
  return std::move(builder).finish();
}

}  // namespace

Result<std::string> find_event(const Client& client, const std::vector<std::string>& words) {
  std::string source = words.size() > 1 ? words[0] : "",
              id = words.size() > 1 ? words[1] : words[0];
  if (words.size() == 1) {
    if (Address::parse(id)) return id;
    if (const size_t space = id.rfind(' '); space != std::string::npos) {
      source = id.substr(0, space);
      id.erase(0, space + 1);
    }
  }
  HENCE_TRY(const json::Value answer, client.get("/events", {{"source", source}, {"id", id}}));
  const auto items = answer->find("items");
  if (!items || !items->is_array() || items->size() == 0) {
    return Error(ErrorCode::NotFound,
                 "no event has the id " + id + "; hence event list shows what came in");
  }
  return std::string(items->at(0).string_or("position", ""));
}

json::Value event_row(json::View item) {
  json::Builder builder;
  builder.begin_object().member("position", item.string_or("position", ""));
  if (const auto event = item.find("event"); event && event->is_object()) {
    for (const auto& [key, value] : event->members()) {
      if (key != "position" && key != "accepted" && key != "via" && key != "cause")
        builder.member(key, value);
    }
  }
  for (const std::string_view member : {"accepted", "via", "cause", "dataLeftOut"}) {
    if (const auto value = item.find(member)) builder.member(member, *value);
  }
  builder.end_object();
  return std::move(builder).finish();
}

int event_list(const Call& call) {
  std::string type, source;
  ServerFlags server;
  OutputFlags output;
  ListFlags list;
  Flags flags(call);
  flags.text("--type", type, "of this type; a last * stands for any rest");
  flags.text("--source", source, "of this source");
  flags.list(list).server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Client client(server);
  const auto fetch = [&]() -> Result<json::Value> {
    HENCE_TRY(UrlQuery query, list_query(list, call.io.now()));
    query.emplace_back("type", type);
    query.emplace_back("source", source);
    HENCE_TRY(const json::Value answer, client.get("/events", query));
    return with_rows(answer);
  };
  return show_list(call.io, output, list, fetch, [](json::View answer, const Style& style) {
    return draw_items(
        answer, style, {"POSITION", "ACCEPTED", "TYPE", "SOURCE", "SUBJECT"}, [&](json::View row) {
          return std::vector{cell(row, "position"), when(row, "accepted", style.now),
                             cell(row, "type"), cell(row, "source"), cell(row, "subject")};
        });
  });
}

int event_get(const Call& call) {
  std::vector<std::string> words;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positionals("EVENT", words, "its position (07-42), its source and id, or its id");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  if (words.size() > 2)
    return call.io.fail("an event is named by a position, an id, or source and id", kExitWrongUse);
  const Client client(server);
  const Result<std::string> position = find_event(client, words);
  if (!position.ok()) return call.io.fail(position.error());
  const Result<json::Value> item = client.get("/events/" + *position);
  if (!item.ok()) return call.io.fail(item.error());
  const json::Value row = event_row(*item);
  call.io.out(
      format_value(output.format, row, [&] { return render_members(row, style_of(call.io)); }));
  return kExitOk;
}

}  // namespace hence::cli
