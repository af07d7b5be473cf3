// SPDX-License-Identifier: Apache-2.0
#include "os/clock.h"

#include <gtest/gtest.h>

namespace hence::os {
namespace {

// The contract both implementations keep.
void expect_contract(const Clock& clock) {
  const MonotonicTime first = clock.monotonic();
  const MonotonicTime second = clock.monotonic();
  EXPECT_LE(first, second);
  EXPECT_GT(first.micros, 0);
  EXPECT_GT(clock.now(), UtcTime{Duration::days(365 * 50).micros});
}

TEST(Clock, SystemKeepsTheContract) { expect_contract(SystemClock()); }

TEST(Clock, SimulatedKeepsTheContract) {
  expect_contract(SimulatedClock(parse_rfc3339("2026-01-01T00:00:00Z").value()));
}

TEST(SimulatedClock, AdvancesBothClocks) {
  SimulatedClock clock(UtcTime{1000});
  const MonotonicTime before = clock.monotonic();
  clock.advance(Duration::seconds(5));
  EXPECT_EQ(clock.now(), (UtcTime{5'001'000}));
  EXPECT_EQ(clock.monotonic() - before, Duration::seconds(5));
  clock.advance_to(UtcTime{6'001'000});
  clock.advance_to(UtcTime{0});
  EXPECT_EQ(clock.now(), (UtcTime{6'001'000}));
  EXPECT_EQ(clock.monotonic() - before, Duration::seconds(6));
}

TEST(SimulatedClock, AJumpOfTheWallLeavesMonotonicTimeAlone) {
  SimulatedClock clock(UtcTime{1000});
  const MonotonicTime before = clock.monotonic();
  clock.jump_wall(UtcTime{-50});
  EXPECT_EQ(clock.now(), UtcTime{-50});
  EXPECT_EQ(clock.monotonic(), before);
}

}  // namespace
}  // namespace hence::os
