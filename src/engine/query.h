// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reading: what the state and the log hold, as the JSON that API and command line show. A Query
// works on one snapshot of the store and one view of the log, both of what is durable, on any one
// thread; it changes nothing and blocks nobody.
//
//   Query query({snapshot, reader, definitions, options});
//   query.explain(address, {});
//
// Lists answer {"items": […], "next": "cursor"}; next is absent at the end. Times are RFC 3339.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/definitions.h"
#include "engine/rows.h"
#include "json/builder.h"
#include "log/log_reader.h"
#include "store/store.h"

namespace hence::engine {

/// What bounds a list.
struct ListOptions {
  uint32_t limit = 100;
  std::string cursor;              ///< "next" of the answer before; empty: from the start
  std::optional<UtcTime> since;
  std::optional<UtcTime> until;
  std::string type;                ///< events: exact, or a prefix ending in "*"
  std::string source;              ///< events: exact
  std::string workflow;            ///< instances: "ns/name"
  std::string parent;              ///< instances: subflows of this one
  std::string status;              ///< instances: a phase; deliveries: a state
  std::string sink;                ///< deliveries
  std::string event;               ///< deliveries: the event's position
  std::string rule;                ///< decisions: this rule matched or failed (or, see matched)
  bool parked = false;             ///< instances: a compensation waits for a person
  std::optional<bool> matched;     ///< decisions: whether the rule, or without one any rule, matched
};
inline constexpr uint32_t kListLimitMax = 1000;
/// Rows one list request looks at, before it answers with what it has and a cursor.
inline constexpr uint32_t kListScanMax = 200'000;

/// Rows of sinks that are not wanted which one piece passes over.
inline constexpr size_t kReadyPassedMax = 20'000;
/// Effects that are ready in a durable state, at most limit, in order of their ids after `after`: how a dispatcher
/// finds what its window had no room for, and everything after a restart. Deliveries to sinks that are not wanted
/// are passed over without being read; without wanted all are. Errors: StoreFailed.
Result<ReadyPage> ready_effects(const store::Snapshot& snapshot, uint16_t partitions, std::optional<EffectId> after,
                                size_t limit, const SinkWanted& wanted = {});
/// A workflow's definition as it was at a revision. name: "ns/name:version". Errors: StoreFailed.
Result<std::shared_ptr<const workflow::Definition>> load_workflow(const store::Snapshot& snapshot,
                                                                  std::string_view name_space,
                                                                  std::string_view name, uint64_t revision);

class Query {
 public:
  struct Sources {
    const store::Snapshot& snapshot;
    log::LogReader& reader;
    std::shared_ptr<const Definitions> definitions;
    Hash128 hash_key;
    uint16_t partitions = 64;
  };
  explicit Query(Sources sources) : sources_(std::move(sources)) {}

  // Events. An event as shown: {"position","time" (accepted), "event": {…}, "namespace","source"
  // (resource), "duplicateOf"?}

  /// Errors: NotFound, BeyondRetention.
  Result<json::Value> event(std::string_view name_space, Address address);
  /// The event alone, byte for byte as its record holds it: what came in, where it came as JSON.
  /// Errors: as event().
  Result<std::string> event_text(std::string_view name_space, Address address);
  /// In log order from the oldest, or with since; newest_first reverses over the last `limit`.
  Result<json::Value> events(std::string_view name_space, const ListOptions& options);
  /// What was decided on events, in the order of events(): {"position","time","event": {id, source,
  /// type, subject}, "definitions","matched": […],"failed": […],"stopped"?}. Errors: as events().
  Result<json::Value> decisions(std::string_view name_space, const ListOptions& options);
  /// The position of an event named as users name it: "pp-seq", or an id only one event has, or
  /// source and id. Errors: NotFound, Ambiguous (lists them).
  Result<Address> find_event(std::string_view name_space, std::string_view text, std::string_view id = {});
  /// Every rule that looked at it, the answer first. rule: only that one. Errors: as event().
  Result<json::Value> explain(std::string_view name_space, Address address, std::string_view rule = {});
  /// Instances and deliveries an event led to: {"items":[…]}.
  Result<json::Value> instances_of(std::string_view name_space, Address event);

