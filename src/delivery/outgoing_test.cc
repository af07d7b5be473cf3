// SPDX-License-Identifier: Apache-2.0
#include "delivery/outgoing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/http_call_check.h"
#include "delivery/test_directory.h"
#include "event/http.h"
#include "event/webhook.h"

namespace hence::delivery {
namespace {

const UtcTime kNow = from_civil({2026, 3, 1, 12, 0, 0, 0});

class OutgoingTest : public testing::Test {
 protected:
  OutgoingTest() { directory_.sink("shop"); }
  Result<HttpCall> build(const engine::Effect& effect) {
    return delivery_call(effect, directory_, kNow, {});
  }
  static std::string header(const HttpCall& call, std::string_view name) {
    std::string found = "(none)";
    for (const auto& [key, value] : call.headers) {
      if (lower_case(key) != name) continue;
      EXPECT_EQ(found, "(none)") << name << " is there twice";
      found = value;
    }
    return found;
  }
  TestDirectory directory_;
};

TEST_F(OutgoingTest, BinaryModeIsTheDefaultOfTheEffect) {
  engine::Effect effect = delivery_of("shop", 42);
  effect.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto call = build(effect);
  ASSERT_TRUE(call.ok()) << call.error().message();
  EXPECT_EQ(call->method, "POST");
  EXPECT_EQ(call->url, "https://shop.example/hook");
  EXPECT_EQ(call->body, R"({"total":40.0})");
  EXPECT_EQ(call->destination, "sink shop");
  EXPECT_EQ(header(*call, "content-type"), "application/json");
  EXPECT_EQ(header(*call, "ce-type"), "order.created");
  EXPECT_EQ(header(*call, "ce-subject"), "%C3%A4");
  EXPECT_EQ(header(*call, "ce-hencedepth"), "1");
  EXPECT_EQ(header(*call, "idempotency-key"), "07-42.1");
  EXPECT_EQ(header(*call, "user-agent"), "hence/0.1.0");
  EXPECT_EQ(header(*call, "traceparent"), effect.traceparent);
  EXPECT_EQ(header(*call, "authorization"), "(none)");
  EXPECT_TRUE(check_http_call(*call).ok());
}

TEST_F(OutgoingTest, StructuredModeSendsTheWholeEvent) {
  engine::Effect effect = delivery_of("shop", 42);
  effect.structured = true;
  const auto call = build(effect);
  ASSERT_TRUE(call.ok());
  EXPECT_THAT(header(*call, "content-type"), testing::StartsWith("application/cloudevents+json"));
  EXPECT_EQ(header(*call, "ce-id"), "(none)");
  const json::Value sent = json::parse(call->body).value();
  EXPECT_EQ(sent->string_or("id", ""), "e1");
  EXPECT_EQ(sent->find("hencedepth")->as_int64(), 1);
  EXPECT_EQ(sent->find_path({"data", "total"})->number_text(), "40.0");
}

TEST_F(OutgoingTest, EventsThatWentRoundTooOftenStay) {
  engine::Effect effect = delivery_of("shop", 42);
  effect.event_json = json::parse(R"({"specversion":"1.0","id":"e","source":"/s","type":"t",)"
                                  R"("hencedepth":15})")
                          .value();
  EXPECT_EQ(header(*build(effect), "ce-hencedepth"), "16");
  effect.event_json = json::parse(R"({"specversion":"1.0","id":"e","source":"/s","type":"t",)"
                                  R"("hencedepth":16})")
                          .value();
  const auto call = build(effect);
  ASSERT_FALSE(call.ok());
  EXPECT_EQ(call.error().code(), ErrorCode::EventInvalid);
}

TEST_F(OutgoingTest, BodiesOfRulesAreTextOrJson) {
  engine::Effect effect = delivery_of("shop", 1);
  effect.body = json::parse(R"({"text":"hi"})").value();
  EXPECT_EQ(build(effect)->body, R"({"text":"hi"})");
  EXPECT_EQ(header(*build(effect), "content-type"), "application/json");
  EXPECT_EQ(header(*build(effect), "ce-id"), "(none)");
  effect.body = json::Value::string("plain");
  EXPECT_EQ(build(effect)->body, "plain");
  EXPECT_EQ(header(*build(effect), "content-type"), "text/plain; charset=utf-8");
  effect.body = json::Value();
  EXPECT_EQ(build(effect)->body, "");
}

TEST_F(OutgoingTest, TheSinksHeadersReplaceOursButNotTheIdentity) {
  auto& sink = directory_.sink("shop");
  sink.method = "PUT";
  sink.timeout = Duration::seconds(3);
  sink.headers = {{"Content-Type", "application/vnd.acme+json"},
                  {"User-Agent", "acme"},
                  {"Idempotency-Key", "mine"},
                  {"X-Team", "a"}};
  const auto call = build(delivery_of("shop", 42));
  EXPECT_EQ(call->method, "PUT");
  EXPECT_EQ(call->timeout, Duration::seconds(3));
  EXPECT_EQ(header(*call, "content-type"), "application/vnd.acme+json");
  EXPECT_EQ(header(*call, "user-agent"), "acme");
  EXPECT_EQ(header(*call, "idempotency-key"), "07-42.1");
  EXPECT_EQ(header(*call, "x-team"), "a");
}

TEST_F(OutgoingTest, SecretsAreReadWhenTheCallLeaves) {
  auto& sink = directory_.sink("shop");
  sink.auth = {resource::SinkAuth::Scheme::bearer, "", "token"};
  const auto missing = build(delivery_of("shop", 1));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::SecretUnavailable);
  directory_.secrets["token"] = "abc";
  EXPECT_EQ(header(*build(delivery_of("shop", 1)), "authorization"), "Bearer abc");
  sink.auth = {resource::SinkAuth::Scheme::basic, "Aladdin", "token"};
  directory_.secrets["token"] = "open sesame";
  EXPECT_EQ(header(*build(delivery_of("shop", 1)), "authorization"),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_F(OutgoingTest, SignaturesVerify) {
  auto& sink = directory_.sink("shop");
  sink.sign_secret = "sign";
  directory_.secrets["sign"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const auto call = build(delivery_of("shop", 42));
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(header(*call, "webhook-id"), "07-42.1");
  std::vector<event::HeaderView> headers(call->headers.begin(), call->headers.end());
  const std::vector<std::string> secrets = {directory_.secrets["sign"]};
  EXPECT_TRUE(event::verify_webhook(event::WebhookProvider::standard_webhooks,
                                    {headers, call->body}, secrets, kNow)
                  .ok());
  directory_.secrets["sign"] = "!";
  const auto wrong = build(delivery_of("shop", 42));
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message(), testing::StartsWith("the secret \"sign\""));
}

TEST_F(OutgoingTest, SinksThatAreGoneAreNamed) {
  const auto call = build(delivery_of("gone", 1));
  ASSERT_FALSE(call.ok());
  EXPECT_EQ(call.error().code(), ErrorCode::NotFound);
  EXPECT_THAT(call.error().message(), testing::HasSubstr("\"gone\""));
  EXPECT_EQ(sink_destination("team-a", "shop"), "sink team-a/shop");
}

TEST_F(OutgoingTest, CallsOfWorkflowsAreSentAsTheyAre) {
  engine::Effect effect;
  effect.id = {{3, 9}, 2};
  effect.kind = engine::EffectKind::call_http;
  effect.request = json::parse(R"({"method":"GET","url":"https://api.example/x?q=1",)"
                               R"("headers":{"Accept":"text/plain","User-Agent":"mine"}})")
                       .value();
  const auto call = workflow_call(effect, directory_, {});
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->method, "GET");
  EXPECT_EQ(call->url, "https://api.example/x?q=1");
  EXPECT_EQ(call->body, "");
  EXPECT_EQ(header(*call, "accept"), "text/plain");
  EXPECT_EQ(header(*call, "user-agent"), "mine");
  EXPECT_EQ(header(*call, "idempotency-key"), "03-9.2");
  EXPECT_EQ(header(*call, "traceparent"), "(none)");
}

TEST_F(OutgoingTest, TheLimitOfAnAnswerComesWithTheNameOfItsSetting) {
  OutgoingSettings settings;
  settings.answer_bytes_max = 5'000;
  engine::Effect asked;
  asked.kind = engine::EffectKind::call_http;
  asked.request = json::parse(R"({"method":"GET","url":"https://api.example/x"})").value();
  for (const auto& call : {delivery_call(delivery_of("shop", 42), directory_, kNow, settings), workflow_call(asked, directory_, settings)}) {
    ASSERT_TRUE(call.ok());
    EXPECT_EQ(call->response_bytes_max, 5'000u);
    EXPECT_EQ(call->response_setting, "limits.responseBytes");
    EXPECT_EQ(call->truncate_answer, call->destination == "sink shop") << "of a delivery only the status counts";
  }
}

TEST_F(OutgoingTest, BodiesThatAreNoTextAreSentAsTheirBytes) {
  engine::Effect effect = delivery_of("shop", 42);
  effect.kind = engine::EffectKind::call_http;
  effect.request = json::parse(R"({"method":"PUT","url":"https://api.example/x","headers":{},"bodyBase64":"/wA="})").value();
  const auto call = workflow_call(effect, directory_, {});
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->body, std::string("\xff\0", 2));
}

TEST_F(OutgoingTest, DeferredCallsAreBuiltWithTheirSecretsWhenTheyLeave) {
  const json::Value document =
      json::parse(R"({"document":{"dsl":"1.0.3","namespace":"shop","name":"ask","version":"1.0.0"},
        "use":{"secrets":["key"]},"do":[{"ask":{"call":"http","with":{"method":"get","endpoint":{
        "uri":"https://api.example/x","authentication":{"bearer":{"token":"${ $secrets.key.a }"}}}}}}]})")
          .value();
  directory_.definition = workflow::compile(document).definition;
  ASSERT_TRUE(directory_.definition);
  const engine::Effect effect = deferred_ask();
  EXPECT_EQ(workflow_call(effect, directory_, {}).error().code(),
            ErrorCode::SecretUnavailable);
  directory_.secrets["key"] = R"({"a":"sesame"})";
  const auto call = workflow_call(effect, directory_, {});
  ASSERT_TRUE(call.ok()) << call.error().message();
  EXPECT_EQ(call->method, "GET");
  EXPECT_EQ(call->url, "https://api.example/x");
  EXPECT_EQ(header(*call, "authorization"), "Bearer sesame");
  directory_.definition = nullptr;
  EXPECT_EQ(workflow_call(effect, directory_, {}).error().code(), ErrorCode::NotFound);
}

TEST_F(OutgoingTest, ErrorsOfDeferredCallsDoNotShowSecrets) {
  directory_.secrets["key"] = "planted-key-of-forty-characters-or-more-1";
  for (const char* with : {R"("endpoint":"https://api.example/","headers":{"x":"${ $secrets.key | tonumber }"})",
                           R"("endpoint":"https://api.example/","headers":{"x":"${ $secrets.key | error }"})",
                           R"("endpoint":"${ \"htt p://\" + $secrets.key }")"}) {
    const json::Value document =
        json::parse(R"({"document":{"dsl":"1.0.3","namespace":"shop","name":"ask","version":"1.0.0"},)"
                    R"("use":{"secrets":["key"]},"do":[{"ask":{"call":"http","with":{"method":"get",)" +
                    std::string(with) + "}}}]}")
            .value();
    directory_.definition = workflow::compile(document).definition;
    ASSERT_TRUE(directory_.definition) << with;
    const auto call = workflow_call(deferred_ask(), directory_, {});
    ASSERT_FALSE(call.ok()) << with;
    EXPECT_THAT(call.error().message(), testing::HasSubstr("***"));
    EXPECT_THAT(call.error().message(), testing::Not(testing::HasSubstr("plant")));
  }
}

TEST_F(OutgoingTest, EveryAttemptOfADeferredCallSendsTheTimeItWasAskedForAt) {
  directory_.secrets["key"] = "sesame";
  const json::Value document =
      json::parse(R"({"document":{"dsl":"1.0.3","namespace":"shop","name":"ask","version":"1.0.0"},
        "use":{"secrets":["key"]},"do":[{"ask":{"call":"http","with":{"method":"post",
        "endpoint":"https://api.example/","body":{"at":"${ now }","key":"${ $secrets.key }"}}}}]})")
          .value();
  directory_.definition = workflow::compile(document).definition;
  ASSERT_TRUE(directory_.definition);
  engine::Effect effect = deferred_ask();
  effect.created = UtcTime{1'700'000'000'000'000};
  const auto call = workflow_call(effect, directory_, {});
  ASSERT_TRUE(call.ok()) << call.error().message();
  EXPECT_EQ(call->body, R"({"at":1700000000,"key":"sesame"})");
}

TEST_F(OutgoingTest, CommandsOfWorkflowsBecomeProcesses) {
  engine::Effect effect;
  effect.id = {{3, 9}, 2};
  effect.attempt = 4;
  effect.kind = engine::EffectKind::run_shell;
  effect.request = json::parse(R"({"command":"make $1","arguments":["all"],)"
                               R"("environment":{"A":"b"},"input":"x"})")
                       .value();
  const auto call = process_call(effect, {});
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->command, "make $1");
  EXPECT_EQ(call->arguments, std::vector<std::string>{"all"});
  EXPECT_EQ(call->environment.at("A"), "b");
  EXPECT_EQ(call->input, "x");
  EXPECT_EQ(call->attempt_name, "03-9.2-4");
  effect.request = json::Value();
  EXPECT_EQ(process_call(effect, {}).error().code(), ErrorCode::RequestInvalid);
}

TEST(HttpCallCheck, RefusesPathsThatMeanOtherPaths) {
  const auto check = [](const std::string& rest) {
    HttpCall call;
    call.url = "https://shop.example" + rest;
    return check_http_call(call);
  };
  for (const char* rest : {"/tenants/../orders", "/..", "/a/./b", "/.", "/a/.?x=1", "/%2e%2E/a", "/.%2e#f", "/%2E"}) {
    EXPECT_FALSE(check(rest).ok()) << rest;
  }
  EXPECT_EQ(check("/tenants/../orders?key=1").error().message(),
            "the URL https://shop.example/tenants/../orders has \".\" or \"..\" for a part of its path, and so would call "
            "another path; write that one");
  for (const char* rest : {"", "/", "//", "/v1.0/a.b", "/...", "/.well-known/x", "/a..", "/%2f..", "/a?x=/../b", "?/../", "#/.."}) {
    EXPECT_TRUE(check(rest).ok()) << rest;
  }
}

}  // namespace
}  // namespace hence::delivery
