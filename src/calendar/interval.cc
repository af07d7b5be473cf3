// SPDX-License-Identifier: Apache-2.0
#include "calendar/interval.h"

#include <algorithm>

#include "base/check.h"

namespace hence::calendar {
namespace {

UtcTime nth(UtcTime anchor, const CalendarDuration& length, int64_t n) {
  return add(anchor, {length.months * n, Duration{length.rest.micros * n}});
}

/// The largest n, from 0, whose time is not after `until`.
int64_t index_of(UtcTime anchor, const CalendarDuration& length, UtcTime until) {
  HENCE_CHECK(length.months > 0 || length.rest.micros > 0);
  if (until <= anchor) return 0;
  if (length.months == 0) return (until - anchor).micros / length.rest.micros;
  // No month is shorter than 28 days and none longer than 31.
  const int64_t passed = (until - anchor).micros;
  int64_t low = passed / (length.months * Duration::days(31).micros + length.rest.micros);
  int64_t high = passed / (length.months * Duration::days(28).micros + length.rest.micros) + 1;
  low = std::max<int64_t>(low - 1, 0);
  while (low + 1 < high) {
    const int64_t middle = low + (high - low) / 2;
    (nth(anchor, length, middle) <= until ? low : high) = middle;
  }
  return nth(anchor, length, high) <= until ? high : low;
}

}  // namespace

UtcTime next_of_interval(UtcTime anchor, const CalendarDuration& length, UtcTime after) {
  if (after < anchor) after = anchor;
  return nth(anchor, length, index_of(anchor, length, after) + 1);
}

uint64_t count_of_interval(UtcTime anchor, const CalendarDuration& length, UtcTime after, UtcTime until) {
  if (until <= after) return 0;
  return static_cast<uint64_t>(index_of(anchor, length, until) - index_of(anchor, length, after));
}

}  // namespace hence::calendar
