// SPDX-License-Identifier: Apache-2.0
#include "sim/living.h"

#include "engine/large_values.h"
#include "engine/rows.h"
#include "json/parse.h"
#include "resource/resource.h"

namespace hence::sim {

namespace keys = engine::keys;

namespace {

constexpr Hash128 kHashKey{7, 11};

Hash128 hash_of(std::string_view text) { return siphash128(kHashKey, text); }

/// What an event says, whatever was added on its way.
Hash128 hash_of_event(json::View event) {
  std::string text;
  for (const std::string_view name : {"id", "source", "type", "subject", "data", "data_base64"}) {
    const auto value = event.find(name);
    text += value ? value->to_text() : "-";
    text += '\n';
  }
  return hash_of(text);
}

/// All of an effect but the event, and how often it was attempted.
Hash128 hash_of_effect(engine::Effect effect) {
  effect.event_json = {};
  effect.attempt = 1;
  return hash_of(encode(effect));
}

}  // namespace

void Living::read(Address record, std::string_view name_space, const std::vector<engine::Fact>& facts) {
  const At at{record, name_space};
  last_[record.partition] = record.sequence;
  for (const engine::Fact& fact : facts) std::visit([&](const auto& f) { on(at, f); }, fact);
}

// From the facts

void Living::on(const At&, const engine::EventAccepted& fact) {
  const Result<json::Value> event = json::parse(fact.text);
  event_ = event.ok() ? hash_of_event(*event) : Hash128{};
}

void Living::on(const At& at, const engine::DefinitionsChanged& fact) {
  for (const auto& change : fact.changes) {
    definitions_[keys::definition(change.kind, change.name_space, change.name, at.record.sequence)] = hash_of(change.value->to_text());
  }
}

void Living::on(const At& at, const engine::InstanceStarted& fact) {
  Instance& instance = instances_[at.record];
  instance.name_space = at.name_space;
  instance.definition = keys::definition(resource::kind_name(resource::Kind::workflow), at.name_space,
                                         fact.workflow + ":" + fact.version, fact.revision);
}

void Living::on(const At&, const engine::InstanceStepped& fact) {
  const auto found = instances_.find(fact.instance);
  if (found != instances_.end()) step(found->second, fact.fact);
}

void Living::step(Instance& instance, const workflow::Fact& fact) {
  if (const auto* set = std::get_if<workflow::TimerSet>(&fact)) {
    instance.timers[set->timer] = set->due;
  } else if (const auto* retry = std::get_if<workflow::RetryScheduled>(&fact)) {
    instance.timers[retry->timer] = retry->due;
  } else if (const auto* cancelled = std::get_if<workflow::TimerCancelled>(&fact)) {
    instance.timers.erase(cancelled->timer);
  } else if (const auto* fired = std::get_if<workflow::TimerFired>(&fact)) {
    instance.timers.erase(fired->timer);
  } else if (const auto* held = std::get_if<workflow::TimerHeld>(&fact)) {
    instance.timers.erase(held->timer);
  } else if (const auto* call = std::get_if<workflow::CallRequested>(&fact)) {
    if (call->detached) instance.detached.insert(call->call);
  } else if (const auto* ended = std::get_if<workflow::CallEnded>(&fact)) {
    end_call(instance, ended->call);
  } else if (const auto* given_up = std::get_if<workflow::CallCancelled>(&fact)) {
    end_call(instance, given_up->call);
  } else if (const auto* asked = std::get_if<workflow::ApprovalRequested>(&fact)) {
    instance.approvals[asked->approval] = asked->title + "\n" + asked->details->to_text();
  } else if (const auto* decided = std::get_if<workflow::ApprovalDecided>(&fact)) {
    instance.approvals.erase(decided->approval);
  } else if (const auto* withdrawn = std::get_if<workflow::ApprovalWithdrawn>(&fact)) {
    instance.approvals.erase(withdrawn->approval);
  } else if (std::holds_alternative<workflow::InstanceEnded>(fact)) {
    instance.ended = true;
    instance.timers.clear();
    instance.approvals.clear();
    while (!instance.calls.empty()) end_call(instance, instance.calls.begin()->first);
  } else if (std::holds_alternative<workflow::InstanceRetried>(fact)) {
    instance.ended = false;
  }
}

void Living::end_call(Instance& instance, uint64_t call) {
  const auto found = instance.calls.find(call);
  if (found == instance.calls.end()) return;
  effects_.erase(found->second);
  instance.calls.erase(found);
}

void Living::on(const At& at, const engine::EffectCreated& fact) {
  const engine::Effect& effect = fact.effect;
  const bool delivery = effect.kind == engine::EffectKind::deliver;
  effects_[effect.id] = {std::string(at.name_space), hash_of_effect(effect), event_, delivery};
  if (delivery) return;
  Instance& instance = instances_[effect.instance];
  if (!instance.detached.contains(static_cast<uint32_t>(effect.call))) instance.calls[effect.call] = effect.id;
}

void Living::on(const At&, const engine::EffectEnded& fact) {
  const auto found = effects_.find(fact.effect);
  if (found == effects_.end() || (found->second.delivery && fact.kind == engine::EffectEnded::Kind::parked)) return;
  effects_.erase(found);
}

void Living::on(const At& at, const engine::Forgotten& fact) {
  for (const Sequence sequence : fact.instances) instances_.erase({at.record.partition, sequence});
  for (const engine::EffectId& id : fact.deliveries) effects_.erase(id);
}

void Living::on(const At& at, const engine::WaitRegistered& fact) {
  waits_.insert(keys::wait(at.record.partition, fact.place, fact.instance, fact.wait));
}

void Living::on(const At& at, const engine::WaitRemoved& fact) {
  waits_.erase(keys::wait(at.record.partition, fact.place, fact.instance, fact.wait));
}

void Living::on(const At& at, const engine::EventKept& fact) {
  kept_[keys::kept(at.record.partition, fact.place, fact.event)] = {at.record.partition, hash_of(fact.text)};
}

void Living::on(const At& at, const engine::KeptEnded& fact) {
  kept_.erase(keys::kept(at.record.partition, fact.place, fact.event));
}

void Living::on(const At& at, const engine::SpreadPending& fact) {
  const std::string key = keys::spread(fact.spread);
  if (fact.done) spreads_.erase(key);
  else spreads_.emplace(key, std::pair(at.record.partition, hash_of(fact.text)));  // the first one has the text
}

void Living::on(const At& at, const engine::ScheduleArmed& fact) {
  const engine::TimerKey timer{fact.at, engine::TimerKey::Kind::schedule, at.record,
                               keys::schedule_number(at.name_space, fact.schedule, fact.trigger)};
  if (!fact.error.empty()) return;
  schedules_[{std::string(at.name_space) + " " + fact.schedule, fact.trigger}] = {
      keys::timer(at.record.partition, timer), keys::schedule(at.record.partition, at.name_space, fact.schedule)};
}

void Living::on(const At& at, const engine::ScheduleFired& fact) {
  if (!fact.waited) schedules_.erase({std::string(at.name_space) + " " + fact.schedule, fact.trigger});
}

void Living::on(const At& at, const engine::ScheduleMissed& fact) {
  schedules_.erase({std::string(at.name_space) + " " + fact.schedule, fact.trigger});
}

void Living::on(const At& at, const engine::ScheduleStopped& fact) {
  schedules_.erase({std::string(at.name_space) + " " + fact.schedule, fact.trigger});
}

// In the state

class Living::Check {
 public:
  explicit Check(const store::Snapshot& state) : state_(state) {}

