// SPDX-License-Identifier: Apache-2.0
#include "log/retention.h"

#include "log/compress.h"
#include "log/log_fixture.h"

namespace hence::log {
namespace {

constexpr UtcTime kNow{2'000'000'000'000'000};
constexpr Duration kDay = Duration::hours(24);

class RetentionJudgeTest : public testing::Test {
 protected:
  /// Whether what is two days old goes.
  bool drops(UtcTime now, Duration monotonic) {
    const RetentionLimits limits = judge.judge(policy, now, monotonic, now);
    return limits.not_before > now - kDay - kDay;
  }
  RetentionJudge judge;
  RetentionPolicy policy{.age = kDay, .bytes = 5000, .instances = {}};
};

TEST_F(RetentionJudgeTest, WhatIsOlderThanTheAgeGoes) {
  EXPECT_EQ(judge.judge(policy, kNow, {}, kNow).not_before, kNow - kDay);
  EXPECT_EQ(judge.judge(policy, kNow, {}, kNow).bytes_max, 5000u);
}

TEST_F(RetentionJudgeTest, AClockThatJumpsAheadDropsNothingByAge) {
  const UtcTime later = kNow + Duration::hours(24 * 3650);
  EXPECT_TRUE(drops(kNow, {}));
  EXPECT_FALSE(drops(later, Duration::seconds(1)));
  EXPECT_NE(judge.held().find("went ahead by"), std::string::npos);
  EXPECT_FALSE(drops(later + kDay, kDay)) << "time that passes does not make it right";
  EXPECT_EQ(judge.judge(policy, later, {}, later).bytes_max, 5000u) << "by bytes it goes on";
  EXPECT_TRUE(drops(kNow + kDay, kDay)) << "the clock was set right again";
  EXPECT_EQ(judge.held(), "");
}

TEST_F(RetentionJudgeTest, AJumpThatIsConfirmedIsBelieved) {
  const UtcTime later = kNow + Duration::hours(24 * 365);
  EXPECT_TRUE(drops(kNow, {}));
  EXPECT_FALSE(drops(later, Duration::seconds(1)));
  judge.confirm();
  EXPECT_TRUE(drops(later, Duration::seconds(2)));
}

TEST_F(RetentionJudgeTest, ASlowDriftAndAJumpBackAreNoMatter) {
  for (int day = 0; day < 365; ++day) {
    const Duration passed{kDay.micros * day};
    EXPECT_TRUE(drops(kNow + passed + Duration::minutes(day), passed)) << judge.held();
  }
  EXPECT_TRUE(drops(kNow, Duration::hours(24 * 365)));
}

TEST_F(RetentionJudgeTest, AStartAtWhichAllIsTooOldIsHeldUntilConfirmed) {
  const UtcTime newest = kNow - kDay - kDay;
  const RetentionLimits held = judge.judge(policy, kNow, {}, newest);
  EXPECT_LT(held.not_before, newest);
  EXPECT_NE(judge.held().find("older than retention.age"), std::string::npos);
  judge.confirm();
  EXPECT_EQ(judge.judge(policy, kNow, {}, newest).not_before, kNow - kDay);
}

TEST_F(RetentionJudgeTest, InstancesToo) {
  policy.instances = Duration::hours(1);
  judge.judge(policy, kNow, {}, kNow);
  EXPECT_EQ(judge.instances_before(), kNow - Duration::hours(1));
  judge.judge(policy, kNow + kDay, Duration::seconds(1), kNow);
  EXPECT_FALSE(judge.instances_before()) << "the clock jumped";
}

TEST_F(RetentionJudgeTest, WithoutAnAgeNothingIsTooOld) {
  policy.age.reset();
  EXPECT_FALSE(drops(kNow, {}));
  EXPECT_EQ(judge.held(), "");
}

class RetentionTest : public LogFixture {};

TEST_F(RetentionTest, EveryReaderSaysSinceWhenTheLogIsKept) {
  fill_segment('a');
  time = {5'000'000'000};
  fill_segment('b');
  LogReader reader(disk, log->view());
  const RetentionLimits limits{.not_before = {4'000'000'000}, .bytes_max = UINT64_MAX,
                               .keep_from = log->durable()};
  EXPECT_TRUE(log->would_drop(limits));
  ASSERT_EQ(*log->drop(limits), 1u);
  EXPECT_FALSE(log->would_drop(limits));
  const auto expect_says = [](const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::BeyondRetention);
    EXPECT_NE(error.message().find("beyond retention: the log is kept from 1970-01-01T"),
              std::string::npos)
        << error.message();
  };
  expect_says(log->find({kPartition, 1}).error());
  expect_says(log->read_from({0}).error());
  reader.refresh(log->view());
  expect_says(reader.find({kPartition, 1}).error());
  expect_says(reader.read_from({0}).error());
  reopen();
  expect_says(log->find({kPartition, 1}).error());
  expect_says(LogReader(disk, log->view()).find({kPartition, 1}).error());
}

TEST_F(RetentionTest, AReaderTellsWhatIsGoneFromWhatNeverWas) {
  constexpr Partition kOther = 9, kNone = 11;
  const auto commit_other = [&](std::string_view payload) {
    const std::vector<Record> records{record(payload, kOther)};
    ASSERT_TRUE(log->append_commit(records).ok());
  };
  commit_other("first");
  fill_segment('a');
  LogReader before(disk, log->view());
  ASSERT_EQ(*log->drop({.not_before = {}, .bytes_max = 0, .keep_from = log->durable()}), 1u);
  const auto gone = [&](Partition partition, Sequence sequence) {
    LogReader reader(disk, log->view());
    const auto found = reader.find({partition, sequence});
    EXPECT_TRUE(found.ok() || found.error().code() == ErrorCode::BeyondRetention);
    EXPECT_FALSE(found.ok() && found->has_value());
    return !found.ok();
  };
  EXPECT_TRUE(gone(kOther, 1)) << "no segment has a record of the partition";
  EXPECT_FALSE(gone(kOther, 2));
  commit_other("second");
  EXPECT_TRUE(gone(kOther, 1)) << "only the one being written has";
  EXPECT_FALSE(gone(kOther, 3));
  EXPECT_FALSE(gone(kOther, 0));
  EXPECT_FALSE(gone(kNone, 1));
  fill_segment('b');
  EXPECT_TRUE(gone(kOther, 1));
  EXPECT_FALSE(gone(kNone, 1));
  EXPECT_EQ(before.find({kOther, 1}).error().code(), ErrorCode::BeyondRetention) << "the reader's view is older than the drop";
}

TEST_F(RetentionTest, WhatTheStateHasNotSavedStays) {
  fill_segment('a');
  fill_segment('b');
  EXPECT_EQ(*log->drop({.not_before = {}, .bytes_max = 0, .keep_from = {4096}}), 0u);
}

TEST_F(RetentionTest, AnEventOfADroppedSegmentCountsAsNew) {
  commit("early");
  fill_segment('a');
  EXPECT_TRUE(*log->find_event(event_of("early"), {}));
  ASSERT_EQ(*log->drop({.not_before = {}, .bytes_max = 0, .keep_from = log->durable()}), 1u);
  EXPECT_FALSE(*log->find_event(event_of("early"), {}));
  EXPECT_GT(log->dedup_horizon(), UtcTime{0});
}

}  // namespace
}  // namespace hence::log
