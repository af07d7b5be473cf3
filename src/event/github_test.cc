// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "event/webhook.h"

namespace hence::event {
namespace {

constexpr std::string_view kNow = "2026-04-28T18:34:06.25Z";

Event mapped(std::string_view name, std::string_view body) {
  const std::vector<HeaderView> headers = {{"X-GitHub-Event", name},
                                           {"X-GitHub-Delivery", "72d3162e-cc78-11e3"},
                                           {"Content-Type", "application/json"}};
  auto event = webhook_event(WebhookProvider::github, {headers, body}, "gh",
                             parse_rfc3339(kNow).value());
  EXPECT_TRUE(event.ok()) << event.error().message();
  return event.ok() ? *event : Event();
}

TEST(GithubMapping, Push) {
  const Event event = mapped("push", R"({"ref":"refs/heads/main","repository":
      {"url":"https://github.com/octo/shop","pushed_at":1526000000}})");
  EXPECT_EQ(event.id(), "72d3162e-cc78-11e3");
  EXPECT_EQ(event.type(), "com.github.push");
  EXPECT_EQ(event.source(), "https://github.com/octo/shop");
  EXPECT_EQ(event.subject(), "refs/heads/main");
  EXPECT_EQ(event.time_text(), kNow);
  EXPECT_EQ(event.datacontenttype(), "application/json");
  EXPECT_EQ(event.data()->find("ref")->as_string(), "refs/heads/main");
}

TEST(GithubMapping, TheActionFollowsTheTypeAndNumbersMaySubject) {
  const Event event = mapped("pull_request", R"({"action":"opened","number":42,
      "pull_request":{"updated_at":"2018-05-30T20:18:30Z"},"repository":{"url":"https://x/y"}})");
  EXPECT_EQ(event.type(), "com.github.pull_request.opened");
  EXPECT_EQ(event.subject(), "42");
  EXPECT_EQ(event.time_text(), "2018-05-30T20:18:30Z");
}

TEST(GithubMapping, AnAbsentActionLeavesNoDot) {
  EXPECT_EQ(mapped("issues", "{}").type(), "com.github.issues");
  EXPECT_EQ(mapped("status", R"({"state":"success"})").type(), "com.github.status");
  EXPECT_EQ(mapped("repository_dispatch", R"({"action":"go"})").type(),
            "com.github.repository_dispatch.go");
  EXPECT_EQ(mapped("repository_ruleset", R"({"action":"edited"})").type(),
            "com.github.repository_ruleset.edited");
}

TEST(GithubMapping, OtherMembersThanActionCanFollowTheType) {
  EXPECT_EQ(mapped("create", R"({"ref_type":"tag"})").type(), "com.github.create.tag");
  EXPECT_EQ(mapped("membership", R"({"scope":"team","action":"added"})").type(),
            "com.github.membership.team.added");
  EXPECT_EQ(mapped("deployment_status", R"({"deployment_status":{"state":"success"}})").type(),
            "com.github.deployment_status.success");
  EXPECT_EQ(mapped("deployment", R"({"action":"created"})").type(), "com.github.deployment");
}

TEST(GithubMapping, SourcesMayBeMadeOfParts) {
  EXPECT_EQ(mapped("commit_comment",
                   R"({"comment":{"url":"https://x/comments/1","commit_id":"abc"}})").source(),
            "https://x/comments/1/abc");
  EXPECT_EQ(mapped("marketplace_purchase",
                   R"({"sender":{"url":"https://api.github.com/users/octo"}})").source(),
            "https://api.github.com/users");
  EXPECT_EQ(mapped("security_advisory", "{}").source(), "github.com");
}

TEST(GithubMapping, WithoutItsSourceFieldTheNextLargerThingIsTheSource) {
  EXPECT_EQ(mapped("deployment_review",
                   R"({"repository":{"url":"https://x/r"},"organization":{"url":"https://x/o"}})")
                .source(), "https://x/r");
  EXPECT_EQ(mapped("issues", R"({"organization":{"url":"https://x/o"}})").source(), "https://x/o");
  EXPECT_EQ(mapped("issues", "{}").source(), "https://github.com");
  EXPECT_EQ(mapped("commit_comment", R"({"comment":{"url":"https://x/1"}})").source(),
            "https://github.com");
}

TEST(GithubMapping, UnlistedEventsKeepTheirNameAndAction) {
  EXPECT_EQ(mapped("ping", R"({"zen":"…","hook_id":1})").type(), "com.github.ping");
  const Event event =
      mapped("sub_issues", R"({"action":"added","repository":{"url":"https://x/r"}})");
  EXPECT_EQ(event.type(), "com.github.sub_issues.added");
  EXPECT_EQ(event.source(), "https://x/r");
  EXPECT_EQ(event.subject(), "");
  EXPECT_EQ(event.time_text(), kNow);
}

TEST(GithubMapping, TimesFallBackToTheNextValueThenToNow) {
  EXPECT_EQ(mapped("check_run", R"({"check_run":{"completed_at":null,
      "started_at":"2018-05-04T01:14:52Z"}})").time_text(), "2018-05-04T01:14:52Z");
  EXPECT_EQ(mapped("check_run", R"({"check_run":{"completed_at":"2018-05-04T02:00:00Z",
      "started_at":"2018-05-04T01:14:52Z"}})").time_text(), "2018-05-04T02:00:00Z");
  EXPECT_EQ(mapped("check_run", R"({"check_run":{"completed_at":null}})").time_text(), kNow);
  EXPECT_EQ(mapped("installation", R"({"installation":{"updated_at":1525109898}})").time_text(),
            "2018-04-30T17:38:18Z");
  EXPECT_EQ(mapped("installation", R"({"installation":{"updated_at":1e30}})").time_text(), kNow);
  EXPECT_EQ(mapped("issues", R"({"issue":{"updated_at":"2018-05-04 01:14:52 UTC"}})").time_text(),
            kNow);
}

TEST(GithubMapping, AReleasesTimeIsThatOfItsAction) {
  const std::string body = R"("release":{"id":11248810,"created_at":"2018-05-30T20:18:05Z",
      "published_at":"2018-05-30T20:18:44Z","updated_at":"2018-05-31T00:00:00Z"}})";
  EXPECT_EQ(mapped("release", R"({"action":"published",)" + body).time_text(),
            "2018-05-30T20:18:44Z");
  EXPECT_EQ(mapped("release", R"({"action":"created",)" + body).time_text(),
            "2018-05-30T20:18:05Z");
  EXPECT_EQ(mapped("release", R"({"action":"edited",)" + body).time_text(), "2018-05-31T00:00:00Z");
  EXPECT_EQ(mapped("release", "{" + body).subject(), "11248810");
}

TEST(GithubMapping, MissingHeadersAreNamed) {
  const std::vector<HeaderView> headers = {{"x-github-event", "push"}};
  auto event = webhook_event(WebhookProvider::github, {headers, "{}"}, "gh", UtcTime{});
  ASSERT_FALSE(event.ok());
  EXPECT_EQ(event.error().code(), ErrorCode::RequestInvalid);
  EXPECT_NE(event.error().message().find("x-github-delivery"), std::string::npos);
}

}  // namespace
}  // namespace hence::event
