// SPDX-License-Identifier: Apache-2.0
// Schedules: each has a row in a partition of its own, and a timer for the next due time of each of
// its triggers. What a due time comes to is a record there; the instance it starts has one beside it.
//
//   definitions change ──schedule──► reconcile ─► armed ─► timer due ─► fired ──start──► instance
//                                                  ▲         │ missed, skipped, queued      │
//                                                  └─────────┴──────────────────────────────┘ its end

#include <algorithm>

#include "base/hash.h"
#include "base/reached.h"
#include "engine/emitted.h"
#include "engine/recorder.h"
#include "event/event.h"
#include "json/builder.h"

namespace hence::engine {
namespace {

using workflow::CatchUp;
using workflow::Overlap;
using workflow::Trigger;

constexpr Trigger kTimed[] = {Trigger::every, Trigger::cron, Trigger::after};
/// Missed due times are counted up to here; a cron of every second may have missed a year's.
constexpr uint64_t kMissedCountMax = 10'000;

/// What templates of a Schedule see.
json::Value firing(const ScheduleCause& cause, UtcTime fired) {
  json::Builder b;
  b.begin_object().member("schedule", cause.schedule).member("trigger", workflow::trigger_name(cause.trigger));
  b.member("due", format_rfc3339(cause.due)).member("fired", format_rfc3339(fired)).end_object();
  return std::move(b).finish();
}

/// A start whose instance is placed by the schedule alone.
bool lies_here(const Definitions::ScheduleEntry& entry) {
  if (entry.is_workflow()) return true;
  const auto& start = std::get<resource::ScheduleSpec>(entry.resource->spec).start;
  return !start || (!start->key.present() && !start->id.present());
}

}  // namespace

void Engine::tell_schedules(Recorder& record, const Definitions& before, const std::vector<ResourceChange>& changes) {
  std::set<std::string> names;
  for (const ResourceChange& change : changes) {
    const std::optional<resource::Kind> kind = resource::find_kind(change.kind);
    const bool schedule = kind == resource::Kind::schedule;
    if (!schedule && kind != resource::Kind::workflow) continue;
    const std::string name = schedule ? change.name : change.name.substr(0, change.name.rfind(':'));
    const Definitions::ScheduleEntry* was = before.find_schedule(change.name_space, name);
    const Definitions::ScheduleEntry* is = definitions_->find_schedule(change.name_space, name);
    const bool same = (was == nullptr ? std::string() : was->text()) == (is == nullptr ? std::string() : is->text());
    if (!same || (schedule && change.value->is_null())) names.insert(name);
  }
  for (const std::string& name : names) {
    const Partition to = keys::schedule_partition(options_.partitions, record.name_space(), name);
    record.send(to, MessageSent::Kind::schedule, encode(ScheduleRequest{name}));
  }
}

void Engine::reconcile_schedule(Recorder& record, const std::string& name) {
  const Definitions::ScheduleEntry* entry = definitions_->find_schedule(record.name_space(), name);
  const auto row = overlay_.load<ScheduleRow>(keys::schedule(record.address().partition, record.name_space(), name));
  const bool disabled = entry == nullptr && definitions_->find(record.name_space(), resource::Kind::schedule, name) != nullptr;
  const bool forgotten = entry == nullptr && !disabled;
  for (const Trigger trigger : kTimed) {
    const ScheduleRow::Waiting* was = row ? row->find(trigger) : nullptr;
    const std::string text = entry == nullptr ? std::string() : entry->timing().text(trigger);
    if (text.empty()) {
      if (was != nullptr) record.add(ScheduleStopped{name, trigger, forgotten});
    } else if (was == nullptr || was->timing != text || !was->error.empty()) {
      arm_schedule(record, *entry, trigger, record.time(), record.time());
    }
  }
  if (row && row->triggers.empty() && forgotten) record.add(ScheduleStopped{name, Trigger::on, true});
}

void Engine::arm_schedule(Recorder& record, const Definitions::ScheduleEntry& entry, Trigger trigger, UtcTime anchor,
                          UtcTime after) {
  const workflow::Timing& timing = entry.timing();
  ScheduleArmed armed{entry.name, trigger, timing.text(trigger), anchor, {}, {}, {}, {}};
  std::optional<UtcTime> due;
  if (trigger == Trigger::after) {
    due = add(after, *timing.after);
  } else if (trigger == Trigger::cron && entry.zone == nullptr) {
    armed.error = entry.zone_error;
  } else {
    due = timing.timetable(trigger, entry.zone, anchor).next(after);
    if (!due) armed.error = "it does not come again";
    if (trigger == Trigger::cron && timing.time_zone != "UTC") armed.zones = definitions_->zones()->version();
  }
  if (due) {
    armed.due = armed.at = *due;
    if (timing.jitter.micros > 0) {
      const std::string text = record.name_space() + '\0' + entry.name + '\0' + format_rfc3339(*due);
      armed.at = *due + Duration{static_cast<int64_t>(siphash128(options_.hash_key, text).low % static_cast<uint64_t>(timing.jitter.micros))};
    }
  }
  record.add(armed);
}

void Engine::schedule_due(Recorder& record, const ScheduleTimer& timer, Sequence armed_by) {
  const auto row = overlay_.load<ScheduleRow>(keys::schedule(record.address().partition, record.name_space(), timer.schedule));
  const ScheduleRow::Waiting* waiting = row ? row->find(timer.trigger) : nullptr;
  // An earlier timer of this command may have set this one anew.
  if (waiting == nullptr || waiting->armed_by != armed_by) return;
  record.adopt();
  const Definitions::ScheduleEntry* entry = definitions_->find_schedule(record.name_space(), timer.schedule);
  HENCE_CHECK(entry != nullptr);
  if (timer.trigger == Trigger::after) return fire_schedule(record, *entry, {timer.trigger, waiting->due}, false);
  if (timer.trigger == Trigger::cron && entry->zone == nullptr) {
    return arm_schedule(record, *entry, timer.trigger, waiting->anchor, record.time());  // says why there is none
  }
  const calendar::Timetable table = entry->timing().timetable(timer.trigger, entry->zone, waiting->anchor);
  const std::optional<UtcTime> due = catch_up(record, entry->timing(), table, timer, waiting->due);
  if (due) fire_schedule(record, *entry, {timer.trigger, *due}, false);
  const UtcTime passed = due ? *due : table.last(waiting->due, last_late(record.time(), entry->timing()));
  arm_schedule(record, *entry, timer.trigger, waiting->anchor, passed);
}

/// Due times up to here were missed: nobody was there at the time.
UtcTime Engine::last_late(UtcTime now, const workflow::Timing& timing) const {
  return now - (options_.schedule_grace + timing.jitter) - Duration{1};
}

std::optional<UtcTime> Engine::catch_up(Recorder& record, const workflow::Timing& timing, const calendar::Timetable& table,
                                        const ScheduleTimer& timer, UtcTime due) {
  constexpr Duration kTick{1};
  const UtcTime late = last_late(record.time(), timing);
  if (due > late) return due;
  const UtcTime last = table.last(due, late);
  // The first due time that is made up for; beyond `last`: none.
  const UtcTime window = record.time() - timing.catch_up_window;
  const std::optional<UtcTime> inside = due >= window ? due : table.next(window - kTick);
  UtcTime first = last + kTick;
  if (timing.catch_up != CatchUp::none && inside && *inside <= last) {
    first = last;
    if (timing.catch_up == CatchUp::all) {
      first = *inside;
      if (table.count(first - kTick, last, uint64_t{timing.catch_up_max} + 1) > timing.catch_up_max) {
        SIM_REACHED("engine: more due times were missed than are made up for");
        first = last;
        for (uint32_t n = 1; n < timing.catch_up_max; ++n) first = table.last(due, first - kTick);
      }
    }
  }
  if (first > due) {
    SIM_REACHED("engine: due times are missed");
    ScheduleMissed missed{timer.schedule, timer.trigger, due, table.last(due, first - kTick), 0, false};
    const uint64_t count = table.count(due - kTick, missed.last, kMissedCountMax + 1);
    missed.count = std::min(count, kMissedCountMax);
    missed.more = count > kMissedCountMax;
    record.add(missed);
  }
  if (first > last) return std::nullopt;
  SIM_REACHED("engine: a missed due time is made up for");
  return first;
}

void Engine::fire_schedule(Recorder& record, const Definitions::ScheduleEntry& entry, ScheduleRow::Due due, bool waited) {
  const workflow::Timing& timing = entry.timing();
  const std::string key = keys::schedule(record.address().partition, record.name_space(), entry.name);
  const ScheduleRow row = overlay_.load<ScheduleRow>(key).value_or(ScheduleRow{});
  ScheduleFired fired{entry.name, due.trigger, due.due, ScheduleFired::Outcome::started, waited, false, {}, {}};
  const bool starts = entry.is_workflow() || std::get<resource::ScheduleSpec>(entry.resource->spec).start;
  if (row.busy() && timing.overlap != Overlap::allow && starts && !waited) {
    const std::string who = row.running.empty() ? "an instance is just starting"
                                                : "instance " + row.running.front().to_string() + " still runs";
    const uint32_t room = timing.overlap == Overlap::queue_one ? 1 : timing.overlap == Overlap::queue ? options_.schedule_queue_max : 0;
    if (timing.overlap == Overlap::cancel_other && row.starting == 0) {
      for (const Address& instance : row.running) {
        move_instance(record, instance, {Turn::cancel, {}, 0, nullptr, "the next due time of schedule " + entry.name + " has come"});
      }
    } else {
      fired.outcome = row.queue.size() < room ? ScheduleFired::Outcome::queued : ScheduleFired::Outcome::skipped;
      fired.reason = who + " (overlap: " + std::string(workflow::overlap_name(timing.overlap)) + ")";
      if (room > 0 && row.queue.size() >= room) fired.reason += ", and " + std::to_string(room) + " due times wait already";
      if (room > 0 && row.queue.size() >= room && timing.overlap == Overlap::queue) fired.reason += " (limits.scheduleQueue)";
      record.add(fired);
      return;
    }
  }
  fired.awaited = starts && lies_here(entry) && (timing.overlap != Overlap::allow || due.trigger == Trigger::after);
  const ScheduleCause cause{entry.name, due.trigger, due.due, fired.awaited};
  if (starts) fired.actions.push_back(scheduled_start(record, entry, cause));
  const auto* spec = std::get_if<resource::ScheduleSpec>(&entry.resource->spec);
  if (spec != nullptr && spec->emit) fired.actions.push_back(scheduled_emit(record, entry, cause));
  // Nothing was asked for that could end.
  if (starts && !fired.actions.front().error.empty()) fired.awaited = false;
  record.add(fired);
}

ActionTaken Engine::scheduled_start(Recorder& record, const Definitions::ScheduleEntry& entry, const ScheduleCause& cause) {
  ActionTaken taken{ActionTaken::Kind::start, {}, {}, {}};
  StartRequest request;
  request.schedule = cause;
  request.key = entry.name;
  Partition to = record.address().partition;
  if (entry.is_workflow()) {
    request.workflow = taken.target = entry.resource->name;
    json::Builder nothing;
    nothing.begin_object().end_object();
    request.input = std::move(nothing).finish();
  } else {
    const resource::StartAction& action = *std::get<resource::ScheduleSpec>(entry.resource->spec).start;
    request.workflow = taken.target = action.workflow.to_string();
    request.input = firing(cause, record.time());
    request.on_conflict = static_cast<uint8_t>(action.on_conflict);
    const auto evaluate = [&](const resource::Formula& formula, auto take) {
      if (!formula.present() || !taken.error.empty()) return;
      Result<json::Value> value = formula.evaluate(firing(cause, record.time()), {}, definitions_->environment(record.time()));
      if (value.ok()) take(std::move(*value));
      else taken.error = value.error().message();
    };
    evaluate(action.id, [&](json::Value value) { request.id = request.key = text_of(value); });
    evaluate(action.key, [&](json::Value value) { request.key = text_of(value); });
    evaluate(action.input, [&](json::Value value) { request.input = std::move(value); });
    if (!lies_here(entry)) to = place(record.name_space(), request.key);
  }
  if (!taken.error.empty()) return taken;
  std::string body;
  Encoder encoder(body);
  request.fields(encoder);
  record.send(to, MessageSent::Kind::start, std::move(body));
  messages_.back().traceparent.clear();  // not that of the instance whose end let it go on
  return taken;
}

ActionTaken Engine::scheduled_emit(Recorder& record, const Definitions::ScheduleEntry& entry, const ScheduleCause& cause) {
  const resource::EmitAction& action = *std::get<resource::ScheduleSpec>(entry.resource->spec).emit;
  ActionTaken taken{ActionTaken::Kind::emit, {}, {}, {}};
  const auto make = [&]() -> Result<event::Event> {
    HENCE_TRY(const json::Value attributes, action.attributes.evaluate(firing(cause, record.time()), {}, definitions_->environment(record.time())));
    taken.target = attributes->is_object() ? std::string(attributes->string_or("type", "")) : std::string();
    // One event a due time, whatever happens: the id is made of it.
    HENCE_TRY(const std::string text, complete_event(attributes, {{"id", entry.name + "." + format_rfc3339(cause.due)},
                                                                  {"source", "/schedules/" + entry.name},
                                                                  {"time", format_rfc3339(record.time())}}));
    return event::parse_structured(text);
  };
  Result<event::Event> event = make();
  if (event.ok()) {
    const auto verdict = definitions_->check(record.name_space(), *event);
    if (verdict && verdict->refused) event = Error(ErrorCode::EventSchemaMismatch, verdict->message());
  }
  if (!event.ok()) {
    taken.error = event.error().message();
    return taken;
  }
  const EventRequest request{event->value()->to_text(), {}, {}, 0};
  const Partition to = place(record.name_space(), event::partition_key(*event));
  record.send(to, MessageSent::Kind::event, encode(request), std::move(*event));
  messages_.back().traceparent.clear();
  return taken;
}

void Engine::schedule_goes_on(Recorder& record, const ScheduleCause& cause) {
  if (!cause.awaited) return;
  const std::string key = keys::schedule(record.address().partition, record.name_space(), cause.schedule);
  const Definitions::ScheduleEntry* entry = definitions_->find_schedule(record.name_space(), cause.schedule);
  std::optional<ScheduleRow> row = overlay_.load<ScheduleRow>(key);
  if (!row || entry == nullptr || row->busy()) return;
  const ScheduleRow::Waiting* after = row->find(Trigger::after);
  if (after != nullptr && after->armed_by == 0) arm_schedule(record, *entry, Trigger::after, record.time(), record.time());
  // One that could not be started leaves its place to the next.
  for (; row && !row->busy() && !row->queue.empty(); row = overlay_.load<ScheduleRow>(key)) {
    fire_schedule(record, *entry, row->queue.front(), true);
  }
}

}  // namespace hence::engine
