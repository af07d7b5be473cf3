// SPDX-License-Identifier: Apache-2.0
// Lists and single rows of instances, deliveries and resources.

#include "engine/query.h"
#include "engine/query_json.h"
#include "engine/query_list.h"
#include "engine/state.h"

namespace hence::engine {
namespace {

bool in_time(UtcTime time, const ListOptions& options) {
  return (!options.since || time >= *options.since) && (!options.until || time < *options.until);
}

}  // namespace

Result<json::Value> Query::instances(std::string_view name_space, const ListOptions& options) {
  return list_index<InstanceSummary>(sources_.snapshot, 'L', name_space, options,
      [&](json::Builder& builder, std::string_view key, const InstanceSummary& row) {
    if (!options.workflow.empty() && row.workflow != options.workflow) return false;
    if (!options.status.empty() && row.status != options.status) return false;
    if (options.parked && !row.parked) return false;
    if (!options.parent.empty() && (!row.parent || row.parent->to_string() != options.parent)) return false;
    if (!in_time(row.started, options)) return false;
    add_instance(builder, keys::parse_instance_index(key), row);
    return true;
  });
}

Result<json::Value> Query::deliveries(std::string_view name_space, const ListOptions& options) {
  return list_index<DeliverySummary>(sources_.snapshot, 'D', name_space, options,
      [&](json::Builder& builder, std::string_view key, const DeliverySummary& row) {
    if (!options.sink.empty() && row.sink != options.sink) return false;
    if (!options.status.empty() && effect_state_name(row.state) != options.status) return false;
    if (!options.event.empty() && row.event.to_string() != options.event) return false;
    if (!in_time(row.created, options)) return false;
    add_delivery(builder, keys::parse_delivery_index(key), row);
    return true;
  });
}

Result<ReadyPage> ready_effects(const store::Snapshot& snapshot, uint16_t partitions, std::optional<EffectId> after,
                                size_t limit, const SinkWanted& wanted) {
  ReadyPage page;
  size_t passed = 0;
  for (uint32_t partition = after ? after->record.partition : 0; partition < partitions; ++partition) {
    std::string from;
    if (after && after->record.partition == partition) from = keys::ready(*after) + '\0';
    std::vector<EffectId> ids;
    bool whole = true;
    HENCE_TRY_VOID(snapshot.scan(store::Family::state, {keys::table(static_cast<Partition>(partition), 'r'), from},
                                 [&](std::string_view key, std::string_view value) {
      whole = page.effects.size() + ids.size() < limit && passed < kReadyPassedMax;
      const auto id = keys::parse_effect(key);
      if (!whole || !id) return whole;
      page.looked_to = *id;
      const size_t name = value.find('\0');  // rows of calls, and of older programs, say no sink
      if (wanted && name != value.npos && !wanted(value.substr(0, name), value.substr(name + 1))) {
        ++passed;
      } else {
        ids.push_back(*id);
      }
      return true;
    }));
    for (const EffectId& id : ids) {
      HENCE_TRY(auto row, load_row<EffectRow>(snapshot, id.record.partition, keys::effect(id), "an effect"));
      if (row) page.effects.push_back(std::move(row->effect));
    }
    if (!whole) return page;
  }
  page.at_end = true;
  return page;
}

Result<EffectRow> Query::load_effect(const EffectId& id) {
  HENCE_TRY(auto row, load_row<EffectRow>(sources_.snapshot, id.record.partition, keys::effect(id), "a delivery"));
  if (!row) return Error(ErrorCode::NotFound, "there is no delivery " + id.to_string());
  return std::move(*row);
}

Result<json::Value> Query::delivery(std::string_view name_space, const EffectId& id) {
  HENCE_TRY(const EffectRow row, load_effect(id));
  if (row.effect.name_space != name_space || row.effect.kind != EffectKind::deliver) {
    return Error(ErrorCode::NotFound, "there is no delivery " + id.to_string() + " in namespace " + std::string(name_space));
  }
  json::Builder builder;
  builder.begin_object();
  builder.member("id", id.to_string());
  builder.member("sink", row.effect.sink);
  add_text(builder, "rule", row.effect.rule);
  builder.member("event", row.effect.event.to_string());
  builder.member("status", effect_state_name(row.state));
  builder.key("attempts").number(int64_t{row.attempts});
  add_text(builder, "error", row.last_error);
  add_time(builder, "created", row.effect.created);
  add_time(builder, "changed", row.changed);
  if (row.state == EffectState::delayed) add_time(builder, "due", row.due);
  add_text(builder, "key", row.effect.ordering_key);
  if (row.effect.body) builder.member("body", *row.effect.body);
  builder.key("history").begin_array();
  for (const Sequence sequence : row.records) {
    Result<ReadRecord> record = read_record(sources_.reader, {id.record.partition, sequence});
    if (!record.ok()) continue;  // beyond retention
    for (const Fact& fact : record->facts) {
      if (const auto* failed = std::get_if<AttemptFailed>(&fact); failed && failed->effect == id) {
        builder.begin_object().member("time", format_rfc3339(record->time));
        builder.key("attempt").number(int64_t{failed->attempt});
        if (failed->status != 0) builder.key("status").number(int64_t{failed->status});
        builder.member("error", failed->error).member("next", format_rfc3339(failed->due)).end_object();
      } else if (const auto* ended = std::get_if<EffectEnded>(&fact); ended && ended->effect == id) {
        builder.begin_object().member("time", format_rfc3339(record->time));
        builder.key("attempt").number(int64_t{ended->attempts});
        if (ended->status != 0) builder.key("status").number(int64_t{ended->status});
        builder.member("ended", ended->kind == EffectEnded::Kind::done ? "done" : "parked");
        add_text(builder, "error", ended->error);
        builder.end_object();
      } else if (const auto* redriven = std::get_if<EffectRedriven>(&fact); redriven && redriven->effect == id) {
        builder.begin_object().member("time", format_rfc3339(record->time)).member("ended", "redriven");
        add_text(builder, "by", record->principal);
        add_text(builder, "reason", record->reason);
        builder.end_object();
      } else if (const auto* late = std::get_if<Ignored>(&fact); late && late->effect == id) {
        builder.begin_object().member("time", format_rfc3339(record->time));
        builder.member("ended", "ignored").member("error", late->what).end_object();
      }
    }
  }
  builder.end_array().end_object();
  return std::move(builder).finish();
}

Result<json::Value> Query::instances_of(std::string_view name_space, Address event) {
  json::Builder builder;
  builder.begin_object().key("items").begin_array();
  std::vector<Address> found;
  HENCE_TRY_VOID(sources_.snapshot.scan(store::Family::index, {keys::consequences_of(event), {}},
                                        [&](std::string_view key, std::string_view) {
    const keys::Consequence consequence = keys::parse_consequence(key);
    const bool one = consequence.kind == 'i' || consequence.kind == 'w';
    // An instance that took it by two waits stands here twice, one after the other.
    if (one && (found.empty() || found.back() != consequence.id.record)) found.push_back(consequence.id.record);
    return found.size() < kListLimitMax;
  }));
  for (const Address id : found) {
    HENCE_TRY(const InstanceRow row, load_instance(name_space, id));
    add_instance(builder, id, summarize(row));
  }
  builder.end_array().end_object();
  return std::move(builder).finish();
}

Result<std::map<std::string, uint64_t>> Query::running(std::string_view name_space) const {
  std::map<std::string, uint64_t> counts;
  for (uint32_t partition = 0; partition < sources_.partitions; ++partition) {
    const std::string prefix = keys::running(static_cast<Partition>(partition), name_space, {});
    HENCE_TRY_VOID(sources_.snapshot.scan(store::Family::state, {prefix, {}}, [&](std::string_view key, std::string_view value) {
      counts[std::string(key.substr(prefix.size()))] += Decoder(value).varint();
      return true;
    }));
  }
  return counts;
}

Result<json::Value> Query::resources(std::string_view name_space, resource::Kind kind) const {
  json::Builder builder;
  builder.begin_object().key("items").begin_array();
  const bool workflows = kind == resource::Kind::workflow;
  std::map<std::string, uint64_t> counts;
  if (workflows) {
    HENCE_TRY(counts, running(name_space));
  }
  if (const Definitions::Space* space = sources_.definitions->space(name_space)) {
    for (const auto& [key, stored] : space->resources) {
      if (key.first != kind) continue;
      add_resource(builder, name_space, stored);
      if (workflows) {
        const auto count = counts.extract(key.second);
        builder.key("running").number(static_cast<int64_t>(count.empty() ? 0 : count.mapped()));
        const std::string* latest = space->latest.find(key.second.substr(0, key.second.rfind(':')));
        if (latest != nullptr && *latest == key.second) builder.key("latest").boolean(true);
      }
      builder.end_object();
    }
  }
  builder.end_array();
  if (!counts.empty()) {
    builder.key("deleted").begin_array();
    for (const auto& [name, count] : counts) {
      builder.begin_object().member("name", name).key("running").number(static_cast<int64_t>(count)).end_object();
    }
    builder.end_array();
  }
  builder.end_object();
  return std::move(builder).finish();
}

Result<json::Value> Query::resource(std::string_view name_space, resource::Kind kind, std::string_view name) const {
  const Stored* stored = kind == resource::Kind::workflow ? sources_.definitions->find_workflow(name_space, name)
                                                          : sources_.definitions->find(name_space, kind, name);
  if (stored == nullptr) {
    return Error(ErrorCode::NotFound, "there is no " + std::string(resource::kind_name(kind)) + " " + std::string(name) +
                                          " in namespace " + std::string(name_space));
  }
  json::Builder builder;
  add_resource(builder, name_space, *stored);
  if (kind == resource::Kind::event_type) HENCE_TRY_VOID(add_refusals(builder, name_space, name));
  if (kind == resource::Kind::workflow) {
    HENCE_TRY(const auto counts, running(name_space));
    const auto count = counts.find(stored->resource->name);
    builder.key("running").number(static_cast<int64_t>(count == counts.end() ? 0 : count->second));
  }
  builder.end_object();
  return std::move(builder).finish();
}

}  // namespace hence::engine
