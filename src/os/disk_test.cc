// SPDX-License-Identifier: Apache-2.0
// The contract of Disk and File, kept by the real and by the simulated one.
#include "os/disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "os/real_disk.h"
#include "os/simulated_disk.h"

namespace hence::os {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

enum class Kind { real, simulated };

class DiskContract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::simulated) {
      disk_ = std::make_unique<SimulatedDisk>();
      return;
    }
    std::string pattern = testing::TempDir() + "/hence_disk_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    disk_ = RealDisk::open_folder(folder_ + "/a/b").value();
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<File> create(std::string_view name) {
    return disk_->open(name, OpenMode::create_new).value();
  }
  static std::string contents(File& file) {
    std::string text(file.size().value() + 10, '?');
    text.resize(file.read_at(0, text).value());
    return text;
  }

  std::string folder_;
  std::unique_ptr<Disk> disk_;
};

TEST_P(DiskContract, ReadsTheSameAfterItsCopiesInMemoryAreDropped) {
  auto file = create("log");
  ASSERT_TRUE(file->write_at(0, "synced").ok());
  ASSERT_TRUE(file->sync_data().ok());
  ASSERT_TRUE(file->write_at(6, ", not synced").ok());
  disk_->drop_cached("log");
  disk_->drop_cached("none");
  EXPECT_EQ(contents(*file), "synced, not synced");
}

TEST_P(DiskContract, ReadsWhatWasWritten) {
  auto file = create("log");
  ASSERT_TRUE(file->write_at(0, "hello world").ok());
  ASSERT_TRUE(file->write_at(6, "there").ok());
  ASSERT_TRUE(file->sync_data().ok());
  EXPECT_EQ(contents(*file), "hello there");
  char part[3];
  EXPECT_EQ(file->read_at(9, part).value(), 2u);
  EXPECT_EQ(file->read_at(11, part).value(), 0u);
  EXPECT_EQ(file->read_at(1000, part).value(), 0u);
}

TEST_P(DiskContract, AGapReadsAsZeros) {
  auto file = create("log");
  ASSERT_TRUE(file->write_at(3, "x").ok());
  EXPECT_EQ(contents(*file), std::string("\0\0\0x", 4));
}

TEST_P(DiskContract, PreallocationExtendsWithZerosAndNeverShrinks) {
  auto file = create("log");
  ASSERT_TRUE(file->write_at(0, "abc").ok());
  ASSERT_TRUE(file->preallocate_written(3'000'000).ok());
  EXPECT_EQ(file->size().value(), 3'000'000u);
  ASSERT_TRUE(file->preallocate_written(10).ok());
  EXPECT_EQ(file->size().value(), 3'000'000u);
  ASSERT_TRUE(file->truncate(5).ok());
  EXPECT_EQ(contents(*file), std::string("abc\0\0", 5));
}

TEST_P(DiskContract, TruncateCutsAndExtends) {
  auto file = create("log");
  ASSERT_TRUE(file->write_at(0, "abcdef").ok());
  ASSERT_TRUE(file->truncate(2).ok());
  ASSERT_TRUE(file->truncate(4).ok());
  EXPECT_EQ(contents(*file), std::string("ab\0\0", 4));
}

TEST_P(DiskContract, OpenModesSayWhatMustBeThere) {
  EXPECT_FALSE(disk_->open("a", OpenMode::existing).ok());
  EXPECT_TRUE(disk_->open("a", OpenMode::create_new).ok());
  EXPECT_FALSE(disk_->open("a", OpenMode::create_new).ok());
  EXPECT_TRUE(disk_->open("a", OpenMode::existing).ok());
  EXPECT_TRUE(disk_->open("b", OpenMode::existing_or_new).ok());
  EXPECT_TRUE(disk_->open("b", OpenMode::existing_or_new).ok());
}

TEST_P(DiskContract, WhatIsOpenedToBeReadIsNeitherMadeNorWritten) {
  EXPECT_FALSE(disk_->open("log", OpenMode::read_only).ok());
  EXPECT_THAT(disk_->list().value(), IsEmpty());
  ASSERT_TRUE(create("log")->write_at(0, "abc").ok());
  auto file = disk_->open("log", OpenMode::read_only).value();
  EXPECT_EQ(contents(*file), "abc");
  EXPECT_FALSE(file->write_at(0, "x").ok());
  EXPECT_FALSE(file->preallocate_written(10).ok());
  EXPECT_FALSE(file->truncate(1).ok());
  EXPECT_EQ(contents(*file), "abc");
}

TEST_P(DiskContract, TwoHandlesSeeOneFile) {
  auto writer = create("log");
  auto reader = disk_->open("log", OpenMode::existing).value();
  ASSERT_TRUE(writer->write_at(0, "abc").ok());
  EXPECT_EQ(contents(*reader), "abc");
}

TEST_P(DiskContract, ListsNamesSorted) {
  EXPECT_THAT(disk_->list().value(), IsEmpty());
  create("b");
  create("c");
  create("a");
  EXPECT_THAT(disk_->list().value(), ElementsAre("a", "b", "c"));
  ASSERT_TRUE(disk_->sync_folder().ok());
}

TEST_P(DiskContract, RenameReplaces) {
  ASSERT_TRUE(create("old")->write_at(0, "old").ok());
  ASSERT_TRUE(create("new")->write_at(0, "new").ok());
  ASSERT_TRUE(disk_->rename("new", "old").ok());
  EXPECT_THAT(disk_->list().value(), ElementsAre("old"));
  EXPECT_EQ(contents(*disk_->open("old", OpenMode::existing).value()), "new");
  EXPECT_FALSE(disk_->rename("new", "old").ok());
}

TEST_P(DiskContract, ARemovedFileStaysReadableWhileOpen) {
  auto file = create("log");
  ASSERT_TRUE(file->write_at(0, "abc").ok());
  ASSERT_TRUE(disk_->remove("log").ok());
  EXPECT_EQ(contents(*file), "abc");
  EXPECT_THAT(disk_->list().value(), IsEmpty());
  EXPECT_FALSE(disk_->remove("log").ok());
}

TEST_P(DiskContract, ErrorsNameThePathAndTheReason) {
  auto missing = disk_->open("nothere", OpenMode::existing);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::DiskFailed);
  EXPECT_THAT(missing.error().message(), HasSubstr("nothere"));
  EXPECT_THAT(missing.error().message(), HasSubstr("No such file or directory"));
}

TEST_P(DiskContract, SaysHowMuchIsFree) { EXPECT_GT(disk_->free_bytes().value(), 0u); }

TEST(RealDisk, OpensWhatIsThereWithoutMakingIt) {
  std::string folder = testing::TempDir() + "/hence_disk_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  EXPECT_TRUE(RealDisk::open_existing(folder).ok());
  const auto none = RealDisk::open_existing(folder + "/none");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), ErrorCode::DiskFailed);
  EXPECT_FALSE(std::filesystem::exists(folder + "/none"));
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Disks, DiskContract, testing::Values(Kind::real, Kind::simulated),
                         [](const auto& param) {
                           return param.param == Kind::real ? "real" : "simulated";
                         });

}  // namespace
}  // namespace hence::os
