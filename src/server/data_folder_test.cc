// SPDX-License-Identifier: Apache-2.0
#include "server/data_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace hence::server {
namespace {

class DataFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() / "hence-folder-XXXXXX").string();
    ASSERT_NE(mkdtemp(path_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  std::string facts() const {
    std::ostringstream text;
    text << std::ifstream(path_ + "/hence.json").rdbuf();
    return text.str();
  }
  void write_facts(const std::string& text) const { std::ofstream(path_ + "/hence.json") << text; }
  Error refusal() const {
    const auto opened = DataFolder::open(path_, 8);
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? Error(ErrorCode::Internal, "it opened") : opened.error();
  }

  std::string path_;
};

TEST_F(DataFolderTest, KeepsWhatItWasMadeWith) {
  Hash128 key;
  {
    const auto made = DataFolder::open(path_, 16);
    ASSERT_TRUE(made.ok());
    key = made->hash_key();
  }
  const auto again = DataFolder::open(path_, 8);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->partitions(), 16);
  EXPECT_EQ(again->hash_key(), key);
}

TEST_F(DataFolderTest, InUseIsSaid) {
  const auto first = DataFolder::open(path_, 8);
  ASSERT_TRUE(first.ok());
  const Error error = refusal();
  EXPECT_EQ(error.code(), ErrorCode::DataFolderInUse);
  EXPECT_NE(error.message().find(path_), std::string::npos) << error.message();
}

TEST_F(DataFolderTest, OfANewerVersionIsSaid) {
  write_facts(R"({"format": 2, "shape": "unknown"})");
  const Error error = refusal();
  EXPECT_EQ(error.code(), ErrorCode::LogVersionNewer);
  EXPECT_NE(error.message().find("made by a newer version of hence (format 2); use that version"), std::string::npos)
      << error.message();
}

TEST_F(DataFolderTest, AnyChangedByteOfItsFactsIsNoticed) {
  ASSERT_TRUE(DataFolder::open(path_, 8).ok());
  const std::string whole = facts();
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0, 1, 3, 5}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      write_facts(changed);
      const Error error = refusal();
      EXPECT_NE(error.message().find("hence.json"), std::string::npos) << at << ": " << error.message();
    }
  }
  write_facts(whole);
  EXPECT_TRUE(DataFolder::open(path_, 8).ok());
}

TEST_F(DataFolderTest, FactsWithoutAChecksumAreRead) {
  write_facts("{\n  \"format\": 1,\n  \"partitions\": 8,\n  \"hashKeyHigh\": \"0000000000000001\",\n"
              "  \"hashKeyLow\": \"0000000000000002\"\n}\n");
  const auto opened = DataFolder::open(path_, 64);
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  EXPECT_EQ(opened->hash_key(), (Hash128{1, 2}));
}

}  // namespace
}  // namespace hence::server
