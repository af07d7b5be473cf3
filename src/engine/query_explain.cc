// SPDX-License-Identifier: Apache-2.0
// Why an event led to what it led to, and why the other rules did not match: the recorded decision,
// and the reasons found again with the definitions of then.

#include <algorithm>

#include "engine/query.h"
#include "engine/query_json.h"
#include "engine/state.h"
#include "filter/why.h"
#include "json/parse.h"

namespace hence::engine {
namespace {

std::string_view action_name(ActionTaken::Kind kind) {
  switch (kind) {
    case ActionTaken::Kind::start: return "start";
    case ActionTaken::Kind::emit: return "emit";
    case ActionTaken::Kind::deliver: return "deliver";
  }
  return "unknown";
}

const decltype(Definitions::Space::resources) kNoResources;

/// Instances woken by one event that an explanation names.
constexpr size_t kWokenMax = 100;

/// That an event was kept for instances to come, until when, and what came of it; site: of which filter, none where
/// the record does not tell.
struct Kept {
  std::string text;
  std::optional<Hash128> site;
};

/// What came of a rule's actions, as the indexes tell.
struct Consequences {
  std::multimap<std::string, std::pair<Address, InstanceSummary>> instances;  // by rule
  std::multimap<std::string, StartRefused> refused;
  std::vector<std::pair<Address, std::string>> emitted;  // position, type
  std::vector<std::pair<Address, InstanceSummary>> woken;  // instances that listened
  std::vector<Kept> kept;
  int64_t duplicates = 0;
  std::string last_duplicate;  // its time
};

}  // namespace

Result<std::shared_ptr<const Definitions>> Query::definitions_at(uint64_t version) {
  if (version == sources_.definitions->version()) return sources_.definitions;
  std::map<std::string, std::pair<keys::DefinitionKey, DefinitionRow>> rows;
  std::optional<Error> damage;
  HENCE_TRY_VOID(sources_.snapshot.scan(store::Family::state, {keys::table(kControlPartition, 'd'), {}},
                                        [&](std::string_view key, std::string_view value) {
    const std::optional<keys::DefinitionKey> parsed = keys::parse_definition(key);
    if (!parsed || parsed->version > version) return true;
    Result<DefinitionRow> row = decode<DefinitionRow>(value, "a definition");
    if (!row.ok()) {
      damage = row.error();
      return false;
    }
    rows[parsed->kind + '\0' + parsed->name_space + '\0' + parsed->name] = {*parsed, std::move(*row)};
    return true;
  }));
  if (damage) return *damage;
  return Definitions::restore(version, rows, sources_.definitions->budgets(), sources_.definitions->zones());
}

namespace {

/// All that one record says of it: two filters may keep it in the same partition.
void add_kept(std::vector<Kept>& all, const std::vector<Fact>& facts, Address event) {
  for (const Fact& fact : facts) {
    if (const auto* kept = std::get_if<EventKept>(&fact); kept != nullptr && kept->event == event) {
      all.push_back({"kept until " + format_rfc3339(kept->until), kept->place.site});
    }
    if (const auto* ended = std::get_if<KeptEnded>(&fact); ended != nullptr && ended->event == event) {
      all.push_back({kept_end_text(*ended), ended->place.site});
    }
    if (const auto* refused = std::get_if<EventNotKept>(&fact); refused != nullptr && refused->event == event) {
      all.push_back({"not kept: " + refused->reason, std::nullopt});
    }
  }
}

Result<Consequences> load_consequences(const store::Snapshot& snapshot, log::LogReader& reader, Address event) {
  Consequences all;
  std::vector<std::pair<keys::Consequence, std::string>> found;
  HENCE_TRY_VOID(snapshot.scan(store::Family::index, {keys::consequences_of(event), {}},
                               [&](std::string_view key, std::string_view value) {
    found.emplace_back(keys::parse_consequence(key), value);
    return true;
  }));
  for (const auto& [consequence, rule] : found) {
    const Address address = consequence.id.record;
    if (consequence.kind == 'i') {
      HENCE_TRY(const auto bytes, snapshot.get(store::Family::state, keys::instance(address)));
      if (!bytes) continue;
      HENCE_TRY(const InstanceRow row, decode<InstanceRow>(*bytes, "an instance"));
      all.instances.emplace(rule, std::make_pair(address, summarize(row)));
    } else if (consequence.kind == 'w') {
      if (all.woken.size() >= kWokenMax) continue;
      HENCE_TRY(const auto bytes, snapshot.get(store::Family::state, keys::instance(address)));
      if (!bytes) continue;
      HENCE_TRY(const InstanceRow row, decode<InstanceRow>(*bytes, "an instance"));
      all.woken.emplace_back(address, summarize(row));
    } else if (consequence.kind == 'k') {
      const Result<ReadRecord> record = read_record(reader, address);
      if (record.ok()) add_kept(all.kept, record->facts, event);
      else all.kept.push_back({rule, std::nullopt});  // beyond retention; the row's value: what became of it last
    } else if (consequence.kind == 'p') {
      ++all.duplicates;
      all.last_duplicate = std::max(all.last_duplicate, rule);  // the row's value, here a time
    } else if (consequence.kind == 'x' || consequence.kind == 'e') {
      Result<ReadRecord> record = read_record(reader, address);
      if (!record.ok()) continue;  // beyond retention
      if (const auto* refused = find_fact<StartRefused>(record->facts)) all.refused.emplace(rule, *refused);
      if (const auto* accepted = find_fact<EventAccepted>(record->facts)) {
        Result<json::Value> value = json::parse(accepted->text);
        all.emitted.emplace_back(address, value.ok() ? std::string((*value)->string_or("type", "")) : std::string());
      }
    }
  }
  return all;
}

void add_action(json::Builder& builder, const store::Snapshot& snapshot, const std::string& rule,
                const ActionTaken& action, Consequences& consequences) {
  builder.begin_object();
  builder.member("kind", action_name(action.kind)).member("target", action.target);
  if (!action.error.empty()) {
    builder.member("error", action.error).end_object();
    return;
  }
  if (action.kind == ActionTaken::Kind::deliver) {
    builder.member("delivery", action.effect.to_string());
    const auto bytes = snapshot.get(store::Family::state, keys::effect(action.effect));
    if (bytes.ok() && *bytes) {
      if (Result<EffectRow> row = decode<EffectRow>(**bytes, "a delivery"); row.ok()) {
        builder.member("status", effect_state_name(row->state));
        builder.key("attempts").number(int64_t{row->attempts});
        add_text(builder, "lastError", row->last_error);
      }
    }
  } else if (action.kind == ActionTaken::Kind::start) {
    // In the order of the records, which is the order of the rule's start actions of a workflow.
    const std::string workflow = action.target.substr(0, action.target.find(':'));
    const auto [begin, end] = consequences.instances.equal_range(rule);
    bool started = false;
    for (auto it = begin; it != end && !started; ++it) {
      if (it->second.second.workflow != workflow) continue;
      builder.member("instance", it->second.first.to_string()).member("status", it->second.second.status);
      add_text(builder, "waits", it->second.second.waits);
      consequences.instances.erase(it);
      started = true;
      break;
    }
    const auto refused = consequences.refused.find(rule);
    if (!started && refused != consequences.refused.end()) {
      builder.member("error", refused->second.reason);
      if (!refused->second.existing.is_none()) builder.member("instance", refused->second.existing.to_string());
      consequences.refused.erase(refused);
    }
  } else {
    for (auto it = consequences.emitted.begin(); it != consequences.emitted.end(); ++it) {
      if (it->second != action.target) continue;
      builder.member("event", it->first.to_string());
      consequences.emitted.erase(it);
      break;
    }
  }
  builder.end_object();
}

/// The `listen` filters the event met, the instances that took it, and what else became of it there.
void add_listeners(json::Builder& builder, const Decision& decision, const Consequences& consequences,
                   const std::vector<std::optional<Hash128>>& sites) {
  if (decision.listened.empty()) return;
  std::vector<Kept> kept = consequences.kept;
  builder.key("listeners").begin_array();
  for (size_t i = 0; i < decision.listened.size(); ++i) {
    const SiteMet& met = decision.listened[i];
    builder.begin_object().member("workflow", met.workflow).member("filter", met.task);
    add_text(builder, "value", met.value);
    add_text(builder, "error", met.error);
    const auto of_this = [&](const Kept& one) { return one.site && one.site == sites[i]; };
    if (std::any_of(kept.begin(), kept.end(), of_this)) {
      builder.key("kept").begin_array();
      for (const Kept& one : kept) {
        if (of_this(one)) builder.string(one.text);
      }
      builder.end_array();
      std::erase_if(kept, of_this);
    }
    builder.end_object();
  }
  builder.end_array();
  builder.key("woke").begin_array();
  for (const auto& [id, summary] : consequences.woken) {
    builder.begin_object().member("instance", id.to_string()).member("workflow", summary.workflow);
    builder.member("status", summary.status).end_object();
  }
  builder.end_array();
  const auto [begin, end] = consequences.instances.equal_range(std::string());  // no rule: by a `schedule.on`
  if (begin != end) {
    builder.key("started").begin_array();
    for (auto it = begin; it != end; ++it) {
      builder.begin_object().member("instance", it->second.first.to_string()).member("workflow", it->second.second.workflow);
      builder.member("status", it->second.second.status).end_object();
    }
    builder.end_array();
  }
  if (kept.empty()) return;
  builder.key("kept").begin_array();
  for (const Kept& one : kept) builder.string(one.text);
  builder.end_array();
}

/// The filters that the event met, in their order; none where the definition is not there any more.
std::vector<std::optional<Hash128>> met_sites(const store::Snapshot& snapshot, Hash128 key, std::string_view name_space,
                                              const Decision& decision) {
  std::vector<std::optional<Hash128>> sites;
  for (const SiteMet& met : decision.listened) {
    sites.emplace_back();
    const auto definition = load_workflow(snapshot, name_space, met.workflow, met.revision);
    if (!definition.ok()) continue;
    const auto& all = (*definition)->sites;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& site) { return site.pointer == met.task; });
    if (found == all.end()) continue;
    sites.back() = site_hash(key, name_space, met.workflow, met.revision, static_cast<uint32_t>(found - all.begin()));
  }
  return sites;
}

}  // namespace

