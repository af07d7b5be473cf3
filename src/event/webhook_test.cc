// SPDX-License-Identifier: Apache-2.0
#include "event/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::event {
namespace {

using testing::HasSubstr;
using HeaderList = std::vector<HeaderView>;

// The vector of GitHub's documentation.
constexpr std::string_view kGithubBody = "Hello, World!";
constexpr std::string_view kGithubSignature =
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const std::vector<std::string> kGithubSecrets = {"It's a Secret to Everybody"};

// The vector of the Standard Webhooks reference tests.
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
constexpr UtcTime kSent{1'614'265'330'000'000};
const std::vector<std::string> kSecrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};

HeaderList standard_headers(std::string_view signature = kSignature,
                            std::string_view timestamp = "1614265330") {
  return {{"Webhook-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
          {"webhook-timestamp", timestamp},
          {"WEBHOOK-SIGNATURE", signature}};
}

bool github_ok(const HeaderList& headers, std::string_view body,
               const std::vector<std::string>& secrets = kGithubSecrets) {
  return verify_webhook(WebhookProvider::github, {headers, body}, secrets, UtcTime{}).ok();
}
bool standard_ok(const HeaderList& headers, std::string_view body = kBody, UtcTime now = kSent,
                 const std::vector<std::string>& secrets = kSecrets) {
  return verify_webhook(WebhookProvider::standard_webhooks, {headers, body}, secrets, now).ok();
}

TEST(GithubSignature, AcceptsThePublishedVector) {
  EXPECT_TRUE(github_ok({{"X-Hub-Signature-256", kGithubSignature}}, kGithubBody));
  EXPECT_TRUE(github_ok({{"x-hub-signature-256", kGithubSignature}}, kGithubBody,
                        {"new secret", kGithubSecrets[0]}));
}

TEST(GithubSignature, RefusesEveryFlippedByte) {
  for (size_t i = 0; i < kGithubBody.size(); ++i) {
    std::string body(kGithubBody);
    body[i] = static_cast<char>(body[i] ^ 1);
    EXPECT_FALSE(github_ok({{"x-hub-signature-256", kGithubSignature}}, body));
  }
  for (size_t i = 0; i < kGithubSignature.size(); ++i) {
    std::string signature(kGithubSignature);
    signature[i] = static_cast<char>(signature[i] ^ 1);
    EXPECT_FALSE(github_ok({{"x-hub-signature-256", signature}}, kGithubBody));
  }
}

TEST(GithubSignature, RefusesMissingDoubleShortAndOldHeaders) {
  EXPECT_FALSE(github_ok({}, kGithubBody));
  EXPECT_FALSE(github_ok({{"x-hub-signature-256", kGithubSignature},
                          {"X-Hub-Signature-256", kGithubSignature}}, kGithubBody));
  EXPECT_FALSE(github_ok({{"x-hub-signature-256", ""}}, kGithubBody));
  EXPECT_FALSE(github_ok({{"x-hub-signature-256", "sha256="}}, kGithubBody));
  EXPECT_FALSE(github_ok({{"x-hub-signature-256", kGithubSignature.substr(0, 70)}}, kGithubBody));
  EXPECT_FALSE(github_ok({{"x-hub-signature", kGithubSignature}}, kGithubBody));
  EXPECT_FALSE(github_ok({{"x-hub-signature-256", kGithubSignature}}, kGithubBody, {"other"}));
}

TEST(WebhookSecret, NoneOrAnEmptyOneIsAFaultOfTheConfiguration) {
  for (const std::vector<std::string>& secrets : {std::vector<std::string>{}, {""}, {"a", ""}}) {
    auto status = verify_webhook(WebhookProvider::github, {{}, ""}, secrets, UtcTime{});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), ErrorCode::ConfigurationInvalid);
  }
  for (const char* secret : {"whsec_", "whsec_not base64!", "x"}) {
    const std::vector<std::string> secrets = {secret};
    auto status = verify_webhook(WebhookProvider::standard_webhooks, {{}, ""}, secrets, kSent);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), ErrorCode::ConfigurationInvalid) << secret;
  }
}

TEST(StandardSignature, AcceptsThePublishedVector) {
  EXPECT_TRUE(standard_ok(standard_headers()));
  EXPECT_TRUE(standard_ok(standard_headers(), kBody, kSent,
                          {"whsec_b3RoZXI=", kSecrets[0].substr(6)}));
}

TEST(StandardSignature, AnyOfSeveralSignaturesIsEnough) {
  const std::string many = "v1a,zzz v1,AAAA v2," + std::string(kSignature.substr(3)) + " " +
                           std::string(kSignature);
  EXPECT_TRUE(standard_ok(standard_headers(many)));
  const std::string other_version = "v2," + std::string(kSignature.substr(3));
  EXPECT_FALSE(standard_ok(standard_headers(other_version)));
  EXPECT_FALSE(standard_ok(standard_headers("v1,")));
  EXPECT_FALSE(standard_ok(standard_headers("")));
  EXPECT_FALSE(standard_ok(standard_headers(kSignature.substr(3))));
}

