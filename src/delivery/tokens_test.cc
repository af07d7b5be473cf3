// SPDX-License-Identifier: Apache-2.0
// Tokens: what is asked, kept, refreshed and refused.

#include "delivery/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hence::delivery {
namespace {

using ::testing::HasSubstr;

constexpr UtcTime kNow{1'000'000'000'000'000};
const std::string kPolicy =
    R"({"endpoint":"https://id/token","headers":{},"fields":{"grant_type":"client_credentials",)"
    R"("client_secret":"s&1"},"refresh":{"grant_type":"refresh_token","client_secret":"s&1"}})";

Result<HttpAnswer> answered(int status, const std::string& body) {
  return HttpAnswer{status, {}, body};
}

UtcTime after(int64_t seconds) { return kNow + Duration::seconds(seconds); }

TEST(Tokens, AreKeptUntilShortlyBeforeTheyExpire) {
  Tokens tokens;
  EXPECT_FALSE(tokens.find(kPolicy, kNow));
  EXPECT_TRUE(tokens.begin(kPolicy));
  EXPECT_FALSE(tokens.begin(kPolicy)) << "one call serves all who ask";
  const auto call = tokens.next_call(kPolicy);
  EXPECT_EQ(call->url, "https://id/token");
  EXPECT_EQ(call->body, "grant_type=client_credentials&client_secret=s%261");
  const auto over = tokens.take_answer(
      kPolicy, answered(200, R"({"access_token":"t1","expires_in":3600,"refresh_token":"r1"})"), kNow);
  ASSERT_TRUE(over && over->ok());
  EXPECT_EQ(**over, "t1");
  EXPECT_EQ(tokens.find(kPolicy, after(3569)), "t1");
  EXPECT_FALSE(tokens.find(kPolicy, after(3571)));
  ASSERT_TRUE(tokens.begin(kPolicy));
  EXPECT_EQ(tokens.next_call(kPolicy)->body, "grant_type=refresh_token&client_secret=s%261&refresh_token=r1");
  EXPECT_FALSE(tokens.take_answer(kPolicy, answered(400, "{}"), after(3571))) << "then from the start";
  EXPECT_THAT(tokens.next_call(kPolicy)->body, HasSubstr("grant_type=client_credentials"));
}

TEST(Tokens, LiveFiveMinutesWhereNothingIsSaid) {
  Tokens tokens;
  tokens.begin(kPolicy);
  ASSERT_TRUE(tokens.next_call(kPolicy).ok());
  tokens.take_answer(kPolicy, answered(200, R"({"access_token":"t"})"), kNow);
  EXPECT_TRUE(tokens.find(kPolicy, after(269)));
  EXPECT_FALSE(tokens.find(kPolicy, after(271)));
}

TEST(Tokens, ThatWereRefusedAreDropped) {
  Tokens tokens;
  tokens.begin(kPolicy);
  ASSERT_TRUE(tokens.next_call(kPolicy).ok());
  tokens.take_answer(kPolicy, answered(200, R"({"access_token":"t"})"), kNow);
  tokens.drop(kPolicy, "an older one");
  EXPECT_TRUE(tokens.find(kPolicy, kNow));
  tokens.drop(kPolicy, "t");
  EXPECT_FALSE(tokens.find(kPolicy, kNow));
}

TEST(Tokens, SayWhyThereIsNone) {
  const std::pair<Result<HttpAnswer>, const char*> cases[] = {
      {answered(401, "secret words"), "the token endpoint answered with status 401"},
      {answered(200, "{}"), "has no access_token"},
      {answered(200, "no json"), "has no access_token"},
      {Error(ErrorCode::CallFailed, "refused"), "getting a token: refused"}};
  for (const auto& [answer, words] : cases) {
    Tokens tokens;
    tokens.begin(kPolicy);
    ASSERT_TRUE(tokens.next_call(kPolicy).ok());
    const auto over = tokens.take_answer(kPolicy, answer, kNow);
    ASSERT_TRUE(over && !over->ok());
    EXPECT_THAT(over->error().message(), HasSubstr(words));
    EXPECT_THAT(over->error().message(), ::testing::Not(HasSubstr("secret words")));
    EXPECT_TRUE(tokens.begin(kPolicy)) << "the next one tries again";
  }
}

TEST(Tokens, FindTheirEndpointAndHoldIssuersToTheirNames) {
  const std::string policy = R"({"discover":"https://id/.well-known/openid-configuration","headers":{},)"
                             R"("fields":{},"refresh":{},"issuers":["https://id"]})";
  Tokens tokens;
  tokens.begin(policy);
  EXPECT_EQ(tokens.next_call(policy)->method, "GET");
  EXPECT_FALSE(tokens.take_answer(policy, answered(200, R"({"issuer":"https://id","token_endpoint":"https://id/t"})"), kNow));
  EXPECT_EQ(tokens.next_call(policy)->url, "https://id/t");
  // {"iss":"https://other"} as a JWT's payload
  const auto over = tokens.take_answer(
      policy, answered(200, R"({"access_token":"e30.eyJpc3MiOiJodHRwczovL290aGVyIn0.x"})"), kNow);
  ASSERT_TRUE(over && !over->ok());
  EXPECT_THAT(over->error().message(), HasSubstr("issuer is none of the policy's"));
}

}  // namespace
}  // namespace hence::delivery