Result<json::Value> Query::explain(std::string_view name_space, Address address, std::string_view only) {
  HENCE_TRY(const ReadRecord record, read_record(sources_.reader, address));
  const EventAccepted* accepted = find_fact<EventAccepted>(record.facts);
  const Decision* decision = find_fact<Decision>(record.facts);
  if (accepted == nullptr || decision == nullptr || record.name_space != name_space) {
    return Error(ErrorCode::NotFound, "there is no event at position " + address.to_string() + " in namespace " +
                                          std::string(name_space) + "; hence event list shows what came in");
  }
  HENCE_TRY(const json::Value event,
            json::parse(accepted->text, {.depth_max = 1'000, .duplicate_keys = json::DuplicateKeys::last_wins}));
  HENCE_TRY(const auto definitions, definitions_at(decision->version));
  HENCE_TRY(Consequences consequences, load_consequences(sources_.snapshot, sources_.reader, address));

  json::Builder builder;
  builder.begin_object();
  builder.member("position", address.to_string());
  add_time(builder, "accepted", record.time);
  add_text(builder, "via", accepted->source);
  if (!accepted->cause.is_none()) builder.member("cause", accepted->cause.to_string());
  builder.key("depth").number(int64_t{accepted->depth});
  builder.member("event", event);
  builder.key("definitions").number(static_cast<int64_t>(decision->version));
  add_text(builder, "stopped", decision->stopped);
  if (const auto* faults = find_fact<EventFaults>(record.facts)) {
    builder.member("eventType", faults->event_type).member("faults", faults->faults);
  }
  if (consequences.duplicates > 0) {
    builder.key("duplicates").begin_object().key("count").number(consequences.duplicates);
    builder.member("last", consequences.last_duplicate).end_object();
  }
  const bool kept = !consequences.kept.empty();
  add_listeners(builder, *decision, consequences,
                kept ? met_sites(sources_.snapshot, sources_.hash_key, name_space, *decision)
                     : std::vector<std::optional<Hash128>>(decision->listened.size()));
  builder.key("rules").begin_array();
  const Definitions::Space* space = definitions->space(name_space);
  bool found = only.empty();
  const auto why_of = [&](std::string_view name) {
    const Stored* rule = definitions->find(name_space, resource::Kind::rule, name);
    if (rule == nullptr || !rule->rule) return;
    const Result<filter::Why> why = space->rule_set->why(*rule->rule, event, definitions->environment(record.time));
    if (!why.ok()) return;
    builder.member("why", filter::to_json(*why, name));
    builder.member("text", filter::to_text(*why, name));
  };
  std::map<std::string, bool> shown;
  for (const RuleMatched& matched : decision->matched) {
    shown[matched.rule] = true;
    if (!only.empty() && only != matched.rule) continue;
    found = true;
    builder.begin_object().member("rule", matched.rule).member("verdict", "matched");
    builder.key("revision").number(static_cast<int64_t>(matched.version));
    builder.key("actions").begin_array();
    for (const ActionTaken& action : matched.actions) {
      add_action(builder, sources_.snapshot, matched.rule, action, consequences);
    }
    builder.end_array();
    why_of(matched.rule);
    builder.end_object();
  }
  for (const RuleFailed& failed : decision->failed) {
    shown[failed.rule] = true;
    if (!only.empty() && only != failed.rule) continue;
    found = true;
    builder.begin_object().member("rule", failed.rule).member("verdict", "error").member("error", failed.error);
    builder.key("revision").number(static_cast<int64_t>(failed.version)).end_object();
  }
  int64_t disabled = 0;
  for (const auto& [key, stored] : space == nullptr ? kNoResources : space->resources) {
    if (key.first != resource::Kind::rule) continue;
    const std::string& name = key.second;
    if (!stored.rule) {
      ++disabled;
      if (only != name) continue;
      return Error(ErrorCode::NotFound, "rule " + name + " was disabled when the event came, so it did not look at it");
    }
    if (!decision->stopped.empty() || shown.contains(name) || (!only.empty() && only != name)) continue;
    found = true;
    HENCE_TRY(const filter::Why why, space->rule_set->why(*stored.rule, event, definitions->environment(record.time)));
    builder.begin_object().member("rule", name).member("verdict", "not matched");
    builder.key("revision").number(static_cast<int64_t>(stored.revision));
    // A newer program that decides otherwise says so; history stays as it was recorded.
    if (why.verdict == filter::Verdict::holds) builder.member("note", "recorded as not matched; this version of the program would match it");
    builder.member("why", filter::to_json(why, name));
    builder.member("text", filter::to_text(why, name));
    builder.end_object();
  }
  builder.end_array();
  if (space != nullptr) builder.key("disabledRules").number(disabled);
  if (!found) {
    return Error(ErrorCode::NotFound, "there was no rule " + std::string(only) + " when the event came (definitions " +
                                          std::to_string(decision->version) + ")");
  }
  builder.end_object();
  return std::move(builder).finish();
}

}  // namespace hence::engine
