// SPDX-License-Identifier: Apache-2.0
#include "calendar/cron.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace hence::calendar {
namespace {

int64_t local(std::string_view text) { return parse_rfc3339(std::string(text) + "Z").value().micros / 1'000'000; }

std::string next(std::string_view cron, std::string_view from) {
  const Result<Cron> parsed = Cron::parse(cron);
  if (!parsed.ok()) return parsed.error().message();
  const auto found = parsed->next_local(local(from));
  if (!found) return "never";
  std::string text = format_rfc3339(UtcTime{*found * 1'000'000});
  text.pop_back();
  return text;
}

struct Row {
  const char* cron;
  const char* from;
  const char* next;
};

TEST(Cron, FindsTheNextLocalTime) {
  const Row rows[] = {
      {"* * * * *", "2026-01-01T00:00:01", "2026-01-01T00:01:00"},
      {"0 0 * * *", "2026-01-01T00:00:00", "2026-01-01T00:00:00"},
      {"0 0 * * *", "2026-12-31T00:00:01", "2027-01-01T00:00:00"},
      {"*/15 * * * *", "2026-01-01T10:46:00", "2026-01-01T11:00:00"},
      {"5/20 * * * *", "2026-01-01T10:26:00", "2026-01-01T10:45:00"},
      {"30 4 1,15 * 5", "2026-01-02T05:00:00", "2026-01-09T04:30:00"},    // either day, as crontab(5)
      {"30 4 1,15 * 5", "2026-01-10T00:00:00", "2026-01-15T04:30:00"},
      {"0 0 */2 * MON", "2026-01-01T00:00:00", "2026-01-05T00:00:00"},    // `*/2` restricts nothing: both
      {"0 0 1-7 * *", "2026-01-08T00:00:00", "2026-02-01T00:00:00"},
      {"15,45 8-17/3 * * mon-fri", "2026-01-02T17:45:00", "2026-01-02T17:45:00"},
      {"15,45 8-17/3 * * mon-fri", "2026-01-02T17:45:01", "2026-01-05T08:15:00"},
      {"0 12 * JAN,jul *", "2026-02-01T00:00:00", "2026-07-01T12:00:00"},
      {"0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"},
      {"0 0 29 2 *", "2096-03-01T00:00:00", "2104-02-29T00:00:00"},       // 2100 is no leap year
      {"0 0 31 * *", "2026-04-01T00:00:00", "2026-05-31T00:00:00"},
      {"0 0 L * *", "2028-02-01T00:00:00", "2028-02-29T00:00:00"},
      {"0 0 L-2 * *", "2026-02-01T00:00:00", "2026-02-26T00:00:00"},
      {"0 0 * * 5L", "2026-01-01T00:00:00", "2026-01-30T00:00:00"},
      {"0 0 * * FRI#3", "2026-01-01T00:00:00", "2026-01-16T00:00:00"},
      {"0 0 * * 1#5", "2026-01-01T00:00:00", "2026-03-30T00:00:00"},
      {"0 0 ? * 7", "2026-01-01T00:00:00", "2026-01-04T00:00:00"},
      {"0 0 * * SAT-SUN", "2026-01-01T00:00:00", "2026-01-03T00:00:00"},
      {"0 0 * * FRI-MON", "2026-01-06T00:00:00", "2026-01-09T00:00:00"},
      {"30 59 23 31 12 *", "2026-01-01T00:00:00", "2026-12-31T23:59:30"},
      {"*/20 * * * * *", "2026-01-01T00:00:41", "2026-01-01T00:01:00"},
      {"59 59 23 31 12 ?", "2026-12-31T23:59:59", "2026-12-31T23:59:59"},
      {"  0\t0  * * *  ", "2026-01-01T00:00:01", "2026-01-02T00:00:00"},
      {"@hourly", "2026-01-01T00:00:01", "2026-01-01T01:00:00"},
      {"@Daily", "2026-01-01T00:00:01", "2026-01-02T00:00:00"},
      {"@midnight ", "2026-01-01T00:00:01", "2026-01-02T00:00:00"},
      {"@weekly", "2026-01-01T00:00:00", "2026-01-04T00:00:00"},
      {"@monthly", "2026-01-01T00:00:01", "2026-02-01T00:00:00"},
      {"@yearly", "2026-01-01T00:00:01", "2027-01-01T00:00:00"},
      {"@annually", "1969-01-01T00:00:01", "1970-01-01T00:00:00"},
  };
  for (const Row& row : rows) EXPECT_EQ(next(row.cron, row.from), row.next) << row.cron << " from " << row.from;
}

TEST(Cron, RefusesWithTheColumnAndWhatWasExpected) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "column 1: expected 5 fields (minute, hour, day of month, month, day of week) or 6 with the second first, found 0"},
      {"* * * *", "column 1: expected 5 fields"},
      {"* * * * * * *", "found 7"},
      {"60 * * * *", "column 1: expected a minute from 0 to 59, found 60"},
      {"* 24 * * *", "column 3: expected a hour from 0 to 23, found 24"},
      {"* * 0 * *", "column 5: expected a day of month from 1 to 31, found 0"},
      {"* * * 13 *", "column 7: expected a month from 1 to 12 or a name such as FEB, found 13"},
      {"* * * * 8", "column 9: expected a day of week from 0 to 7 or a name such as MON, found 8"},
      {"* * * * MOX", "column 9: expected a day of week from 0 to 7 or a name such as MON, found \"MOX\""},
      {"*/0 * * * *", "column 3: expected a step from 1 to 59 after `/`"},
      {"*/ * * * *", "column 3: expected a step"},
      {"5-1 * * * *", "column 1: the range 5-1 ends before it begins"},
      {"1, * * * *", "column 3: expected a minute from 0 to 59, found nothing"},
      {"1-2-3 * * * *", "column 4: unexpected \"-\" in the minute"},
      {"x * * * *", "column 1: expected a minute from 0 to 59, found \"x\""},
      {"0 0 15W * *", "column 7: `W` (the nearest weekday) is not supported"},
      {"0 0 LW * *", "`W` (the nearest weekday) is not supported"},
      {"0 0 L-31 * *", "expected a number of days from 0 to 30 after `L-`"},
      {"0 0 * * 5#6", "column 11: expected 1 to 5 after `#`"},
      {"0 0 30 2 *", "column 5: it never comes"},
      {"0 0 31 2,4,6,9,11 *", "column 5: it never comes"},
      {"@every 5m", "column 1: an interval is written as `every: PT5M`"},
      {"@reboot", "there is no @reboot"},
      {"@often", "unknown name @often; expected one of @yearly"},
      {"TZ=Europe/Berlin 0 0 * * *", "the time zone is a setting of its own: `timeZone`"},
      {"99999 * * * *", "column 1: expected a minute from 0 to 59, found 9999"},
  };
  for (const auto& [cron, message] : rows) {
    const Result<Cron> parsed = Cron::parse(cron);
    ASSERT_FALSE(parsed.ok()) << cron;
    EXPECT_NE(parsed.error().message().find(message), std::string::npos) << cron << ": " << parsed.error().message();
  }
  EXPECT_FALSE(Cron::parse(std::string(kCronBytesMax + 1, '*')).ok());
}

TEST(Cron, KnowsWhetherAnHourIsNamed) {
  EXPECT_TRUE(Cron::parse("*/5 * * * *")->any_hour());
  EXPECT_TRUE(Cron::parse("0 */2 * * *")->any_hour());
  EXPECT_FALSE(Cron::parse("0 2 * * *")->any_hour());
}

}  // namespace
}  // namespace hence::calendar
