// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/test_world.h"
#include "event/webhook.h"

namespace hence::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kStructured = "content-type: application/cloudevents+json\n";
constexpr const char* kBatch = "content-type: application/cloudevents-batch+json\n";

class Ingest : public EndpointsTest {};

TEST_F(Ingest, TakesBinaryStructuredAndBatch) {
  const Answer binary = send("POST /events", R"({"x":1})",
                             "content-type: application/json\nce-specversion: 1.0\nce-id: 1\n"
                             "ce-source: /s\nce-type: t\n");
  EXPECT_EQ(binary.status, 202);
  EXPECT_TRUE(Address::parse(binary.text("position")).has_value()) << binary.body;
  EXPECT_EQ(send_event("2").status, 202);
  const Answer batch = send("POST /events", R"([{"specversion":"1.0","id":"3","source":"/s","type":"t"}])", kBatch);
  EXPECT_EQ(batch.status, 202);
  EXPECT_THAT(batch.body, testing::StartsWith("[{\"position\":\""));
}

TEST_F(Ingest, AnswersADuplicateWithTheFirstPosition) {
  const std::string first = send_event("1").text("position");
  const Answer again = send_event("1");
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.body, "{\"position\":\"" + first + "\",\"duplicate\":true}\n");
}

TEST_F(Ingest, NamespacesAreApart) {
  const std::string body = R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})";
  EXPECT_EQ(send("POST /api/v1/namespaces/blue/events", body, kStructured).status, 202);
  EXPECT_EQ(send("POST /api/v1/events", body, kStructured).body.find("duplicate"), std::string::npos);
  const Answer bad = send("POST /api/v1/namespaces/no%20name/events", body, kStructured);
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.body, HasSubstr("is no namespace"));
}

TEST_F(Ingest, RefusesWhatIsNoCloudEvent) {
  struct Case {
    const char* headers;
    const char* body;
    int status;
    const char* says;
  };
  const Case cases[] = {
      {"content-type: application/json\n", "{}", 400, "ce-specversion"},
      {"", "", 400, "ce-specversion"},
      {kStructured, "{", 400, "JsonInvalid"},
      {kStructured, R"({"specversion":"1.0","id":"1","type":"t"})", 400, "source"},
      {kStructured, R"({"specversion":"1.0","id":"1","source":"/s","type":"t","hencex":"1"})", 400, "hence"},
      {"content-type: application/cloudevents+xml\n", "<a/>", 415, "application/cloudevents+json"},
      {kBatch, "{}", 400, "array"},
      {kBatch, "[1]", 400, "entry 0"},
  };
  for (const Case& test : cases) {
    const Answer answer = send("POST /events", test.body, test.headers);
    EXPECT_EQ(answer.status, test.status) << test.body;
    EXPECT_THAT(answer.body, HasSubstr(test.says));
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    EXPECT_THAT(answer.body, HasSubstr("request_id"));
  }
}

TEST_F(Ingest, ABatchIsNotAtomic) {
  const Answer mixed = send("POST /events", R"([{"specversion":"1.0","id":"1","source":"/s","type":"t"},
      {"specversion":"1.0","id":"2","source":"/s"},
      {"specversion":"1.0","id":"1","source":"/s","type":"t"}])", kBatch);
  EXPECT_EQ(mixed.status, 202);
  const json::Value entries = mixed.json();
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_TRUE(entries->at(0).find("position"));
  EXPECT_EQ(entries->at(1).find_path({"error", "code"})->as_string(), "EventInvalid");
  EXPECT_EQ(entries->at(2).string_or("position", ""), entries->at(0).string_or("position", "-"));
  EXPECT_TRUE(entries->at(2).find("duplicate"));
}

TEST_F(Ingest, ABatchOfFaultsOnlyIsRefusedEntryByEntry) {
  const Answer none = send("POST /events", R"([{"specversion":"1.0"},{"specversion":"1.0"}])", kBatch);
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(none.json()->size(), 2u);
  const Answer empty = send("POST /events", "[]", kBatch);
  EXPECT_EQ(empty.status, 202);
  EXPECT_EQ(empty.body, "[]\n");
}

