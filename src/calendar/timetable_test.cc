// SPDX-License-Identifier: Apache-2.0
#include "calendar/timetable.h"

#include <gtest/gtest.h>

#include <random>

#include "calendar/civil.h"
#include "calendar/zone_test_files.h"

namespace hence::calendar {
namespace {

UtcTime at(std::string_view text) { return parse_rfc3339(text).value(); }

LocalCron cron(std::string_view text, const std::string& zone, Gap gap = Gap::shift, Repeat repeat = Repeat::first) {
  return {Cron::parse(text).value(), test_zone(zone), gap, repeat};
}

std::vector<std::string> next_times(const LocalCron& schedule, std::string_view after, int count) {
  std::vector<std::string> out;
  std::optional<UtcTime> time = at(after);
  while (count-- > 0 && (time = schedule.next(*time))) out.push_back(format_rfc3339(*time));
  return out;
}
using Times = std::vector<std::string>;

TEST(Timetable, ALocalTimeInTheGapIsDueAtItsEnd) {
  EXPECT_EQ(next_times(cron("30 2 * * *", "Europe/Berlin"), "2026-03-27T12:00:00Z", 3),
            (Times{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}));
  EXPECT_EQ(next_times(cron("30 2 * * *", "Europe/Berlin", Gap::skip), "2026-03-27T12:00:00Z", 2),
            (Times{"2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"}));
  EXPECT_EQ(next_times(cron("30 2 * * *", "America/New_York"), "2026-03-07T12:00:00Z", 2),
            (Times{"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}));
  // Half an hour only: 02:15 is in Lord Howe's gap, 02:45 is not.
  EXPECT_EQ(next_times(cron("15 2 * * *", "Australia/Lord_Howe"), "2026-10-03T00:00:00Z", 2),
            (Times{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}));
  EXPECT_EQ(next_times(cron("45 2 * * *", "Australia/Lord_Howe"), "2026-10-03T00:00:00Z", 1),
            (Times{"2026-10-03T15:45:00Z"}));
  // Samoa had no 30 December 2011.
  EXPECT_EQ(next_times(cron("0 12 30 12 *", "Pacific/Apia"), "2011-12-01T00:00:00Z", 1), (Times{"2011-12-30T10:00:00Z"}));
}

TEST(Timetable, SeveralTimesInOneGapAreDueOnce) {
  EXPECT_EQ(next_times(cron("0,15,30,45 2 * * *", "Europe/Berlin"), "2026-03-29T00:50:00Z", 2),
            (Times{"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}));
  EXPECT_EQ(next_times(cron("0 2,3 * * *", "Europe/Berlin"), "2026-03-29T00:50:00Z", 2),
            (Times{"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}));
}

TEST(Timetable, ALocalTimeThatComesTwiceIsDueTheFirstTime) {
  EXPECT_EQ(next_times(cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00:00Z", 2),
            (Times{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}));
  EXPECT_EQ(next_times(cron("30 2 * * *", "Europe/Berlin", Gap::shift, Repeat::both), "2026-10-24T12:00:00Z", 3),
            (Times{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"}));
  EXPECT_EQ(next_times(cron("30 1 * * *", "America/New_York"), "2026-10-31T12:00:00Z", 2),
            (Times{"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}));
  EXPECT_EQ(next_times(cron("45 1 * * *", "Australia/Lord_Howe"), "2026-04-04T00:00:00Z", 2),
            (Times{"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}));
}

TEST(Timetable, RealTimeGoesOnThroughBothChanges) {
  const LocalCron hourly = cron("0 * * * *", "Europe/Berlin", Gap::skip, Repeat::both);
  EXPECT_EQ(next_times(hourly, "2026-10-24T23:30:00Z", 4),
            (Times{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"}));
  EXPECT_EQ(next_times(hourly, "2026-03-29T00:00:00Z", 2), (Times{"2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}));
}

TEST(Timetable, LeapDaysAndTheFarFuture) {
  EXPECT_EQ(next_times(cron("0 0 29 2 *", "Europe/Berlin"), "2096-03-01T00:00:00Z", 1), (Times{"2104-02-28T23:00:00Z"}));
  EXPECT_EQ(next_times(cron("0 0 1 7 *", "Europe/Berlin"), "2999-07-02T00:00:00Z", 1), (Times{"3000-06-30T22:00:00Z"}));
  EXPECT_EQ(next_times(cron("0 0 1 1 *", "Etc/UTC"), "2026-12-31T23:59:59.9Z", 1), (Times{"2027-01-01T00:00:00Z"}));
}

/// Steps through real time minute by minute with a wall clock beside it.
std::vector<UtcTime> naive(const LocalCron& schedule, int64_t begin, int64_t end) {
  std::vector<UtcTime> out;
  const auto local_of = [&](int64_t second) { return second + schedule.zone->offset_at(second); };
  const auto fits = [&](int64_t local) { return schedule.cron.next_local(local) == local; };
  int64_t high = local_of(begin - 3 * kDaySeconds);  // the latest local minute seen
  for (int64_t second = begin - 3 * kDaySeconds; second < end; second += 60) {
    const int64_t local = local_of(second);
    bool due = false;
    if (local > high) {
      for (int64_t missing = high + 60; missing < local; missing += 60) due = due || (schedule.gap == Gap::shift && fits(missing));
      due = due || fits(local);
      high = local;
    } else {
      due = schedule.repeat == Repeat::both && fits(local);
    }
    if (due && second >= begin) out.push_back({second * 1'000'000});
  }
  return out;
}

std::string random_field(std::mt19937& random, int low, int high) {
  const auto number = [&] { return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1)); };
  switch (random() % 5) {
    case 0: return std::to_string(number());
    case 1: return std::to_string(number()) + "," + std::to_string(number());
    case 2: return "*/" + std::to_string(1 + random() % 9);
    case 3: {
      const int a = number(), b = number();
      return std::to_string(std::min(a, b)) + "-" + std::to_string(std::max(a, b));
    }
    default: return "*";
  }
}

TEST(Timetable, AgreesWithAClockThatStepsMinuteByMinute) {
  std::mt19937 random(20260328);
  const char* zones[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Pacific/Apia",
                         "Africa/Casablanca", "America/Nuuk", "Asia/Kathmandu", "Antarctica/Troll", "Europe/Dublin"};
  int compared = 0;
  for (int round = 0; round < 400; ++round) {
    const std::string text = random_field(random, 0, 59) + " " + (random() % 2 ? random_field(random, 0, 4) : random_field(random, 0, 23)) + " " +
                             random_field(random, 1, 28) + " " + random_field(random, 1, 12) + " " + random_field(random, 0, 7);
    if (!Cron::parse(text).ok()) continue;
    const LocalCron schedule = cron(text, zones[random() % std::size(zones)], random() % 2 ? Gap::shift : Gap::skip,
                                    random() % 2 ? Repeat::first : Repeat::both);
    // A few days around a change of clocks between 1970 and 2080.
    int64_t begin = static_cast<int64_t>(random() % (110 * 365)) * kDaySeconds;
    const int64_t change = schedule.zone->next_transition(begin).at;
    if (change < 90'000 * kDaySeconds) begin = floor_div(change, kDaySeconds) * kDaySeconds - kDaySeconds;
    const int64_t end = begin + 3 * kDaySeconds;
    std::vector<UtcTime> found;
    for (auto time = schedule.next(UtcTime{begin * 1'000'000 - 1}); time && time->micros < end * 1'000'000; time = schedule.next(*time)) {
      found.push_back(*time);
    }
    ASSERT_EQ(found, naive(schedule, begin, end)) << text << " in " << schedule.zone->name() << " from "
                                                  << format_rfc3339({begin * 1'000'000});
    compared += static_cast<int>(found.size());
  }
  EXPECT_GT(compared, 3'000);
}

TEST(Timetable, EveryChangeOfClocksFromSeventyOnLeavesOneDueTimeADay) {
  std::ifstream table("/usr/share/zoneinfo/zone1970.tab");
  int changes = 0;
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string countries, place, name;
    if (line.starts_with('#') || !(fields >> countries >> place >> name)) continue;
    const LocalCron daily = cron("30 2 * * *", name);
    int64_t second = 0;
    while ((second = daily.zone->next_transition(second).at) < at("2038-01-01T00:00:00Z").micros / 1'000'000) {
      ++changes;
      const UtcTime before{(second - 2 * kDaySeconds) * 1'000'000};
      const UtcTime first = daily.next(before).value();
      const UtcTime later = daily.next(first).value();
      const UtcTime last = daily.next(later).value();
      // One a local day: about a day apart, but where a whole day is left out or comes twice.
      const int64_t shift = std::abs(int64_t{daily.zone->offset_at(second)} - daily.zone->offset_at(second - 1));
      for (const Duration step : {later - first, last - later}) {
        EXPECT_GE(step, Duration::seconds(kDaySeconds - 3 * shift)) << name << " " << format_rfc3339({second * 1'000'000});
        EXPECT_LE(step, Duration::seconds(kDaySeconds + 3 * shift)) << name << " " << format_rfc3339({second * 1'000'000});
      }
    }
  }
  EXPECT_GT(changes, 10'000);
}

TEST(Timetable, FindsTheLastDueTimeAndCounts) {
  const Timetable hourly(cron("0 * * * *", "Europe/Berlin"));
  EXPECT_EQ(hourly.last(at("2026-01-01T00:00:00Z"), at("2026-06-01T10:59:59Z")), at("2026-06-01T10:00:00Z"));
  EXPECT_EQ(hourly.last(at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")), at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(hourly.count(at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"), 100), 24u);
  EXPECT_EQ(hourly.count(at("2026-01-01T00:00:00Z"), at("2036-01-02T00:00:00Z"), 100), 100u);
  const Timetable every(Interval{{0, Duration::minutes(7)}, at("2026-01-01T00:00:00Z")});
  EXPECT_EQ(every.last(at("2026-01-01T00:07:00Z"), at("2026-01-01T01:00:00Z")), at("2026-01-01T00:56:00Z"));
  EXPECT_EQ(every.next(at("2026-01-01T00:56:00Z")), at("2026-01-01T01:03:00Z"));
}

}  // namespace
}  // namespace hence::calendar
