// SPDX-License-Identifier: Apache-2.0
// Compressed segments: the same bytes to every reader, damage found in each of their regions.

#include "log/compress.h"

#include "log/log_fixture.h"
#include "log/segment_file.h"

namespace hence::log {
namespace {

class CompressTest : public LogFixture {
 protected:
  /// All bytes of a segment as they were written.
  std::string written_bytes(Position base) {
    auto file = SegmentFile::open(disk, base);
    std::string bytes(*(*file)->size(), '\0');
    EXPECT_EQ(*(*file)->read_at(0, bytes), bytes.size());
    return bytes;
  }
  Status compress(Position base) {
    HENCE_TRY(auto made, compress_segment(disk, base));
    return log->take_compressed(std::move(made));
  }
  void compress_all() {
    while (const auto base = log->next_to_compress()) ASSERT_TRUE(compress(*base).ok());
  }
  static Position base_of(const std::string& name) { return *parse_segment_name(name); }
};

TEST_F(CompressTest, GivesBackEveryByteAtItsOffset) {
  fill_segment('a');
  const std::string name = segments().front();
  const std::string before = bytes_of(name);
  ASSERT_TRUE(compress({0}).ok());
  EXPECT_LT(bytes_of(name).size(), before.size() / 4);
  std::string after = written_bytes({0});
  ASSERT_EQ(after.size(), before.size());
  // The footer says that the segment is compressed; all before it is the same.
  const size_t commits = (*read_footer(**SegmentFile::open(disk, {0}), {0}))->end_offset;
  EXPECT_EQ(after.substr(0, commits), before.substr(0, commits));
}

TEST_F(CompressTest, ServesEveryReaderAsBefore) {
  const std::string words = fill_segment('a') + fill_segment('b');
  const std::string before = contents();
  auto reader = LogReader(disk, log->view());
  compress_all();
  reader.refresh(log->view());
  EXPECT_EQ(log->compressed_count(), 2u);
  EXPECT_EQ(contents(), before);
  const std::string word = "a3" + std::string(9000, 'a');
  const auto address = log->find_event(event_of(word), {});
  ASSERT_TRUE(address.ok() && *address);
  EXPECT_EQ((*log->find(**address))->payload(), word);
  EXPECT_EQ((*reader.find(**address))->payload(), word);
  EXPECT_EQ(*reader.find_event(event_of(word)), **address);
  expect_verifies();
  EXPECT_EQ(verified().compressed, 2u);
}

TEST_F(CompressTest, AReaderThatHasTheOldFileOpenReadsOn) {
  fill_segment('a');
  auto cursor = *log->read_from(log->begin());
  const std::string first((*cursor.next())->record.payload);
  compress_all();
  EXPECT_EQ(first.substr(0, 2), "a0");
  EXPECT_EQ((*cursor.next())->record.payload.substr(0, 2), "a1");
}

TEST_F(CompressTest, OpensAgainAndGoesOn) {
  fill_segment('a');
  fill_segment('b');
  compress_all();
  const std::string before = contents();
  crash();
  EXPECT_EQ(log->compressed_count(), 2u);
  EXPECT_EQ(contents(), before);
  commit("more");
  EXPECT_EQ(contents(), before + " more");
  EXPECT_FALSE(log->next_to_compress());
}

TEST_F(CompressTest, IsWholeOrAbsentAfterACrash) {
  fill_segment('a');
  const std::string before = contents();
  ASSERT_TRUE(compress_segment(disk, {0}).ok());
  crash();  // made, but not taken
  EXPECT_EQ(log->compressed_count(), 0u);
  EXPECT_EQ(contents(), before);
  const auto names = *disk.list();
  EXPECT_EQ(std::count(names.begin(), names.end(), kCompressedName), 0);
}

TEST_F(CompressTest, IsThrownAwayIfTheSegmentWasDroppedMeanwhile) {
  fill_segment('a');
  fill_segment('b');
  auto made = compress_segment(disk, {0});
  ASSERT_TRUE(made.ok());
  ASSERT_EQ(*log->drop({.not_before = {}, .bytes_max = 0, .keep_from = log->durable()}), 2u);
  ASSERT_TRUE(log->take_compressed(std::move(made).value()).ok());
  EXPECT_EQ(segments().size(), 1u);
  crash();
  expect_verifies();
}

TEST_F(CompressTest, CountsWhatItSavesForRetention) {
  fill_segment('a');
  const uint64_t before = log->bytes();
  compress_all();
  EXPECT_LT(log->bytes(), before - (40 << 10));
}

TEST_F(CompressTest, ALargeRecordHasAChunkOfItsOwn) {
  options.segment_bytes = 1 << 20;
  open();
  os::SimulatedRandom random(7);
  std::string large(600'000, 'x');
  for (char& c : large) c = static_cast<char>('a' + os::below(random, 26));
  commit("small");
  commit(large);
  commit("other");
  commit(std::string(900'000, 'y'));
  const std::string before = contents();
  compress_all();
  EXPECT_EQ(log->compressed_count(), 1u);
  EXPECT_EQ(contents(), before);
  expect_verifies();
}

TEST_F(CompressTest, IsNotMadeFromADamagedSegment) {
  fill_segment('a');
  flip(segments().front(), offset_of(segments().front(), "a2aaa") + 100);
  const auto made = compress_segment(disk, {0});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code(), ErrorCode::LogDamaged);
}

TEST_F(CompressTest, TheFooterIsMadeAgainWhereItIsUnreadable) {
  fill_segment('a');
  compress_all();
  const std::string name = segments().front();
  const std::string before = contents();
  for (const uint64_t back : {1u, 20u, 30u}) {
    flip(name, bytes_of(name).size() - back);
    EXPECT_TRUE(verified().damage);
    reopen();
    EXPECT_EQ(report.rebuilt_footers, std::vector<std::string>{name});
    EXPECT_EQ(contents(), before);
    expect_verifies();
  }
}

TEST_F(CompressTest, FindsAFlippedBitInEachByte) {
  fill_segment('a');
  compress_all();
  const std::string name = segments().front();
  const std::string whole = bytes_of(name);
  for (size_t at = 0; at < whole.size(); at += at < 200 || at > 4000 ? 1 : 97) {
    flip(name, at);
    const VerifyReport found = verified();
    ASSERT_TRUE(found.damage) << "byte " << at << " of " << whole.size();
    EXPECT_EQ(found.damage->file, name);
    EXPECT_EQ(found.damage->what.find(".seg, offset"), std::string::npos) << found.damage->to_string();
    EXPECT_EQ(found.damage->what.find("hence log verify"), std::string::npos) << found.damage->to_string();
    flip(name, at);
  }
  expect_verifies();
}

/// Gives files for reading, and nothing else.
class ReadOnlyDisk final : public os::Disk {
 public:
  explicit ReadOnlyDisk(os::Disk& disk) : disk_(disk) {}
  Result<std::unique_ptr<os::File>> open(std::string_view name, os::OpenMode mode) override {
    if (mode != os::OpenMode::read_only) return refusal();
    return disk_.open(name, mode);
  }
  Result<std::vector<std::string>> list() override { return disk_.list(); }
  Status rename(std::string_view, std::string_view) override { return refusal(); }
  Status remove(std::string_view) override { return refusal(); }
  Status sync_folder() override { return refusal(); }
  Result<uint64_t> free_bytes() override { return refusal(); }

 private:
  static Error refusal() { return Error(ErrorCode::DiskFailed, "Read-only file system"); }
  os::Disk& disk_;
};

TEST_F(CompressTest, VerifyOnlyReads) {
  fill_segment('a');
  compress_all();
  commit("b");
  ASSERT_TRUE(prepare_spare_segment(disk, options.segment_bytes).ok());
  ReadOnlyDisk reading(disk);
  const auto found = verify(reading);
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_FALSE(found->damage) << found->damage->to_string();
  EXPECT_EQ(found->segments, 2u);
  EXPECT_EQ(found->compressed, 1u);
}

TEST_F(CompressTest, VerifyLooksAtTheSpareSegmentToo) {
  commit("a");
  ASSERT_TRUE(prepare_spare_segment(disk, options.segment_bytes).ok());
  expect_verifies();
  flip(std::string(kSpareReadyName), 5000);
  ASSERT_TRUE(verified().damage);
  EXPECT_EQ(verified().damage->file, "spare.seg");
}

}  // namespace
}  // namespace hence::log