TEST(StandardSignature, TimeCountsFiveMinutesEachWay) {
  EXPECT_TRUE(standard_ok(standard_headers(), kBody, kSent + Duration::seconds(300)));
  EXPECT_TRUE(standard_ok(standard_headers(), kBody, kSent - Duration::seconds(300)));
  EXPECT_FALSE(standard_ok(standard_headers(), kBody, kSent + Duration::seconds(301)));
  EXPECT_FALSE(standard_ok(standard_headers(), kBody, kSent - Duration::seconds(301)));
}

TEST(StandardSignature, RefusesChangedOrOddParts) {
  EXPECT_FALSE(standard_ok(standard_headers(), R"({"test": 2432232315})"));
  EXPECT_FALSE(standard_ok(standard_headers(kSignature, "1614265331")));
  for (const char* timestamp : {"", "x", "-1614265330", "1614265330 ", "1614265330.0", "+1614265330",
                                "99999999999999999999"}) {
    EXPECT_FALSE(standard_ok(standard_headers(kSignature, timestamp))) << timestamp;
  }
  for (size_t missing = 0; missing < 3; ++missing) {
    HeaderList headers = standard_headers();
    headers.erase(headers.begin() + static_cast<ptrdiff_t>(missing));
    EXPECT_FALSE(standard_ok(headers));
    headers = standard_headers();
    headers.push_back(headers[missing]);
    EXPECT_FALSE(standard_ok(headers));
  }
}

TEST(StandardSignature, SignsWhatItAccepts) {
  const Headers made =
      sign_standard_webhook(kSecrets[0], "msg_p5jXN8AQM9LWM0D4loKWxJek", kSent, kBody).value();
  EXPECT_EQ(made[2].second, kSignature);
  EXPECT_TRUE(standard_ok(HeaderList(made.begin(), made.end())));
  EXPECT_FALSE(sign_standard_webhook("not base64", "id", kSent, kBody).ok());
}

TEST(Signature, TheRefusalDoesNotSayWhatWasWrong) {
  const auto missing = verify_webhook(WebhookProvider::github, {{}, ""}, kGithubSecrets, UtcTime{});
  const HeaderList wrong_header = {{"x-hub-signature-256", "sha256=00"}};
  const auto wrong =
      verify_webhook(WebhookProvider::github, {wrong_header, ""}, kGithubSecrets, UtcTime{});
  EXPECT_EQ(missing.error().code(), ErrorCode::SignatureInvalid);
  EXPECT_EQ(missing.error().message(), wrong.error().message());
}

TEST(StandardWebhook, BecomesAnEvent) {
  const std::string body = R"({"type": "user.created", "data": {"n": 1.50}})";
  const HeaderList headers = standard_headers();
  auto event = webhook_event(WebhookProvider::standard_webhooks, {headers, body}, "crm", kSent);
  ASSERT_TRUE(event.ok()) << event.error().message();
  EXPECT_EQ(event->id(), "msg_p5jXN8AQM9LWM0D4loKWxJek");
  EXPECT_EQ(event->source(), "/webhooks/crm");
  EXPECT_EQ(event->type(), "user.created");
  EXPECT_EQ(event->time_text(), "2021-02-25T15:02:10Z");
  EXPECT_EQ(event->datacontenttype(), "application/json");
  EXPECT_TRUE(json::equal(*event->data(), json::parse(body).value()));
}

TEST(StandardWebhook, WithoutATypeIsNamedAfterTheSource) {
  const HeaderList headers = standard_headers();
  for (const char* body : {"{}", "[]", R"({"type": 5})", R"({"type": ""})"}) {
    auto event = webhook_event(WebhookProvider::standard_webhooks, {headers, body}, "crm", kSent);
    EXPECT_EQ(event.value().type(), "webhook.crm") << body;
  }
}

TEST(Webhook, OtherBodiesThanJsonNameTheSetting) {
  const HeaderList headers = {{"content-type", "application/x-www-form-urlencoded"},
                              {"x-github-event", "push"}, {"x-github-delivery", "d"}};
  auto event = webhook_event(WebhookProvider::github, {headers, "payload=%7B%7D"}, "gh", kSent);
  ASSERT_FALSE(event.ok());
  EXPECT_EQ(event.error().code(), ErrorCode::UnsupportedMediaType);
  EXPECT_THAT(event.error().message(), HasSubstr("set \"Content type\" to application/json"));
}

TEST(Webhook, TheBodyStaysAsItCameByteForByte) {
  const std::string body = "{ \"type\" : \"a.b\",\n \"x\": \"\\u003ctag\\u003e\", \"n\": 1.50 }";
  const HeaderList headers = standard_headers();
  const Result<Event> event =
      webhook_event(WebhookProvider::standard_webhooks, {headers, body}, "shop", kSent);
  ASSERT_TRUE(event.ok()) << event.error().message();
  EXPECT_EQ(event->data()->source_text(), body);
  EXPECT_EQ(event->type(), "a.b");
}

TEST(Webhook, ProvidersHaveNames) {
  EXPECT_EQ(parse_webhook_provider("github"), WebhookProvider::github);
  EXPECT_EQ(parse_webhook_provider("standard-webhooks"), WebhookProvider::standard_webhooks);
  EXPECT_FALSE(parse_webhook_provider("gitlab"));
}

}  // namespace
}  // namespace hence::event
