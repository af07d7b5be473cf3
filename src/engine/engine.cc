// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include "base/hash.h"
#include "base/reached.h"
#include "engine/recorder.h"

namespace hence::engine {
namespace {

/// What sort of command made a record: the log header's kind.
constexpr uint16_t kFactsRecord = 1;
/// How the payload is coded: facts by base/codec.h.
constexpr uint8_t kFactsCodec = 1;

/// Whose record a message makes where it arrives: the command's time and randomness, the trace of the
/// record that sent it, and nobody's name, since no person asked there.
Command receiving(const Command& command, std::string name_space, std::string traceparent) {
  Command made;
  made.name_space = std::move(name_space);
  made.actor.traceparent = std::move(traceparent);
  made.now = command.now;
  made.random = command.random;
  return made;
}

/// Tells two requests under one Idempotency-Key apart.
Hash128 request_digest(const Command& command, Hash128 key) {
  std::string text = std::to_string(command.body.index()) + '\0';
  if (const auto* ingest = std::get_if<IngestEvent>(&command.body)) {
    text += ingest->event.value()->to_text();
  } else if (const auto* start = std::get_if<StartInstance>(&command.body)) {
    text += start->workflow + '\0' + start->key + '\0' + start->id + '\0' + start->input->to_text();
  } else if (const auto* cancel = std::get_if<CancelInstance>(&command.body)) {
    text += cancel->instance.to_string() + (cancel->undo == workflow::Undo::yes ? "+" : "");
  } else if (const auto* act = std::get_if<ActOnInstance>(&command.body)) {
    text += std::string(act_name(act->act)) + '\0' + act->instance.to_string() + '\0' + act->task + '\0';
    if (act->value) text += (*act->value)->to_text();
    if (act->event) text += act->event->value()->to_text();
  } else if (const auto* redrive = std::get_if<RedriveDelivery>(&command.body)) {
    text += redrive->effect.to_string();
  } else if (const auto* apply = std::get_if<ApplyResources>(&command.body)) {
    text += apply->asked;  // not the changes: they follow from what is there
  } else if (const auto* kept = std::get_if<KeepAnswer>(&command.body)) {
    text += kept->asked;
  } else if (const auto* parked = std::get_if<DecideParked>(&command.body)) {
    text += parked->instance.to_string() + std::to_string(static_cast<int>(parked->decision));
  } else if (const auto* approval = std::get_if<DecideApproval>(&command.body)) {
    text += approval->approval.to_string() + (approval->grant ? "+" : "-") + approval->by;
  }
  return siphash128(key, text);
}

}  // namespace

log::Record OwnedRecord::view() const {
  log::Record record;
  record.header.kind = kFactsRecord;
  record.header.address = address;
  record.header.time = time;
  record.header.namespace_name = name_space;
  record.header.principal = actor.principal;
  record.header.reason = actor.reason;
  record.header.traceparent = actor.traceparent;
  record.header.payload_codec = kFactsCodec;
  record.header.event_hash = event_hash;
  record.payload = payload;
  return record;
}

std::vector<log::Record> Batch::views() const {
  std::vector<log::Record> views;
  views.reserve(records.size());
  for (const OwnedRecord& record : records) views.push_back(record.view());
  return views;
}

Hash128 event_hash(Hash128 key, std::string_view name_space, const event::Event& event) {
  return siphash128(key, event::dedup_key(name_space, event));
}

Engine::Engine(store::Store& store, log::Log& log, EngineOptions options)
    : log_(log), options_(options), overlay_(store), state_(overlay_, {options.partitions, options.large_value_bytes, options.first_feature_level}), store_(store) {}

Partition Engine::place(std::string_view name_space, std::string_view key) const {
  std::string text(name_space);
  text.push_back('\0');
  text.append(key);
  return static_cast<Partition>(placement_hash(text) % options_.partitions);
}

Result<Batch> Engine::decide(const std::vector<Command>& commands) {
  const std::vector<Command>* const groups[] = {&commands};
  return decide(groups);
}

Status Engine::decide_one(const Command& command, Batch& batch) {
  command_began_ = batch.bytes;
  run(command, batch);
  cascade_ = 0;
  children_ = 0;
  while (!messages_.empty()) {
    const Message message = std::move(messages_.front());
    messages_.pop_front();
    take(command, message, batch);
    if (options_.plant_message_twice) take(command, message, batch, true);
  }
  if (failure_) return *failure_;
  if (overlay_.failure()) return *overlay_.failure();
  return {};
}

Result<Batch> Engine::decide(std::span<const std::vector<Command>* const> groups) {
  Batch batch;
  batch_events_.clear();
  size_t count = 0;
  for (const std::vector<Command>* group : groups) count += group->size();
  batch.records.reserve(count + count / 4);
  batch.replies.reserve(count);
  for (const std::vector<Command>* group : groups) {
    for (const Command& command : *group) {
      if (batch.bytes > options_.batch_bytes_max) break;
      HENCE_TRY_VOID(decide_one(command, batch));
      ++batch.decided;
    }
  }
  if (batch.records.empty()) return batch;
  for (const EffectId& id : state_.take_ready()) {
    if (auto row = state_.effect(id); row && row->state == EffectState::ready) {
      batch.effects.push_back(std::move(row->effect));
    }
  }
  batch.cancelled = state_.take_cancelled();
  state_.end_batch();
  overlay_.seal();
  return batch;
}

Status Engine::durable(Position end) { return overlay_.write_oldest(end); }

void Engine::run(const Command& command, Batch& batch) {
  if (const std::optional<Reply> kept = kept_reply(command)) {
    batch.replies.push_back(*kept);
    return;
  }
  const size_t replies_before = batch.replies.size();
  std::visit([&](const auto& body) { run(command, body, batch); }, command.body);
  if (!command.idempotency_key.empty() && batch.replies.size() > replies_before &&
      !batch.replies.back().error && !batch.replies.back().stale_base) {
    keep_reply(command, Reply(batch.replies.back()), batch);
  }
}

/// again: without a trace of the taking, which only a planted mistake asks for.
void Engine::take(const Command& command, const Message& message, Batch& batch, bool again) {
  const Command made = receiving(command, message.name_space, message.traceparent);
  Recorder record(*this, made, message.sent.to, batch);
  record.adopt();
  if (!again) record.add(MessageTaken{message.from, message.sent.number});
  record.set_came_from(message.from);
  if (take_wait_message(record, message.sent.kind, message.sent.body, message.met)) return;
  if (take_child_message(record, message.sent.kind, message.sent.body)) return;
  const auto why_stopped = [&]() -> std::string {
    if (++cascade_ > options_.cascade_max) {
      return "one command led to over " + std::to_string(options_.cascade_max) +
             " starts and emitted events in one go: rules answer each other too widely";
    }
    if (!record.spent()) return {};
    return "one command led to over " + std::to_string(options_.command_bytes_max >> 20) +
           " MiB of records in one go: rules answer each other too widely";
  };
  if (message.sent.kind == MessageSent::Kind::start) {
    StartRequest request;
    Decoder decoder(message.sent.body);
    request.fields(decoder);
    record.set_traceparent(request.traceparent);
    const std::string stopped = request.parent ? std::string() : why_stopped();
    if (stopped.empty()) {
      begin_instance(record, request);
    } else {
      SIM_REACHED("engine: a cascade is stopped");
      record.add(StartRefused{request.workflow, request.event, request.rule, stopped, {}, request.schedule});
      if (request.schedule) schedule_goes_on(record, *request.schedule);
    }
    return;
  }
  const std::string stopped = why_stopped();
  EventRequest request;
  Decoder decoder(message.sent.body);
  request.fields(decoder);
  record.set_traceparent(request.traceparent);
  Result<event::Event> event = message.event ? Result<event::Event>(*message.event) : event::parse_structured(request.text);
  if (!event.ok()) {
    record.add(Ignored{"an emitted event is not valid: " + event.error().message(), request.instance, {}});
    return;
  }
  const Hash128 hash = event_hash(options_.hash_key, record.name_space(), *event);
  if (const auto first = seen(hash, record.time())) {
    record.add(Ignored{"an emitted event was seen before as " + first->to_string(), request.instance, {}});
    return;
  }
  resource::VerdictPtr verdict = definitions_->check(record.name_space(), *event);
  if (verdict && verdict->refused) {
    record.add(Ignored{"an emitted event was refused: " + verdict->message(), request.instance, {}});
    return;
  }
  record.set_event_hash(hash);
  batch_events_[hash] = record.address();
  accept(record, *event, {"engine", nullptr, request.cause, request.depth, stopped, std::move(verdict)});
}

// Replies under an Idempotency-Key

/// The kept answer of an event or a start that was there already; what an apply is answered is JSON.
constexpr std::string_view kDuplicate = "duplicate";

std::optional<Reply> Engine::kept_reply(const Command& command) {
  if (command.idempotency_key.empty()) return std::nullopt;
  const std::string key = command.name_space + '\0' + command.idempotency_key;
  const auto row = overlay_.load<ReplyRow>(keys::reply(place(command.name_space, command.idempotency_key), key));
  if (!row) return std::nullopt;
  Reply reply;
  reply.ticket = command.ticket;
  if (row->request != request_digest(command, options_.hash_key)) {
    SIM_REACHED("engine: an Idempotency-Key comes with another request");
    reply.error = Error(ErrorCode::Conflict, "this Idempotency-Key came with another request before; use a new key for a new request");
    return reply;
  }
  SIM_REACHED("engine: a repeated request gets the kept reply");
  reply.address = row->address;
  reply.version = row->version;
  reply.repeated = true;
  reply.duplicate = row->answer == kDuplicate;
  if (!reply.duplicate) reply.answer = row->answer;
  return reply;
}

void Engine::run(const Command& command, const KeepAnswer& body, Batch& batch) {
  Reply& reply = batch.replies.emplace_back();
  reply.ticket = command.ticket;
  reply.answer = body.answer;
}

void Engine::keep_reply(const Command& command, const Reply& reply, Batch& batch) {
  Recorder record(*this, command, place(command.name_space, command.idempotency_key), batch);
  record.add(ReplyKept{command.name_space + '\0' + command.idempotency_key, reply.address, reply.version,
                       record.time() + options_.reply_window, request_digest(command, options_.hash_key),
                       reply.duplicate ? std::string(kDuplicate) : reply.answer});
}

std::optional<Address> Engine::seen(Hash128 hash, UtcTime now) {
  const auto in_batch = batch_events_.find(hash);
  if (in_batch != batch_events_.end()) return in_batch->second;
  Result<std::optional<Address>> found = log_.find_event(hash, now - options_.dedup_window);
  if (found.ok()) return *found;
  if (!failure_) failure_ = found.error();
  return std::nullopt;
}

}  // namespace hence::engine
