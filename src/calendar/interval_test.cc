// SPDX-License-Identifier: Apache-2.0
#include "calendar/interval.h"

#include <gtest/gtest.h>

namespace hence::calendar {
namespace {

UtcTime at(std::string_view text) { return parse_rfc3339(text).value(); }

TEST(Interval, StepsFromItsAnchorWhateverTheTime) {
  const CalendarDuration five{0, Duration::minutes(5)};
  EXPECT_EQ(next_of_interval(at("2026-01-01T00:00:00Z"), five, at("2025-01-01T00:00:00Z")), at("2026-01-01T00:05:00Z"));
  EXPECT_EQ(next_of_interval(at("2026-01-01T00:00:00Z"), five, at("2026-01-01T00:05:00Z")), at("2026-01-01T00:10:00Z"));
  EXPECT_EQ(next_of_interval(at("2026-01-01T00:00:00Z"), five, at("2026-01-01T00:09:59Z")), at("2026-01-01T00:10:00Z"));
  EXPECT_EQ(count_of_interval(at("2026-01-01T00:00:00Z"), five, at("2026-01-01T00:05:00Z"), at("2026-01-01T01:00:00Z")), 11u);
  EXPECT_EQ(count_of_interval(at("2026-01-01T00:00:00Z"), five, at("2026-01-01T01:00:00Z"), at("2026-01-01T00:05:00Z")), 0u);
}

TEST(Interval, MonthsMoveTheDateOfTheAnchor) {
  const CalendarDuration month{1, {}};
  UtcTime time = at("2026-01-31T10:00:00Z");
  const UtcTime anchor = time;
  for (const char* expected : {"2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"}) {
    time = next_of_interval(anchor, month, time);
    EXPECT_EQ(format_rfc3339(time).substr(0, 10), expected);
  }
  EXPECT_EQ(count_of_interval(anchor, {12, {}}, anchor, at("2126-02-01T00:00:00Z")), 100u);
}

TEST(Interval, AgreesWithCountingOneByOne) {
  const CalendarDuration lengths[] = {{0, Duration::seconds(7)}, {1, {}}, {5, Duration::hours(30)}, {0, Duration::days(2)}};
  for (const CalendarDuration& length : lengths) {
    const UtcTime anchor = at("2024-01-31T01:02:03Z");
    UtcTime known = anchor;
    for (int64_t n = 1; n < 200; ++n) {
      const UtcTime expected = add(anchor, {length.months * n, {length.rest.micros * n}});
      EXPECT_EQ(next_of_interval(anchor, length, known), expected);
      EXPECT_EQ(next_of_interval(anchor, length, expected - Duration{1}), expected);
      known = expected;
    }
  }
}

}  // namespace
}  // namespace hence::calendar
