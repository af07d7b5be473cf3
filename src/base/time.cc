// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <algorithm>
#include <cstdio>

namespace hence {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back:
// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
constexpr int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

void civil_from_days(int64_t days, CivilTime& out) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_index = (5 * day_of_year + 2) / 153;
  out.day = static_cast<int>(day_of_year - (153 * month_index + 2) / 5 + 1);
  out.month = static_cast<int>(month_index < 10 ? month_index + 3 : month_index - 9);
  out.year = year_of_era + era * 400 + (out.month <= 2);
}

constexpr int days_in_month(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

constexpr int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Reads a timestamp from left to right; failed stays set.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  bool accept(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char expected) { failed_ = !accept(expected) || failed_; }
  void expect_either(char a, char b) { failed_ = !(accept(a) || accept(b)) || failed_; }

  /// One to nine digits after the point, as microseconds.
  int fraction_micros() {
    int micros = 0;
    int count = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++count) {
      if (count < 6) micros = micros * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    failed_ = failed_ || count == 0 || count > 9;
    for (; count < 6; ++count) micros *= 10;
    return micros;
  }
  /// "Z" or "+hh:mm", in seconds east of Greenwich.
  int offset_seconds() {
    if (accept('Z') || accept('z')) return 0;
    const bool west = accept('-');
    if (!west) expect('+');
    const int hours = digits(2);
    expect(':');
    const int minutes = digits(2);
    failed_ = failed_ || hours > 23 || minutes > 59;
    const int seconds = hours * 3600 + minutes * 60;
    return west ? -seconds : seconds;
  }
  bool done() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

Error invalid_time(std::string_view text) {
  std::string shown(text.substr(0, 64));
  return Error(ErrorCode::TimeInvalid,
               "\"" + shown + "\" is not an RFC 3339 time; write it as 2026-04-28T18:34:06Z or "
               "2026-04-28T18:34:06.123+02:00");
}

}  // namespace

CivilTime to_civil(UtcTime time) {
  CivilTime civil;
  const int64_t seconds = floor_div(time.micros, kMicrosPerSecond);
  civil.micros = static_cast<int>(time.micros - seconds * kMicrosPerSecond);
  const int64_t days = floor_div(seconds, kSecondsPerDay);
  const auto of_day = static_cast<int>(seconds - days * kSecondsPerDay);
  civil.hour = of_day / 3600;
  civil.minute = of_day / 60 % 60;
  civil.second = of_day % 60;
  civil_from_days(days, civil);
  return civil;
}

UtcTime from_civil(const CivilTime& civil) {
  const int64_t days = days_from_civil(civil.year, civil.month, civil.day);
  const int64_t seconds =
      days * kSecondsPerDay + civil.hour * 3600 + civil.minute * 60 + civil.second;
  return {seconds * kMicrosPerSecond + civil.micros};
}

std::string format_rfc3339(UtcTime time) {
  const CivilTime civil = to_civil(time);
  char text[64];
  int size = std::snprintf(text, sizeof text, "%04lld-%02d-%02dT%02d:%02d:%02d",
                           static_cast<long long>(civil.year), civil.month, civil.day, civil.hour,
                           civil.minute, civil.second);
  if (civil.micros != 0) {
    size += std::snprintf(text + size, sizeof text - static_cast<size_t>(size), ".%06d",
                          civil.micros);
    while (text[size - 1] == '0') --size;
  }
  return std::string(text, static_cast<size_t>(size)) + "Z";
}

Result<UtcTime> parse_rfc3339(std::string_view text) {
  Reader reader(text);
  CivilTime civil;
  civil.year = reader.digits(4);
  reader.expect('-');
  civil.month = reader.digits(2);
  reader.expect('-');
  civil.day = reader.digits(2);
  reader.expect_either('T', 't');
  civil.hour = reader.digits(2);
  reader.expect(':');
  civil.minute = reader.digits(2);
  reader.expect(':');
  civil.second = reader.digits(2);
  if (reader.accept('.')) civil.micros = reader.fraction_micros();
  const int offset = reader.offset_seconds();
  const bool in_range = civil.month >= 1 && civil.month <= 12 && civil.day >= 1 &&
                        civil.hour <= 23 && civil.minute <= 59 && civil.second <= 60;
  if (!reader.done() || !in_range || civil.day > days_in_month(civil.year, civil.month)) {
    return invalid_time(text);
  }
  civil.second = std::min(civil.second, 59);  // a leap second has no place of its own in UTC micros
  return from_civil(civil) - Duration::seconds(offset);
}

UtcTime add(UtcTime start, const CalendarDuration& duration) {
  if (duration.months != 0) {
    CivilTime civil = to_civil(start);
    const int64_t months = civil.year * 12 + (civil.month - 1) + duration.months;
    civil.year = floor_div(months, 12);
    civil.month = static_cast<int>(months - civil.year * 12) + 1;
    civil.day = std::min(civil.day, days_in_month(civil.year, civil.month));
    start = from_civil(civil);
  }
  return start + duration.rest;
}

}  // namespace hence
