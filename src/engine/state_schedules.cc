// SPDX-License-Identifier: Apache-2.0
// The fold of facts about schedules: what each waits for, what came of its due times, which of its
// instances run.

#include <algorithm>

#include "engine/state.h"

namespace hence::engine {
namespace {

TimerKey timer_of(const RecordContext& record, std::string_view schedule, const ScheduleRow::Waiting& waiting) {
  return {waiting.at, TimerKey::Kind::schedule, {record.address.partition, waiting.armed_by},
          keys::schedule_number(record.name_space, schedule, waiting.trigger)};
}

std::string key_of(const RecordContext& record, std::string_view schedule) {
  return keys::schedule(record.address.partition, record.name_space, schedule);
}

}  // namespace

void State::stop_waiting(const RecordContext& record, std::string_view schedule, ScheduleRow::Waiting& waiting) {
  if (waiting.armed_by == 0) return;
  erase_timer(record.address.partition, timer_of(record, schedule, waiting));
  waiting.armed_by = 0;
}

void State::on(const RecordContext& record, const ScheduleArmed& fact) {
  const std::string key = key_of(record, fact.schedule);
  ScheduleRow row = overlay_.load<ScheduleRow>(key).value_or(ScheduleRow{});
  ScheduleRow::Waiting* waiting = row.find(fact.trigger);
  if (waiting == nullptr) waiting = &row.triggers.emplace_back();
  else stop_waiting(record, fact.schedule, *waiting);
  *waiting = {fact.trigger, fact.timing, fact.anchor, fact.due, fact.at, 0, fact.zones, fact.error};
  if (fact.error.empty()) {
    waiting->armed_by = record.address.sequence;
    put_timer(record.address.partition, timer_of(record, fact.schedule, *waiting),
              encode(ScheduleTimer{std::string(record.name_space), fact.schedule, fact.trigger}));
  }
  overlay_.save(key, row);
}

void State::on(const RecordContext& record, const ScheduleFired& fact) {
  const std::string key = key_of(record, fact.schedule);
  std::optional<ScheduleRow> row = overlay_.load<ScheduleRow>(key);
  HENCE_CHECK(row.has_value());
  ScheduleRow::Waiting* waiting = row->find(fact.trigger);
  if (fact.waited) {
    HENCE_CHECK(!row->queue.empty());
    row->queue.erase(row->queue.begin());
  } else if (waiting != nullptr) {
    stop_waiting(record, fact.schedule, *waiting);
  }
  row->last = {fact.trigger, fact.due};
  row->last_record = record.address.sequence;
  switch (fact.outcome) {
    case ScheduleFired::Outcome::queued: row->queue.push_back({fact.trigger, fact.due}); break;
    case ScheduleFired::Outcome::skipped: ++row->skipped; break;
    case ScheduleFired::Outcome::started:
      ++row->fired;
      row->last_fired = record.time;
      row->last_error.clear();
      if (fact.awaited) ++row->starting;
      for (const ActionTaken& action : fact.actions) {
        if (!action.error.empty()) row->last_error = action.error;
      }
      break;
  }
  overlay_.save(key, *row);
}

void State::on(const RecordContext& record, const ScheduleMissed& fact) {
  const std::string key = key_of(record, fact.schedule);
  std::optional<ScheduleRow> row = overlay_.load<ScheduleRow>(key);
  HENCE_CHECK(row.has_value());
  if (ScheduleRow::Waiting* waiting = row->find(fact.trigger)) stop_waiting(record, fact.schedule, *waiting);
  row->missed += fact.count;
  row->last = {fact.trigger, fact.last};
  row->last_record = record.address.sequence;
  overlay_.save(key, *row);
}

void State::on(const RecordContext& record, const ScheduleStopped& fact) {
  const std::string key = key_of(record, fact.schedule);
  std::optional<ScheduleRow> row = overlay_.load<ScheduleRow>(key);
  if (!row) return;
  if (ScheduleRow::Waiting* waiting = row->find(fact.trigger)) stop_waiting(record, fact.schedule, *waiting);
  std::erase_if(row->triggers, [&](const ScheduleRow::Waiting& one) { return one.trigger == fact.trigger; });
  if (fact.forgotten && row->triggers.empty()) overlay_.erase(key);
  else overlay_.save(key, *row);
}

// Instances lie in their schedule's partition, or elsewhere by a key of their own: then nobody here hears of them.

void State::note_started(const RecordContext& record, const ScheduleCause& cause) {
  if (cause.trigger == workflow::Trigger::on) return;
  const std::string key = key_of(record, cause.schedule);
  std::optional<ScheduleRow> row = overlay_.load<ScheduleRow>(key);
  if (!row) return;
  row->last_instance = record.address;
  if (cause.awaited) {
    if (row->starting > 0) --row->starting;
    row->running.push_back(record.address);
  }
  overlay_.save(key, *row);
}

void State::note_refused(const RecordContext& record, const ScheduleCause& cause, const std::string& reason) {
  const std::string key = key_of(record, cause.schedule);
  std::optional<ScheduleRow> row = overlay_.load<ScheduleRow>(key);
  if (!row) return;
  row->last_error = reason;
  if (cause.awaited && row->starting > 0) --row->starting;
  overlay_.save(key, *row);
}

void State::note_ended(Address instance, std::string_view name_space, const ScheduleCause& cause) {
  if (!cause.awaited) return;
  const std::string key = keys::schedule(instance.partition, name_space, cause.schedule);
  std::optional<ScheduleRow> row = overlay_.load<ScheduleRow>(key);
  if (!row) return;
  std::erase(row->running, instance);
  overlay_.save(key, *row);
}

}  // namespace hence::engine
