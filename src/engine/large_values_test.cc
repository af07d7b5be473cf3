// SPDX-License-Identifier: Apache-2.0
#include "engine/large_values.h"

#include "engine/test_world.h"

namespace hence::engine {
namespace {

constexpr std::string_view kTwoSinks = R"(
apiVersion: hence/v1
kind: Sink
metadata: {name: one}
spec: {http: {url: "http://127.0.0.1:9/"}}
---
apiVersion: hence/v1
kind: Sink
metadata: {name: two}
spec: {http: {url: "http://127.0.0.1:9/"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: tell-both}
spec:
  on: {type: order.created}
  do: [{deliver: {sink: one}}, {deliver: {sink: two}}]
  delivery: {retry: {delay: PT1S, limit: {attempt: {count: 1}}, backoff: {constant: {}}}}
)";

constexpr std::string_view kSlowWorkflow = R"(
document: {dsl: 1.0.3, namespace: shop, name: slow, version: 1.0.0}
do:
  - first: {wait: PT10S}
  - second: {wait: PT10S}
  - ask: {call: http, with: {method: post, endpoint: "http://127.0.0.1:9/", body: "${ . }"}}
)";

std::string order(std::string_view id, size_t bytes) {
  return R"({"specversion":"1.0","id":")" + std::string(id) +
         R"(","source":"/t","type":"order.created","data":{"text":")" + std::string(bytes, 'x') + "\"}}";
}

class LargeValuesTest : public ::testing::Test {
 protected:
  void expect_sound() {
    const Status status = check_large_values(*world.store().snapshot(), world.engine().options().partitions);
    EXPECT_TRUE(status.ok()) << status.error().message();
  }
  Address start(json::Value input, const char* workflow = "shop/slow") {
    StartInstance body;
    body.workflow = workflow;
    body.input = std::move(input);
    Command command;
    command.ticket = 1;
    command.body = std::move(body);
    return world.run(std::move(command)).replies.at(0).address;
  }
  size_t largest_row(char table) {
    size_t largest = 0;
    EXPECT_TRUE(world.store().scan(store::Family::state, {}, [&](std::string_view key, std::string_view value) {
      if (key.size() > 2 && key[2] == table) largest = std::max(largest, value.size());
      return true;
    }).ok());
    return largest;
  }

