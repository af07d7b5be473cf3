// SPDX-License-Identifier: Apache-2.0
#pragma once

// Broken-down UTC times as jq shows them, and the formats of strftime and strptime. No locale, no
// zones: %Z is "UTC".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hence::expr {

struct BrokenTime {
  int64_t year = 1970;
  int month = 0;  ///< 0–11
  int day = 1;
  int hour = 0;
  int minute = 0;
  double second = 0;
  int weekday = 4;  ///< 0 is Sunday
  int year_day = 0;
};

int64_t days_of(int64_t year, int month, int day);  ///< since 1970-01-01; month 0–11
/// Seconds since 1970-01-01T00:00:00Z, whole.
int64_t seconds_of(const BrokenTime& time);
BrokenTime broken_time(double seconds);

/// Nothing for a conversion that is not known.
std::optional<std::string> format_time(const BrokenTime& time, std::string_view format);
/// Nothing where the text does not fit the format as a whole.
std::optional<BrokenTime> parse_time(std::string_view text, std::string_view format);

}  // namespace hence::expr
