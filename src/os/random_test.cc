// SPDX-License-Identifier: Apache-2.0
#include "os/random.h"

#include <gtest/gtest.h>

#include <set>

namespace hence::os {
namespace {

// The contract both implementations keep.
void expect_contract(Random& random) {
  std::set<uint64_t> seen;
  uint64_t all_or = 0;
  uint64_t all_and = ~uint64_t{0};
  for (int i = 0; i < 1000; ++i) {
    const uint64_t value = random.next();
    seen.insert(value);
    all_or |= value;
    all_and &= value;
  }
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(all_or, ~uint64_t{0});
  EXPECT_EQ(all_and, 0u);
  int counts[6] = {};
  for (int i = 0; i < 6000; ++i) ++counts[below(random, 6)];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 200);
  EXPECT_EQ(below(random, 1), 0u);
}

TEST(Random, SystemKeepsTheContract) {
  SystemRandom random;
  expect_contract(random);
}

TEST(Random, SimulatedKeepsTheContract) {
  SimulatedRandom random(0);
  expect_contract(random);
}

TEST(SimulatedRandom, EqualSeedsGiveEqualSequences) {
  SimulatedRandom a(42);
  SimulatedRandom b(42);
  SimulatedRandom c(43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const uint64_t value = a.next();
    EXPECT_EQ(value, b.next());
    differs = differs || value != c.next();
  }
  EXPECT_TRUE(differs);
}

// Seeds in bug reports stay good only while this holds. splitmix64(0) begins with e220a8397b1dcdaf.
TEST(SimulatedRandom, NeverChanges) {
  SimulatedRandom random(0);
  EXPECT_EQ(random.next(), 0x99ec5f36cb75f2b4ull);
  EXPECT_EQ(random.next(), 0xbf6e1f784956452aull);
}

}  // namespace
}  // namespace hence::os
