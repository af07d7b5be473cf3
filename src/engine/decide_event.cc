// SPDX-License-Identifier: Apache-2.0
// An event enters: seen before? too deep? past its time? Else: which rules, and what follows.

#include "base/hash.h"
#include "base/reached.h"
#include "engine/emitted.h"
#include "engine/recorder.h"
#include "event/event.h"
#include "json/builder.h"
#include "json/write.h"

namespace hence::engine {
namespace {

RetryPolicy policy_of(const resource::RetrySettings& settings) {
  RetryPolicy policy;
  policy.count = settings.count;
  policy.backoff = settings.times.backoff;
  policy.delay = settings.times.delay;
  policy.jitter_from = settings.times.jitter_from;
  policy.jitter_to = settings.times.jitter_to;
  if (settings.total) policy.within = *settings.total;
  return policy;
}

/// The text of the event an emit action makes: the given attributes, and what they leave out.
Result<std::string> emitted_text(json::View attributes, const Definitions::RuleEntry& rule,
                                  const event::Event& cause, const Recorder& record, uint32_t index) {
  return complete_event(attributes, {{"id", record.address().to_string() + "." + rule.name + "." + std::to_string(index)},
                                     {"source", "/rules/" + rule.name},
                                     {"time", format_rfc3339(record.time())},
                                     {"causationid", std::string(cause.id())},
                                     {"correlationid", std::string(cause.correlationid())},
                                     {"traceparent", record.traceparent()}});
}

/// Whether so many more bytes go into the record. Errors: TooLarge.
Status check_room(const Recorder& record, size_t bytes) {
  if (record.payload_bytes() + bytes <= kActionBytesMax) return {};
  return Error(ErrorCode::TooLarge, "what this event's rules ask for is over " + std::to_string(kActionBytesMax >> 20) +
                                        " MiB together; pass on a part of the event instead of the whole");
}

/// The faults as records keep them: as many as kFaultBytesMax has room for.
json::Value recorded_faults(const resource::Verdict& verdict) {
  std::vector<schema::Fault> faults = verdict.faults;
  json::Value list = resource::to_json(faults);
  while (!faults.empty() && list->to_text().size() > kFaultBytesMax) {
    faults.pop_back();
    list = resource::to_json(faults);
  }
  return list;
}

}  // namespace

void Engine::refuse(const Command& command, const IngestEvent& body, const resource::VerdictPtr& verdict, Batch& batch) {
  Reply reply;
  reply.ticket = command.ticket;
  reply.error = Error(ErrorCode::EventSchemaMismatch, verdict->message());
  reply.verdict = verdict;
  batch.replies.push_back(std::move(reply));
  RefusalSample& sample = refusals_[{command.name_space, verdict->event_type}];
  ++sample.count;
  if (command.now < sample.next) return;
  const Partition partition = keys::refusals_partition(options_.partitions, command.name_space, verdict->event_type);
  Recorder record(*this, command, partition, batch);
  record.adopt();
  const event::Event& event = body.event;
  record.add(EventsRefused{verdict->event_type, sample.count, std::string(event.id()), std::string(event.source()),
                           std::string(event.type()), recorded_faults(*verdict)});
  sample = {command.now + options_.refusal_interval, 0};
}

void Engine::run(const Command& command, const IngestEvent& body, Batch& batch) {
  const event::Event& event = body.event;
  Reply reply;
  reply.ticket = command.ticket;
  const Hash128 hash = event_hash(options_.hash_key, command.name_space, event);
  if (const std::optional<Address> first = seen(hash, command.now)) {
    reply.address = *first;
    reply.duplicate = true;
    Recorder again(*this, command, first->partition, batch);
    again.add(DuplicateSeen{*first, body.source});
    batch.replies.push_back(reply);
    return;
  }
  if (failure_) return;
  const bool current = body.matched.version == definitions_->version();
  resource::VerdictPtr verdict = current ? body.matched.verdict : definitions_->check(command.name_space, event);
  if (verdict && verdict->refused) return refuse(command, body, verdict, batch);
  Recorder record(*this, command, place(command.name_space, event::partition_key(event)), batch);
  record.adopt();
  record.set_event_hash(hash);
  batch_events_[hash] = record.address();
  reply.verdict = verdict;
  accept(record, event, {body.source, &body.matched, {}, static_cast<uint32_t>(event.depth()), {}, std::move(verdict)});
  reply.address = record.address();
  batch.replies.push_back(reply);
}

void Engine::accept(Recorder& record, const event::Event& event, const Incoming& incoming) {
  AcceptedEvent accepted;
  std::string built;
  accepted.text = event.value()->source_text();
  if (accepted.text.empty()) accepted.text = built = event.value()->to_text();
  accepted.source = incoming.source;
  accepted.depth = incoming.depth;
  accepted.expired = event.expired(record.time());
  accepted.cause = incoming.cause;
  Decision decision;
  decision.version = definitions_->version();
  decision.stopped = incoming.stopped;
  if (!decision.stopped.empty()) {
    // The reason is given.
  } else if (accepted.expired) {
    SIM_REACHED("engine: an event comes after its time");
    decision.stopped = "the event came after its expirytime " + std::string(event.expirytime_text());
  } else if (incoming.depth > options_.depth_max) {
    SIM_REACHED("engine: an event is too far from the outside");
    decision.stopped = "the event is " + std::to_string(incoming.depth) + " events away from the outside, over the limit of " +
                       std::to_string(options_.depth_max) + " (limits.eventDepth): rules and workflows answer each other in a circle";
  }
  record.accept(accepted, event.value());
  if (incoming.verdict) record.add(EventFaults{incoming.verdict->event_type, recorded_faults(*incoming.verdict)});
  if (decision.stopped.empty()) {
    const Matched* matched = incoming.matched;
    Matched again;
    if (matched == nullptr || matched->version != definitions_->version()) {
      if (matched != nullptr && matched->version != 0) SIM_REACHED("engine: an event was matched under older definitions and is matched again");
      again = definitions_->match(record.name_space(), event.value(), record.time(), scratch_);
      matched = &again;
    }
    decide_rules(record, event, incoming, *matched, decision);
    meet_sites(record, event, incoming, *matched, decision);
  }
  record.add(decision);
}

void Engine::decide_rules(Recorder& record, const event::Event& event, const Incoming& incoming, const Matched& matched,
                          Decision& decision) {
  const Definitions::Space* space = definitions_->space(record.name_space());
  if (space == nullptr) return;
  for (const Matched::Failure& failure : matched.failures) {
    const Definitions::RuleEntry& rule = space->rule(failure.rule);
    decision.failed.push_back({rule.name, rule.revision, failure.error});
  }
  for (const Definitions::RuleEntry* rule : space->rules_by_name(matched.rules)) {
    RuleMatched entry{rule->name, rule->revision, {}};
    for (uint32_t index = 0; index < rule->spec().actions.size(); ++index) {
      entry.actions.push_back(act(record, event, incoming, *rule, index));
    }
    decision.matched.push_back(std::move(entry));
  }
}

ActionTaken Engine::act(Recorder& record, const event::Event& event, const Incoming& incoming,
                        const Definitions::RuleEntry& rule, uint32_t index) {
  ActionTaken taken;
  const resource::Action& action = rule.spec().actions[index];
  Status status;
  switch (action.index()) {
    case 0: status = act_start(record, event, incoming, rule, index, taken); break;
    case 1: status = act_emit(record, event, incoming, rule, index, taken); break;
    default: status = act_deliver(record, event, rule, index, taken); break;
  }
  if (!status.ok()) taken.error = status.error().message();
  return taken;
}

Status Engine::act_start(Recorder& record, const event::Event& event, const Incoming& incoming,
                         const Definitions::RuleEntry& rule, uint32_t index, ActionTaken& taken) {
  const auto& action = std::get<resource::StartAction>(rule.spec().actions[index]);
  taken.kind = ActionTaken::Kind::start;
  taken.target = action.workflow.to_string();
  const expr::Environment environment = definitions_->environment(record.time());
  StartRequest request;
  request.workflow = taken.target;
  request.input = event.value();
  if (action.input.present()) {
    HENCE_TRY(request.input, action.input.evaluate(event.value(), {}, environment));
  }
  request.key = event::partition_key(event);
  if (action.key.present()) {
    HENCE_TRY(const json::Value key, action.key.evaluate(event.value(), {}, environment));
    request.key = text_of(key);
  }
  if (action.id.present()) {
    HENCE_TRY(const json::Value id, action.id.evaluate(event.value(), {}, environment));
    request.id = text_of(id);
    if (!action.key.present()) request.key = request.id;
  }
  request.on_conflict = static_cast<uint8_t>(action.on_conflict);
  request.event = record.address();
  request.rule = rule.name;
  request.action = index;
  request.depth = incoming.depth;
  std::string body;
  Encoder encoder(body);
  request.fields(encoder);
  HENCE_TRY_VOID(check_room(record, body.size()));
  record.send(place(record.name_space(), request.key), MessageSent::Kind::start, std::move(body));
  return {};
}

Status Engine::act_emit(Recorder& record, const event::Event& event, const Incoming& incoming,
                        const Definitions::RuleEntry& rule, uint32_t index, ActionTaken& taken) {
  const auto& action = std::get<resource::EmitAction>(rule.spec().actions[index]);
  taken.kind = ActionTaken::Kind::emit;
  HENCE_TRY(const json::Value attributes,
            action.attributes.evaluate(event.value(), {}, definitions_->environment(record.time())));
  taken.target = attributes->string_or("type", "");
  HENCE_TRY(std::string text, emitted_text(attributes, rule, event, record, index));
  HENCE_TRY(event::Event emitted, event::parse_structured(text));
  if (const auto verdict = definitions_->check(record.name_space(), emitted); verdict && verdict->refused) {
    return Error(ErrorCode::EventSchemaMismatch, verdict->message());
  }
  EventRequest request{std::move(text), record.address(), {}, incoming.depth + 1};
  std::string body;
  Encoder encoder(body);
  request.fields(encoder);
  HENCE_TRY_VOID(check_room(record, body.size()));
  const Partition to = place(record.name_space(), event::partition_key(emitted));
  record.send(to, MessageSent::Kind::event, std::move(body), std::move(emitted));
  return {};
}

Status Engine::act_deliver(Recorder& record, const event::Event& event,
                           const Definitions::RuleEntry& rule, uint32_t index, ActionTaken& taken) {
  const auto& action = std::get<resource::DeliverAction>(rule.spec().actions[index]);
  taken.kind = ActionTaken::Kind::deliver;
  taken.target = action.sink;
  Effect effect;
  if (action.body.present()) {
    HENCE_TRY(effect.body, action.body.evaluate(event.value(), {}, definitions_->environment(record.time())));
    HENCE_TRY_VOID(check_room(record, effect.body->view().to_text().size()));
  }
  effect.id = record.next_effect();
  effect.kind = EffectKind::deliver;
  effect.name_space = record.name_space();
  effect.created = record.time();
  effect.traceparent = record.traceparent();
  effect.sink = action.sink;
  effect.rule = rule.name;
  effect.event = record.address();
  // The event itself is not said again: the fold takes it from this record's EventAccepted.
  effect.structured = action.mode == resource::DeliverMode::structured;
  if (rule.spec().delivery.ordering == resource::Ordering::key) effect.ordering_key = event::partition_key(event);
  effect.retry = policy_of(rule.spec().delivery.retry);
  taken.effect = effect.id;
  record.add(EffectCreated{std::move(effect)});
  return {};
}

}  // namespace hence::engine
