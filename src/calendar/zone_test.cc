// SPDX-License-Identifier: Apache-2.0
#include "calendar/zone.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "base/time.h"
#include "calendar/posix_rule.h"
#include "calendar/zone_test_files.h"

namespace hence::calendar {
namespace {

int64_t at(std::string_view text) { return parse_rfc3339(text).value().micros / 1'000'000; }

/// All zones of the table that the database has for people who choose one.
std::vector<std::string> all_zones() {
  std::vector<std::string> names;
  std::ifstream table("/usr/share/zoneinfo/zone1970.tab");
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string countries, place, name;
    if (line.starts_with('#') || !(fields >> countries >> place >> name)) continue;
    names.push_back(name);
  }
  return names;
}

TEST(Zone, KnowsOffsetsBeforeAndAfterItsTable) {
  const auto berlin = test_zone("Europe/Berlin");
  ASSERT_NE(berlin, nullptr);
  EXPECT_EQ(berlin->offset_at(at("1800-01-01T00:00:00Z")), 3208);
  EXPECT_EQ(berlin->offset_at(at("2026-03-29T00:59:59Z")), 3600);
  EXPECT_EQ(berlin->offset_at(at("2026-03-29T01:00:00Z")), 7200);
  EXPECT_EQ(berlin->offset_at(at("2060-07-01T00:00:00Z")), 7200);
  EXPECT_EQ(berlin->offset_at(at("2060-12-01T00:00:00Z")), 3600);
  EXPECT_EQ(berlin->offset_at(at("9000-07-01T00:00:00Z")), 7200);
  EXPECT_EQ(berlin->next_transition(at("2060-04-01T00:00:00Z")).at, at("2060-10-31T01:00:00Z"));
  EXPECT_EQ(berlin->next_transition(at("8060-04-01T00:00:00Z")).at % 3600, 0);
  EXPECT_EQ(Zone::utc()->offset_at(at("2026-01-01T00:00:00Z")), 0);
  EXPECT_EQ(test_zone("Australia/Lord_Howe")->offset_at(at("2050-01-01T00:00:00Z")), 39600);
  EXPECT_EQ(test_zone("Australia/Lord_Howe")->offset_at(at("2050-07-01T00:00:00Z")), 37800);
}

TEST(Zone, AgreesWithTheCLibraryInAllZones) {
  const std::vector<std::string> names = all_zones();
  ASSERT_GT(names.size(), 250u);
  for (const std::string& name : names) {
    const auto zone = test_zone(name);
    ASSERT_NE(zone, nullptr) << name;
    setenv("TZ", name.c_str(), 1);
    tzset();
    for (int64_t second = at("1969-06-01T00:00:00Z"); second < at("2300-01-01T00:00:00Z");) {
      // At each change, the second before it, and in between.
      const int64_t next = std::min(zone->next_transition(second).at, second + 86'400 * 90);
      for (const int64_t one : {next - 1, next}) {
        const time_t time = one;
        tm parts{};
        localtime_r(&time, &parts);
        ASSERT_EQ(zone->offset_at(one), parts.tm_gmtoff) << name << " " << format_rfc3339({one * 1'000'000});
      }
      second = next;
    }
  }
  unsetenv("TZ");
  tzset();
}

TEST(Zone, RefusesWhatIsNoZone) {
  EXPECT_FALSE(Zone::parse("x", "").ok());
  EXPECT_FALSE(Zone::parse("x", "TZif2").ok());
  std::ifstream file("/usr/share/zoneinfo/Europe/Berlin", std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  const std::string whole = bytes.str();
  ASSERT_TRUE(Zone::parse("x", whole).ok());
  for (size_t size = 0; size < whole.size() - 1; ++size) {
    EXPECT_FALSE(Zone::parse("x", whole.substr(0, size)).ok()) << size;
  }
}

TEST(Zone, NamesAreNoPaths) {
  for (const char* good : {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"}) {
    EXPECT_TRUE(is_zone_name(good)) << good;
  }
  for (const char* bad : {"", "/etc/passwd", "../x", "Europe//Berlin", "Europe/", "Europe/Berlin\n", "a b", "./x"}) {
    EXPECT_FALSE(is_zone_name(bad)) << bad;
  }
  EXPECT_TRUE(Zones().find("UTC").ok());
  EXPECT_FALSE(Zones().find("Europe/Berlin").ok());
  EXPECT_EQ(Zones().find("../x").error().code(), ErrorCode::TimeInvalid);
}

TEST(PosixRule, ReadsEveryForm) {
  const Result<PosixRule> berlin = PosixRule::parse("CET-1CEST,M3.5.0,M10.5.0/3");
  ASSERT_TRUE(berlin.ok());
  const auto changes = berlin->transitions(2026);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].at, at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(changes[1].at, at("2026-10-25T01:00:00Z"));
  const auto nuuk = PosixRule::parse("<-02>2<-01>,M3.5.0/-1,M10.5.0/0")->transitions(2026);
  EXPECT_EQ(nuuk[0].at, at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(PosixRule::parse("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")->daylight, 39600);
  EXPECT_EQ(PosixRule::parse("EST5")->standard, -18000);
  EXPECT_EQ(PosixRule::parse("AAA0BBB,J60,59")->transitions(2028)[0].at, at("2028-02-29T01:00:00Z"));
  for (const char* bad : {"", "X5", "EST", "EST5EDT", "EST5EDT,M3.5.0", "EST5EDT,M13.1.0,M1.1.0", "EST5EDT,M3.2.0,M11.1.0x", "EST999"}) {
    EXPECT_FALSE(PosixRule::parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace hence::calendar
