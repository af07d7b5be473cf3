// SPDX-License-Identifier: Apache-2.0
// `schedule.on`: events that start instances. For `any` and `one` each does; for `all` they are kept in
// order, a list a filter and value of their keys, until each list has one.

#include <algorithm>

#include "engine/emitted.h"
#include "engine/recorder.h"
#include "event/event.h"
#include "json/builder.h"
#include "workflow/correlation.h"

namespace hence::engine {
namespace {

/// The values of all keys as one, by which events of `all` find each other; nothing without keys.
/// Errors: what keeps the event from having one.
Result<std::optional<json::Value>> gathering_value(const workflow::ListenSite& site, json::View event,
                                                   const expr::Environment& environment) {
  std::vector<std::pair<std::string, json::Value>> values;
  for (const workflow::ListenSite::Key& key : site.keys) {
    const std::string name = "correlate." + key.name;
    Result<json::Value> value = workflow::read_key(key, event, environment);
    if (!value.ok()) return Error(value.error().code(), name + ".from: " + value.error().message());
    if (!workflow::canonical_value(*value)) {
      return Error(ErrorCode::ExpressionFailed, name + ".from: expected a text, number or boolean, got " +
                                                    std::string(json::type_name((*value)->type())));
    }
    if (key.expect.present()) {
      Result<json::Value> expected = workflow::read_expected(key, event, environment);
      if (!expected.ok()) return Error(expected.error().code(), name + ".expect: " + expected.error().message());
      if (!json::equal(*expected, *value)) {
        return Error(ErrorCode::ExpressionFailed, name + ": expected " + (*expected)->to_text() + ", got " + (*value)->to_text());
      }
    }
    values.emplace_back(key.name, std::move(*value));
  }
  if (values.empty()) return std::optional<json::Value>();
  if (values.size() == 1) return std::optional<json::Value>(std::move(values.front().second));
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string all;
  for (const auto& [name, value] : values) all += (all.empty() ? "" : "\n") + *workflow::canonical_value(value);
  return std::optional<json::Value>(json::Value::string(all));
}

json::Value input_of(workflow::ListenSpec::Read read, const std::vector<json::Value>& events) {
  json::Builder b;
  b.begin_array();
  for (const json::Value& event : events) b.value(workflow::read_event(read, event));
  b.end_array();
  return std::move(b).finish();
}

}  // namespace

void Engine::meet_schedule(Recorder& record, const event::Event& event, uint32_t depth, const Definitions::SiteEntry& entry,
                           std::set<std::string>& started, Decision& decision) {
  const std::string name = entry.workflow.substr(0, entry.workflow.rfind(':'));
  // Only the highest version starts; the filters of others are there for what waits.
  const Definitions::ScheduleEntry* schedule = definitions_->find_schedule(record.name_space(), name);
  if (schedule == nullptr || schedule->revision != entry.revision) return;
  const workflow::ListenSite& site = entry.site();
  const workflow::ScheduleSpec& spec = *entry.definition->schedule;
  SiteMet met{entry.workflow, entry.revision, site.pointer, {}, {}};
  const auto value = gathering_value(site, event.value(), definitions_->environment(record.time()));
  if (!value.ok()) met.error = value.error().message();
  else if (*value) met.value = (**value)->to_text();
  decision.listened.push_back(met);
  if (!met.error.empty()) return;
  if (spec.on.strategy != workflow::ListenSpec::Strategy::all) {
    if (!started.insert(name).second) return;  // one event of `any` starts one instance
    StartRequest request;
    request.workflow = entry.workflow;
    request.input = input_of(spec.read, {event.value()});
    request.key = event::partition_key(event);
    request.event = record.address();
    request.depth = depth;
    request.schedule = ScheduleCause{name, workflow::Trigger::on, record.time(), false};
    std::string body;
    Encoder encoder(body);
    request.fields(encoder);
    record.send(place(record.name_space(), request.key), MessageSent::Kind::start, std::move(body));
    return;
  }
  const auto place_at = [&](uint32_t index) {
    return place_of(site_hash(record.name_space(), entry.workflow, entry.revision, index), *value);
  };
  const GatherRequest request{{place_at(entry.index), record.address(), depth, true, site.keep_for, site.keep_max},
                              entry.workflow, entry.revision, entry.index};
  // All filters of a value lie together; without keys, where the first one's place is.
  const Partition to = place_partition(record.name_space(), place_at(spec.on.first), *value);
  record.send_event(to, MessageSent::Kind::gather, encode(request), event.value(), true);
}

void Engine::gather(Recorder& record, const GatherRequest& request, const json::Value& event) {
  const Stored* stored = definitions_->find(record.name_space(), resource::Kind::workflow, request.workflow);
  HENCE_CHECK(stored != nullptr && stored->revision == request.revision);  // decided by the same command
  const auto& definition = std::get<resource::WorkflowSpec>(stored->resource->spec).definition;
  const workflow::ScheduleSpec& spec = *definition->schedule;
  const Partition partition = record.address().partition;
  struct Found {
    WaitPlace place;
    Address event;
    KeptRow row;
  };
  std::vector<Found> found;
  std::vector<json::Value> events;
  for (uint32_t index = spec.on.first; index < spec.on.first + spec.on.count; ++index) {
    const WaitPlace place{site_hash(record.name_space(), request.workflow, request.revision, index), request.meet.place.value};
    const auto next = oldest_kept(partition, place, 0, {});
    // Others of its own filter came before it, or another filter has none yet.
    if ((index == request.site) == next.has_value()) return keep_event(record, request.meet, event);
    if (!next) {
      events.push_back(event);
      continue;
    }
    std::optional<KeptRow> row = state_.kept_event(partition, place, next->first);
    HENCE_CHECK(row.has_value());
    events.push_back(kept_event_value(row->text));
    found.push_back({place, next->first, std::move(*row)});
  }
  for (const Found& one : found) {
    record.add(KeptEnded{one.place, one.event, one.row.until, one.row.text->as_string().size(), record.address()});
  }
  StartRequest start;
  start.workflow = request.workflow;
  start.input = input_of(spec.read, events);
  start.event = request.meet.event;
  start.depth = request.meet.depth;
  for (const Found& one : found) start.depth = std::max(start.depth, one.row.depth);
  start.schedule = ScheduleCause{request.workflow.substr(0, request.workflow.rfind(':')), workflow::Trigger::on, record.time(), false};
  begin_instance(record, start);
}

}  // namespace hence::engine
