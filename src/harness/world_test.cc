// SPDX-License-Identifier: Apache-2.0
#include "harness/world.h"

#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::harness {
namespace {

constexpr const char* kTell = R"(
apiVersion: hence/v1
kind: Sink
metadata: {name: shop}
spec: {http: {url: "https://shop.example/"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: tell}
spec:
  on: {type: order.created}
  do: [{deliver: {sink: shop}}]
  delivery: {retry: {delay: PT1S, limit: {attempt: {count: 3}}, backoff: {constant: {}}}}
)";

constexpr const char* kLongWait = R"(
document: {dsl: 1.0.3, namespace: shop, name: remind, version: 1.0.0}
do:
  - pause: {wait: P30D}
  - done: {set: {said: "${ .name }"}}
)";

json::Value event(const std::string& id) {
  return json::parse(R"({"specversion":"1.0","id":")" + id +
                     R"(","source":"/shop","type":"order.created","data":{"total":40}})").value();
}

TEST(World, RetriesADeliveryInVirtualTime) {
  World world({});
  ASSERT_TRUE(world.apply(kTell).ok());
  world.sinks.set("shop", {delivery::status(503), delivery::status(200)}, {});
  ASSERT_TRUE(world.send(event("e1")).ok());
  EXPECT_EQ(world.sink_calls.size(), 1u);
  ASSERT_TRUE(world.advance(Duration::seconds(10)).ok());
  ASSERT_EQ(world.sink_calls.size(), 2u);
  ASSERT_TRUE(world.advance(Duration::days(10)).ok());
  EXPECT_EQ(world.sink_calls.size(), 2u);
}

TEST(World, AThirtyDayWaitOutlivesACrash) {
  World world({});
  ASSERT_TRUE(world.apply(kLongWait).ok());
  engine::StartInstance start;
  start.workflow = "shop/remind";
  start.input = json::parse(R"({"name":"Ada"})").value();
  const auto reply = world.start(start);
  ASSERT_TRUE(reply.ok()) << reply.error().message();
  ASSERT_TRUE(world.advance(Duration::days(15)).ok());
  const Status restarted = world.restart();
  ASSERT_TRUE(restarted.ok()) << restarted.error().message();
  ASSERT_TRUE(world.advance(Duration::days(15)).ok());
  const auto instance = world.query([&](engine::Query& q) { return q.instance("default", reply->address); });
  ASSERT_TRUE(instance.ok());
  EXPECT_EQ((*instance)->string_or("status", ""), "completed") << (*instance)->to_text();
}

TEST(World, AnswersThatComeLateEndTheAttemptThen) {
  World world({});
  ASSERT_TRUE(world.apply(kTell).ok());
  world.sinks.set("shop", {delivery::status(200)}, Duration::seconds(3));
  ASSERT_TRUE(world.send(event("e1")).ok());
  EXPECT_FALSE(world.sink_calls.at(0).answer.has_value());
  ASSERT_TRUE(world.advance(Duration::seconds(3)).ok());
  EXPECT_TRUE(world.sink_calls.at(0).answer.has_value());
}

TEST(World, RefusesDocumentsThatNameWhatIsNotThere) {
  World world({});
  const Status status = world.apply(R"(
apiVersion: hence/v1
kind: Rule
metadata: {name: tell}
spec: {on: {type: a.b}, do: [{deliver: {sink: nowhere}}]}
)");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message().find("nowhere"), std::string::npos) << status.error().message();
}

}  // namespace
}  // namespace hence::harness
