// SPDX-License-Identifier: Apache-2.0
// I-15: every due time of a schedule's calendar becomes exactly one thing: fired, missed, skipped, or
// queued and then one of them; in order, none before its time.

#include "sim/audit.h"

namespace hence::sim {

using workflow::Trigger;

namespace {

/// The calendar that a timing's text means: "every PT7S jitter PT3S", "cron 30 * * * * * in UTC".
std::optional<calendar::Timetable> table_of(Trigger trigger, std::string_view timing, UtcTime anchor) {
  timing.remove_prefix(timing.find(' ') + 1);
  if (trigger == Trigger::every) {
    const auto length = parse_iso8601_duration(timing.substr(0, timing.find(' ')));
    if (length.ok()) return calendar::Timetable(calendar::Interval{*length, anchor});
  } else if (trigger == Trigger::cron) {
    auto cron = calendar::Cron::parse(timing.substr(0, timing.find(" in ")));
    if (cron.ok()) return calendar::Timetable(calendar::LocalCron{std::move(*cron)});
  }
  return std::nullopt;
}

}  // namespace

Audit::ScheduleStory* Audit::schedule_story(const Context& at, const std::string& schedule, Trigger trigger, const char* what) {
  const auto found = schedules_.find({at.name_space + " " + schedule, trigger});
  if (found != schedules_.end()) return &found->second;
  broken("I-15", std::string(what) + " at " + at.address.to_string() + " of schedule " + schedule + ", which waits for nothing");
  return nullptr;
}

void Audit::on(const Context& at, const engine::ScheduleArmed& fact) {
  if (!fact.error.empty()) return broken("I-15", "schedule " + fact.schedule + " has no next due time: " + fact.error);
  ScheduleStory& story = schedules_[{at.name_space + " " + fact.schedule, fact.trigger}];
  story.table = table_of(fact.trigger, fact.timing, fact.anchor);
  const UtcTime from = story.last ? *story.last : at.time;
  // What comes next follows what came last without a gap; a schedule that is applied anew begins then.
  if (story.table && fact.due != story.table->next(from) && fact.due != story.table->next(at.time)) {
    broken("I-15", "schedule " + fact.schedule + " waits at " + at.address.to_string() + " for " + format_rfc3339(fact.due) +
                       ", and its calendar goes on after " + format_rfc3339(from) + " with another time");
  }
  if (fact.trigger == Trigger::after && fact.due < at.time) broken("I-15", "schedule " + fact.schedule + " waits for what has passed");
  story.waits = fact.due;
}

void Audit::on(const Context& at, const engine::ScheduleMissed& fact) {
  ScheduleStory* story = schedule_story(at, fact.schedule, fact.trigger, "missed times");
  if (story == nullptr) return;
  const std::string name = "schedule " + fact.schedule + " at " + at.address.to_string();
  if (story->waits != fact.first) broken("I-15", name + " misses from " + format_rfc3339(fact.first) + ", and waited for another time");
  if (fact.last >= at.time) broken("I-15", name + " misses what has not come");
  const uint64_t count = story->table ? story->table->count(fact.first - Duration{1}, fact.last, fact.count + 1) : 0;
  if (count != fact.count && !(fact.more && count > fact.count)) {
    broken("I-15", name + " counts " + std::to_string(fact.count) + " missed times, its calendar has " + std::to_string(count));
  }
  story->last = fact.last;
  story->waits = story->table ? story->table->next(fact.last) : std::nullopt;
}

void Audit::on(const Context& at, const engine::ScheduleFired& fact) {
  ScheduleStory* story = schedule_story(at, fact.schedule, fact.trigger, "a firing");
  if (story == nullptr) return;
  const std::string name = "due time " + format_rfc3339(fact.due) + " of schedule " + fact.schedule + " at " + at.address.to_string();
  if (at.time < fact.due) broken("I-15", name + " comes before it is due");
  if (fact.waited) {
    if (story->queued.erase(fact.due) == 0) broken("I-15", name + " was not queued, or comes twice");
  } else {
    if (story->waits != fact.due) broken("I-15", name + " is not the one that was waited for, or comes twice");
    story->waits.reset();
    story->last = fact.due;
  }
  if (fact.outcome == engine::ScheduleFired::Outcome::queued) story->queued.insert(fact.due);
}

void Audit::on(const Context& at, const engine::ScheduleStopped& fact) {
  schedules_.erase({at.name_space + " " + fact.schedule, fact.trigger});
}

}  // namespace hence::sim
