// SPDX-License-Identifier: Apache-2.0
#pragma once

// When something begins by itself: `schedule` of a workflow, and the spec of a Schedule resource. The
// workflow language has every, cron, after and on; zone, clock changes, catching up, overlap and
// jitter are settings of ours: in the document's metadata.schedule, or in the resource's spec.

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "calendar/timetable.h"
#include "json/value.h"
#include "workflow/faults.h"
#include "workflow/shapes.h"

namespace hence::workflow {

/// What is made up for when due times passed without a server.
enum class CatchUp : uint8_t { none, last, all };
/// What a due time does while an earlier instance of the schedule still runs.
enum class Overlap : uint8_t { allow, skip, queue_one, queue, cancel_other };
std::string_view overlap_name(Overlap overlap);

/// What may start by time, in the order of `triggers()`.
enum class Trigger : uint8_t { every, cron, after, on };
std::string_view trigger_name(Trigger trigger);

inline constexpr Duration kScheduleIntervalMin = Duration::seconds(1);
inline constexpr int64_t kCatchUpMax = 1'000;
inline constexpr Duration kCatchUpWindowMax = Duration::days(366);
inline constexpr Duration kScheduleJitterMax = Duration::days(1);

struct Timing {
  std::optional<CalendarDuration> every;
  std::optional<calendar::Cron> cron;
  std::optional<CalendarDuration> after;  ///< the end of the instance before

  std::string time_zone = "UTC";          ///< of cron
  std::optional<calendar::Gap> gap;       ///< absent: by whether the cron names an hour
  std::optional<calendar::Repeat> repeat;
  CatchUp catch_up = CatchUp::last;
  Duration catch_up_window = Duration::hours(1);
  uint32_t catch_up_max = 100;
  Overlap overlap = Overlap::allow;
  Duration jitter;

  bool has(Trigger trigger) const;
  bool timed() const { return every || cron || after; }
  /// All that decides when the trigger is due: "cron 0 2 * * * Europe/Berlin"; equal texts, equal times.
  std::string text(Trigger trigger) const;
  /// zone: of time_zone; anchor: from where `every` counts. Not for `after`.
  calendar::Timetable timetable(Trigger trigger, const std::shared_ptr<const calendar::Zone>& zone, UtcTime anchor) const;
};

/// {timeZone, gap, repeat, catchUp, catchUpWindow, catchUpMax, overlap, jitter}
extern const Shape kScheduleSettingsShape;
/// The keys of the above, for shapes that have more.
std::span<const ShapeKey> schedule_settings_keys();

/// What stands in an object at a pointer; what does not fit its shape is passed over.
void read_schedule_settings(json::View object, const std::string& pointer, Timing& timing, Faults& faults);
void read_cron(json::View text, const std::string& pointer, Timing& timing, Faults& faults);
/// A fixed length of at least kScheduleIntervalMin.
std::optional<CalendarDuration> read_interval(json::View value, const std::string& pointer, Faults& faults);

}  // namespace hence::workflow
