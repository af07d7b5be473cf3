// SPDX-License-Identifier: Apache-2.0
#pragma once

// Time as data. A UtcTime is microseconds since 1970-01-01T00:00:00Z; a Duration is microseconds.
// Nothing here reads a clock: that is os/clock.h.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hence {

struct Duration {
  int64_t micros = 0;
  auto operator<=>(const Duration&) const = default;
  static constexpr Duration milliseconds(int64_t n) { return {n * 1000}; }
  static constexpr Duration seconds(int64_t n) { return {n * 1'000'000}; }
  static constexpr Duration minutes(int64_t n) { return seconds(n * 60); }
  static constexpr Duration hours(int64_t n) { return seconds(n * 3600); }
  static constexpr Duration days(int64_t n) { return hours(n * 24); }
  int64_t millis() const { return micros / 1000; }
};
constexpr Duration operator+(Duration a, Duration b) { return {a.micros + b.micros}; }

struct UtcTime {
  int64_t micros = 0;
  auto operator<=>(const UtcTime&) const = default;
};
constexpr UtcTime operator+(UtcTime t, Duration d) { return {t.micros + d.micros}; }
constexpr UtcTime operator-(UtcTime t, Duration d) { return {t.micros - d.micros}; }
constexpr Duration operator-(UtcTime a, UtcTime b) { return {a.micros - b.micros}; }

/// RFC 3339 with "Z", fraction only where it is not zero: "2026-04-28T18:34:06.5Z".
std::string format_rfc3339(UtcTime time);
/// RFC 3339, any offset, up to nine fraction digits (cut to microseconds), second 60 taken as 59.
/// Errors: TimeInvalid.
Result<UtcTime> parse_rfc3339(std::string_view text);

/// An ISO 8601 duration split by what has a fixed length and what the calendar decides.
struct CalendarDuration {
  int64_t months = 0;  ///< years count as 12
  Duration rest;       ///< weeks, days, hours, minutes, seconds
};
/// "P1Y2M3W4DT5H6M7.5S" with any part left out but not all; a fraction in any part. A part of a month
/// is one of 30 days: "P0.1Y" is a month and 6 days.
/// Errors: TimeInvalid.
Result<CalendarDuration> parse_iso8601_duration(std::string_view text);
/// As above, or Go's short form as users type it ("250ms", "10s", "5m", "1h30m", "7d").
/// Months and years are refused. Errors: TimeInvalid.
Result<Duration> parse_duration(std::string_view text);
/// start + duration; months move the calendar date, clamped to the month's last day.
UtcTime add(UtcTime start, const CalendarDuration& duration);
/// "PT1M30.5S": ISO 8601 in days, hours, minutes and seconds.
std::string format_iso8601(Duration duration);
/// For people: "350 ms", "4.2 s", "3 min 10 s", "2 h 5 min", "3 d 4 h".
std::string format_human(Duration duration);

/// Date parts of a UTC time in the proleptic Gregorian calendar.
struct CivilTime {
  int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int micros = 0;
};
CivilTime to_civil(UtcTime time);
UtcTime from_civil(const CivilTime& civil);

}  // namespace hence
