// SPDX-License-Identifier: Apache-2.0
#include "engine/query_json.h"

#include "json/parse.h"

namespace hence::engine {

Result<ReadRecord> to_read_record(const log::Record& record) {
  ReadRecord read;
  read.address = record.header.address;
  read.time = record.header.time;
  read.name_space = record.header.namespace_name;
  read.principal = record.header.principal;
  read.reason = record.header.reason;
  HENCE_TRY(read.facts, parse_facts(record.payload));
  return read;
}

Result<ReadRecord> read_record(log::LogReader& reader, Address address) {
  HENCE_TRY(const std::optional<log::StoredRecord> stored, reader.find(address));
  if (!stored) {
    return Error(ErrorCode::NotFound, "there is nothing at position " + address.to_string());
  }
  return to_read_record(stored->record());
}

void add_time(json::Builder& builder, std::string_view name, UtcTime time) {
  if (time.micros != 0) builder.member(name, format_rfc3339(time));
}

void add_text(json::Builder& builder, std::string_view name, std::string_view text) {
  if (!text.empty()) builder.member(name, text);
}

void add_compensated(json::Builder& builder, std::string_view compensated) {
  if (compensated == "true") builder.key("compensated").boolean(true);
  else add_text(builder, "compensated", compensated);
}

void add_resource(json::Builder& builder, std::string_view name_space, const Stored& stored) {
  builder.begin_object();
  builder.member("kind", resource::kind_name(stored.resource->kind));
  builder.member("name", stored.resource->name);
  builder.member("namespace", name_space);
  builder.key("revision").number(static_cast<int64_t>(stored.revision));
  add_time(builder, "changed", stored.changed);
  builder.member("document", stored.resource->document);
}

void add_instance(json::Builder& builder, Address id, const InstanceSummary& summary) {
  builder.begin_object();
  builder.member("id", id.to_string());
  builder.member("workflow", summary.workflow);
  builder.member("version", summary.version);
  builder.member("status", summary.status);
  add_time(builder, "started", summary.started);
  add_time(builder, "ended", summary.ended);
  add_text(builder, "key", summary.id);
  add_text(builder, "waits", summary.waits);
  add_compensated(builder, summary.compensated);
  if (summary.parked) builder.key("parked").boolean(true);
  if (summary.parent) builder.member("parent", summary.parent->to_string());
  builder.end_object();
}

void add_delivery(json::Builder& builder, const EffectId& id, const DeliverySummary& summary) {
  builder.begin_object();
  builder.member("id", id.to_string());
  builder.member("sink", summary.sink);
  add_text(builder, "rule", summary.rule);
  if (!summary.event.is_none()) builder.member("event", summary.event.to_string());
  builder.member("status", effect_state_name(summary.state));
  builder.key("attempts").number(int64_t{summary.attempts});
  if (summary.last_status != 0) builder.key("lastStatus").number(int64_t{summary.last_status});
  add_text(builder, "error", summary.last_error);
  add_time(builder, "created", summary.created);
  add_time(builder, "changed", summary.changed);
  builder.end_object();
}

void add_event(json::Builder& builder, const ReadRecord& record, const EventAccepted& event) {
  builder.begin_object();
  builder.member("position", record.address.to_string());
  add_time(builder, "accepted", record.time);
  builder.member("namespace", record.name_space);
  add_text(builder, "via", event.source);
  if (!event.cause.is_none()) builder.member("cause", event.cause.to_string());
  json::ParseOptions options;
  options.duplicate_keys = json::DuplicateKeys::last_wins;
  options.depth_max = 1'000;
  Result<json::Value> value = json::parse(event.text, options);
  if (value.ok()) builder.member("event", *value);
  builder.end_object();
}

json::Value without_data(json::View item) {
  json::Builder builder;
  builder.begin_object();
  for (const auto [key, value] : item.members()) {
    if (key != "event" || !value.is_object()) {
      builder.member(key, value);
      continue;
    }
    builder.key("event").begin_object();
    for (const auto [name, member] : value.members()) {
      if (name != "data" && name != "data_base64") builder.member(name, member);
    }
    builder.end_object();
  }
  builder.key("dataLeftOut").boolean(true).end_object();
  return std::move(builder).finish();
}

bool type_fits(std::string_view type, std::string_view wanted) {
  if (wanted.empty()) return true;
  if (wanted.back() == '*') return type.starts_with(wanted.substr(0, wanted.size() - 1));
  return type == wanted;
}

}  // namespace hence::engine
