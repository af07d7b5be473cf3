// SPDX-License-Identifier: Apache-2.0
// The catalogue of event types, for readers: schemas, what was refused, and the whole as AsyncAPI.

#include "engine/query.h"
#include "engine/query_json.h"

namespace hence::engine {
namespace {

constexpr std::string_view kSchemaFormat = "application/schema+json;version=draft-2020-12";
constexpr std::string_view kEventContentType = "application/cloudevents+json";

/// Calls visit(entry) for every event type of the namespace, by name.
template <typename Visit>
void each_entry(const Definitions& definitions, std::string_view name_space, Visit visit) {
  const Definitions::Space* space = definitions.space(name_space);
  if (space == nullptr || space->catalogue == nullptr) return;
  for (const auto& [name, entry] : space->catalogue->entries()) visit(entry);
}

/// A pattern of types as an ECMA-262 regular expression: a last `*` stands for at least one character.
std::string type_expression(std::string_view pattern) {
  constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}";
  std::string out = "^";
  for (const char c : pattern.substr(0, pattern.size() - 1)) {
    if (kSpecial.find(c) != kSpecial.npos) out += '\\';
    out += c;
  }
  return out + ".+$";
}

/// A CloudEvent in the structured form whose data fits the entry's schema.
void add_event_schema(json::Builder& b, const resource::EventTypeSpec& spec) {
  b.begin_object().member("type", "object").key("required").begin_array();
  for (const std::string_view name : {"specversion", "id", "source", "type"}) b.string(name);
  b.end_array().key("properties").begin_object();
  b.key("specversion").begin_object().member("const", "1.0").end_object();
  for (const std::string_view name : {"id", "source"}) b.key(name).begin_object().member("type", "string").end_object();
  b.key("type").begin_object();
  if (spec.is_pattern()) b.member("type", "string").member("pattern", type_expression(spec.type));
  else b.member("const", spec.type);
  b.end_object();
  if (spec.schema) b.member("data", *spec.schema);
  b.end_object().end_object();
}

/// The example of the data as that of an event.
void add_example(json::Builder& b, const resource::EventTypeSpec& spec) {
  b.key("examples").begin_array().begin_object().key("payload").begin_object();
  b.member("specversion", "1.0").member("id", "1").member("source", "/example").member("type", spec.type);
  b.member("data", *spec.example).end_object().end_object().end_array();
}

void add_message(json::Builder& b, const resource::Catalogue::Entry& entry) {
  const resource::EventTypeSpec& spec = entry.spec();
  b.key(entry.resource->name).begin_object().member("name", spec.type).member("title", spec.type);
  add_text(b, "description", spec.description);
  b.member("contentType", kEventContentType);
  b.key("payload").begin_object().member("schemaFormat", kSchemaFormat).key("schema");
  add_event_schema(b, spec);
  b.end_object();
  if (spec.example) add_example(b, spec);
  if (!spec.owner.empty()) {
    b.key("tags").begin_array().begin_object().member("name", "owner:" + spec.owner).end_object().end_array();
  }
  b.end_object();
}

void add_reference(json::Builder& b, const std::string& reference) {
  b.begin_object().member("$ref", reference).end_object();
}

}  // namespace

Result<json::Value> Query::asyncapi(std::string_view name_space) const {
  const Definitions& definitions = *sources_.definitions;
  json::Builder b;
  b.begin_object().member("asyncapi", "3.0.0").key("info").begin_object();
  b.member("title", "Events of namespace " + std::string(name_space)).member("version", std::to_string(definitions.version()));
  b.end_object().member("defaultContentType", kEventContentType);
  b.key("channels").begin_object().key("events").begin_object();
  b.member("address", name_space == "default" ? "/events" : "/api/v1/namespaces/" + std::string(name_space) + "/events");
  b.key("messages").begin_object();
  each_entry(definitions, name_space, [&](const resource::Catalogue::Entry& entry) {
    b.key(entry.resource->name);
    add_reference(b, "#/components/messages/" + entry.resource->name);
  });
  b.end_object().end_object().end_object();
  b.key("operations").begin_object().key("receiveEvents").begin_object();
  b.member("action", "receive").member("summary", "Takes CloudEvents by HTTP POST; answers when they are durable.");
  b.key("channel");
  add_reference(b, "#/channels/events");
  b.end_object().end_object();
  b.key("components").begin_object().key("messages").begin_object();
  each_entry(definitions, name_space, [&](const resource::Catalogue::Entry& entry) { add_message(b, entry); });
  b.end_object().end_object().end_object();
  return std::move(b).finish();
}

Result<json::Value> Query::schemas(std::string_view name_space) const {
  json::Builder b;
  b.begin_object().key("items").begin_array();
  each_entry(*sources_.definitions, name_space, [&](const resource::Catalogue::Entry& entry) {
    if (!entry.spec().schema) return;
    b.begin_object().member("name", entry.resource->name).member("type", entry.spec().type);
    add_text(b, "id", entry.spec().schema->view().string_or("$id", ""));
    b.member("schema", *entry.spec().schema).end_object();
  });
  b.end_array().end_object();
  return std::move(b).finish();
}

Result<json::Value> Query::schema(std::string_view name_space, std::string_view name) const {
  const Stored* stored = sources_.definitions->find(name_space, resource::Kind::event_type, name);
  const auto* spec = stored == nullptr ? nullptr : &std::get<resource::EventTypeSpec>(stored->resource->spec);
  if (spec != nullptr && spec->schema) return *spec->schema;
  return Error(ErrorCode::NotFound, "there is no EventType " + std::string(name) + " with a schema in namespace " +
                                        std::string(name_space));
}

Status Query::add_refusals(json::Builder& b, std::string_view name_space, std::string_view event_type) const {
  const Partition partition = keys::refusals_partition(sources_.partitions, name_space, event_type);
  HENCE_TRY(const auto bytes, sources_.snapshot.get(store::Family::state, keys::refusals(partition, name_space, event_type)));
  if (!bytes) return {};
  HENCE_TRY(const RefusalRow row, decode<RefusalRow>(*bytes, "refusals of an event type"));
  b.key("refused").begin_object().key("count").number(static_cast<int64_t>(row.count));
  add_time(b, "last", row.last);
  b.member("record", row.record.to_string()).member("id", row.id).member("source", row.source).member("type", row.type);
  b.member("errors", row.faults).end_object();
  return {};
}

}  // namespace hence::engine
