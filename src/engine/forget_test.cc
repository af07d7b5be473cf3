// SPDX-License-Identifier: Apache-2.0
// Rows of what is over go when they are asked to, and nothing else does.

#include "engine/test_world.h"

namespace hence::engine {
namespace {

constexpr const char* kResources = R"(
apiVersion: hence/v1
kind: Sink
metadata: {name: chat}
spec: {http: {url: "https://example.com/hook"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: both}
spec:
  on: {type: a.b}
  do:
    - start: {workflow: t/nap, id: "${ .data.id }", input: "${ .data }"}
    - deliver: {sink: chat}
---
document: {dsl: '1.0.0', namespace: t, name: nap, version: '0.1.0'}
do:
  - rest: {wait: PT1H}
  - done: {set: {well: true}}
)";

class Forget : public testing::Test {
 protected:
  Forget() { EXPECT_FALSE(world.apply(kResources).error); }

  Address send(const std::string& id) {
    return world.send(R"({"specversion":"1.0","type":"a.b","source":"/s","id":")" + id + R"(","data":{"id":")" + id +
                      "\"}}").address;
  }
  Batch forget(UtcTime before, uint32_t limit = 1'000) {
    Batch all;
    for (Partition partition = 0; partition < 64; ++partition) {
      Command command;
      command.body = ForgetEnded{partition, before, limit};
      Batch batch = world.run(std::move(command));
      for (OwnedRecord& record : batch.records) all.records.push_back(std::move(record));
    }
    return all;
  }
  size_t instances() {
    return world.query([](Query& q) { return q.instances("default", {}); })->find("items")->size();
  }
  size_t deliveries() {
    return world.query([](Query& q) { return q.deliveries("default", {}); })->find("items")->size();
  }
  void deliver_all(Outcome::Kind kind) {
    for (const Effect& effect : std::exchange(world.effects, {})) {
      Outcome outcome;
      outcome.kind = kind;
      outcome.status = kind == Outcome::Kind::done ? 200 : 400;
      world.end_attempt(effect, outcome);
    }
  }
  Hash128 digest() { return *world.engine().state_digest(); }

  TestWorld world;
};

TEST_F(Forget, WhatIsOverLongEnoughGoesAndTheRestStays) {
  const Address old_event = send("old");
  deliver_all(Outcome::Kind::done);
  world.advance(Duration::hours(2));
  const UtcTime between = world.now;
  world.advance(Duration::seconds(1));
  send("young");
  ASSERT_EQ(instances(), 2u);
  ASSERT_EQ(deliveries(), 2u);
  EXPECT_FALSE(forget(between).records.empty());
  EXPECT_EQ(instances(), 1u);
  EXPECT_EQ(deliveries(), 1u);
  EXPECT_EQ(world.instances_of(old_event)->find("items")->size(), 0u);
  EXPECT_TRUE(forget(between).records.empty()) << "a second time there is nothing to record";
  EXPECT_TRUE(forget(world.now + Duration::hours(1)).records.empty()) << "what runs or waits stays";
}

TEST_F(Forget, AParkedDeliveryStaysUntilItIsOver) {
  send("1");
  const Effect effect = world.effects.at(0);
  deliver_all(Outcome::Kind::permanent);
  world.advance(Duration::hours(48));
  forget(world.now);
  EXPECT_EQ(instances(), 0u);
  EXPECT_EQ(deliveries(), 1u);
  Command command;
  command.body = RedriveDelivery{effect.id};
  world.run(std::move(command));
  deliver_all(Outcome::Kind::done);
  world.advance(Duration::seconds(1));
  forget(world.now);
  EXPECT_EQ(deliveries(), 0u);
}

TEST_F(Forget, AForgottenIdIsFreeAgain) {
  send("x");
  world.advance(Duration::hours(2));
  forget(world.now);
  Command command;
  command.ticket = 1;
  StartInstance start;
  start.workflow = "t/nap";
  start.id = "x";
  command.body = start;
  EXPECT_FALSE(world.run(std::move(command)).replies.at(0).duplicate);
  EXPECT_EQ(instances(), 1u);
}

TEST_F(Forget, AQuestionForOneSaysThatItIsNoLongerKept) {
  const Address event = send("x");
  const std::string id(world.instances_of(event)->find("items")->elements().begin().operator*().string_or("id", ""));
  world.advance(Duration::hours(2));
  forget(world.now);
  const auto ask = [&](std::string_view text) {
    ErrorCode code = ErrorCode::Internal;
    world.query([&](Query& q) -> Result<json::Value> {
      const auto answer = q.instance("default", *Address::parse(text));
      if (!answer.ok()) code = answer.error().code();
      return json::parse("{}");
    });
    return code;
  };
  EXPECT_EQ(ask(id), ErrorCode::BeyondRetention);
  EXPECT_EQ(ask("01-999"), ErrorCode::NotFound);
}

TEST_F(Forget, AFewAtATimeAndTheFoldIsTheSame) {
  for (int i = 0; i < 20; ++i) send(std::to_string(i));
  deliver_all(Outcome::Kind::done);
  world.advance(Duration::hours(2));
  int rounds = 0;
  while (!forget(world.now, 1).records.empty()) ++rounds;
  EXPECT_GT(rounds, 1);
  EXPECT_EQ(instances(), 0u);
  EXPECT_EQ(deliveries(), 0u);
  const Hash128 before = digest();
  world.lose_state();
  EXPECT_EQ(digest(), before);
  EXPECT_EQ(instances(), 0u);
  EXPECT_EQ(deliveries(), 0u);
}

}  // namespace
}  // namespace hence::engine