  void instance(Address id, const Instance& instance) {
    const std::string name = "instance " + id.to_string();
    const auto row = load<engine::InstanceRow>(id.partition, keys::instance(id), name + ", which is under way,");
    if (!row) return;
    expect(instance.definition, name + " runs a definition that");
    for (const auto& [number, due] : instance.timers) {
      expect(keys::timer(id.partition, {due, engine::TimerKey::Kind::instance, id, number}), "timer " + std::to_string(number) + " of " + name);
    }
    for (const auto& [number, asked] : instance.approvals) {
      const engine::EffectId approval{id, number};
      const std::string which = "approval " + approval.to_string() + ", which waits for a person,";
      const auto asks = load<engine::ApprovalRow>(id.partition, keys::approval(approval), which);
      if (asks && asks->title + "\n" + asks->details->to_text() != asked) missing(which + " asks for something else");
    }
  }

  void effect(const engine::EffectId& id, const Effect& effect) {
    const std::string name = std::string(effect.delivery ? "delivery " : "call ") + id.to_string() + ", which is not done,";
    const auto row = load<engine::EffectRow>(id.record.partition, keys::effect(id), name);
    if (!row) return;
    if (hash_of_effect(row->effect) != effect.content) missing(name + " is not as its record made it");
    if (effect.delivery && (!row->effect.event_json->is_object() || hash_of_event(row->effect.event_json) != effect.event)) {
      missing(name + " has not the event that it is to deliver");
    }
  }

