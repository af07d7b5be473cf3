// SPDX-License-Identifier: Apache-2.0
// Checkpoints of a server at work, and what is made of them again.

#include "server/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "log/compress.h"
#include "log/verify.h"
#include "os/real_disk.h"
#include "os/test_stranger.h"
#include "store/rocks_store.h"

namespace hence::server {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = (fs::temp_directory_path() / "hence-checkpoint-XXXXXX").string();
    ASSERT_NE(mkdtemp(root_.data()), nullptr);
    open();
  }
  void TearDown() override {
    close();
    set_modes(root_, 0600, 0700);
    fs::remove_all(root_);
  }
  static void set_modes(const std::string& path, int files, int folders) {
    fs::permissions(path, fs::perms(folders));
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      fs::permissions(entry.path(), fs::perms(entry.is_directory() ? folders : files));
    }
  }
  void open() {
    folder_.emplace(std::move(*DataFolder::open(root_ + "/data", 4)));
    disk_ = std::move(*os::RealDisk::open_folder(folder_->log_path()));
    log::LogOptions options;
    options.segment_bytes = 64 << 10;
    options.zero_ahead_bytes = 64 << 10;
    log::OpenReport report;
    log_ = std::move(*log::Log::open(*disk_, options, report));
    store_ = std::move(*store::open_rocks_store({.folder = folder_->state_path()}));
  }
  void close() {
    log_.reset();
    store_.reset();
    folder_.reset();
  }
  /// Commits records of 5 kB; the state says how many, and up to where.
  void write(int count) {
    for (int i = 0; i < count; ++i) {
      log::Record record;
      record.header.address = {1, log_->last_sequence(1) + 1};
      record.header.namespace_name = "default";
      const std::string payload(5000, static_cast<char>('a' + i % 26));
      record.payload = payload;
      const auto made = log_->append_commit({&record, 1});
      ASSERT_TRUE(made.ok());
      store::WriteBatch batch;
      batch.put(store::Family::state, "count", std::to_string(log_->last_sequence(1)));
      ASSERT_TRUE(store_->apply(batch).ok());
    }
  }
  /// meanwhile: happens between the mark and the copying.
  Result<CheckpointInfo> create(const std::string& name, const std::function<void()>& meanwhile = [] {}) {
    return create_checkpoint(checkpoints(), name, *folder_, *store_, {1'777'401'246'000'000}, "1.2.3", [&] {
      Result<DurableMark> mark = mark_durable(*log_, *disk_);
      meanwhile();
      return mark;
    });
  }
  void compress_all() {
    while (const auto base = log_->next_to_compress()) {
      auto compressed = log::compress_segment(*disk_, *base);
      ASSERT_TRUE(compressed.ok() && log_->take_compressed(std::move(*compressed)).ok());
    }
  }
  std::string checkpoints() const { return root_ + "/checkpoints"; }
  void flip(const std::string& path, uint64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(file.get() ^ 8);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
  }

  std::string root_;
  std::optional<DataFolder> folder_;
  std::unique_ptr<os::Disk> disk_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(CheckpointTest, GivesBackLogAndStateAsTheyWere) {
  write(40);
  auto compressed = log::compress_segment(*disk_, *log_->next_to_compress());
  ASSERT_TRUE(compressed.ok() && log_->take_compressed(std::move(*compressed)).ok());
  const Result<CheckpointInfo> made = create("first");
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->position, log_->durable());
  const log::Digest chain = log_->chain();
  write(40);  // what comes later is not in it
  ASSERT_TRUE(log_->drop({.not_before = {}, .bytes_max = 0, .keep_from = log_->durable()}).ok());
  close();

  const Result<CheckpointInfo> restored = restore_checkpoint(checkpoints() + "/first", root_ + "/again");
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_EQ(restored->chain, chain);
  fs::rename(root_ + "/data", root_ + "/old");
  fs::rename(root_ + "/again", root_ + "/data");
  open();
  EXPECT_EQ(log_->durable(), made->position);
  EXPECT_EQ(log_->chain(), chain);
  EXPECT_EQ(log_->begin(), Position{0});
  EXPECT_EQ(*store_->get(store::Family::state, "count"), "40");
  const auto verified = log::verify(*disk_, log::VerifyExpectation{made->position, made->chain});
  ASSERT_TRUE(verified.ok());
  EXPECT_FALSE(verified->damage) << verified->damage->to_string();
  EXPECT_EQ(verified->records, 40u);
  write(5);  // and goes on; the checkpoint keeps what it has
  EXPECT_TRUE(restore_checkpoint(checkpoints() + "/first", root_ + "/third").ok());
}

