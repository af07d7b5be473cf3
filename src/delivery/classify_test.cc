// SPDX-License-Identifier: Apache-2.0
#include "delivery/classify.h"

#include <gtest/gtest.h>

namespace hence::delivery {
namespace {

const UtcTime kNow = from_civil({2026, 3, 1, 12, 0, 0, 0});

TEST(Classify, OnlyWhatMayPassByItselfIsTriedAgain) {
  for (int status = 100; status < 600; ++status) {
    const bool again = status == 408 || status == 425 || status == 429 || status == 500 ||
                       status == 502 || status == 503 || status == 504;
    const Verdict expected = status >= 200 && status < 300 ? Verdict::delivered
                             : again                       ? Verdict::retryable
                                                           : Verdict::permanent;
    EXPECT_EQ(classify_status(status), expected) << status;
  }
  EXPECT_EQ(classify_error(ErrorCode::CallFailed), Verdict::retryable);
  EXPECT_EQ(classify_error(ErrorCode::Overloaded), Verdict::retryable);
  EXPECT_EQ(classify_error(ErrorCode::AddressRefused), Verdict::permanent);
  EXPECT_EQ(classify_error(ErrorCode::RequestInvalid), Verdict::permanent);
  EXPECT_EQ(classify_error(ErrorCode::RunRefused), Verdict::permanent);
  EXPECT_EQ(classify_error(ErrorCode::SecretUnavailable), Verdict::permanent);
}

TEST(Classify, IllnessIsNoAnswerOrAServersFault) {
  EXPECT_TRUE(is_sign_of_illness(Error(ErrorCode::CallFailed, "timeout")));
  EXPECT_TRUE(is_sign_of_illness(Error(ErrorCode::Unreachable, "connection refused")));
  EXPECT_FALSE(is_sign_of_illness(Error(ErrorCode::Overloaded, "ours")));
  EXPECT_TRUE(is_sign_of_illness(HttpAnswer{503, {}, {}}));
  EXPECT_FALSE(is_sign_of_illness(HttpAnswer{429, {}, {}}));
  EXPECT_FALSE(is_sign_of_illness(HttpAnswer{404, {}, {}}));
}

TEST(RetryAfter, ReadsSecondsAndAllThreeDates) {
  EXPECT_EQ(parse_retry_after("120", kNow), Duration::seconds(120));
  EXPECT_EQ(parse_retry_after("0", kNow), Duration{});
  EXPECT_EQ(parse_retry_after("Sun, 01 Mar 2026 12:00:30 GMT", kNow), Duration::seconds(30));
  EXPECT_EQ(parse_retry_after("Sunday, 01-Mar-26 12:01:00 GMT", kNow), Duration::seconds(60));
  EXPECT_EQ(parse_retry_after("Sun Mar  1 13:00:00 2026", kNow), Duration::hours(1));
}

TEST(RetryAfter, IsCappedAndNeverNegative) {
  EXPECT_EQ(parse_retry_after("99999999999999999999999", kNow), kRetryAfterMax);
  EXPECT_EQ(parse_retry_after("604800", kNow), kRetryAfterMax);
  EXPECT_EQ(parse_retry_after("Sun, 01 Mar 2020 12:00:30 GMT", kNow), Duration{});
  EXPECT_EQ(parse_retry_after("Sun, 01 Mar 2099 12:00:30 GMT", kNow), kRetryAfterMax);
}

TEST(RetryAfter, NonsenseIsNothing) {
  for (const char* text : {"", "soon", "-5", "1.5", "Sun, 01 Mar 2026", "Sun, 41 Mar 2026 12:00:30 GMT",
                           "Sun, 01 Foo 2026 12:00:30 GMT", "Sun, 01 Mar 2026 25:00:30 GMT",
                           "Sun, 01 Mar 2026 1:00:30 GMT", "a b c d e f", "a b c d e",
                           "Sun, 06 Nov 99999999 08:49:37 GMT", "Sunday, 06-Nov-123 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 99999999", "Sun Nov  6 08:49:37 94"}) {
    EXPECT_EQ(parse_retry_after(text, kNow), std::nullopt) << text;
  }
}

TEST(RetryAfter, CountsOnlyWhereAnotherAttemptFollows) {
  const Headers headers = {{"retry-after", "7"}};
  EXPECT_EQ(retry_after_of({503, headers, {}}, kNow), Duration::seconds(7));
  EXPECT_EQ(retry_after_of({429, headers, {}}, kNow), Duration::seconds(7));
  EXPECT_EQ(retry_after_of({404, headers, {}}, kNow), std::nullopt);
  EXPECT_EQ(retry_after_of({503, {}, {}}, kNow), std::nullopt);
}

TEST(Refusal, SentencesAreOneHarmlessLine) {
  EXPECT_EQ(refusal_sentence({404, {}, {}}), "it answered 404 Not Found");
  EXPECT_EQ(refusal_sentence({500, {}, "boom\r\n\x1b[31m  at line 1\n"}),
            "it answered 500 Internal Server Error: boom [31m at line 1");
  EXPECT_EQ(refusal_sentence({302, {}, {}}), "it answered 302 Found, and redirects are not followed");
  EXPECT_LT(refusal_sentence({400, {}, std::string(5000, 'x')}).size(), 300u);
}

}  // namespace
}  // namespace hence::delivery
