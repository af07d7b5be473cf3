// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/test_world.h"

namespace hence::api {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kStructured = "content-type: application/cloudevents+json\n";
constexpr const char* kBatch = "content-type: application/cloudevents-batch+json\n";
constexpr const char* kPlaced = R"({"apiVersion":"hence/v1","kind":"EventType","metadata":{"name":"placed"},"spec":{
    "type":"order.placed","owner":"shop","description":"an order","example":{"total":3},
    "schema":{"$id":"https://s/placed","type":"object","required":["total"],
              "properties":{"total":{"type":"number","minimum":0},"n":{"type":"integer"}}}}})";

class EventTypes : public EndpointsTest {
 protected:
  Answer post(const std::string& id, const std::string& data, const std::string& type = "order.placed") {
    return send("POST /events", R"({"specversion":"1.0","source":"/s","id":")" + id + R"(","type":")" + type + R"(","data":)" + data + "}",
                kStructured);
  }
};

TEST_F(EventTypes, RefuseWithEveryFaultAndItsPath) {
  ASSERT_EQ(apply(kPlaced).status, 200);
  EXPECT_EQ(post("1", R"({"total":1})").status, 202);
  const Answer refused = post("2", R"({"total":-1,"n":"x"})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.code(), "EventSchemaMismatch");
  EXPECT_EQ(refused.header("content-type"), "application/problem+json");
  const json::Value body = refused.json();
  ASSERT_EQ(body->find("errors")->size(), 2u) << refused.body;
  EXPECT_EQ(body->find("errors")->at(0).string_or("instance", ""), "/total");
  EXPECT_EQ(body->find("errors")->at(1).string_or("instance", ""), "/n");
  EXPECT_THAT(send("GET /api/v1/events?id=2").body, Not(HasSubstr("order.placed")));
  EXPECT_EQ(send("GET /api/v1/events?id=2").status, 404);
}

TEST_F(EventTypes, RefuseOnlyTheirEntryOfABatch) {
  ASSERT_EQ(apply(kPlaced).status, 200);
  const Answer mixed = send("POST /events", R"([{"specversion":"1.0","id":"1","source":"/s","type":"order.placed","data":{"total":1}},
      {"specversion":"1.0","id":"2","source":"/s","type":"order.placed","data":{}}])", kBatch);
  EXPECT_EQ(mixed.status, 202);
  const json::Value entries = mixed.json();
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_TRUE(entries->at(0).find("position"));
  EXPECT_EQ(entries->at(1).find_path({"error", "code"})->as_string(), "EventSchemaMismatch");
  EXPECT_EQ(entries->at(1).find_path({"error", "errors"})->at(0).string_or("keyword", ""), "required");
}

TEST_F(EventTypes, ADuplicateIsOneWhateverItsTypeSaysNow) {
  const std::string first = post("1", R"({"total":-1})").text("position");
  ASSERT_EQ(apply(kPlaced).status, 200);
  const Answer again = post("1", R"({"total":-1})");
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.text("position"), first);
}

TEST_F(EventTypes, CountRefusalsAndShowTheLastOnRecord) {
  ASSERT_EQ(apply(kPlaced).status, 200);
  post("1", "{}");
  post("2", R"({"total":"x"})");
  EXPECT_THAT(send("GET /metrics").body, HasSubstr("hence_events_refused_total 2\n"));
  const json::Value shown = send("GET /api/v1/event-types/placed").json();
  EXPECT_EQ(shown->find_path({"refused", "count"})->as_int64(), 1) << shown->to_text();  // one in ten seconds
  EXPECT_EQ(shown->find_path({"refused", "id"})->as_string(), "1");
  EXPECT_EQ(shown->find_path({"refused", "errors"})->at(0).string_or("keyword", ""), "required");
}

TEST_F(EventTypes, ModeWarnAcceptsAndKeepsTheFaults) {
  ASSERT_EQ(apply(R"({"apiVersion":"hence/v1","kind":"EventType","metadata":{"name":"w"},
      "spec":{"type":"w","mode":"warn","schema":{"type":"string"}}})").status, 200);
  const Answer accepted = post("1", "1", "w");
  ASSERT_EQ(accepted.status, 202);
  const json::Value why = send("GET /api/v1/events/" + accepted.text("position") + "/explain").json();
  EXPECT_EQ(why->string_or("eventType", ""), "w");
  EXPECT_EQ(why->find("faults")->at(0).string_or("keyword", ""), "type") << why->to_text();
  EXPECT_THAT(send("GET /metrics").body, HasSubstr("hence_events_faulty_total 1\n"));
}

TEST_F(EventTypes, ApplySaysWhichChangeBreaksAndWhere) {
  ASSERT_EQ(apply(kPlaced).status, 200);
  const std::string narrower = R"(apiVersion: hence/v1
kind: EventType
metadata: {name: placed}
spec:
  type: order.placed
  schema: {$id: "https://s/placed", type: object, required: [total, n], properties: {total: {type: number}}}
)";
  const Answer refused = apply(narrower);
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr(R"("line":6,)"));
  EXPECT_THAT(refused.body, HasSubstr("not backward compatible"));
  EXPECT_EQ(apply(narrower + "  compatibility: none\n").status, 200);
}

TEST_F(EventTypes, AReferenceToNothingIsRefusedAndOneToAnotherTypeIsKept) {
  const std::string bill = R"({"apiVersion":"hence/v1","kind":"EventType","metadata":{"name":"bill"},
      "spec":{"type":"bill","schema":{"$ref":"https://s/placed"}}})";
  EXPECT_THAT(apply(bill).body, HasSubstr("https://s/placed"));
  ASSERT_EQ(apply(kPlaced).status, 200);
  EXPECT_EQ(apply(bill).status, 200);
  EXPECT_EQ(post("1", "{}", "bill").status, 422);
  const Answer deleted = send("DELETE /api/v1/event-types/placed");
  EXPECT_EQ(deleted.status, 422);
  EXPECT_THAT(deleted.body, HasSubstr("EventType bill"));
}

TEST_F(EventTypes, AreServedAsSchemasAndAsAsyncapi) {
  ASSERT_EQ(apply(kPlaced).status, 200);
  EXPECT_THAT(send("GET /api/v1/event-types").body, HasSubstr(R"("owner":"shop")"));
  EXPECT_THAT(send("GET /api/v1/schemas").body, HasSubstr(R"({"name":"placed","type":"order.placed","id":"https://s/placed","schema":{)"));
  EXPECT_THAT(send("GET /api/v1/schemas/placed").body, testing::StartsWith(R"({"$id":"https://s/placed")"));
  EXPECT_EQ(send("GET /api/v1/schemas/none").status, 404);
  const json::Value document = send("GET /api/v1/asyncapi.json").json();
  EXPECT_EQ(document->string_or("asyncapi", ""), "3.0.0");
  EXPECT_EQ(document->find_path({"components", "messages", "placed", "payload", "schema", "properties", "data", "$id"})->as_string(), "https://s/placed");
  EXPECT_EQ(document->find_path({"channels", "events", "messages", "placed", "$ref"})->as_string(), "#/components/messages/placed");
  ASSERT_EQ(apply(R"({"apiVersion":"hence/v1","kind":"EventType","metadata":{"name":"any"},"spec":{"type":"com.acme.*"}})").status, 200);
  const json::Value with_pattern = send("GET /api/v1/asyncapi.json").json();
  EXPECT_EQ(with_pattern->find_path({"components", "messages", "any", "payload", "schema", "properties", "type", "pattern"})->as_string(),
            R"(^com\.acme\..+$)");
}

}  // namespace
}  // namespace hence::api