TEST_F(CheckpointTest, HasWhatWasOpenThoughItIsSealedAndCompressedMeanwhile) {
  write(20);  // a sealed segment, and an open one
  const Position durable = log_->durable();
  const Result<CheckpointInfo> made = create("a", [this] {
    write(40);
    compress_all();
  });
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->position, durable);
  EXPECT_GE(log_->compressed_count(), 2u);
  const Result<CheckpointInfo> restored = restore_checkpoint(checkpoints() + "/a", root_ + "/again");
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  const auto disk = std::move(*os::RealDisk::open_existing(root_ + "/again/log"));
  const auto verified = log::verify(*disk, log::VerifyExpectation{made->position, made->chain});
  ASSERT_TRUE(verified.ok());
  EXPECT_FALSE(verified->damage) << verified->damage->to_string();
  EXPECT_EQ(verified->records, 20u);
}

TEST_F(CheckpointTest, WhatACrashLeftIsRemovedButNotAnotherServers) {
  ASSERT_TRUE(create("whole", [this] {
    EXPECT_TRUE(fs::exists(checkpoints() + "/.unfinished-whole/hence.json")) << "it would not be known as ours";
  }).ok());
  for (const char* name : {"/.unfinished-a/log", "/.unfinished-b/state", "/.unfinished-theirs/state"}) {
    fs::create_directories(checkpoints() + name);
  }
  fs::copy_file(root_ + "/data/hence.json", checkpoints() + "/.unfinished-b/hence.json");
  ASSERT_TRUE(DataFolder::open(root_ + "/other", 4).ok());
  fs::copy_file(root_ + "/other/hence.json", checkpoints() + "/.unfinished-theirs/hence.json");

  EXPECT_EQ(remove_unfinished(checkpoints(), *folder_).size(), 2u);
  EXPECT_FALSE(fs::exists(checkpoints() + "/.unfinished-a"));
  EXPECT_FALSE(fs::exists(checkpoints() + "/.unfinished-b"));
  EXPECT_TRUE(fs::exists(checkpoints() + "/.unfinished-theirs/state"));
  EXPECT_TRUE(restore_checkpoint(checkpoints() + "/whole", root_ + "/again").ok());
  EXPECT_TRUE(remove_unfinished(root_ + "/none", *folder_).empty());
}

TEST_F(CheckpointTest, IsCheckedAndRestoredByWhoMayOnlyReadIt) {
  write(40);
  compress_all();
  ASSERT_TRUE(create("a").ok());
  close();
  const std::string folder = checkpoints() + "/a";
  fs::create_directories(root_ + "/theirs");
  for (const std::string& path : {root_, checkpoints()}) fs::permissions(path, fs::perms(0755));
  fs::permissions(root_ + "/theirs", fs::perms(0777));
  set_modes(folder, 0444, 0555);

  const os::Stranger stranger;
  const std::string info = folder + "/checkpoint.json";
  if (!std::ifstream(info) || std::ofstream(info, std::ios::app)) {
    GTEST_SKIP() << "here nobody can be made one who may read and not write; run it as an ordinary user";
  }
  const auto disk = std::move(*os::RealDisk::open_existing(folder + "/log"));
  const auto verified = log::verify(*disk);
  ASSERT_TRUE(verified.ok()) << verified.error().message();
  EXPECT_FALSE(verified->damage) << verified->damage->to_string();
  const Status beside = verify_data_folder(folder);
  EXPECT_TRUE(beside.ok()) << beside.error().message();
  EXPECT_EQ(list_checkpoints(checkpoints())->size(), 1u);
  const Result<CheckpointInfo> restored = restore_checkpoint(folder, root_ + "/theirs/again");
  EXPECT_TRUE(restored.ok()) << restored.error().message();
}

TEST_F(CheckpointTest, OneWithoutItsLogIsDamagedAndGetsNone) {
  ASSERT_TRUE(create("a").ok());
  fs::remove_all(checkpoints() + "/a/log");
  const auto restored = restore_checkpoint(checkpoints() + "/a", root_ + "/again");
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), ErrorCode::LogDamaged);
  EXPECT_FALSE(fs::exists(checkpoints() + "/a/log"));
}

