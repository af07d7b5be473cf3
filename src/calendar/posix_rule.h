// SPDX-License-Identifier: Apache-2.0
#pragma once

// The footer of a TZif file: "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX.1 TZ, with RFC 8536's hours beyond
// a day). Says when, each year, which offset begins.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "calendar/zone.h"

namespace hence::calendar {

struct PosixRule {
  struct Day {
    enum class Kind : uint8_t { julian, zero_based, month } kind = Kind::month;
    int day = 0;              ///< of julian (1 to 365, no 29 February) and zero_based (0 to 365)
    int month = 1, week = 1, weekday = 0;
    int32_t seconds = 7'200;  ///< of local time, may be negative or over a day
  };
  int32_t standard = 0;       ///< offset in seconds, east of Greenwich positive
  std::optional<int32_t> daylight;
  Day begins, ends;

  /// Errors: TimeInvalid.
  static Result<PosixRule> parse(std::string_view text);
  /// Of one year, in order; none where there is no daylight time.
  std::vector<Zone::Transition> transitions(int64_t year) const;
};

}  // namespace hence::calendar
