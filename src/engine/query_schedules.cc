// SPDX-License-Identifier: Apache-2.0
// Schedules for readers: what they wait for, what came of the last due time.

#include "engine/query.h"
#include "engine/query_json.h"

namespace hence::engine {
namespace {

void add_waiting(json::Builder& b, const ScheduleRow::Waiting& waiting) {
  b.begin_object().member("trigger", workflow::trigger_name(waiting.trigger)).member("timing", waiting.timing);
  if (waiting.armed_by != 0) {
    b.member("next", format_rfc3339(waiting.due));
    if (waiting.at != waiting.due) b.member("fires", format_rfc3339(waiting.at));
  }
  add_text(b, "timeZones", waiting.zones);
  add_text(b, "error", waiting.error);
  b.end_object();
}

void add_state(json::Builder& b, Partition partition, const ScheduleRow& row) {
  std::optional<UtcTime> next;
  for (const ScheduleRow::Waiting& one : row.triggers) {
    if (one.armed_by != 0 && (!next || one.due < *next)) next = one.due;
  }
  if (next) add_time(b, "next", *next);
  b.key("triggers").begin_array();
  for (const ScheduleRow::Waiting& one : row.triggers) add_waiting(b, one);
  b.end_array();
  if (row.last_record != 0) {
    b.key("last").begin_object().member("trigger", workflow::trigger_name(row.last.trigger));
    add_time(b, "due", row.last.due);
    add_time(b, "fired", row.last_fired);
    if (!row.last_instance.is_none()) b.member("instance", row.last_instance.to_string());
    b.member("record", Address{partition, row.last_record}.to_string()).end_object();
  }
  b.key("fired").number(static_cast<int64_t>(row.fired));
  b.key("missed").number(static_cast<int64_t>(row.missed));
  b.key("skipped").number(static_cast<int64_t>(row.skipped));
  b.key("running").begin_array();
  for (const Address& instance : row.running) b.string(instance.to_string());
  b.end_array();
  b.key("queued").number(static_cast<int64_t>(row.queue.size()));
  add_text(b, "error", row.last_error);
}

/// The name by which a resource is a schedule; empty if it is none.
std::string schedule_name(const Definitions::Space& space, const Definitions::ResourceKey& key, const Stored& stored) {
  if (key.first == resource::Kind::schedule) return key.second;
  if (key.first != resource::Kind::workflow) return {};
  const auto& definition = std::get<resource::WorkflowSpec>(stored.resource->spec).definition;
  const std::string name = definition->workflow_namespace + "/" + definition->name;
  const std::string* latest = space.latest.find(name);
  return definition->schedule && latest != nullptr && *latest == key.second ? name : std::string();
}

}  // namespace

Status Query::add_schedule(json::Builder& b, std::string_view name_space, const std::string& name, const Stored& stored) const {
  add_resource(b, name_space, stored);
  const auto* spec = std::get_if<resource::ScheduleSpec>(&stored.resource->spec);
  const bool disabled = spec != nullptr && spec->mode == resource::ScheduleMode::disabled;
  b.key("schedule").begin_object().member("name", name).member("mode", disabled ? "disabled" : "active");
  if (const auto* entry = sources_.definitions->find_schedule(name_space, name)) {
    std::string timing = entry->text();
    const bool on = entry->is_workflow() &&
                    std::get<resource::WorkflowSpec>(entry->resource->spec).definition->schedule->on.count > 0;
    if (on) timing += timing.empty() ? "on events" : "; on events";
    b.member("timing", timing);
  }
  const Partition partition = keys::schedule_partition(sources_.partitions, name_space, name);
  HENCE_TRY(const auto bytes, sources_.snapshot.get(store::Family::state, keys::schedule(partition, name_space, name)));
  if (bytes) {
    HENCE_TRY(const ScheduleRow row, decode<ScheduleRow>(*bytes, "a schedule"));
    add_state(b, partition, row);
  }
  b.end_object().end_object();
  return {};
}

Result<json::Value> Query::schedules(std::string_view name_space) const {
  json::Builder b;
  b.begin_object().key("items").begin_array();
  if (const Definitions::Space* space = sources_.definitions->space(name_space)) {
    for (const auto& [key, stored] : space->resources) {
      const std::string name = schedule_name(*space, key, stored);
      if (!name.empty()) HENCE_TRY_VOID(add_schedule(b, name_space, name, stored));
    }
  }
  b.end_array().end_object();
  return std::move(b).finish();
}

Result<json::Value> Query::schedule(std::string_view name_space, std::string_view name) const {
  const bool workflow = name.find('/') != std::string_view::npos;
  const Stored* stored = workflow ? sources_.definitions->find_workflow(name_space, name)
                                  : sources_.definitions->find(name_space, resource::Kind::schedule, name);
  if (stored != nullptr && workflow && sources_.definitions->find_schedule(name_space, std::string(name)) == nullptr) stored = nullptr;
  if (stored == nullptr) {
    return Error(ErrorCode::NotFound, "there is no Schedule " + std::string(name) + " in namespace " + std::string(name_space) +
                                          (workflow ? ", and no workflow of that name whose highest version has a `schedule`" : ""));
  }
  json::Builder b;
  HENCE_TRY_VOID(add_schedule(b, name_space, std::string(name), *stored));
  return std::move(b).finish();
}

}  // namespace hence::engine