TEST_F(CheckpointTest, AnEmptyDataFolderHasOneToo) {
  ASSERT_TRUE(create("empty").ok());
  EXPECT_TRUE(restore_checkpoint(checkpoints() + "/empty", root_ + "/again").ok());
}

TEST_F(CheckpointTest, ListsThemByNameAndLeavesOutWhatIsNotWhole) {
  write(1);
  ASSERT_TRUE(create("b").ok() && create("a").ok());
  fs::create_directories(checkpoints() + "/.unfinished-c/state");
  fs::create_directories(checkpoints() + "/other");
  const auto found = list_checkpoints(checkpoints());
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].name, "a");
  EXPECT_EQ((*found)[1].version, "1.2.3");
  EXPECT_GT((*found)[0].bytes, 0u);
  EXPECT_TRUE(list_checkpoints(root_ + "/none")->empty());
}

TEST_F(CheckpointTest, RefusesNamesAndPlacesThatAreTaken) {
  ASSERT_TRUE(create("a").ok());
  EXPECT_EQ(create("a").error().code(), ErrorCode::Conflict);
  for (const char* name : {"", "../a", "a/b", ".a", "a b"}) {
    EXPECT_EQ(create(name).error().code(), ErrorCode::RequestInvalid) << name;
  }
  EXPECT_EQ(restore_checkpoint(checkpoints() + "/a", root_).error().code(), ErrorCode::Conflict);
  EXPECT_EQ(restore_checkpoint(checkpoints() + "/b", root_ + "/x").error().code(), ErrorCode::NotFound);
}

TEST_F(CheckpointTest, IsNotRestoredWhereAByteOfItChanged) {
  write(40);
  ASSERT_TRUE(create("a").ok());
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(checkpoints())) {
    const std::string name = entry.path().filename().string();
    const bool data = name.ends_with(".seg") || name.ends_with(".sst") || name == "checkpoint.json" ||
                      name == "hence.json" || name.starts_with("MANIFEST");
    if (data) files.push_back(entry.path().string());
  }
  ASSERT_GE(files.size(), 6u);
  for (const std::string& file : files) {
    const uint64_t size = fs::file_size(file);
    for (uint64_t at = 10; at < size; at += 1 + size / 7) {
      flip(file, at);
      const auto restored = restore_checkpoint(checkpoints() + "/a", root_ + "/again");
      ASSERT_FALSE(restored.ok()) << file << " at " << at << " of " << size;
      EXPECT_NE(restored.error().code(), ErrorCode::ConfigurationInvalid) << file << " at " << at;
      const std::string& said = restored.error().message();
      EXPECT_EQ(said.find(".unfinished-"), std::string::npos) << said;
      EXPECT_EQ(said.find("last checkpoint"), std::string::npos) << said;
      EXPECT_FALSE(fs::exists(root_ + "/again"));
      flip(file, at);
    }
  }
  EXPECT_TRUE(restore_checkpoint(checkpoints() + "/a", root_ + "/again").ok());
}

TEST_F(CheckpointTest, IsRestoredByPathsAsPeopleWriteThem) {
  write(1);
  ASSERT_TRUE(create("a").ok());
  fs::create_directories(root_ + "/empty");
  const fs::path before = fs::current_path();
  fs::current_path(root_);
  for (const std::string target : {"plain", "./slash/", "sub/../twice//", "empty/."}) {
    const auto restored = restore_checkpoint("checkpoints/a/", target);
    EXPECT_TRUE(restored.ok()) << target << ": " << restored.error().message();
    if (restored.ok()) {
      EXPECT_EQ(restored->name, "a");
    }
  }
  fs::current_path(before);
  for (const std::string name : {"plain", "slash", "twice", "empty"}) {
    EXPECT_TRUE(fs::exists(root_ + "/" + name + "/hence.json")) << name;
    EXPECT_FALSE(fs::exists(root_ + "/" + name + ".unfinished-")) << name;
  }
  EXPECT_FALSE(restore_checkpoint(checkpoints() + "/a", "").ok());
}

TEST_F(CheckpointTest, OneOfANewerVersionIsRefused) {
  ASSERT_TRUE(create("a").ok());
  std::ofstream(checkpoints() + "/a/checkpoint.json") << R"({"format": 99})";
  const auto restored = restore_checkpoint(checkpoints() + "/a", root_ + "/again");
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), ErrorCode::LogVersionNewer);
}

}  // namespace
}  // namespace hence::server
