// SPDX-License-Identifier: Apache-2.0
// One short test for each way a log's files can be found after something happened to them.

#include "log/recovery.h"

#include <limits>

#include "base/hash.h"
#include "log/bytes.h"
#include "log/log_fixture.h"
#include "log/record_codec.h"
#include "log/window_reader.h"

namespace hence::log {
namespace {

using RecoveryTest = LogFixture;

constexpr uint64_t kHeader = kHeaderAlignment;

// A torn tail: what was never acknowledged goes, silently to readers and aloud to the operator.

TEST_F(RecoveryTest, CutsACommitWithoutItsEnd) {
  commit("a");
  const uint64_t end = log->durable().value;
  commit("b");
  overwrite(newest(), log->durable().value - 3, std::string(3, '\0'));
  reopen();
  EXPECT_EQ(contents(), "a");
  EXPECT_EQ(log->durable().value, end);
  EXPECT_GT(report.cut_bytes, 0u);
  EXPECT_NE(report.cut.find("offset " + std::to_string(end)), std::string::npos) << report.cut;
  commit("c");
  reopen();
  EXPECT_EQ(contents(), "a c");
  EXPECT_EQ(report.cut, "");
}

TEST_F(RecoveryTest, CutsACommitThatLacksAnySector) {
  commit("a");
  const uint64_t begin = log->durable().value;
  commit(std::string(5000, 'b'));
  const uint64_t end = log->durable().value;
  const std::string whole = bytes_of(newest());
  const std::string name = newest();
  for (uint64_t sector = begin / 512; sector * 512 < end; ++sector) {
    const uint64_t from = std::max(begin, sector * 512);
    const uint64_t to = std::min(end, sector * 512 + 512);
    overwrite(name, 0, whole);
    overwrite(name, from, std::string(to - from, '\0'));
    reopen();
    EXPECT_EQ(contents(), "a") << "sector " << sector;
  }
}

TEST_F(RecoveryTest, CutsAfterAnyPrefixOfACommit) {
  commit("a");
  const uint64_t begin = log->durable().value;
  commit("b c");
  const uint64_t end = log->durable().value;
  const std::string whole = bytes_of(newest());
  const std::string name = newest();
  for (uint64_t at = begin; at < end; ++at) {
    overwrite(name, 0, whole);
    overwrite(name, at, std::string(end - at, '\0'));
    auto opened = try_open();
    ASSERT_TRUE(opened.ok()) << at - begin << ": " << opened.error().message();
    log = std::move(opened).value();
    EXPECT_EQ(contents(), "a") << at - begin;
  }
}

TEST_F(RecoveryTest, CutsACommitBeyondTheEndOfTheFile) {
  commit("a");
  const uint64_t end = log->durable().value;
  commit(std::string(3000, 'b'));
  cut(newest(), end + 1000);
  reopen();
  EXPECT_EQ(contents(), "a");
}

TEST_F(RecoveryTest, CutsUnsyncedCommitsAfterAMissingOne) {
  commit("a");
  const uint64_t end = log->durable().value;
  Commit b = stage("b");
  Commit c = stage("c");
  ASSERT_TRUE(log->writer().write(b).ok());
  ASSERT_TRUE(log->writer().write(c).ok());
  ASSERT_TRUE(log->writer().sync().ok());
  const uint64_t size = b.result().end.value - b.result().begin.value;
  overwrite(newest(), end, std::string(size, '\0'));
  reopen();
  EXPECT_EQ(contents(), "a");
  commit("d");
  reopen();
  EXPECT_EQ(contents(), "a d");
  expect_verifies();
}

TEST_F(RecoveryTest, KeepsUnacknowledgedCommitsThatAreWhole) {
  commit("a");
  Commit b = stage("b");
  ASSERT_TRUE(log->writer().write(b).ok());
  reopen();
  EXPECT_EQ(contents(), "a b");
  crash();
  EXPECT_EQ(contents(), "a b");
}

TEST_F(RecoveryTest, RemovesASegmentThatWasBeingMade) {
  const std::string words = fill_segment('x');
  const std::string sealed_words = words.substr(0, words.rfind(' ', words.size() - 2));
  overwrite(newest(), 0, std::string(bytes_of(newest()).size(), '\0'));
  reopen();
  EXPECT_EQ(segments().size(), 1u);
  EXPECT_NE(report.cut, "");
  commit("y");
  EXPECT_EQ(contents(), sealed_words + " y");
}

TEST_F(RecoveryTest, GoesOnAfterASealWithoutANewSegment) {
  const std::string words = fill_segment('x');
  const std::string sealed_words = words.substr(0, words.rfind(' ', words.size() - 2));
  ASSERT_TRUE(disk.remove(newest()).ok());
  reopen();
  EXPECT_EQ(contents(), sealed_words);
  EXPECT_TRUE(report.rebuilt_footers.empty());
  const std::string word(9000, 'z');
  commit(word);
  EXPECT_EQ(segments().size(), 2u);
  EXPECT_EQ(contents(), sealed_words + ' ' + word);
  expect_verifies();
}

TEST_F(RecoveryTest, RemovesALeftOverSpare) {
  ASSERT_TRUE(disk.open(kSpareName, os::OpenMode::create_new).ok());
  reopen();
  EXPECT_TRUE(disk.list()->empty());
}

TEST_F(RecoveryTest, WritesAgainWhatAFailedSyncMayHaveLost) {
  commit("a");
  disk.fail_sync(1);
  ASSERT_FALSE(try_commit("b").ok());
  reopen();
  EXPECT_EQ(contents(), "a b");
  commit("c");
  crash();
  EXPECT_EQ(contents(), "a b c");
}

// Damage: acknowledged bytes changed. Refused, with file and offset.

TEST_F(RecoveryTest, RefusesAFlippedBitInAnEarlierCommit) {
  commit("a");
  commit("needle");
  commit("b");
  const uint64_t at = offset_of(newest(), "needle");
  flip(newest(), at);
  expect_damage("hence log verify");
  flip(newest(), at);
  open();
}

TEST_F(RecoveryTest, RefusesAFlippedBitAnywhereInTheLastCommit) {
  commit("a");
  const uint64_t begin = log->durable().value;
  commit("b c");
  const uint64_t end = log->durable().value;
  const std::string name = newest();
  for (uint64_t at = begin; at < end; ++at) {
    flip(name, at);
    auto opened = try_open();
    EXPECT_FALSE(opened.ok()) << "byte " << at - begin << " of the last commit: " << report.cut;
    flip(name, at);
  }
}

TEST_F(RecoveryTest, RefusesAFlippedBitInTheSegmentHeader) {
  commit("a");
  for (const uint64_t at : {0, 9, 13, 17, 30, 40, 64, 68, 3000}) {
    flip(newest(), at);
    expect_damage(newest());
    flip(newest(), at);
  }
}

TEST_F(RecoveryTest, RefusesZeroedSectorsBeforeASyncedCommit) {
  commit("a");
  const uint64_t begin = log->durable().value;
  commit(std::string(3000, 'b'));
  commit("c");
  overwrite(newest(), begin, std::string(2048, '\0'));
  expect_damage("says that it had been synced");
}

TEST_F(RecoveryTest, RefusesALogThatEndsBeforeWhatWasAcknowledged) {
  commit("a");
  const uint64_t end = log->durable().value;
  options.acknowledged = commit("b").end;
  overwrite(newest(), end, std::string(options.acknowledged.value - end, '\0'));
  expect_damage("had been synced");
}

TEST_F(RecoveryTest, RefusesATornCommitThatWasAcknowledged) {
  commit("a");
  options.acknowledged = commit("b").end;
  overwrite(newest(), options.acknowledged.value - 8, std::string(8, '\0'));
  expect_damage("acknowledged");
}

TEST_F(RecoveryTest, AfterACleanCloseEvenALostLastCommitIsDamage) {
  commit("a");
  const uint64_t begin = log->durable().value;
  commit("b");
  const uint64_t end = log->durable().value;
  ASSERT_TRUE(log->close().ok());
  overwrite(newest(), begin, std::string(end - begin, '\0'));
  expect_damage("says that it had been synced");
}

TEST_F(RecoveryTest, RefusesAMissingSegmentAndNamesIt) {
  fill_segment('x');
  const std::string middle = newest();
  fill_segment('y');
  ASSERT_TRUE(disk.remove(middle).ok());
  expect_damage("the segment " + middle + " is missing");
}

TEST_F(RecoveryTest, RefusesASegmentOfAnotherLog) {
  fill_segment('x');
  const std::string name = newest();
  SegmentHeader header;
  header.base = *parse_segment_name(name);
  header.chain = sha256("another");
  overwrite(name, 0, encode_segment_header(header));
  expect_damage("another chain hash");
}

TEST_F(RecoveryTest, RefusesACommitThatDoesNotFollowInTheChain) {
  commit("a");
  const std::string name = newest();
  std::string bytes = bytes_of(name);
  // A forger mends every checksum but not the chain.
  FrameHeader frame = *decode_frame(std::string_view(bytes).substr(kHeader), {kHeader});
  frame.chain = sha256("forged");
  encode_frame(frame, bytes.data() + kHeader);
  overwrite(name, 0, bytes);
  expect_damage("chain breaks");
}

TEST_F(RecoveryTest, RefusesALogOfANewerVersion) {
  commit("a");
  SegmentHeader header;
  std::string bytes = encode_segment_header(header);
  store(bytes.data(), 8, kCompressedFormatVersion + 1);
  store(bytes.data(), 68, crc32c(bytes.substr(0, 68)));
  overwrite(newest(), 0, bytes);
  auto opened = try_open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::LogVersionNewer);
}

// Footers follow from the commits and are made again.

TEST_F(RecoveryTest, MakesAnUnreadableFooterAgain) {
  const std::string words = fill_segment('x');
  commit("z");
  const std::string sealed = segments().front();
  const std::string whole = bytes_of(sealed);
  for (const uint64_t back : {1, 10, 20}) {
    flip(sealed, whole.size() - back);
    reopen();
    EXPECT_EQ(report.rebuilt_footers, std::vector<std::string>{sealed});
    EXPECT_EQ(contents(), words + "z");
    EXPECT_EQ(bytes_of(sealed), whole);
  }
}

TEST_F(RecoveryTest, SealsTheLastSegmentAgainWhenItsFooterIsTorn) {
  const std::string words = fill_segment('x');
  ASSERT_TRUE(disk.remove(newest()).ok());
  const std::string sealed = newest();
  const std::string whole = bytes_of(sealed);
  const size_t footer = whole.find("HCF\xF3");
  for (size_t size = whole.size() - 1; size > footer + 8; size -= 7) {
    cut(sealed, 0);
    overwrite(sealed, 0, whole.substr(0, size));
    reopen();
    EXPECT_EQ(report.rebuilt_footers, std::vector<std::string>{sealed});
  }
  commit(std::string(9000, 'y'));
  EXPECT_EQ(segments().size(), 2u);
  expect_verifies();
}

TEST_F(RecoveryTest, MakesAnEventFilterThatRottedAgain) {
  fill_segment('x');
  const std::string sealed = segments().front();
  const uint64_t at = bytes_of(sealed).size() - 24 - 10;
  flip(sealed, at);
  reopen();
  EXPECT_EQ(report.rebuilt_footers, std::vector<std::string>{sealed});
}

// A checksum that is right does not make what a footer names true.

TEST_F(RecoveryTest, MakesAFooterAgainThatNamesMoreThanTheFileHolds) {
  const std::string words = fill_segment('x');
  commit("z");
  const std::string sealed = segments().front();
  const std::string whole = bytes_of(sealed);
  const size_t head = whole.find("HCF\xF3");
  ASSERT_NE(head, std::string::npos);
  const auto end = static_cast<uint32_t>(whole.size());
  struct Lie {
    size_t at;  // in the head: docs/formats/log.md
    uint32_t value;
  };
  for (const Lie lie : {Lie{16, end}, Lie{96, UINT32_MAX}, Lie{100, end}, Lie{100, 0}, Lie{104, UINT32_MAX - 8}, Lie{108, 200u << 20},
                        Lie{108, 4'000'000'000u}, Lie{132, UINT32_MAX}, Lie{144, end - 3}, Lie{144, 0}}) {
    std::string bytes = whole.substr(head);
    store(bytes.data(), lie.at, lie.value);
    const std::string_view view(bytes);
    store(bytes.data(), 124, crc32c(view.substr(128, load<uint32_t>(view, 4) - 128), crc32c(view.substr(0, 124))));
    overwrite(sealed, head, bytes);
    reopen();
    EXPECT_EQ(report.rebuilt_footers, std::vector<std::string>{sealed}) << lie.at << " " << lie.value;
    EXPECT_EQ(contents(), words + "z");
    EXPECT_TRUE(bytes_of(sealed) == whole) << lie.at << " " << lie.value;
    EXPECT_TRUE(log->find_event(event_of("z"), UtcTime{0})->has_value());
  }
}

TEST_F(RecoveryTest, ReadsNoMoreThanTheFileHolds) {
  commit("a");
  const auto file = disk.open(newest(), os::OpenMode::existing);
  for (const size_t count : {size_t{1} << 40, SIZE_MAX}) {
    for (const uint64_t offset : {uint64_t{0}, uint64_t{8}, UINT64_MAX}) {
      const auto read = read_exactly(**file, offset, count);
      ASSERT_FALSE(read.ok());
      EXPECT_EQ(read.error().code(), ErrorCode::LogDamaged);
    }
  }
}

// Verification finds what open does not look at.

TEST_F(RecoveryTest, VerifyFindsAFlippedBitInEveryRegion) {
  fill_segment('x');
  fill_segment('y');
  commit("z");
  log.reset();
  for (const std::string& name : segments()) {
    const std::string bytes = bytes_of(name);
    const bool is_open = name == newest();
    const uint64_t used = is_open ? bytes.find_last_not_of('\0') : bytes.size();
    // Every byte of the head and the tail, a sample of what is alike between.
    for (uint64_t at = 0; at < used; at += (at < 6000 || used - at < 2000) ? 1 : 701) {
      flip(name, at);
      auto found = verify(disk);
      const bool newer = !found.ok() && found.error().code() == ErrorCode::LogVersionNewer;
      EXPECT_TRUE(newer || found->damage) << name << " offset " << at;
      if (found.ok() && found->damage) {
        EXPECT_EQ(found->damage->file, name) << found->damage->to_string();
        EXPECT_EQ(found->damage->what.find(".seg, offset"), std::string::npos) << found->damage->to_string();
        EXPECT_EQ(found->damage->what.find("hence log verify"), std::string::npos) << found->damage->to_string();
      }
      flip(name, at);
    }
  }
  expect_verifies();
}

TEST_F(RecoveryTest, VerifyNamesTheRecordWhoseDigestDoesNotFit) {
  commit("a");
  commit("needle");
  commit("b");
  const std::string name = newest();
  // The payload changes and the checksum is mended: only the digest tells.
  std::string bytes = bytes_of(name);
  const size_t payload = bytes.find("needle");
  bytes[payload] = 'N';
  const size_t begin =
      bytes.rfind("default", payload) - kHeaderFixedBytes - 16 - kRecordPrefixBytes;
  const uint64_t position = begin;
  const auto length = load<uint32_t>(bytes, begin);
  const std::string_view rec = std::string_view(bytes).substr(begin, length);
  uint32_t crc = crc32c({reinterpret_cast<const char*>(&position), 8});
  crc = crc32c(rec.substr(8), crc32c(rec.substr(0, 4), crc));
  store(bytes.data(), begin + 4, crc);
  overwrite(name, 0, bytes);
  reopen();
  const VerifyReport found = verified();
  ASSERT_TRUE(found.damage);
  EXPECT_EQ(found.damage->address, (Address{kPartition, 2}));
  EXPECT_EQ(found.damage->offset, begin);
  EXPECT_NE(found.damage->to_string().find("07-2"), std::string::npos);
}

TEST_F(RecoveryTest, KnowsPartitionsOfWhichRetentionLeftNothing) {
  const Record other = record("other", 3);
  ASSERT_TRUE(log->append_commit({&other, 1}).ok());
  fill_segment('a');
  fill_segment('b');
  ASSERT_EQ(log->drop({{}, log->bytes() - 1, log->durable()}).value(), 1u);
  // The power fails at the birth of the next segment, so that none after the oldest has a table.
  overwrite(newest(), 0, std::string(bytes_of(newest()).size(), '\0'));
  reopen();
  EXPECT_EQ(log->last_sequence(3), 1u);
  commit("c");
  EXPECT_FALSE(verified().damage);
}

TEST_F(RecoveryTest, RetentionNeverDropsTheLastSegment) {
  fill_segment('a');
  overwrite(newest(), 0, std::string(bytes_of(newest()).size(), '\0'));  // cut short at its birth
  reopen();
  ASSERT_EQ(segments().size(), 1u);
  const Position end = log->durable();
  EXPECT_EQ(log->drop({{std::numeric_limits<int64_t>::max()}, 0, end}).value(), 0u);
  reopen();  // an empty folder would begin at nothing again, behind what the state has
  EXPECT_EQ(log->durable(), end);
}

TEST_F(RecoveryTest, VerifyComparesWithACheckpoint) {
  const CommitResult first = commit("a");
  commit("b");
  EXPECT_FALSE(verify(disk, VerifyExpectation{first.end, first.chain})->damage);
  EXPECT_TRUE(verify(disk, VerifyExpectation{first.end, sha256("other")})->damage);
  EXPECT_TRUE(verify(disk, VerifyExpectation{{first.end.value + 8}, first.chain})->damage);
}

TEST_F(RecoveryTest, VerifySaysATornTailIsNone) {
  commit("a");
  commit("b");
  overwrite(newest(), log->durable().value - 8, std::string(8, '\0'));
  const VerifyReport found = verified();
  EXPECT_FALSE(found.damage);
  EXPECT_NE(found.torn, "");
  EXPECT_EQ(found.records, 1u);
}

}  // namespace
}  // namespace hence::log
