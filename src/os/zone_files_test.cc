// SPDX-License-Identifier: Apache-2.0
#include "os/zone_files.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hence::os {
namespace {

TEST(ZoneFiles, LoadsZonesAndSaysWhichThereAre) {
  const Result<std::string> berlin = load_zone("Europe/Berlin");
  ASSERT_TRUE(berlin.ok());
  EXPECT_TRUE(berlin->starts_with("TZif"));
  EXPECT_EQ(load_zone("Europe/Berln").error().code(), ErrorCode::NotFound);
  EXPECT_FALSE(load_zone("Europe").ok());
  const std::vector<std::string> names = zone_names();
  EXPECT_NE(std::find(names.begin(), names.end(), "Europe/Berlin"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "US/Eastern"), names.end());
  EXPECT_EQ(zone_database_version().substr(0, 2), "20");
}

}  // namespace
}  // namespace hence::os
