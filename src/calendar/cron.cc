// SPDX-License-Identifier: Apache-2.0
#include "calendar/cron.h"

#include <bit>

#include "base/time.h"
#include "calendar/civil.h"

namespace hence::calendar {
namespace {

bool has(uint64_t set, int64_t bit) { return (set >> bit & 1) != 0; }

/// The lowest member of the set that is not below `from`; 64 if there is none.
int64_t first_from(uint64_t set, int64_t from) {
  if (from >= 64) return 64;
  const uint64_t rest = set >> from;
  return rest == 0 ? 64 : from + std::countr_zero(rest);
}

}  // namespace

bool Cron::fits_day(int64_t year, int month, int day) const {
  const int last = days_in_month(year, month);
  const int weekday = weekday_of(days_from_civil(year, month, day));
  const bool by_date = has(days_, day) || has(from_end_, last - day);
  const bool by_weekday = has(weekdays_, weekday) || (has(last_weekdays_, weekday) && day > last - 7) ||
                          has(nth_weekdays_[static_cast<size_t>((day - 1) / 7 + 1)], weekday);
  if (any_day_ || any_weekday_) return by_date && by_weekday;
  return by_date || by_weekday;
}

std::optional<int64_t> Cron::next_of_day(int64_t from) const {
  int64_t hour = from / 3600, minute = from / 60 % 60, second = from % 60;
  for (int64_t h = first_from(hours_, hour); h < 24; h = first_from(hours_, h + 1)) {
    if (h > hour) minute = second = 0;
    for (int64_t m = first_from(minutes_, minute); m < 60; m = first_from(minutes_, m + 1)) {
      if (m > minute) second = 0;
      const int64_t s = first_from(seconds_, second);
      if (s < 60) return h * 3600 + m * 60 + s;
      second = 0;
    }
    minute = second = 0;
  }
  return std::nullopt;
}

std::optional<int64_t> Cron::next_local(int64_t from) const {
  constexpr int64_t kCycle = 400;  // years, after which the Gregorian calendar repeats
  int64_t day_number = floor_div(from, kDaySeconds);
  int64_t of_day = from - day_number * kDaySeconds;
  Civil date = civil_from_days(day_number);
  const int64_t until = date.year + kCycle;
  while (date.year <= until) {
    if (!has(months_, date.month)) {
      const int64_t month = first_from(months_, date.month);
      if (month <= 12) date = {date.year, static_cast<int>(month), 1};
      else date = {date.year + 1, 1, 1};
      of_day = 0;
      continue;
    }
    const int last = days_in_month(date.year, date.month);
    for (; date.day <= last; ++date.day, of_day = 0) {
      if (!fits_day(date.year, date.month, date.day)) continue;
      if (const auto second = next_of_day(of_day)) {
        return days_from_civil(date.year, date.month, date.day) * kDaySeconds + *second;
      }
    }
    date = date.month == 12 ? Civil{date.year + 1, 1, 1} : Civil{date.year, date.month + 1, 1};
  }
  return std::nullopt;
}

}  // namespace hence::calendar
