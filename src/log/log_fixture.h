// SPDX-License-Identifier: Apache-2.0
#pragma once

// The verbs of the log's tests, on a simulated disk:
//
//   commit("a b");  crash();  reopen();  EXPECT_EQ(contents(), "a b");

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "log/format.h"
#include "log/log.h"
#include "log/verify.h"
#include "os/random.h"
#include "os/simulated_disk.h"

namespace hence::log {

inline Hash128 event_of(std::string_view payload) {
  const Digest digest = sha256(payload);
  Hash128 hash;
  for (int i = 0; i < 8; ++i) {
    hash.high = hash.high << 8 | digest[i];
    hash.low = hash.low << 8 | digest[8 + i];
  }
  return hash;
}

class LogFixture : public testing::Test {
 protected:
  static constexpr Partition kPartition = 7;

  LogFixture() { options.segment_bytes = 64 << 10; }

  void SetUp() override { open(); }

  /// Opens and expects success.
  void open() {
    auto opened = try_open();
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    log = std::move(opened).value();
  }
  Result<std::unique_ptr<Log>> try_open() {
    log.reset();
    report = {};
    return Log::open(disk, options, report);
  }
  /// Kills the program: what was written stays.
  void reopen() { open(); }
  /// Cuts the power, then opens.
  void crash(uint64_t seed = 1) {
    log.reset();
    os::SimulatedRandom random(seed);
    disk.crash(random);
    open();
  }

  Record record(std::string_view payload, Partition partition = kPartition) {
    Record made;
    made.header.kind = 1;
    made.header.address = {partition, log->last_sequence(partition) + 1};
    made.header.time = time;
    made.header.namespace_name = "default";
    made.header.event_hash = event_of(payload);
    made.payload = payload;
    return made;
  }
  /// One commit with a record for each word.
  Result<CommitResult> try_commit(const std::string& words) {
    auto commit = stage(words);
    HENCE_TRY_VOID(log->writer().write(commit));
    HENCE_TRY_VOID(log->writer().sync());
    const CommitResult result = commit.result();
    log->acknowledge(std::move(commit));
    return result;
  }
  CommitResult commit(const std::string& words) {
    auto result = try_commit(words);
    EXPECT_TRUE(result.ok()) << result.error().message();
    return result.ok() ? *result : CommitResult{};
  }
  Commit stage(const std::string& words) {
    std::istringstream in(words);
    std::vector<std::string> payloads;
    for (std::string word; in >> word;) payloads.push_back(word);
    std::vector<Record> records;
    for (const std::string& payload : payloads) {
      records.push_back(record(payload));
      records.back().header.address.sequence += records.size() - 1;
    }
    auto staged = log->stage(records);
    HENCE_CHECK(staged.ok());
    return std::move(staged).value();
  }
  /// Commits long words until a new segment begins. Returns the words, with a space after each.
  std::string fill_segment(char letter) {
    std::string words;
    const size_t before = std::max<size_t>(1, segments().size());
    for (int i = 0; segments().size() <= before; ++i) {
      const std::string word = letter + std::to_string(i) + std::string(9000, letter);
      commit(word);
      words += word + ' ';
    }
    return words;
  }

  /// The payloads from a position on.
  std::string contents(Position from) {
    std::string words;
    auto cursor = log->read_from(from);
    if (!cursor.ok()) return cursor.error().message();
    while (true) {
      auto entry = cursor->next();
      if (!entry.ok()) return entry.error().message();
      if (!*entry) return words;
      if (!words.empty()) words += ' ';
      words += (*entry)->record.payload;
    }
  }
  std::string contents() { return contents(log->begin()); }

  std::vector<std::string> segments() {
    std::vector<std::string> names;
    const auto all = disk.list();
    for (const std::string& name : *all) {
      if (parse_segment_name(name)) names.push_back(name);
    }
    return names;
  }
  std::string newest() { return segments().back(); }
  std::string bytes_of(const std::string& name) {
    auto file = disk.open(name, os::OpenMode::existing);
    std::string bytes(*(*file)->size(), '\0');
    EXPECT_TRUE((*file)->read_at(0, {bytes.data(), bytes.size()}).ok());
    return bytes;
  }
  /// Durably, as the platter might.
  void overwrite(const std::string& name, uint64_t offset, std::string_view bytes) {
    auto file = disk.open(name, os::OpenMode::existing);
    EXPECT_TRUE((*file)->write_at(offset, bytes).ok());
    EXPECT_TRUE((*file)->sync_data().ok());
  }
  void cut(const std::string& name, uint64_t size) {
    auto file = disk.open(name, os::OpenMode::existing);
    EXPECT_TRUE((*file)->truncate(size).ok());
    EXPECT_TRUE((*file)->sync_data().ok());
  }
  void flip(const std::string& name, uint64_t offset) { disk.flip_bit(name, offset, 3); }
  /// Where a text first stands in a file.
  uint64_t offset_of(const std::string& name, std::string_view text) {
    return bytes_of(name).find(text);
  }

  void expect_damage(std::string_view words) {
    auto opened = try_open();
    ASSERT_FALSE(opened.ok()) << "opened; " << report.cut;
    EXPECT_EQ(opened.error().code(), ErrorCode::LogDamaged);
    EXPECT_NE(opened.error().message().find(words), std::string::npos) << opened.error().message();
  }
  VerifyReport verified() {
    auto verification = verify(disk);
    EXPECT_TRUE(verification.ok());
    return verification.ok() ? *verification : VerifyReport{};
  }
  void expect_verifies() {
    const VerifyReport found = verified();
    EXPECT_FALSE(found.damage) << found.damage->to_string();
  }

  os::SimulatedDisk disk;
  LogOptions options;
  OpenReport report;
  UtcTime time{1'000'000'000};
  std::unique_ptr<Log> log;
};

}  // namespace hence::log
