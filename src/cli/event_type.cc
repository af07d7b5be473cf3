// SPDX-License-Identifier: Apache-2.0
// `hence event-type …`: the catalogue, and proposing entries from events that were seen.

#include <map>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/resources.h"
#include "json/builder.h"
#include "json/yaml.h"
#include "schema/infer.h"

namespace hence::cli {
namespace {

constexpr uint32_t kPageEvents = 500;
constexpr uint32_t kInferEventsDefault = 1'000;
constexpr size_t kInferTypesMax = 500;
constexpr size_t kNameBytesMax = 63;

/// A member of the document's spec, or otherwise.
std::string spec_cell(json::View item, std::string_view member, std::string_view otherwise = {}) {
  const auto value = item.find_path({"document", "spec", member});
  return value ? std::string(value->is_string() ? value->as_string() : "yes") : std::string(otherwise);
}

std::string draw_catalogue(json::View list, const Style& style) {
  return draw_items(list, style, {"NAME", "TYPE", "SCHEMA", "MODE", "COMPATIBILITY", "OWNER"}, [](json::View item) {
    const bool has_schema = item.find_path({"document", "spec", "schema"}).has_value();
    return std::vector{cell(item, "name"), spec_cell(item, "type"), std::string(has_schema ? "yes" : "no"),
                       spec_cell(item, "mode", "enforce"), spec_cell(item, "compatibility", "backward"),
                       spec_cell(item, "owner")};
  });
}

/// What was refused, as comments below a document that can be applied again.
std::string draw_refused(json::View answer, const Style& style) {
  const auto refused = answer.find("refused");
  if (!refused) return {};
  std::string text = "# refused: " + cell(*refused, "count") + " events on record, the last " + when(*refused, "last", style.now) +
                     ": " + cell(*refused, "type") + " " + cell(*refused, "id") + " from " + cell(*refused, "source") + "\n";
  if (const auto errors = refused->find("errors"); errors && errors->is_array()) {
    for (const json::View error : errors->elements()) text += "#   " + cell(error, "message") + "\n";
  }
  return text;
}

/// What was seen, by type, in the order of the first of each.
class Seen {
 public:
  /// False for a value that is no event.
  bool add(json::View event) {
    const std::string type(event.is_object() ? event.string_or("type", "") : "");
    if (type.empty() || !event.find("specversion")) return false;
    const auto [at, is_new] = by_type_.try_emplace(type, order_.size());
    if (is_new) {
      if (order_.size() == kInferTypesMax) return true;
      order_.push_back({type, {}, {}, 0});
    }
    if (at->second >= order_.size()) return true;
    Type& one = order_[at->second];
    const auto data = event.find("data");
    if (data && !event.find("data_base64")) one.data.add(*data);
    if (data && one.count == 0) one.example = json::Value::detached(*data);
    ++one.count;
    return true;
  }
  bool empty() const { return order_.empty(); }

  /// EventType documents as YAML.
  std::string documents() const {
    std::string text;
    for (const Type& one : order_) {
      json::Builder b;
      b.begin_object().member("apiVersion", "hence/v1").member("kind", "EventType");
      b.key("metadata").begin_object().member("name", name_of(one.type)).end_object();
      b.key("spec").begin_object().member("type", one.type);
      b.member("description", "proposed from " + std::to_string(one.count) + " events");
      b.member("schema", one.data.schema());
      if (one.example) b.member("example", *one.example);
      b.end_object().end_object();
      if (!text.empty()) text += "---\n";
      json::write_yaml(std::move(b).finish(), text);
    }
    return text;
  }

 private:
  struct Type {
    std::string type;
    schema::Inference data;
    std::optional<json::Value> example;
    size_t count = 0;
  };

  /// A name of letters, digits and dashes for a type; types that only differ in other characters
  /// need names given by hand.
  static std::string name_of(std::string_view type) {
    std::string name;
    for (const char c : type) {
      const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (good) name += c;
      else if (!name.empty() && name.back() != '-') name += '-';
    }
    if (name.size() > kNameBytesMax) name.erase(0, name.size() - kNameBytesMax);
    name.erase(0, name.find_first_not_of('-'));
    while (name.ends_with('-')) name.pop_back();
    return name.empty() ? "event" : name;
  }

