// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <gtest/gtest.h>

namespace hence {
namespace {

TEST(Rfc3339, WritesTheFractionOnlyWhereItIsNotZero) {
  EXPECT_EQ(format_rfc3339({0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339({1'777'401'246'500'000}), "2026-04-28T18:34:06.5Z");
  EXPECT_EQ(format_rfc3339({-1}), "1969-12-31T23:59:59.999999Z");
}

TEST(Rfc3339, ReadsOffsetsFractionsAndLeapSeconds) {
  const auto at = [](const char* text) { return parse_rfc3339(text).value().micros; };
  EXPECT_EQ(at("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(at("2026-04-28T18:34:06.5Z"), 1'777'401'246'500'000);
  EXPECT_EQ(at("2026-04-28T20:34:06.500+02:00"), 1'777'401'246'500'000);
  EXPECT_EQ(at("2026-04-28t13:04:06.500000999-05:30"), 1'777'401'246'500'000);
  EXPECT_EQ(at("2016-12-31T23:59:60Z"), at("2016-12-31T23:59:59Z"));
  EXPECT_EQ(format_rfc3339({at("0001-01-01T00:00:00Z")}), "0001-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339({at("2024-02-29T00:00:00z")}), "2024-02-29T00:00:00Z");
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026-04-28", "2026-04-28T18:34Z", "2026-04-28T18:34:06", "2026-04-28 18:34:06Z",
        "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-04-28T24:00:00Z", "2026-04-28T18:60:06Z", "2026-04-28T18:34:61Z",
        "2026-04-28T18:34:06.Z", "2026-04-28T18:34:06.1234567891Z", "2026-04-28T18:34:06+2:00",
        "2026-04-28T18:34:06+24:00", "2026-04-28T18:34:06Zx", "2026-00-01T00:00:00Z"}) {
    auto result = parse_rfc3339(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code(), ErrorCode::TimeInvalid);
  }
}

TEST(CivilTime, GoesBackAndForthOverManyDays) {
  for (int64_t day = -800'000; day < 800'000; day += 17) {
    const UtcTime time{day * 86'400'000'000 + 12'345};
    EXPECT_EQ(from_civil(to_civil(time)), time);
  }
}

TEST(IsoDuration, ReadsEveryPart) {
  auto all = parse_iso8601_duration("P1Y2M3W4DT5H6M7.5S").value();
  EXPECT_EQ(all.months, 14);
  EXPECT_EQ(all.rest.micros, ((25 * 24 + 5) * 3600 + 6 * 60) * 1'000'000LL + 7'500'000);
  EXPECT_EQ(parse_iso8601_duration("PT0S").value().rest, Duration{});
  EXPECT_EQ(parse_iso8601_duration("PT1.5H").value().rest, Duration::minutes(90));
  EXPECT_EQ(parse_iso8601_duration("P0,5D").value().rest, Duration::hours(12));
  EXPECT_EQ(parse_iso8601_duration("PT1M").value().rest, Duration::minutes(1));
  EXPECT_EQ(parse_iso8601_duration("P1M").value().months, 1);
}

TEST(IsoDuration, TakesAFractionInAnyPart) {
  EXPECT_EQ(parse_iso8601_duration("PT1.5H30M").value().rest, Duration::hours(2));
  EXPECT_EQ(parse_iso8601_duration("P0.5W0.5DT0.5H0.5M0.5S").value().rest.micros,
            ((4 * 24 * 60 + 30) * 60 + 30) * 1'000'000LL + 500'000);
  // Cut to microseconds once, so a unit that is large makes no error of the digits behind the sixth.
  EXPECT_EQ(parse_iso8601_duration("PT0.0000001H").value().rest.micros, 360);
  EXPECT_EQ(parse_iso8601_duration("P0.99999999999999999999W").value().rest.micros, 7 * 86'400'000'000 - 1);
  EXPECT_EQ(parse_iso8601_duration("PT0.3333333333333333H").value().rest.micros, 1'199'999'999);
}

TEST(IsoDuration, TakesAFractionOfAYearAsMonthsAndAPartOfAMonthAsOneOf30Days) {
  EXPECT_EQ(parse_iso8601_duration("P1.5Y").value().months, 18);
  EXPECT_EQ(parse_iso8601_duration("P0.25Y2M").value().months, 5);
  EXPECT_EQ(parse_iso8601_duration("P2.00M").value().months, 2);
  EXPECT_EQ(parse_iso8601_duration("P2.00M").value().rest, Duration{});
  const CalendarDuration tenth = parse_iso8601_duration("P0.1Y").value();
  EXPECT_EQ(tenth.months, 1);
  EXPECT_EQ(tenth.rest, Duration::hours(6 * 24));
  const CalendarDuration half = parse_iso8601_duration("P1.5M1D").value();
  EXPECT_EQ(half.months, 1);
  EXPECT_EQ(half.rest, Duration::hours(16 * 24));
}

TEST(IsoDuration, RefusesWhatIsNone) {
  for (const char* text : {"", "P", "PT", "P1DT", "1D", "P1", "PT1D", "P1H", "P1D1Y", "PT1S1M",
                           "PT.5S", "PT5.S", "-PT1S", "P1DTT1S", "PT1S ",
                           "P99999999999999999Y", "P99999999999999999999999Y", "P2000Y", "PT999999999999999H"}) {
    EXPECT_FALSE(parse_iso8601_duration(text).ok()) << text;
  }
}

TEST(ShortDuration, ReadsWhatUsersType) {
  EXPECT_EQ(parse_duration("250ms").value(), Duration::milliseconds(250));
  EXPECT_EQ(parse_duration("10s").value(), Duration::seconds(10));
  EXPECT_EQ(parse_duration("5m").value(), Duration::minutes(5));
  EXPECT_EQ(parse_duration("1h30m").value(), Duration::minutes(90));
  EXPECT_EQ(parse_duration("1.5h").value(), Duration::minutes(90));
  EXPECT_EQ(parse_duration("7d").value(), Duration::days(7));
  EXPECT_EQ(parse_duration("0.5ms").value().micros, 500);
  EXPECT_EQ(parse_duration("0").value(), Duration{});
  EXPECT_EQ(parse_duration("PT30S").value(), Duration::seconds(30));
}

TEST(ShortDuration, RefusesMonthsAndUnitlessNumbers) {
  for (const char* text : {"", "10", "s", "5 m", "-5s", "1y", "P1M", "P1Y", "5mm", "1h30"}) {
    EXPECT_FALSE(parse_duration(text).ok()) << text;
  }
}

TEST(CalendarAddition, ClampsToTheLastDayOfTheMonth) {
  const auto plus = [](const char* start, const char* duration) {
    return format_rfc3339(
        add(parse_rfc3339(start).value(), parse_iso8601_duration(duration).value()));
  };
  EXPECT_EQ(plus("2026-01-31T10:00:00Z", "P1M"), "2026-02-28T10:00:00Z");
  EXPECT_EQ(plus("2024-02-29T00:00:00Z", "P1Y"), "2025-02-28T00:00:00Z");
  EXPECT_EQ(plus("2026-11-30T00:00:00Z", "P1M1DT1H"), "2026-12-31T01:00:00Z");
}

TEST(FormatIso, WritesDaysToSecondsAndReadsBack) {
  EXPECT_EQ(format_iso8601({}), "PT0S");
  EXPECT_EQ(format_iso8601({90'500'000}), "PT1M30.5S");
  EXPECT_EQ(format_iso8601(Duration::days(3) + Duration::hours(4)), "P3DT4H");
  EXPECT_EQ(format_iso8601(Duration::days(2)), "P2D");
  EXPECT_EQ(format_iso8601({1}), "PT0.000001S");
  for (int64_t micros : {1LL, 999'999LL, 86'400'000'001LL, 123'456'789'012LL}) {
    EXPECT_EQ(parse_duration(format_iso8601({micros})).value().micros, micros);
  }
}

TEST(FormatHuman, UsesTwoUnitsAtMost) {
  EXPECT_EQ(format_human({300}), "0.3 ms");
  EXPECT_EQ(format_human(Duration::milliseconds(350)), "350 ms");
  EXPECT_EQ(format_human(Duration::milliseconds(4200)), "4.2 s");
  EXPECT_EQ(format_human(Duration::seconds(190)), "3 min 10 s");
  EXPECT_EQ(format_human(Duration::minutes(125)), "2 h 5 min");
  EXPECT_EQ(format_human(Duration::hours(76)), "3 d 4 h");
  EXPECT_EQ(format_human(Duration::hours(24)), "1 d");
}

}  // namespace
}  // namespace hence
