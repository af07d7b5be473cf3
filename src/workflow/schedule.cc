// SPDX-License-Identifier: Apache-2.0
#include "workflow/schedule.h"

#include "workflow/shapes_shared.h"

namespace hence::workflow {

using enum Shape::Kind;

namespace {

constexpr std::string_view kGaps[] = {"shift", "skip"};
constexpr std::string_view kRepeats[] = {"first", "both"};
constexpr std::string_view kCatchUps[] = {"none", "last", "all"};
constexpr std::string_view kOverlaps[] = {"allow", "skip", "queueOne", "queue", "cancelOther"};
constexpr std::string_view kTriggers[] = {"every", "cron", "after", "on"};

bool is_fixed_length(std::string_view text) { return parse_duration(text).ok(); }

const Shape kLengthText{.kind = text, .what = "a duration such as PT10S or 10s", .accepts = is_fixed_length};
const Shape kLength{.kind = by_type, .as_string = &kLengthText, .as_object = &kDurationObjectShape};
const Shape kZoneName{.kind = text, .what = "a time zone such as Europe/Berlin", .accepts = calendar::is_zone_name};
const Shape kGap{.kind = word, .words = kGaps};
const Shape kRepeat{.kind = word, .words = kRepeats};
const Shape kCatchUpShape{.kind = word, .words = kCatchUps};
const Shape kCatchUpCount{.kind = integer, .min = 1, .max = kCatchUpMax};
const Shape kOverlapShape{.kind = word, .words = kOverlaps};
constexpr ShapeKey kSettingsKeys[] = {{"timeZone", &kZoneName},     {"gap", &kGap},
                                  {"repeat", &kRepeat},         {"catchUp", &kCatchUpShape},
                                  {"catchUpWindow", &kLength},  {"catchUpMax", &kCatchUpCount},
                                  {"overlap", &kOverlapShape},  {"jitter", &kLength}};

template <typename Word, size_t Count>
std::optional<Word> read_word(json::View object, std::string_view key, const std::string_view (&words)[Count]) {
  const std::string_view given = object.string_or(key, "");
  for (size_t i = 0; i < Count; ++i) {
    if (words[i] == given) return static_cast<Word>(i);
  }
  return std::nullopt;
}

/// A length up to max; a fault where it is longer.
std::optional<Duration> read_length(json::View object, std::string_view key, Duration max, const std::string& pointer,
                                    Faults& faults) {
  const auto value = object.find(key);
  if (!value) return std::nullopt;
  std::optional<Duration> length;
  if (value->is_object()) length = duration_of(*value);
  if (value->is_string()) {
    const Result<Duration> parsed = parse_duration(value->as_string());
    if (parsed.ok()) length = *parsed;
  }
  if (length && *length > max) {
    faults.add(child_pointer(pointer, key), "expected at most " + format_iso8601(max));
    return std::nullopt;
  }
  return length;
}

}  // namespace

const Shape kScheduleSettingsShape{.kind = object, .keys = kSettingsKeys};
std::span<const ShapeKey> schedule_settings_keys() { return kSettingsKeys; }

std::string_view overlap_name(Overlap overlap) { return kOverlaps[static_cast<size_t>(overlap)]; }
std::string_view trigger_name(Trigger trigger) { return kTriggers[static_cast<size_t>(trigger)]; }

bool Timing::has(Trigger trigger) const {
  switch (trigger) {
    case Trigger::every: return every.has_value();
    case Trigger::cron: return cron.has_value();
    case Trigger::after: return after.has_value();
    case Trigger::on: break;
  }
  return false;
}

std::string Timing::text(Trigger trigger) const {
  if (!has(trigger)) return {};
  std::string text(trigger_name(trigger));
  if (trigger == Trigger::cron) {
    text += " " + cron->text() + " in " + time_zone;
    if (gap) text += " gap " + std::string(kGaps[static_cast<size_t>(*gap)]);
    if (repeat) text += " repeat " + std::string(kRepeats[static_cast<size_t>(*repeat)]);
  } else {
    const CalendarDuration& length = trigger == Trigger::every ? *every : *after;
    if (length.months > 0) text += " P" + std::to_string(length.months) + "M";
    if (length.rest.micros > 0) text += " " + format_iso8601(length.rest);
  }
  if (jitter.micros > 0) text += " jitter " + format_iso8601(jitter);
  return text;
}

calendar::Timetable Timing::timetable(Trigger trigger, const std::shared_ptr<const calendar::Zone>& zone, UtcTime anchor) const {
  if (trigger == Trigger::every) return calendar::Timetable(calendar::Interval{*every, anchor});
  HENCE_CHECK(trigger == Trigger::cron && zone != nullptr);
  const bool real_time = cron->any_hour();
  return calendar::Timetable(calendar::LocalCron{
      *cron, zone, gap.value_or(real_time ? calendar::Gap::skip : calendar::Gap::shift),
      repeat.value_or(real_time ? calendar::Repeat::both : calendar::Repeat::first)});
}

void read_schedule_settings(json::View object, const std::string& pointer, Timing& timing, Faults& faults) {
  if (!object.is_object()) return;
  const std::string_view zone = object.string_or("timeZone", "UTC");
  timing.time_zone = zone;
  if (object.find("timeZone") && !timing.cron) {
    faults.add(child_pointer(pointer, "timeZone"), "a time zone is for `cron`, and there is none");
  }
  timing.gap = read_word<calendar::Gap>(object, "gap", kGaps);
  timing.repeat = read_word<calendar::Repeat>(object, "repeat", kRepeats);
  for (const std::string_view key : {"gap", "repeat"}) {
    if (object.find(key) && !timing.cron) {
      faults.add(child_pointer(pointer, key), "`" + std::string(key) + "` is for `cron`, and there is none");
    }
  }
  timing.catch_up = read_word<CatchUp>(object, "catchUp", kCatchUps).value_or(timing.catch_up);
  timing.overlap = read_word<Overlap>(object, "overlap", kOverlaps).value_or(timing.overlap);
  timing.catch_up_window = read_length(object, "catchUpWindow", kCatchUpWindowMax, pointer, faults).value_or(timing.catch_up_window);
  timing.jitter = read_length(object, "jitter", kScheduleJitterMax, pointer, faults).value_or(timing.jitter);
  const auto count = object.find("catchUpMax");
  if (count && count->is_number()) timing.catch_up_max = static_cast<uint32_t>(count->as_int64().value_or(timing.catch_up_max));
}

void read_cron(json::View text, const std::string& pointer, Timing& timing, Faults& faults) {
  if (!text.is_string()) return;
  Result<calendar::Cron> cron = calendar::Cron::parse(text.as_string());
  if (cron.ok()) timing.cron = std::move(*cron);
  else faults.add(pointer, cron.error().message());
}

std::optional<CalendarDuration> read_interval(json::View value, const std::string& pointer, Faults& faults) {
  std::optional<CalendarDuration> length;
  if (value.is_object()) length = CalendarDuration{0, duration_of(value)};
  if (value.is_string()) {
    if (is_expression(value.as_string())) {
      faults.add(pointer, "a schedule is set when it is applied, so it cannot be an expression: expected a duration such as PT15M");
      return std::nullopt;
    }
    const Result<CalendarDuration> parsed = parse_iso8601_duration(value.as_string());
    if (parsed.ok()) length = *parsed;
    else if (const Result<Duration> brief = parse_duration(value.as_string()); brief.ok()) length = CalendarDuration{0, *brief};
  }
  if (length && length->months == 0 && length->rest < kScheduleIntervalMin) {
    faults.add(pointer, "the shortest interval is " + format_iso8601(kScheduleIntervalMin));
    return std::nullopt;
  }
  return length;
}

}  // namespace hence::workflow
