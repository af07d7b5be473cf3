// SPDX-License-Identifier: Apache-2.0
#include "sim/simulation.h"

#include <gtest/gtest.h>

namespace hence::sim {
namespace {

std::string all_of(const SimulationResult& result) {
  std::string text;
  for (const Violation& violation : result.violations) text += violation.invariant + ": " + violation.message + "\n";
  return text;
}

TEST(Simulation, HoldsItsPromisesOverSomeSeeds) {
  for (uint64_t seed = 1000; seed < 1030; ++seed) {
    const SimulationResult result = simulate({seed});
    EXPECT_TRUE(result.violations.empty()) << "seed " << seed << "\n" << all_of(result);
  }
}

TEST(Simulation, ASeedRepeatsItsRun) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const SimulationResult first = simulate({seed}), second = simulate({seed});
    EXPECT_EQ(first.trace_hash, second.trace_hash) << "seed " << seed;
    EXPECT_GT(first.records, 0u);
  }
  EXPECT_NE(simulate({1}).trace_hash, simulate({2}).trace_hash);
}

/// The seeds it took to see a planted mistake, and as what.
struct Found {
  uint64_t seeds = 0;
  std::string invariant;
};
Found find(Plant plant) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SimulationOptions options;
    options.seed = seed;
    options.plant = plant;
    const SimulationResult result = simulate(options);
    if (!result.violations.empty()) return {seed, result.violations.front().invariant};
  }
  return {};
}

TEST(PlantedMistakes, AnAcknowledgementBeforeTheSyncIsSeen) { EXPECT_EQ(find(Plant::ack_before_sync).invariant, "I-2"); }
TEST(PlantedMistakes, AForgottenDeduplicationIsSeen) { EXPECT_EQ(find(Plant::dedup_lost).invariant, "I-8"); }
TEST(PlantedMistakes, AnEffectBeforeItsRecordIsSeen) { EXPECT_EQ(find(Plant::effect_before_record).invariant, "I-10"); }
TEST(PlantedMistakes, AMessageTakenTwiceIsSeen) { EXPECT_EQ(find(Plant::message_twice).invariant, "I-9"); }
TEST(PlantedMistakes, AParkedDeliveryThatIsDroppedIsSeen) { EXPECT_EQ(find(Plant::parked_dropped).invariant, "I-25"); }
TEST(PlantedMistakes, ATimerThatIsNotRemovedIsSeen) {
  const Found found = find(Plant::timer_twice);
  EXPECT_TRUE(found.invariant == "I-14" || found.invariant == "I-4" || found.invariant == "I-18") << found.invariant;
}
TEST(PlantedMistakes, ASegmentDroppedTooManyIsSeen) { EXPECT_EQ(find(Plant::retention_too_far).invariant, "I-26"); }
TEST(PlantedMistakes, ARevisionThatGoesWithItsSegmentIsSeen) { EXPECT_EQ(find(Plant::state_dropped_too).invariant, "I-26"); }
TEST(PlantedMistakes, StateKeptFromACommitThatFailedIsSeen) {
  const Found found = find(Plant::overlay_kept);
  EXPECT_TRUE(found.invariant == "I-5" || found.invariant == "I-4") << found.invariant;
}

}  // namespace
}  // namespace hence::sim
