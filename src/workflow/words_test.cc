// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "workflow/definition.h"
#include "workflow/errors.h"
#include "workflow/http.h"
#include "workflow/retry.h"
#include "workflow/shapes.h"

namespace hence::workflow {
namespace {

TEST(Words, NamesAreLettersDigitsAndDashes) {
  for (auto good : {"a", "a-b", "A9", "0"}) EXPECT_TRUE(is_dsl_name(good)) << good;
  for (auto bad : {"", "-a", "a-", "a_b", "a.b", "ä"}) EXPECT_FALSE(is_dsl_name(bad)) << bad;
  EXPECT_TRUE(is_dsl_name(std::string(63, 'a')));
  EXPECT_FALSE(is_dsl_name(std::string(64, 'a')));
}

TEST(Words, VersionsFollowSemver) {
  for (auto good : {"1.0.0", "0.1.0", "1.0.0-alpha.1", "1.0.0-0a", "1.2.3+build.01"}) {
    EXPECT_TRUE(is_semver(good)) << good;
  }
  for (auto bad : {"1", "1.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+", "v1.0.0", "1.0.0.0"}) {
    EXPECT_FALSE(is_semver(bad)) << bad;
  }
}

TEST(Words, VersionsAreOrderedAsSemverSays) {
  const char* ordered[] = {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2",
                           "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"};
  for (size_t i = 0; i < std::size(ordered); ++i) {
    for (size_t k = 0; k < std::size(ordered); ++k) {
      EXPECT_EQ(compare_versions(ordered[i], ordered[k]), i <=> k) << ordered[i] << " "
          << ordered[k];
    }
  }
  EXPECT_EQ(compare_versions("1.0.0+a", "1.0.0+b"), std::strong_ordering::equal);
}

TEST(Words, DurationsAreIsoTextsOrExpressions) {
  for (auto good : {"PT15M", "P1Y2M3DT4H", "P1W", "${ .after "
                                                  "}"}) EXPECT_TRUE(is_duration_text(good)) << good;
  for (auto bad : {"", "P", "15m", "PT", "${ .a } s"}) EXPECT_FALSE(is_duration_text(bad)) << bad;
}

TEST(Retry, BackoffGrowsFromTheDelay) {
  RetryTimes times{Backoff::exponential, Duration::seconds(3), {}, {}};
  EXPECT_EQ(retry_delay(times, 1, 9), Duration::seconds(3));
  EXPECT_EQ(retry_delay(times, 2, 9), Duration::seconds(6));
  EXPECT_EQ(retry_delay(times, 4, 9), Duration::seconds(24));
  EXPECT_EQ(retry_delay(times, 4'000'000'000, 9), kRetryDelayMax);
  times.backoff = Backoff::linear;
  EXPECT_EQ(retry_delay(times, 4, 9), Duration::seconds(12));
  times.backoff = Backoff::constant;
  EXPECT_EQ(retry_delay(times, 4, 9), Duration::seconds(3));
}

TEST(Retry, JitterStaysInItsRange) {
  const RetryTimes times{Backoff::constant, {}, Duration{10}, Duration{12}};
  EXPECT_EQ(retry_delay(times, 1, 0), Duration{10});
  EXPECT_EQ(retry_delay(times, 1, 2), Duration{12});
  EXPECT_EQ(retry_delay(times, 1, 3), Duration{10});
}

TEST(Errors, TypesOfFormerReleasesAreTheSame) {
  for (auto form : {"https://open-workflow-specification.org/spec/1.0.0/errors/communication",
                    "https://open-workflow-specification.org/dsl/errors/types/communication",
                    "https://serverlessworkflow.io/spec/1.0.0/errors/communication",
                    "https://serverlessworkflow.io.io/dsl/errors/types/communication",
                    "https://https://serverlessworkflow.io/dsl/errors/types/communication"}) {
    EXPECT_EQ(normal_error_type(form), "communication") << form;
  }
  EXPECT_EQ(normal_error_type("https://example.com/errors/communication"),
            "https://example.com/errors/communication");
  EXPECT_EQ(normal_error_type("https://serverlessworkflow.io/errors/not-implemented"),
            "https://serverlessworkflow.io/errors/not-implemented");
}

}  // namespace
}  // namespace hence::workflow
