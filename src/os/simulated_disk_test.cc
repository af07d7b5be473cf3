// SPDX-License-Identifier: Apache-2.0
#include "os/simulated_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace hence::os {
namespace {

class SimulatedDiskTest : public testing::Test {
 protected:
  std::unique_ptr<File> create(std::string_view name) {
    return disk_.open(name, OpenMode::create_new).value();
  }
  std::string contents(std::string_view name) {
    auto file = disk_.open(name, OpenMode::existing).value();
    std::string text(file->size().value(), '?');
    EXPECT_EQ(file->read_at(0, text).value(), text.size());
    return text;
  }

  SimulatedClock clock_{UtcTime{0}};
  SimulatedDisk disk_{&clock_};
};

TEST_F(SimulatedDiskTest, ACrashKeepsWhatWasSynced) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedRandom random(seed);
    const std::string name = "log" + std::to_string(seed);
    auto file = create(name);
    ASSERT_TRUE(file->write_at(0, "durable").ok());
    ASSERT_TRUE(file->sync_data().ok());
    ASSERT_TRUE(disk_.sync_folder().ok());
    ASSERT_TRUE(file->write_at(7, " and not").ok());
    disk_.crash(random);
    EXPECT_EQ(contents(name).substr(0, 7), "durable");
    EXPECT_FALSE(file->write_at(0, "x").ok()) << "a handle from before the crash is dead";
  }
}

// Over many seeds every kind of loss is seen: all, none, whole writes, single sectors.
TEST_F(SimulatedDiskTest, ACrashTearsUnsyncedWritesAtSectors) {
  const std::string old_bytes(4 * kSectorBytes, 'o');
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SimulatedDisk disk;
    SimulatedRandom random(seed);
    auto file = disk.open("log", OpenMode::create_new).value();
    ASSERT_TRUE(file->write_at(0, old_bytes).ok());
    ASSERT_TRUE(file->sync_data().ok());
    ASSERT_TRUE(disk.sync_folder().ok());
    ASSERT_TRUE(file->write_at(0, std::string(2 * kSectorBytes, 'a')).ok());
    ASSERT_TRUE(file->write_at(2 * kSectorBytes, std::string(2 * kSectorBytes, 'b')).ok());
    disk.crash(random);
    auto again = disk.open("log", OpenMode::existing).value();
    std::string text(4 * kSectorBytes, '?');
    ASSERT_EQ(again->read_at(0, text).value(), text.size());
    std::string sectors;
    for (size_t i = 0; i < 4; ++i) {
      const std::string sector = text.substr(i * kSectorBytes, kSectorBytes);
      ASSERT_EQ(sector, std::string(kSectorBytes, sector[0])) << "a sector is never torn";
      sectors += sector[0];
    }
    outcomes.insert(sectors);
  }
  EXPECT_EQ(outcomes.size(), 16u);
}

TEST_F(SimulatedDiskTest, ACreatedNameIsLostOrKeptUntilTheFolderIsSynced) {
  int kept = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedDisk disk;
    SimulatedRandom random(seed);
    (void)disk.open("new", OpenMode::create_new).value();
    disk.crash(random);
    kept += static_cast<int>(disk.list().value().size());
  }
  EXPECT_GT(kept, 10);
  EXPECT_LT(kept, 90);
}

TEST_F(SimulatedDiskTest, RenameAndRemoveAreDurableOnReturn) {
  create("a");
  create("b");
  ASSERT_TRUE(disk_.rename("a", "c").ok());
  ASSERT_TRUE(disk_.remove("b").ok());
  SimulatedRandom random(1);
  disk_.crash(random);
  EXPECT_THAT(disk_.list().value(), testing::ElementsAre("c"));
}

TEST_F(SimulatedDiskTest, ARenameWhoseSyncFailedNeverGivesOneFileTwoNames) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedDisk disk;
    (void)disk.open("a", OpenMode::create_new).value();
    ASSERT_TRUE(disk.sync_folder().ok());
    disk.fail_sync(1);
    EXPECT_FALSE(disk.rename("a", "b").ok());
    SimulatedRandom random(seed);
    disk.crash(random);
    EXPECT_EQ(disk.list().value().size(), 1u);
  }
}

TEST_F(SimulatedDiskTest, TheNthSyncFailsAndItsDataIsNeverDurable) {
  auto file = create("log");
  ASSERT_TRUE(disk_.sync_folder().ok());
  disk_.fail_sync(2);
  ASSERT_TRUE(file->write_at(0, "one").ok());
  ASSERT_TRUE(file->sync_data().ok());
  ASSERT_TRUE(file->write_at(3, "two").ok());
  auto failed = file->sync_data();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code(), ErrorCode::DiskFailed);
  ASSERT_TRUE(file->sync_data().ok());
  SimulatedRandom random(3);
  disk_.crash(random);
  EXPECT_EQ(contents("log"), "one");
}

TEST_F(SimulatedDiskTest, TheNthWriteFailsHalfDone) {
  auto file = create("log");
  disk_.fail_write(2);
  ASSERT_TRUE(file->write_at(0, "one").ok());
  EXPECT_FALSE(file->write_at(3, "twotwo").ok());
  ASSERT_TRUE(file->write_at(6, "!").ok());
  EXPECT_EQ(contents("log"), "onetwo!");
}

TEST_F(SimulatedDiskTest, AFullDiskRefusesGrowthButNotOverwriting) {
  auto file = create("log");
  disk_.set_capacity(10);
  ASSERT_TRUE(file->write_at(0, "0123456789").ok());
  EXPECT_EQ(disk_.free_bytes().value(), 0u);
  auto full = file->write_at(10, "x");
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), ErrorCode::DiskFull);
  EXPECT_EQ(file->size().value(), 10u);
  EXPECT_TRUE(file->write_at(0, "9876543210").ok());
}

TEST_F(SimulatedDiskTest, ASlowSyncTakesTimeOnTheClock) {
  auto file = create("log");
  disk_.set_sync_time(Duration::milliseconds(20));
  ASSERT_TRUE(file->sync_data().ok());
  EXPECT_EQ(clock_.now(), UtcTime{20'000});
}

TEST_F(SimulatedDiskTest, AFlippedBitSurvivesACrash) {
  auto file = create("log");
  ASSERT_TRUE(file->write_at(0, "abc").ok());
  ASSERT_TRUE(file->sync_data().ok());
  ASSERT_TRUE(disk_.sync_folder().ok());
  disk_.flip_bit("log", 1, 0);
  SimulatedRandom random(5);
  disk_.crash(random);
  EXPECT_EQ(contents("log"), "acc");
}

}  // namespace
}  // namespace hence::os
