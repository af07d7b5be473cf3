// SPDX-License-Identifier: Apache-2.0
#include "sim/audit.h"

#include "json/parse.h"

namespace hence::sim {

void Audit::read(const log::Record& record) {
  const log::RecordHeader& header = record.header;
  const Context at{header.address, header.time, std::string(header.namespace_name)};
  ++records_;
  Sequence& last = last_[at.address.partition];
  if (at.address.sequence != last + 1) {
    broken("I-3", "record " + at.address.to_string() + " follows sequence " + std::to_string(last));
  }
  last = at.address.sequence;
  UtcTime& last_time = last_time_[at.address.partition];
  if (at.time < last_time) broken("I-3", "record " + at.address.to_string() + " is older than the one before it");
  last_time = at.time;
  const Result<std::vector<engine::Fact>> facts = engine::parse_facts(record.payload);
  if (!facts.ok()) return broken("I-3", "record " + at.address.to_string() + ": " + facts.error().message());
  for (const engine::Fact& fact : *facts) std::visit([&](const auto& f) { on(at, f); }, fact);
}

void Audit::end() {
  for (const auto& [pair, counts] : messages_) {
    if (counts.first == counts.second) continue;
    broken("I-9", "partition " + std::to_string(pair.first) + " sent " + std::to_string(counts.first) + " messages to " +
                      std::to_string(pair.second) + ", which took " + std::to_string(counts.second));
  }
}

std::string Audit::event_at(Address address) const {
  const auto found = event_at_.find(address);
  return found == event_at_.end() ? std::string() : found->second;
}

Sequence Audit::last_sequence(Partition partition) const {
  const auto found = last_.find(partition);
  return found == last_.end() ? 0 : found->second;
}

void Audit::on(const Context& at, const engine::EventAccepted& fact) {
  ++events_;
  const Result<json::Value> event = json::parse(fact.text);
  if (!event.ok()) return broken("I-3", "the event at " + at.address.to_string() + " is no JSON");
  const std::string id = std::string((*event)->string_or("source", "")) + " " + std::string((*event)->string_or("id", ""));
  event_at_[at.address] = id;
  const std::string key = at.name_space + " " + id;
  const auto before = newest_event_.find(key);
  if (before != newest_event_.end() && at.time - before->second.second < dedup_window_) {
    broken("I-8", "event " + id + " was accepted at " + before->second.first.to_string() + " and again at " +
                      at.address.to_string());
  }
  newest_event_[key] = {at.address, at.time};
  if (fact.depth > depth_max_ + 1) broken("I-19", "event " + id + " is " + std::to_string(fact.depth) + " deep");
}

void Audit::on(const Context& at, const engine::MessageSent& fact) {
  uint64_t& sent = messages_[{at.address.partition, fact.to}].first;
  if (fact.number != sent + 1) broken("I-9", "message " + std::to_string(fact.number) + " of " + at.address.to_string() + " is out of turn");
  sent = fact.number;
}

void Audit::on(const Context& at, const engine::MessageTaken& fact) {
  auto& [sent, taken] = messages_[{fact.from.partition, at.address.partition}];
  if (fact.number != taken + 1 || fact.number > sent) {
    broken("I-9", at.address.to_string() + " takes message " + std::to_string(fact.number) + " of partition " +
                      std::to_string(fact.from.partition) + " after " + std::to_string(taken) + " of " + std::to_string(sent));
  }
  taken = fact.number;
}

void Audit::on(const Context& at, const engine::InstanceStarted&) {
  if (!instances_.emplace(at.address, InstanceStory{}).second) broken("I-9", "instance " + at.address.to_string() + " starts twice");
}

void Audit::on(const Context& at, const engine::InstanceStepped& fact) {
  const auto found = instances_.find(fact.instance);
  const std::string name = "instance " + fact.instance.to_string();
  if (found == instances_.end()) return broken("I-16", name + " moves before it starts");
  InstanceStory& story = found->second;
  if (story.ended) return broken("I-16", name + " moves at " + at.address.to_string() + " after its end");
  if (const auto* timer = std::get_if<workflow::TimerSet>(&fact.fact)) {
    if (!story.timers.emplace(timer->timer, timer->due).second) broken("I-14", name + " sets timer " + std::to_string(timer->timer) + " twice");
  } else if (const auto* retry = std::get_if<workflow::RetryScheduled>(&fact.fact)) {
    story.timers.emplace(retry->timer, retry->due);
  } else if (const auto* cancelled = std::get_if<workflow::TimerCancelled>(&fact.fact)) {
    story.timers_over.insert(cancelled->timer);
  } else if (const auto* fired = std::get_if<workflow::TimerFired>(&fact.fact)) {
    const auto set = story.timers.find(fired->timer);
    const std::string which = "timer " + std::to_string(fired->timer) + " of " + name;
    if (set == story.timers.end()) broken("I-14", which + " fires and was never set");
    else if (at.time < set->second) broken("I-14", which + " fires before it is due");
    if (!story.timers_over.insert(fired->timer).second) broken("I-14", which + " fires twice, or after it was cancelled");
  } else if (const auto* call = std::get_if<workflow::CallRequested>(&fact.fact)) {
    if (!story.calls.insert(call->call).second) broken("I-9", name + " makes call " + std::to_string(call->call) + " twice");
  } else if (const auto* ended = std::get_if<workflow::CallEnded>(&fact.fact)) {
    if (!story.calls_over.insert(ended->call).second) broken("I-9", "call " + std::to_string(ended->call) + " of " + name + " ends twice");
  } else if (const auto* entered = std::get_if<workflow::ScopeEntered>(&fact.fact)) {
    if (!story.frames.insert(entered->frame).second) broken("I-9", name + " enters frame " + std::to_string(entered->frame) + " twice");
  } else if (const auto* left = std::get_if<workflow::ScopeLeft>(&fact.fact)) {
    if (!story.frames_over.insert(left->frame).second) broken("I-9", name + " leaves frame " + std::to_string(left->frame) + " twice");
  } else if (std::holds_alternative<workflow::InstanceEnded>(fact.fact)) {
    story.ended = true;
  }
}

// Deliveries and calls

Audit::EffectStory* Audit::story(const Context& at, const engine::EffectId& id, const char* what) {
  const auto found = effects_.find(id);
  if (found != effects_.end()) return &found->second;
  broken("I-9", std::string(what) + " at " + at.address.to_string() + " of effect " + id.to_string() + ", which nobody created");
  return nullptr;
}

void Audit::on(const Context&, const engine::EffectCreated& fact) {
  EffectStory story;
  story.delivery = fact.effect.kind == engine::EffectKind::deliver;
  if (!effects_.emplace(fact.effect.id, story).second) broken("I-9", "effect " + fact.effect.id.to_string() + " is created twice");
}

void Audit::on(const Context& at, const engine::AttemptFailed& fact) {
  EffectStory* effect = story(at, fact.effect, "a failed attempt");
  if (effect == nullptr) return;
  if (effect->state != Delivery::open) broken("I-12", "an attempt of " + fact.effect.to_string() + " ends at " + at.address.to_string() + " and none was under way");
  if (fact.attempt != effect->attempt) broken("I-12", "attempt " + std::to_string(fact.attempt) + " of " + fact.effect.to_string() + " ends instead of " + std::to_string(effect->attempt));
  effect->state = Delivery::delayed;
  effect->due = fact.due;
}

void Audit::on(const Context& at, const engine::EffectReady& fact) {
  EffectStory* effect = story(at, fact.effect, "readiness");
  if (effect == nullptr) return;
  if (effect->state != Delivery::delayed) broken("I-14", "the timer of delivery " + fact.effect.to_string() + " fires twice");
  else if (at.time < effect->due) broken("I-14", "the timer of delivery " + fact.effect.to_string() + " fires before it is due");
  effect->state = Delivery::open;
  ++effect->attempt;
}

void Audit::on(const Context& at, const engine::EffectEnded& fact) {
  EffectStory* effect = story(at, fact.effect, "the end");
  if (effect == nullptr) return;
  if (effect->state != Delivery::open) broken("I-9", "effect " + fact.effect.to_string() + " ends at " + at.address.to_string() + " and was not under way");
  if (effect->delivery && fact.attempts != effect->attempt) broken("I-12", "effect " + fact.effect.to_string() + " ends with attempt " + std::to_string(fact.attempts) + " instead of " + std::to_string(effect->attempt));
  effect->state = fact.kind == engine::EffectEnded::Kind::parked ? Delivery::parked : Delivery::done;
}

void Audit::on(const Context& at, const engine::EffectRedriven& fact) {
  EffectStory* effect = story(at, fact.effect, "a redrive");
  if (effect == nullptr) return;
  if (effect->state != Delivery::parked) broken("I-12", "delivery " + fact.effect.to_string() + " is redriven and was not parked");
  effect->state = Delivery::open;
  effect->attempt = fact.attempt;
}

}  // namespace hence::sim
