// SPDX-License-Identifier: Apache-2.0
#pragma once

// A cron expression as a set of local times of day and days. Where and when those are is
// timetable.h; this knows no zone.
//
//   [second] minute hour day-of-month month day-of-week        "0 30 2 * * MON-FRI"
//
// Five fields as Vixie's cron, six with seconds first. In a field: `*`, numbers, names of months and
// days (JAN, MON), ranges, steps, lists; 0 and 7 are Sunday; `L` is the month's last day, `L-2` two
// days before it, `5L` its last Friday, `5#3` its third Friday; `?` is `*` in the two fields of days.
// Where both fields of days are restricted, either of them may hold (crontab(5)); a field that begins
// with `*` is not restricted, so with `*/2` both must hold. @hourly, @daily, @midnight, @weekly,
// @monthly, @yearly and @annually are what crontab(5) says.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hence::calendar {

/// The longest text that is read.
inline constexpr size_t kCronBytesMax = 1'000;

class Cron {
 public:
  /// Errors: TimeInvalid, with the column (from 1), what was expected there and the nearest name;
  /// also for what can never come, such as 30 February.
  static Result<Cron> parse(std::string_view text);

  /// The first second of local time that fits, not before `from`; both counted as if local time were
  /// UTC. Nothing: none within 400 years, after which the calendar repeats.
  std::optional<int64_t> next_local(int64_t from) const;
  /// No hour is named: `*` or `*/n` stands there, so it means a length of time more than a time of day.
  bool any_hour() const { return any_hour_; }
  const std::string& text() const { return text_; }

 private:
  friend class CronParser;

  bool fits_day(int64_t year, int month, int day) const;
  /// The first second of the day that fits, not before `from`.
  std::optional<int64_t> next_of_day(int64_t from) const;

  std::string text_;
  uint64_t seconds_ = 1, minutes_ = 0, hours_ = 0;
  uint64_t days_ = 0;                   ///< of the month, from 1
  uint64_t months_ = 0;                 ///< from 1
  uint64_t weekdays_ = 0;               ///< from Sunday = 0
  uint64_t from_end_ = 0;               ///< bit n: n days before the month's last
  uint64_t last_weekdays_ = 0;          ///< the last such day of the month
  std::array<uint64_t, 6> nth_weekdays_{};  ///< index n: the n-th such day of the month
  bool any_hour_ = false;
  bool any_day_ = false;                ///< the day-of-month field begins with `*`
  bool any_weekday_ = false;
};

}  // namespace hence::calendar
