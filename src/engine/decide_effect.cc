// SPDX-License-Identifier: Apache-2.0
// Effects: an attempt's outcome, redriving what is parked, and timers that came due.

#include "base/reached.h"
#include "engine/recorder.h"

namespace hence::engine {

void Engine::run(const Command& command, const AttemptEnded& body, Batch& batch) {
  // Answered whatever comes of it: the dispatcher may then forget the attempt.
  if (command.ticket != 0) batch.replies.emplace_back().ticket = command.ticket;
  if (body.effect.record.partition >= options_.partitions) return;
  const std::optional<EffectRow> row = state_.effect(body.effect);
  // A stale attempt (cancelled, redriven, reported twice) changes nothing.
  if (!row || row->state != EffectState::ready || row->effect.attempt != body.attempt) {
    SIM_REACHED("engine: a stale attempt changes nothing");
    return note_late(command, body, row, batch);
  }
  Command own = command;
  own.name_space = row->effect.name_space;
  own.actor.traceparent = row->effect.traceparent;
  Recorder record(*this, own, body.effect.record.partition, batch);
  const Outcome& outcome = body.outcome;
  if (row->effect.kind != EffectKind::deliver) {
    const Address instance = row->effect.instance;
    const uint64_t call = row->effect.call;
    record.add(EffectEnded{body.effect, EffectEnded::Kind::done, body.attempt, outcome.status, outcome.error});
    const InstanceRow* owner = state_.open_instance(instance);
    const bool awaited = owner != nullptr && owner->machine.find_call(static_cast<workflow::CallId>(call)) != nullptr;
    const workflow::CallOutcome answer =
        outcome.answer.value_or(workflow::CallFailure{ErrorCode::CallFailed, outcome.error});
    if (!awaited) SIM_REACHED("engine: a call ends and nobody waits for it");
    if (!awaited) return;
    Move move{Turn::call, {}, call, &answer, {}};
    move.again = outcome.again;
    const workflow::Advance advance = move_instance(record, instance, move);
    if (advance.ignored) record.add(Ignored{advance.why, instance, body.effect});
    return;
  }
  if (outcome.kind == Outcome::Kind::done) {
    record.add(EffectEnded{body.effect, EffectEnded::Kind::done, body.attempt, outcome.status, {}});
    return;
  }
  const RetryPolicy& policy = row->effect.retry;
  const uint32_t retry = body.attempt - row->attempts_before_redrive;  // of the next attempt, from 1
  const UtcTime due = record.time() + delivery_pause(policy, retry, outcome.retry_after, record.random());
  const bool in_time = policy.within.micros == 0 || due <= row->effect.created + policy.within;
  if (outcome.kind == Outcome::Kind::retryable && retry <= policy.count && in_time) {
    record.add(AttemptFailed{body.effect, body.attempt, outcome.status, outcome.error, due});
  } else {
    record.add(EffectEnded{body.effect, EffectEnded::Kind::parked, body.attempt, outcome.status, outcome.error});
  }
}

/// What lost is on record: its story shows that it came, and that it was too late.
void Engine::note_late(const Command& command, const AttemptEnded& body, const std::optional<EffectRow>& row,
                       Batch& batch) {
  Command own = command;
  std::string what = "attempt " + std::to_string(body.attempt);
  if (row && row->effect.kind == EffectKind::deliver) {
    own.name_space = row->effect.name_space;
    what += " of delivery " + body.effect.to_string();
  } else if (!body.instance.is_none()) {
    const InstanceRow* owner = state_.find_instance(body.instance);
    if (owner == nullptr || body.instance.partition != body.effect.record.partition) return;
    own.name_space = owner->name_space;
    what = "the answer to call " + body.effect.to_string();
  } else {
    return;
  }
  if (body.outcome.status != 0) what += " (status " + std::to_string(body.outcome.status) + ")";
  Recorder record(*this, own, body.effect.record.partition, batch);
  record.add(Ignored{what + " came when nobody waited for it any more", body.instance, body.effect});
}

void Engine::run(const Command& command, const RedriveDelivery& body, Batch& batch) {
  Reply reply;
  reply.ticket = command.ticket;
  reply.address = body.effect.record;
  const std::optional<EffectRow> row =
      body.effect.record.partition < options_.partitions ? state_.effect(body.effect) : std::nullopt;
  if (!row || row->effect.name_space != command.name_space) {
    reply.error = Error(ErrorCode::NotFound, "there is no delivery " + body.effect.to_string());
  } else if (row->state != EffectState::parked) {
    reply.error = Error(ErrorCode::Conflict, "delivery " + body.effect.to_string() + " is not parked but " +
                                                 std::string(effect_state_name(row->state)));
  } else {
    Recorder record(*this, command, body.effect.record.partition, batch);
    record.add(EffectRedriven{body.effect, row->attempts + 1});
  }
  batch.replies.push_back(std::move(reply));
}

void Engine::run(const Command& command, const TimersDue& body, Batch& batch) {
  struct Due {
    TimerKey key;
    std::string value;
  };
  std::vector<Due> due;
  overlay_.scan(keys::table(body.partition, 't'), state_.timers_from(body.partition), [&](std::string_view key, std::string_view value) {
    const std::optional<TimerKey> timer = keys::parse_timer(key);
    if (!timer || timer->due > command.now) return false;
    due.push_back({*timer, std::string(value)});
    return due.size() < options_.timers_per_command;
  });
  for (const Due& timer : due) {
    if (batch.bytes - command_began_ > options_.command_bytes_max) break;  // due again in the next batch
    // A record each: instances and deliveries are of different namespaces and traces.
    Command own = command;
    if (timer.key.kind == TimerKey::Kind::effect) {
      const EffectId id{timer.key.address, static_cast<uint32_t>(timer.key.number)};
      const std::optional<EffectRow> row = state_.effect(id);
      HENCE_CHECK(row.has_value());
      own.name_space = row->effect.name_space;
      Recorder record(*this, own, body.partition, batch);
      record.add(EffectReady{id});
    } else if (timer.key.kind == TimerKey::Kind::reply) {
      Recorder record(*this, own, body.partition, batch);
      record.add(ReplyForgotten{timer.value, timer.key.due});
    } else if (timer.key.kind == TimerKey::Kind::schedule) {
      const Result<ScheduleTimer> schedule = decode<ScheduleTimer>(timer.value, "the timer of a schedule");
      HENCE_CHECK(schedule.ok());
      own.name_space = schedule->name_space;
      Recorder record(*this, own, body.partition, batch);
      schedule_due(record, *schedule, timer.key.address.sequence);
    } else if (timer.key.kind == TimerKey::Kind::kept) {
      WaitPlace place;
      Decoder decoder(timer.value);
      place.fields(decoder);
      const auto row = state_.kept_event(body.partition, place, timer.key.address);
      // An earlier timer of this command may have ended what the event was kept for.
      if (!row) {
        SIM_REACHED("engine: one timer of a command takes the event that another was to let go");
        continue;
      }
      Recorder record(*this, own, body.partition, batch);
      record.add(KeptEnded{place, timer.key.address, timer.key.due, row->text->as_string().size(), {}});
    } else {
      const InstanceRow* row = state_.find_instance(timer.key.address);
      HENCE_CHECK(row != nullptr);
      own.name_space = row->name_space;
      Recorder record(*this, own, body.partition, batch);
      // An earlier timer of this command may have ended what this one was for.
      if (row->machine.find_timer(static_cast<workflow::TimerId>(timer.key.number)) == nullptr) {
        SIM_REACHED("engine: one timer of a command ends what another was for");
        record.add(Ignored{"a timer came due at the moment when what it was for had just ended", timer.key.address, {}});
        continue;
      }
      const workflow::Advance advance =
          move_instance(record, timer.key.address, {Turn::timer, {}, timer.key.number, nullptr, {}});
      if (advance.ignored) record.add(Ignored{advance.why, timer.key.address, {}});
    }
  }
}

}  // namespace hence::engine