TEST_F(Ingest, LimitsTheEventsOfABatch) {
  std::string body = "[{}";
  for (int i = 0; i < 10'000; ++i) body += ",{}";
  const Answer refused = send("POST /events", body + "]", kBatch);
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.code(), "TooLarge");
  EXPECT_THAT(refused.body, HasSubstr("the batch has 10001 events, a batch may have 10000"));
}

TEST_F(Ingest, LimitsEventsInsideBatchesToo) {
  EndpointLimits limits;
  limits.event_bytes = 200;
  limits.batch_bytes = 10'000;
  endpoints->set_limits(limits);
  const std::string big(300, 'x');
  const Answer batch = send("POST /events", R"([{"specversion":"1.0","id":"1","source":"/s","type":"t"},
      {"specversion":"1.0","id":"2","source":"/s","type":"t","data":")" + big + "\"}]", kBatch);
  EXPECT_EQ(batch.status, 202);
  EXPECT_THAT(batch.body, HasSubstr("TooLarge"));
  EXPECT_EQ(send("POST /events", "\"" + big + "\"", kStructured).status, 413);
}

TEST_F(Ingest, SaysWhenItTakesNothing) {
  backend.refuse_with = ErrorCode::Overloaded;
  const Answer one = send_event("1");
  EXPECT_EQ(one.status, 503);
  EXPECT_EQ(one.header("retry-after"), "1");
  const Answer batch = send("POST /events", R"([{"specversion":"1.0","id":"1","source":"/s","type":"t"}])", kBatch);
  EXPECT_EQ(batch.status, 503);
  EXPECT_EQ(batch.code(), "Overloaded");
  EXPECT_EQ(batch.header("retry-after"), "1");
}

TEST_F(Ingest, CarriesTheTrace) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const std::string event = R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})";
  send("POST /events", event, std::string(kStructured) + "traceparent: " + trace + "\n");
  send("POST /events", R"({"specversion":"1.0","id":"2","source":"/s","type":"t","traceparent":")" + trace + "\"}", kStructured);
  send("POST /events", R"({"specversion":"1.0","id":"3","source":"/s","type":"t"})",
       std::string(kStructured) + "traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01\n");
  EXPECT_THAT(backend.traceparents, ElementsAre(trace, trace, ""));
}

TEST_F(Ingest, ARepeatedIdempotencyKeyGetsTheFirstAnswer) {
  const std::string headers = std::string(kStructured) + "idempotency-key: k\n";
  const Answer first = send("POST /api/v1/events", R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})", headers);
  const Answer again = send("POST /api/v1/events", R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})", headers);
  const Answer other = send("POST /api/v1/events", R"({"specversion":"1.0","id":"2","source":"/s","type":"t"})", headers);
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(other.status, 409) << other.body;
  const std::string twice = std::string(kStructured) + "idempotency-key: twice\n";
  const Answer duplicate = send("POST /api/v1/events", R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})", twice);
  EXPECT_THAT(duplicate.body, HasSubstr("\"duplicate\":true"));
  EXPECT_EQ(send("POST /api/v1/events", R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})", twice).body, duplicate.body);
  EXPECT_EQ(send("POST /api/v1/events", "{}", std::string(kStructured) + "idempotency-key: " + std::string(256, 'k') + "\n").status, 400);
}

// Webhooks

constexpr const char* kHook = R"(
apiVersion: hence/v1
kind: Secret
metadata: {name: hook}
spec: {env: GITHUB_SECRET}
---
apiVersion: hence/v1
kind: Source
metadata: {name: gh}
spec: {webhook: {provider: github, secret: hook}}
---
apiVersion: hence/v1
kind: Source
metadata: {name: std}
spec: {webhook: {provider: standard-webhooks, secret: hook}}
)";