  static EngineOptions options() {
    EngineOptions options;
    options.command_bytes_max = 4 << 20;
    return options;
  }
  TestWorld world{options()};
};

TEST_F(LargeValuesTest, TwoDeliveriesOfALargeEventKeepItOnceUntilTheLastIsOver) {
  world.apply(kTwoSinks);
  world.send(order("e1", 200'000));
  ASSERT_EQ(world.effects.size(), 2u);
  EXPECT_GT(world.effects[1].event_json->to_text().size(), 200'000u);
  EXPECT_EQ(world.count_rows('v'), 1u);
  EXPECT_LT(largest_row('e'), 2'000u);
  expect_sound();
  world.end_attempt(world.effects[0], {});
  EXPECT_EQ(world.count_rows('v'), 1u);
  expect_sound();
  world.end_attempt(world.effects[1], {});
  EXPECT_EQ(world.count_rows('v') + world.count_rows('n'), 0u);
  expect_sound();
}

TEST_F(LargeValuesTest, AParkedDeliveryKeepsItsEventWhole) {
  world.apply(kTwoSinks);
  world.send(order("e1", 100'000));
  Outcome refused;
  refused.kind = Outcome::Kind::permanent;
  world.end_attempt(world.effects[0], refused);
  world.end_attempt(world.effects[1], {});
  world.reopen();
  EXPECT_EQ(world.count_rows('v'), 1u);
  expect_sound();
  Command redrive;
  redrive.ticket = 1;
  redrive.body = RedriveDelivery{world.effects[0].id};
  world.run(std::move(redrive));
  EXPECT_TRUE(world.effects.back().event_json->to_text() == world.effects[0].event_json->to_text());
}

TEST_F(LargeValuesTest, WhatIsNotLargeStaysInItsRow) {
  world.apply(kTwoSinks);
  world.send(order("e1", 60'000));
  EXPECT_EQ(world.count_rows('v'), 0u);
  EXPECT_GT(largest_row('e'), 60'000u);
}

TEST_F(LargeValuesTest, AnInstanceKeepsALargeInputAcrossStepsCrashesAndALostState) {
  world.apply(kSlowWorkflow);
  const std::string text = "{\"text\":\"" + std::string(300'000, 'y') + "\",\"n\":1.50}";
  start(json::parse(text).value());
  EXPECT_EQ(world.count_rows('v'), 1u);
  EXPECT_LT(largest_row('i'), 2'000u);
  world.reopen();
  world.advance(Duration::seconds(10));
  world.lose_state();
  expect_sound();
  world.advance(Duration::seconds(10));
  ASSERT_EQ(world.effects.size(), 1u);
  EXPECT_TRUE(world.effects[0].request->find("body")->as_string() == text);
  expect_sound();
  const auto before = world.engine().state_digest();
  world.lose_state();
  EXPECT_TRUE(*before == *world.engine().state_digest());
}

TEST_F(LargeValuesTest, ATextThatLooksLikeAReferenceIsAText) {
  world.apply(kSlowWorkflow);
  const std::string text = R"("\u0000value:)" + log::to_hex(log::sha256("x")) + "\"";
  start(json::parse(text).value());
  world.reopen();
  world.advance(Duration::seconds(10));
  world.advance(Duration::seconds(10));
  ASSERT_EQ(world.effects.size(), 1u);
  EXPECT_EQ(world.effects[0].request->find("body")->to_text(), text);
  expect_sound();
}

constexpr std::string_view kListeners = R"(
document: {dsl: 1.0.3, namespace: shop, name: listens, version: 1.0.0}
do:
  - hear:
      listen:
        to: {one: {with: {type: order.created}, correlate: {k: {from: .type, expect: order.created}}}}
)";

TEST_F(LargeValuesTest, ALargeEventKeptForTwoListenersIsThereOnceUntilBothHadIt) {
  std::string other(kListeners);
  other.replace(other.find("listens"), 7, "hearing");
  world.apply(std::string(kListeners) + "---" + other);
  world.send(order("e1", 200'000));
  EXPECT_EQ(world.count_rows('b'), 2u);
  EXPECT_EQ(world.count_rows('v'), 1u);
  EXPECT_LT(largest_row('b'), 2'000u);
  expect_sound();
  world.reopen();
  const Hash128 before = *world.engine().state_digest();
  world.lose_state();
  EXPECT_EQ(before, *world.engine().state_digest());
  start(json::Value(), "shop/listens");
  EXPECT_EQ(world.count_rows('b'), 1u);
  expect_sound();
  world.advance(Duration::minutes(6));
  EXPECT_EQ(world.count_rows('b'), 0u);
  expect_sound();
}

TEST_F(LargeValuesTest, ALargeEventOnItsWayToThousandsIsInTheLogAndTheStateOnce) {
  world.apply(kListeners);
  for (int i = 0; i < 25; ++i) start(json::Value(), "shop/listens");
  world.send(order("e1", 200'000));
  EXPECT_EQ(world.count_rows('f'), 1u) << "ten instances a command";
  EXPECT_LT(largest_row('f'), 2'000u);
  expect_sound();
  while (!world.engine().continuing().empty()) {
    Command command;
    command.body = ContinueInstance{*world.engine().continuing().begin()};
    world.run(std::move(command));
    expect_sound();
  }
  EXPECT_EQ(world.count_rows('f'), 0u);
}

TEST_F(LargeValuesTest, AValueThatIsMissingIsSaidAndNamed) {
  world.apply(kSlowWorkflow);
  const Address id = start(json::parse("\"" + std::string(100'000, 'z') + "\"").value());
  const ValueHash hash = log::sha256("\"" + std::string(100'000, 'z') + "\"");
  store::WriteBatch batch;
  batch.remove(store::Family::state, keys::large_value(id.partition, hash));
  ASSERT_TRUE(world.store().apply(batch).ok());
  const Status status = check_large_values(*world.store().snapshot(), 64);
  ASSERT_FALSE(status.ok());
  const auto row = load_row<InstanceRow>(*world.store().snapshot(), id.partition, keys::instance(id), "an instance");
  ASSERT_FALSE(row.ok());
  EXPECT_NE(row.error().message().find(log::to_hex(hash)), std::string::npos) << row.error().message();
}

}  // namespace
}  // namespace hence::engine