  template <typename Row>
  void text(const std::string& key, const std::pair<Partition, Hash128>& expected, const char* name) {
    const auto row = load<Row>(expected.first, key, name);
    if (row && (!row->text->is_string() || hash_of(row->text->as_string()) != expected.second)) missing(std::string(name) + " is not what came in");
  }

  void definition(const std::string& key, Hash128 expected) {
    const auto parsed = keys::parse_definition(key);
    const std::string name = "revision " + std::to_string(parsed->version) + " of " + parsed->kind + " " + parsed->name;
    const auto bytes = expect(key, name);
    if (!bytes) return;
    const auto row = decode<engine::DefinitionRow>(*bytes, name);
    if (!row.ok() || hash_of(row->value->to_text()) != expected) missing(name + " is not as it was applied");
  }

  void last_record(Partition partition, Sequence last) {
    const std::string name = "what partition " + std::to_string(partition) + " knows of itself";
    const auto bytes = expect(keys::meta(partition), name);
    if (!bytes) return;
    const auto row = decode<engine::PartitionMeta>(*bytes, name);
    if (!row.ok() || row->last_sequence != last) missing("partition " + std::to_string(partition) + " does not know its last record, " + std::to_string(last));
  }

  std::optional<std::string> expect(const std::string& key, const std::string& name) {
    const auto bytes = state_.get(store::Family::state, key);
    if (bytes.ok() && *bytes) return std::move(**bytes);
    missing(name + " is not in the state");
    return std::nullopt;
  }

  std::vector<std::string> take() { return std::move(missing_); }

 private:
  /// The row with its large values.
  template <typename Row>
  std::optional<Row> load(Partition partition, const std::string& key, const std::string& name) {
    auto row = engine::load_row<Row>(state_, partition, key, name);
    if (!row.ok()) return missing(name + " cannot be read: " + row.error().message()), std::nullopt;
    if (!*row) missing(name + " is not in the state");
    return std::move(*row);
  }
  void missing(std::string sentence) { missing_.push_back(std::move(sentence)); }

  const store::Snapshot& state_;
  std::vector<std::string> missing_;
};

std::vector<std::string> Living::missing_in(const store::Snapshot& state) const {
  Check check(state);
  for (const auto& [partition, last] : last_) check.last_record(partition, last);
  for (const auto& [key, value] : definitions_) check.definition(key, value);
  for (const auto& [id, one] : instances_) {
    if (!one.ended) check.instance(id, one);
  }
  for (const auto& [id, one] : effects_) check.effect(id, one);
  for (const std::string& key : waits_) check.expect(key, "an instance's place among those that wait for an event");
  for (const auto& [key, one] : kept_) check.text<engine::KeptRow>(key, one, "an event kept for instances to come");
  for (const auto& [key, one] : spreads_) check.text<engine::SpreadRow>(key, one, "an event on its way to many instances");
  for (const auto& [schedule, rows] : schedules_) {
    check.expect(rows.first, "the due time of schedule " + schedule.first);
    check.expect(rows.second, "schedule " + schedule.first);
  }
  return check.take();
}

}  // namespace hence::sim