  // Instances: {"id","workflow","version","status","started","ended","waits", …}

  Result<json::Value> instances(std::string_view name_space, const ListOptions& options);
  Result<json::Value> instance(std::string_view name_space, Address id);
  /// With "tasks": each task run with input, output, attempts, error, times, what it waits for.
  Result<json::Value> trace(std::string_view name_space, Address id);
  /// All that it waits for (query_why.cc), each with the task: {"id","workflow","version","status","suspended"?,
  /// "waits": [{"kind": event, timer or call, …}],"held"?}. Costs what the instance is in size.
  Result<json::Value> why(std::string_view name_space, Address id, UtcTime now);

  // Approvals: {"id","instance","workflow","task","status","title","approvers","requested","deadline"?,
  // "decided"?,"by"?,"claimed"?,"reason"?}

  Result<json::Value> approvals(std::string_view name_space, const ListOptions& options);
  /// With "details". Errors: NotFound.
  Result<json::Value> approval(std::string_view name_space, const EffectId& id);

  // Deliveries: {"id","sink","rule","event","status","attempts","lastStatus","error","created",…}

  Result<json::Value> deliveries(std::string_view name_space, const ListOptions& options);
  Result<json::Value> delivery(std::string_view name_space, const EffectId& id);

  // Resources as they are: {"kind","name","namespace","revision","changed","document"}

  /// Of workflows with "running", the instances on each version, and "latest" for those that new ones
  /// begin with; "deleted": versions that are gone while instances run on them.
  Result<json::Value> resources(std::string_view name_space, resource::Kind kind) const;
  /// Of an event type with "refused": {"count", "last", "record", "id", "source", "type", "errors"} where there are any.
  Result<json::Value> resource(std::string_view name_space, resource::Kind kind, std::string_view name) const;

  /// How many instances run on each version, "ns/name:version" → number.
  Result<std::map<std::string, uint64_t>> running(std::string_view name_space) const;
  // Schedules, and workflows with one: as resources, with "schedule": {"mode", "timing", "next"?, "triggers",
  // "last"?, "fired", "missed", "skipped", "running", "queued", "error"?}

  Result<json::Value> schedules(std::string_view name_space) const;
  /// name: of a Schedule, or "ns/name" of a workflow. Errors: NotFound.
  Result<json::Value> schedule(std::string_view name_space, std::string_view name) const;

  // The catalogue of event types

  /// AsyncAPI 3.0 document of all event types.
  Result<json::Value> asyncapi(std::string_view name_space) const;
  /// {"items": [{"name", "type", "id", "schema"}]}
  Result<json::Value> schemas(std::string_view name_space) const;
  /// The JSON Schema alone. Errors: NotFound.
  Result<json::Value> schema(std::string_view name_space, std::string_view name) const;

 private:
  Status add_schedule(json::Builder& builder, std::string_view name_space, const std::string& name, const Stored& stored) const;
  Status add_refusals(json::Builder& builder, std::string_view name_space, std::string_view event_type) const;
  Result<InstanceRow> load_instance(std::string_view name_space, Address id);
  Status check_forgotten(std::string_view name_space, Address id);
  Result<EffectRow> load_effect(const EffectId& id);
  struct EventScan;
  Result<json::Value> list_records(EventScan& scan, const ListOptions& options);
  struct EventRecord {
    Address address;
    UtcTime time;
    std::string name_space;
    struct Facts;
    std::shared_ptr<Facts> facts;
  };
  Result<EventRecord> load_event(std::string_view name_space, Address address);
  /// The definitions as they were at a version, compiled again from what the state keeps.
  Result<std::shared_ptr<const Definitions>> definitions_at(uint64_t version);

  Sources sources_;
};

}  // namespace hence::engine
