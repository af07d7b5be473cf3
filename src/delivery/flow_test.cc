// SPDX-License-Identifier: Apache-2.0
// What holds a destination's calls back: its rate and its breaker.

#include <gtest/gtest.h>

#include "delivery/breaker.h"
#include "delivery/rate_limiter.h"

namespace hence::delivery {
namespace {

constexpr os::MonotonicTime at(int64_t millis) { return {millis * 1000}; }

TEST(TokenBucket, GivesBurstThenRate) {
  TokenBucket bucket(100, 10, at(0));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(bucket.has(at(0))) << i;
    bucket.take();
  }
  EXPECT_FALSE(bucket.has(at(0)));
  EXPECT_EQ(bucket.next(at(0)), at(10));
  EXPECT_FALSE(bucket.has(at(9)));
  EXPECT_TRUE(bucket.has(at(10)));
}

TEST(TokenBucket, HoldsTheRateOverTime) {
  TokenBucket bucket(3, 1, at(0));
  int given = 0;
  for (int64_t ms = 0; ms <= 60'000; ++ms) {
    if (!bucket.has(at(ms))) continue;
    bucket.take();
    ++given;
  }
  EXPECT_NEAR(given, 181, 1);
}

TEST(TokenBucket, WithoutRateThereIsNoLimit) {
  TokenBucket bucket(0, 1, at(0));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(bucket.has(at(0)));
    bucket.take();
  }
  EXPECT_EQ(bucket.next(at(0)), at(0));
}

TEST(Breaker, OpensAfterFailuresInARowOnly) {
  Breaker breaker({3, Duration::seconds(1), Duration::seconds(4)});
  for (int i = 0; i < 10; ++i) {
    breaker.failed(at(0));
    breaker.failed(at(0));
    breaker.succeeded();
  }
  EXPECT_TRUE(breaker.allows(at(0)));
  for (int i = 0; i < 3; ++i) breaker.failed(at(0));
  EXPECT_FALSE(breaker.allows(at(999)));
  EXPECT_EQ(breaker.opens_at(), at(1000));
  EXPECT_EQ(breaker_state_name(breaker.state()), "open");
}

TEST(Breaker, LetsOneProbeThroughAndClosesOnSuccess) {
  Breaker breaker({1, Duration::seconds(1), Duration::seconds(4)});
  breaker.failed(at(0));
  ASSERT_TRUE(breaker.allows(at(1000)));
  breaker.began();
  EXPECT_FALSE(breaker.allows(at(1500)));
  breaker.succeeded();
  EXPECT_EQ(breaker.state(), Breaker::State::closed);
  EXPECT_TRUE(breaker.allows(at(1500)));
}

TEST(Breaker, PausesLongerAfterEachFailedProbe) {
  Breaker breaker({1, Duration::seconds(1), Duration::seconds(4)});
  breaker.failed(at(0));
  int64_t now = 0;
  for (const int64_t pause : {1000, 2000, 4000, 4000}) {
    EXPECT_FALSE(breaker.allows(at(now + pause - 1)));
    now += pause;
    ASSERT_TRUE(breaker.allows(at(now)));
    breaker.began();
    breaker.failed(at(now));
  }
}

TEST(Breaker, AProbeThatWasCancelledLetsAnotherThrough) {
  Breaker breaker({1, Duration::seconds(1), Duration::seconds(4)});
  breaker.failed(at(0));
  ASSERT_TRUE(breaker.allows(at(1000)));
  breaker.began();
  breaker.ended_without_news();
  EXPECT_TRUE(breaker.allows(at(1000)));
}

}  // namespace
}  // namespace hence::delivery