  std::map<std::string, size_t> by_type_;
  std::vector<Type> order_;
};

/// Events of a file: JSON values one after the other, or a list of them.
Status take_file(const Io& io, const std::string& path, uint32_t limit, Seen& seen) {
  HENCE_TRY(const std::string text, read_file(io, path));
  const Result<std::vector<json::Value>> events = read_events(text);
  if (!events.ok()) return events.error().in(path);
  for (size_t i = 0; i < events->size() && i < limit; ++i) {
    if (seen.add((*events)[i])) continue;
    return Error(ErrorCode::EventInvalid, path + ": value " + std::to_string(i + 1) +
                                              " is no CloudEvent; expected an object with specversion and type");
  }
  return {};
}

/// Events the server has, from the oldest on.
Status take_log(const Client& client, const std::string& type, uint32_t limit, Seen& seen) {
  std::string cursor;
  for (uint32_t count = 0; count < limit;) {
    const UrlQuery query{{"type", type}, {"since", "1970-01-01T00:00:00Z"}, {"cursor", cursor},
                         {"limit", std::to_string(std::min(limit - count, kPageEvents))}};
    HENCE_TRY(const json::Value answer, client.get("/events", query));
    const auto items = answer->find("items");
    if (!items || !items->is_array()) return {};
    for (const json::View item : items->elements()) {
      ++count;
      if (const auto event = item.find("event"); event && !item.find("dataLeftOut")) seen.add(*event);
    }
    cursor = answer->string_or("next", "");
    if (cursor.empty()) return {};
  }
  return {};
}

}  // namespace

int event_type_list(const Call& call) {
  ServerFlags server;
  OutputFlags output;
  bool asyncapi = false;
  Flags flags(call);
  flags.flag("--asyncapi", asyncapi, "prints the catalogue as an AsyncAPI 3.0 document");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> answer = Client(server).get(asyncapi ? "/asyncapi.json" : "/event-types");
  if (!answer.ok()) return call.io.fail(answer.error());
  if (asyncapi) {
    const Format format = output.format == Format::table ? Format::yaml : output.format;
    call.io.out(format_value(format, *answer, [] { return std::string(); }));
  } else {
    call.io.out(format_list(output.format, *answer, [&] { return draw_catalogue(*answer, style_of(call.io)); }));
  }
  return kExitOk;
}

int event_type_get(const Call& call) {
  std::string name;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("NAME", name, "metadata.name of the EventType");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> answer = Client(server).get("/event-types/" + path_escape(name));
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] {
    std::string text;
    json::write_yaml(answer->view().find("document").value_or(*answer), text);
    return text + draw_refused(*answer, style_of(call.io));
  }));
  return kExitOk;
}

int event_type_infer(const Call& call) {
  std::string type, file;
  bool from_log = false;
  uint32_t limit = kInferEventsDefault;
  ServerFlags server;
  Flags flags(call);
  flags.flag("--from-log", from_log, "reads events the server has, the oldest first");
  flags.text("--from", file, "a file of CloudEvents as JSON, one after the other or in lists; - is standard input");
  flags.text("--type", type, "with --from-log: of this type; a last * stands for any rest");
  flags.number("--limit", limit, "events to look at, at most");
  flags.server(server);
  if (const auto code = flags.parse()) return *code;
  if (from_log != file.empty()) {
    return call.io.fail("event-type infer wants either --from-log or --from FILE", kExitWrongUse);
  }
  if (!from_log && !type.empty()) return call.io.fail("--type goes with --from-log", kExitWrongUse);
  Seen seen;
  const Status status = from_log ? take_log(Client(server), type, limit, seen) : take_file(call.io, file, limit, seen);
  if (!status.ok()) return call.io.fail(status.error());
  if (seen.empty()) return call.io.fail("no events were found to propose a schema from", kExitNo);
  call.io.out(seen.documents());
  return kExitOk;
}

}  // namespace hence::cli
