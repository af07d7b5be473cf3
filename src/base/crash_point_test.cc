// SPDX-License-Identifier: Apache-2.0
#include "base/crash_point.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace hence {
namespace {

TEST(CrashPoint, EndsTheProcessAtTheNamedPlaceTheTimeItIsTold) {
  EXPECT_FALSE(is_crash_due("here"));
  const auto passes = [](int times) {
    ASSERT_TRUE(set_crash_point("here:3"));
    for (int i = 0; i < times; ++i) {
      HENCE_CRASH_POINT("there");
      HENCE_CRASH_POINT("here");
    }
    _exit(0);
  };
  EXPECT_EXIT(passes(2), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(passes(3), testing::KilledBySignal(SIGKILL), "crash point here");
}

TEST(CrashPoint, RefusesWhatIsNoNameAndNumber) {
  EXPECT_FALSE(set_crash_point(""));
  EXPECT_FALSE(set_crash_point("here:"));
  EXPECT_FALSE(set_crash_point("here:0"));
  EXPECT_FALSE(set_crash_point("here:x"));
}

}  // namespace
}  // namespace hence
