// SPDX-License-Identifier: Apache-2.0
#include "log/log.h"

#include "log/log_fixture.h"

namespace hence::log {
namespace {

using LogTest = LogFixture;

TEST_F(LogTest, BeginsEmptyAndMakesNoFile) {
  EXPECT_EQ(contents(), "");
  EXPECT_EQ(log->durable(), Position{0});
  EXPECT_TRUE(disk.list()->empty());
}

TEST_F(LogTest, ReadsBackWhatWasCommittedInOrder) {
  commit("a b");
  commit("c");
  EXPECT_EQ(contents(), "a b c");
  reopen();
  EXPECT_EQ(contents(), "a b c");
  expect_verifies();
}

TEST_F(LogTest, KeepsEveryFieldOfTheHeader) {
  Record full = record("payload");
  full.header.kind = 513;
  full.header.principal = "anna";
  full.header.reason = "because";
  full.header.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  full.header.payload_codec = 2;
  full.header.payload_key_id = 99;
  ASSERT_TRUE(log->append_commit({&full, 1}).ok());
  full.header.payload_digest = sha256("payload");
  auto found = log->find(full.header.address);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ((*found)->record(), full);
}

TEST_F(LogTest, GoesOnFromTheEndOfACommit) {
  commit("a b");
  const Position here = commit("c").end;
  commit("d");
  EXPECT_EQ(contents(here), "d");
  commit("e");
  reopen();
  EXPECT_EQ(contents(here), "d e");
}

TEST_F(LogTest, GoesOnFromEveryPositionACursorGave) {
  commit("a b");
  commit("c");
  std::vector<Position> nexts;
  auto cursor = log->read_from(log->begin());
  while (true) {
    auto entry = cursor->next();
    ASSERT_TRUE(entry.ok());
    if (!*entry) break;
    nexts.push_back((*entry)->next);
  }
  ASSERT_EQ(nexts.size(), 3u);
  EXPECT_EQ(contents(nexts[0]), "b c");
  EXPECT_EQ(contents(nexts[1]), "c");
  EXPECT_EQ(nexts[2], log->durable());
}

TEST_F(LogTest, RefusesPlacesWhereNoRecordBegins) {
  commit("a b");
  auto between = log->read_from({log->durable().value - 16});
  ASSERT_FALSE(between.ok());
  EXPECT_EQ(between.error().code(), ErrorCode::RequestInvalid);
  auto beyond = log->read_from({log->durable().value + 8});
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code(), ErrorCode::RequestInvalid);
}

TEST_F(LogTest, BeginsANewSegmentWhenOneIsFull) {
  const std::string words = fill_segment('x');
  commit("z");
  EXPECT_EQ(segments().size(), 2u);
  EXPECT_EQ(contents(), words + "z");
  reopen();
  EXPECT_EQ(contents(), words + "z");
  expect_verifies();
}

TEST_F(LogTest, TakesACommitLargerThanASegment) {
  const std::string large(300'000, 'l');
  commit("a");
  commit(large);
  commit("b");
  EXPECT_EQ(contents(), "a " + large + " b");
  reopen();
  EXPECT_EQ(contents(), "a " + large + " b");
  expect_verifies();
}

TEST_F(LogTest, FindsRecordsByAddressInOpenAndSealedSegments) {
  fill_segment('x');
  commit("z");
  for (int round = 0; round < 2; ++round) {
    auto first = log->find({kPartition, 1});
    ASSERT_TRUE(first.ok() && *first);
    EXPECT_EQ((*first)->payload().substr(0, 3), "x0x");
    auto last = log->find({kPartition, log->last_sequence(kPartition)});
    ASSERT_TRUE(last.ok() && *last);
    EXPECT_EQ((*last)->payload(), "z");
    auto absent = log->find({kPartition, 1000});
    ASSERT_TRUE(absent.ok());
    EXPECT_FALSE(*absent);
    auto other = log->find({kControlPartition, 1});
    ASSERT_TRUE(other.ok());
    EXPECT_FALSE(*other);
    reopen();
  }
}

TEST_F(LogTest, KnowsEventsOfSealedOpenAndStagedRecords) {
  const std::string words = fill_segment('x');
  commit("open");
  Commit staged = stage("staged");
  const std::string sealed = words.substr(0, words.find(' '));
  EXPECT_EQ(*log->find_event(event_of(sealed), {}), (Address{kPartition, 1}));
  EXPECT_TRUE(log->find_event(event_of("open"), {})->has_value());
  EXPECT_TRUE(log->find_event(event_of("staged"), {})->has_value());
  EXPECT_FALSE(log->find_event(event_of("never"), {})->has_value());
  reopen();
  EXPECT_EQ(*log->find_event(event_of(sealed), {}), (Address{kPartition, 1}));
  EXPECT_TRUE(log->find_event(event_of("open"), {})->has_value());
  EXPECT_FALSE(log->find_event(event_of("staged"), {})->has_value());
}

TEST_F(LogTest, KnowsEventsOfManySegmentsHoweverTheyAreGrouped) {
  std::vector<std::string> words;
  for (int round = 0; round < 2; ++round) {  // what was there at open is asked one by one
    for (char letter = 'a'; letter <= 't'; ++letter) {
      commit(std::string(1, letter) + std::to_string(round));
      words.push_back(std::string(1, letter) + std::to_string(round));
      fill_segment(static_cast<char>(round == 0 ? letter : letter - 32));
      for (const std::string& word : words) ASSERT_TRUE(log->find_event(event_of(word), {})->has_value()) << word;
      EXPECT_FALSE(log->find_event(event_of("never" + words.back()), {})->has_value());
    }
    reopen();
  }
  for (const std::string& word : words) EXPECT_TRUE(log->find_event(event_of(word), {})->has_value()) << word;
}

TEST_F(LogTest, ForgetsEventsBeforeTheWindow) {
  commit("a");
  EXPECT_TRUE(log->find_event(event_of("a"), time)->has_value());
  EXPECT_FALSE(log->find_event(event_of("a"), time + Duration{1})->has_value());
  fill_segment('x');
  EXPECT_TRUE(log->find_event(event_of("a"), time)->has_value());
  EXPECT_FALSE(log->find_event(event_of("a"), time + Duration{1})->has_value());
}

TEST_F(LogTest, TellsTheNewestRecordOfAnEvent) {
  commit("a");
  fill_segment('x');
  commit("a");
  const Address second{kPartition, log->last_sequence(kPartition)};
  EXPECT_EQ(*log->find_event(event_of("a"), {}), second);
  fill_segment('y');
  EXPECT_EQ(*log->find_event(event_of("a"), {}), second);
}

TEST_F(LogTest, KeepsFiltersWithinTheirMemoryAndSaysTheHorizon) {
  options.filter_bytes_max = 128;
  reopen();
  const std::string old_words = fill_segment('a');
  EXPECT_EQ(log->dedup_horizon().micros, std::numeric_limits<int64_t>::min());
  for (char letter = 'b'; letter < 'f'; ++letter) {
    time = time + Duration::hours(1);
    fill_segment(letter);
  }
  EXPECT_GT(log->dedup_horizon(), UtcTime{1'000'000'000});
  EXPECT_LE(log->dedup_horizon(), time);
  const std::string oldest = old_words.substr(0, old_words.find(' '));
  EXPECT_FALSE(log->find_event(event_of(oldest), {})->has_value());
  const UtcTime horizon = log->dedup_horizon();
  reopen();
  EXPECT_EQ(log->dedup_horizon(), horizon);
}

TEST_F(LogTest, StagesWhileEarlierCommitsAreBeingWritten) {
  Commit first = stage("a");
  Commit second = stage("b");
  EXPECT_EQ(log->last_sequence(kPartition), 2u);
  EXPECT_EQ(log->durable(), Position{0});
  ASSERT_TRUE(log->writer().write(first).ok());
  ASSERT_TRUE(log->writer().write(second).ok());
  ASSERT_TRUE(log->writer().sync().ok());
  EXPECT_EQ(contents(), "");
  log->acknowledge(std::move(first));
  EXPECT_EQ(contents(), "a");
  EXPECT_FALSE(*log->find({kPartition, 2}));
  log->acknowledge(std::move(second));
  EXPECT_EQ(contents(), "a b");
}

TEST_F(LogTest, StagesAcrossSeveralSegmentsAhead) {
  std::vector<Commit> commits;
  std::string words;
  for (int i = 0; i < 12; ++i) {
    const std::string word = std::to_string(i) + std::string(30'000, 'w');
    commits.push_back(stage(word));
    words += (i ? " " : "") + word;
  }
  EXPECT_TRUE(log->find_event(event_of("0" + std::string(30'000, 'w')), {})->has_value());
  for (Commit& staged : commits) {
    ASSERT_TRUE(log->writer().write(staged).ok());
    ASSERT_TRUE(log->writer().sync().ok());
    log->acknowledge(std::move(staged));
  }
  EXPECT_EQ(contents(), words);
  EXPECT_GT(segments().size(), 4u);
  expect_verifies();
}

TEST_F(LogTest, KeepsLastSequencesWhenTheirSegmentsAreGone) {
  Record control = record("definition", kControlPartition);
  ASSERT_TRUE(log->append_commit({&control, 1}).ok());
  fill_segment('x');
  fill_segment('y');
  ASSERT_EQ(*log->drop({.not_before = {}, .bytes_max = 0, .keep_from = log->durable()}), 2u);
  EXPECT_EQ(log->last_sequence(kControlPartition), 1u);
  reopen();
  EXPECT_EQ(log->last_sequence(kControlPartition), 1u);
  auto gone = log->find({kControlPartition, 1});
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code(), ErrorCode::BeyondRetention);
  expect_verifies();
}

TEST_F(LogTest, DropsByAgeButNothingStillNeeded) {
  fill_segment('x');
  const Position needed = log->durable();
  time = time + Duration::days(1);
  fill_segment('y');
  EXPECT_EQ(*log->drop({.not_before = time, .bytes_max = UINT64_MAX, .keep_from = {100}}), 0u);
  EXPECT_EQ(*log->drop({.not_before = time, .bytes_max = UINT64_MAX, .keep_from = needed}), 1u);
  EXPECT_EQ(segments().size(), 2u);
  auto before = log->read_from({0});
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code(), ErrorCode::BeyondRetention);
}

TEST_F(LogTest, BeginsWhereACheckpointSays) {
  options.start = LogStart{{5000}, sha256("before"), {{kPartition, 41}}};
  open();
  EXPECT_EQ(log->last_sequence(kPartition), 41u);
  commit("a");
  EXPECT_EQ(newest(), "0000000000005000.seg");
  EXPECT_EQ((*log->find({kPartition, 42}))->payload(), "a");
  const Digest chain = log->chain();
  reopen();
  EXPECT_EQ(log->chain(), chain);
  expect_verifies();
}

TEST_F(LogTest, TakesThePreparedSpareForTheNextSegment) {
  ASSERT_TRUE(prepare_spare_segment(disk, options.segment_bytes).ok());
  ASSERT_TRUE(prepare_spare_segment(disk, options.segment_bytes).ok());
  EXPECT_EQ(disk.list()->size(), 1u);
  commit("a");
  EXPECT_EQ(disk.list()->size(), 1u);
  EXPECT_EQ(bytes_of(newest()).size(), options.segment_bytes);
  reopen();
  EXPECT_EQ(contents(), "a");
}

/// Notes whose copies in memory are to go.
class NotingDisk final : public os::Disk {
 public:
  explicit NotingDisk(std::vector<std::string> names) : names_(std::move(names)) {}
  Result<std::vector<std::string>> list() override { return names_; }
  void drop_cached(std::string_view name) override { dropped.emplace_back(name); }
  Result<std::unique_ptr<os::File>> open(std::string_view, os::OpenMode) override { return refusal(); }
  Status rename(std::string_view, std::string_view) override { return refusal(); }
  Status remove(std::string_view) override { return refusal(); }
  Status sync_folder() override { return refusal(); }
  Result<uint64_t> free_bytes() override { return refusal(); }
  void add(std::string name) { names_.push_back(std::move(name)); }

  std::vector<std::string> dropped;

 private:
  static Error refusal() { return Error(ErrorCode::DiskFailed, "only names are here"); }
  std::vector<std::string> names_;
};

TEST(DropCachedSegments, LeavesTheNewestAndDropsEachOtherOnce) {
  std::vector<std::string> names;
  for (uint64_t base = 0; base < kSegmentsCached + 2; ++base) names.push_back(segment_name({base * 1'000}));
  NotingDisk disk(names);
  disk.add(std::string(kSpareReadyName));
  std::string newest;
  ASSERT_TRUE(drop_cached_segments(disk, newest).ok());
  EXPECT_EQ(disk.dropped, std::vector<std::string>(names.begin(), names.begin() + 2));
  disk.dropped.clear();
  ASSERT_TRUE(drop_cached_segments(disk, newest).ok());
  EXPECT_TRUE(disk.dropped.empty());
  disk.add(segment_name({1'000'000}));
  ASSERT_TRUE(drop_cached_segments(disk, newest).ok());
  EXPECT_EQ(disk.dropped, std::vector<std::string>{names[2]});
}

TEST_F(LogTest, PreparesBlocksAheadWhenIdle) {
  options.zero_ahead_bytes = 16 << 10;
  reopen();
  commit(std::string(12'000, 'a'));
  const size_t before = bytes_of(newest()).size();
  ASSERT_TRUE(log->writer().prepare().ok());
  EXPECT_GT(bytes_of(newest()).size(), before);
  commit("b");
  expect_verifies();
}

TEST_F(LogTest, RefusesRecordsBeyondTheirBounds) {
  const std::string large(kRecordTextBytesMax + 1, 'p');
  Record with_large = record("x");
  with_large.header.principal = large;
  auto refused = log->append_commit({&with_large, 1});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::TooLarge);
  commit("a");
  EXPECT_EQ(contents(), "a");
}

TEST_F(LogTest, RefusesEverythingAfterAFailedWrite) {
  commit("a");
  disk.fail_write(1);
  EXPECT_FALSE(try_commit("b").ok());
  EXPECT_FALSE(try_commit("c").ok());
  EXPECT_FALSE(log->writer().sync().ok());
  EXPECT_EQ(contents(), "a");
}

TEST_F(LogTest, RefusesEverythingAfterAFailedSync) {
  commit("a");
  disk.fail_sync(1);
  EXPECT_FALSE(try_commit("b").ok());
  EXPECT_FALSE(log->writer().sync().ok());
  crash();
  EXPECT_EQ(contents().substr(0, 1), "a");
}

TEST_F(LogTest, SaysDiskFull) {
  commit("a");
  disk.set_capacity(0);
  auto refused = try_commit(std::string(80'000, 'b'));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::DiskFull);
  disk.set_capacity(1 << 30);
  reopen();
  commit("c");
  EXPECT_EQ(contents(), "a c");
}

TEST_F(LogTest, ReadersFollowByViews) {
  commit("a");
  LogReader reader(disk, log->view());
  auto cursor = reader.read_from({0});
  EXPECT_EQ((*cursor->next())->record.payload, "a");
  EXPECT_FALSE(*cursor->next());
  commit("b");
  EXPECT_FALSE(*cursor->next());
  EXPECT_FALSE(*reader.find({kPartition, 2}));
  cursor->refresh(log->view());
  reader.refresh(log->view());
  EXPECT_EQ((*cursor->next())->record.payload, "b");
  EXPECT_EQ((*reader.find({kPartition, 2}))->payload(), "b");
  fill_segment('x');
  commit("c");
  reader.refresh(log->view());
  EXPECT_EQ((*reader.find({kPartition, 2}))->payload(), "b");
  EXPECT_EQ((*reader.find({kPartition, log->last_sequence(kPartition)}))->payload(), "c");
}

TEST_F(LogTest, AReaderFindsEventsInOpenAndSealedSegments) {
  EXPECT_TRUE(LogReader(disk, log->view()).segment_begins().empty());
  commit("a");
  fill_segment('x');
  commit("b");
  LogReader reader(disk, log->view());
  EXPECT_EQ(*reader.find_event(event_of("a")), (Address{kPartition, 1}));
  EXPECT_EQ(*reader.find_event(event_of("b")), (Address{kPartition, log->last_sequence(kPartition)}));
  EXPECT_FALSE(*reader.find_event(event_of("c")));
  const std::vector<Position> begins = reader.segment_begins();
  ASSERT_GE(begins.size(), 2u);
  EXPECT_EQ((*reader.read_from(begins.front())->next())->record.payload, "a");
}

TEST_F(LogTest, AReaderSaysWhenItsSegmentWasDropped) {
  fill_segment('x');
  LogReader reader(disk, log->view());
  ASSERT_EQ(*log->drop({.not_before = {}, .bytes_max = 0, .keep_from = log->durable()}), 1u);
  auto gone = reader.find({kPartition, 1});
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code(), ErrorCode::BeyondRetention);
}

}  // namespace
}  // namespace hence::log
