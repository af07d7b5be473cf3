// SPDX-License-Identifier: Apache-2.0
#include "os/file_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

namespace hence::os {
namespace {

class FileLockTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/hence_lock_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(FileLockTest, TheSecondOwnerIsToldWhoTheFirstIs) {
  auto first = FileLock::acquire(folder_);
  ASSERT_TRUE(first.ok());
  auto second = FileLock::acquire(folder_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::DataFolderInUse);
  EXPECT_THAT(second.error().message(), testing::HasSubstr(std::to_string(getpid())));
  EXPECT_THAT(second.error().message(), testing::HasSubstr(folder_));
}

TEST_F(FileLockTest, IsFreeAgainWhenTheOwnerIsGone) {
  {
    FileLock first = FileLock::acquire(folder_).value();
    FileLock moved = std::move(first);
    EXPECT_FALSE(FileLock::acquire(folder_).ok());
  }
  EXPECT_TRUE(FileLock::acquire(folder_).ok());
}

TEST_F(FileLockTest, AMissingFolderIsADiskError) {
  auto lock = FileLock::acquire(folder_ + "/nothere");
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().code(), ErrorCode::DiskFailed);
}

}  // namespace
}  // namespace hence::os