class Webhooks : public EndpointsTest {
 protected:
  Webhooks() {
    secrets["hook"] = "It's a Secret to Everybody";
    EXPECT_EQ(apply(kHook).status, 200);
  }
  // HMAC-SHA256 of kBody under the secret above.
  static constexpr const char* kBody = "Hello, World!";
  static constexpr const char* kSignature =
      "x-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\n";
};

TEST_F(Webhooks, AForgedOneLearnsNothing) {
  const Answer forged = send("POST /webhooks/gh", "{}", std::string("content-type: application/json\n") + kSignature);
  EXPECT_EQ(forged.status, 401);
  EXPECT_EQ(forged.code(), "SignatureInvalid");
  EXPECT_EQ(send("POST /webhooks/gh", "{}", "content-type: application/json\n").status, 401);
}

TEST_F(Webhooks, ChecksTheSignatureBeforeTheBody) {
  // Signed well, and no JSON: refused for what it is.
  const Answer text = send("POST /webhooks/gh", kBody, std::string("content-type: application/json\nx-github-event: ping\nx-github-delivery: 1\n") + kSignature);
  EXPECT_EQ(text.status, 400);
  const Answer form = send("POST /webhooks/gh", kBody, std::string("content-type: application/x-www-form-urlencoded\nx-github-event: ping\nx-github-delivery: 1\n") + kSignature);
  EXPECT_EQ(form.status, 415);
  EXPECT_THAT(form.body, HasSubstr("Content type"));
}

TEST_F(Webhooks, TakesASignedStandardWebhook) {
  const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  secrets["hook"] = secret;
  const std::string body = R"({"type":"user.joined","data":{"id":7}})";
  const auto headers = event::sign_standard_webhook(secret, "msg_1", clock.now(), body);
  ASSERT_TRUE(headers.ok());
  std::string text = "content-type: application/json\n";
  for (const auto& [name, value] : *headers) text += name + ": " + value + "\n";
  const Answer taken = send("POST /webhooks/std?any=thing", body, text);
  EXPECT_EQ(taken.status, 202) << taken.body;
  const Answer event = send("GET /api/v1/events/" + taken.text("position"));
  EXPECT_THAT(event.body, HasSubstr("\"via\":\"std\""));
  EXPECT_THAT(event.body, HasSubstr("user.joined"));
  EXPECT_THAT(send("POST /api/v1/namespaces/default/webhooks/std", body, text).body, HasSubstr("duplicate"));
}

TEST_F(Webhooks, HoldsTheBodyToItsEventType) {
  const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  secrets["hook"] = secret;
  ASSERT_EQ(apply(R"({"apiVersion":"hence/v1","kind":"EventType","metadata":{"name":"joined"},"spec":{"type":"user.joined",
      "schema":{"type":"object","required":["data"],"properties":{"data":{"properties":{"id":{"type":"integer"}}}}}}})").status, 200);
  const auto post = [&](const std::string& id, const std::string& body) {
    const auto headers = event::sign_standard_webhook(secret, id, clock.now(), body);
    std::string text = "content-type: application/json\n";
    for (const auto& [name, value] : *headers) text += name + ": " + value + "\n";
    return send("POST /webhooks/std", body, text);
  };
  EXPECT_EQ(post("msg_1", R"({"type":"user.joined","data":{"id":7}})").status, 202);
  const Answer refused = post("msg_2", R"({"type":"user.joined","data":{"id":"seven"}})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.code(), "EventSchemaMismatch");
  EXPECT_EQ(refused.json()->find("errors")->at(0).string_or("instance", ""), "/data/id") << refused.body;
  EXPECT_EQ(post("msg_3", R"({"type":"user.left"})").status, 202);
}

TEST_F(Webhooks, SaysWhatIsMissing) {
  EXPECT_EQ(send("POST /webhooks/nobody", "{}").status, 404);
  EXPECT_EQ(send("POST /api/v1/namespaces/other/webhooks/gh", "{}").status, 404);
  secrets.clear();
  const Answer not_ready = send("POST /webhooks/gh", "{}", kSignature);
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_EQ(not_ready.body.find("environment"), std::string::npos) << "the sender learns no details";
}

}  // namespace
}  // namespace hence::api
