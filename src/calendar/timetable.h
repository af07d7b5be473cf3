// SPDX-License-Identifier: Apache-2.0
#pragma once

// When a schedule is due: a cron expression in a time zone, or an interval.
//
// Where clocks change: a local time that does not exist is due at the first moment after the gap
// (or not at all), one that comes twice is due the first time (or both). A cron that names no hour
// ("*/15 * * * *") counts real time: by default it skips what does not exist and takes what comes
// twice both times, as Vixie's cron does.

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/time.h"
#include "calendar/cron.h"
#include "calendar/zone.h"

namespace hence::calendar {

enum class Gap : uint8_t { shift, skip };
enum class Repeat : uint8_t { first, both };

/// A cron where it is meant.
struct LocalCron {
  Cron cron;
  std::shared_ptr<const Zone> zone = Zone::utc();
  Gap gap = Gap::shift;
  Repeat repeat = Repeat::first;

  /// The first due time after `after`; nothing if none comes.
  std::optional<UtcTime> next(UtcTime after) const;
};

struct Interval {
  CalendarDuration length;
  UtcTime anchor;
};

class Timetable {
 public:
  explicit Timetable(LocalCron cron) : times_(std::move(cron)) {}
  explicit Timetable(const Interval& interval) : times_(interval) {}

  std::optional<UtcTime> next(UtcTime after) const;
  /// The last due time not after `until`, given one that is not after it.
  UtcTime last(UtcTime known, UtcTime until) const;
  /// How many due times are after `after` and not after `until`, at most `max`.
  uint64_t count(UtcTime after, UtcTime until, uint64_t max) const;

 private:
  std::variant<LocalCron, Interval> times_;
};

}  // namespace hence::calendar
