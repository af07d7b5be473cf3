// SPDX-License-Identifier: Apache-2.0
// Events find the instances that listen for them, wherever both lie and whichever came first.

#include <gmock/gmock.h>

#include "engine/test_world.h"

namespace hence::engine {
namespace {

using ::testing::HasSubstr;

std::string event(const std::string& id, const std::string& type, const std::string& rest) {
  return "{\"specversion\":\"1.0\",\"id\":\"" + id + "\",\"source\":\"/t\",\"type\":\"" + type + "\"," + rest + "}";
}

constexpr std::string_view kOrder = R"(
document: {dsl: 1.0.3, namespace: shop, name: order, version: 1.0.0}
do:
  - paid:
      listen: {to: {one: {with: {type: order.paid}, correlate: {order: {from: .data.order, expect: "${ .order }"}}}}}
  - pack: {set: {packed: "${ .[0].order }"}}
)";

class ListenTest : public ::testing::Test {
 protected:
  Address start(const std::string& workflow, const std::string& input, const std::string& key = "") {
    Command command;
    command.ticket = 1;
    command.body = StartInstance{workflow, *json::parse(input), key, {}, StartInstance::OnConflict::existing};
    const Reply reply = world.run(std::move(command)).replies.at(0);
    EXPECT_FALSE(reply.error) << reply.error->message();
    return reply.address;
  }
  json::Value instance(Address id) {
    return world.query([&](Query& q) { return q.instance("default", id); });
  }
  std::string status(Address id) { return std::string(instance(id)->string_or("status", "")); }
  std::string output(Address id) {
    const json::Value shown = instance(id);
    const auto found = shown->find("output");
    return found ? found->to_text() : "none";
  }
  /// The state that the log gives again is the state there was.
  void expect_same_after_loss() {
    const Hash128 before = *world.engine().state_digest();
    world.lose_state();
    EXPECT_EQ(before, *world.engine().state_digest());
  }
  void settle() {
    for (int i = 0; i < 10'000 && !world.engine().continuing().empty(); ++i) {
      const Address next = *world.engine().continuing().begin();
      Command command;
      command.body = ContinueInstance{next};
      world.run(std::move(command));
    }
    EXPECT_TRUE(world.engine().continuing().empty());
  }
  TestWorld world;
};

TEST_F(ListenTest, AnEventWakesTheInstanceOfItsValueAndNoOther) {
  EXPECT_FALSE(world.apply(kOrder).error);
  std::vector<Address> instances;
  for (int i = 0; i < 20; ++i) instances.push_back(start("shop/order", "{\"order\":" + std::to_string(i) + "}"));
  for (const Address& id : instances) EXPECT_EQ(status(id), "waiting");
  world.send(event("e1", "order.paid", R"("data":{"order":7})"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(status(instances[i]), i == 7 ? "completed" : "waiting") << i;
  EXPECT_EQ(output(instances[7]), R"({"packed":7})");
  expect_same_after_loss();
  world.send(event("e2", "order.paid", R"("data":{"order":3})"));
  EXPECT_EQ(status(instances[3]), "completed") << "waits outlive the loss of the state";
}

TEST_F(ListenTest, WhereAllHasOneKeyOneRecordHoldsEverything) {
  EXPECT_FALSE(world.apply(R"(
document: {dsl: 1.0.3, namespace: shop, name: keyed, version: 1.0.0}
do:
  - paid: {listen: {to: {one: {with: {type: paid, subject: "${ .id }"}}}}}
)").error);
  start("shop/keyed", R"({"id":"o-1"})", "o-1");
  auto sent = event::parse_structured(event("e", "paid", R"("subject":"o-1")"));
  Command command;
  command.body = IngestEvent{*sent, {}, {}};
  const Batch batch = world.run(std::move(command));
  EXPECT_EQ(batch.records.size(), 1u);
}

TEST_F(ListenTest, WhatIsKeptIsToldOfTheFilterItIsKeptFor) {
  for (const std::string name : {"one", "two"}) {
    EXPECT_FALSE(world.apply("document: {dsl: 1.0.3, namespace: shop, name: " + name + ", version: 1.0.0}\n" + R"(
do: [{paid: {listen: {to: {one: {with: {type: paid}, correlate: {k: {from: .data.k, expect: "${ .k }"}}}}}}}]
)").error);
  }
  EXPECT_EQ(status(start("shop/one", R"({"k":"a"})")), "waiting");
  for (const std::string value : {"a", "b"}) {
    const json::Value told = world.explain(world.send(event("e" + value, "paid", R"("data":{"k":")" + value + "\"}")).address);
    ASSERT_EQ(told->find("listeners")->size(), 2u) << told->to_text();
    for (const json::View one : told->find("listeners")->elements()) {
      const bool took = value == "a" && one.string_or("workflow", "") == "shop/one:1.0.0";
      EXPECT_EQ(one.find("kept").has_value(), !took) << told->to_text();
    }
    EXPECT_FALSE(told->find("kept")) << "none is left over";
  }
}

TEST_F(ListenTest, AnEventThatComesEarlyIsKeptForTheValueAndTakenOnce) {
  EXPECT_FALSE(world.apply(kOrder).error);
  const Address early = world.send(event("e1", "order.paid", R"("data":{"order":"a"})")).address;
  EXPECT_THAT(world.explain(early)->to_text(), HasSubstr("kept until"));
  expect_same_after_loss();
  world.advance(Duration::minutes(4));
  const Address first = start("shop/order", R"({"order":"a"})");
  EXPECT_EQ(status(first), "completed");
  EXPECT_THAT(world.explain(early)->to_text(), HasSubstr("taken by " + first.to_string()));
  EXPECT_EQ(status(start("shop/order", R"({"order":"a"})")), "waiting");
  expect_same_after_loss();
}

TEST_F(ListenTest, AnEventNobodyCameForIsGoneAfterItsTimeAndThatIsSeen) {
  EXPECT_FALSE(world.apply(kOrder).error);
  const Address early = world.send(event("e1", "order.paid", R"("data":{"order":"a"})")).address;
  world.advance(Duration::minutes(6));
  EXPECT_THAT(world.explain(early)->to_text(), HasSubstr("nobody came for it"));
  EXPECT_EQ(status(start("shop/order", R"({"order":"a"})")), "waiting");
  expect_same_after_loss();
}

TEST_F(ListenTest, AnEventMayBeTakenByTheCommandThatWouldLetItGo) {
  EXPECT_FALSE(world.apply(R"(
document: {dsl: 1.0.3, namespace: shop, name: late, version: 1.0.0}
do:
  - rest: {wait: {minutes: 1}}
  - paid:
      listen: {to: {one: {with: {type: order.paid}, correlate: {order: {from: .data.order, expect: "${ .order }"}}}}}
)").error);
  constexpr int kMany = 300;  // some instances lie in the partition of their event
  std::vector<Address> instances;
  for (int i = 0; i < kMany; ++i) {
    const std::string order = "{\"order\":" + std::to_string(i) + "}";
    world.send(event("e" + std::to_string(i), "order.paid", "\"data\":" + order));
    instances.push_back(start("shop/late", order));
  }
  world.now = world.now + Duration::minutes(10);  // the server was away: what waits goes on, what is kept goes
  while (!world.engine().partitions_due(world.now).empty()) {
    for (const Partition partition : world.engine().partitions_due(world.now)) {
      Command command;
      command.body = TimersDue{partition};
      world.run(std::move(command));
    }
  }
  int completed = 0;
  for (const Address& id : instances) completed += status(id) == "completed" ? 1 : 0;
  EXPECT_GT(completed, 0);
  EXPECT_LT(completed, kMany) << "events of partitions that came first are gone";
  expect_same_after_loss();
}

TEST_F(ListenTest, KeptEventsAreBoundedByCountAndBytes) {
  EXPECT_FALSE(world.apply(R"(
document: {dsl: 1.0.3, namespace: shop, name: few, version: 1.0.0, metadata: {correlation: {buffer: {for: PT1H, limit: 2}}}}
do:
  - get: {listen: {to: {any: [{with: {type: t}, correlate: {k: {from: .subject, expect: "${ .k }"}}}], until: "length == 3"}}}
)").error);
  for (const char* id : {"1", "2"}) world.send(event(id, "t", R"("subject":"x","data":)" + std::string(id)));
  const Address third = world.send(event("3", "t", R"("subject":"x","data":3)")).address;
  EXPECT_THAT(world.explain(third)->to_text(), HasSubstr("not kept: nobody waits for it yet, and 2 events"));
  const Address id = start("shop/few", R"({"k":"x"})");
  world.send(event("4", "t", R"("subject":"x","data":4)"));
  EXPECT_EQ(output(id), "[1,2,4]") << "kept ones first, in their order";
}

TEST_F(ListenTest, AKeptEventThatIsNotForThisInstanceStaysForTheNext) {
  EXPECT_FALSE(world.apply(R"(
document: {dsl: 1.0.3, namespace: shop, name: two, version: 1.0.0}
do:
  - get:
      listen: {to: {one: {with: {type: t}, correlate: {a: {from: .subject, expect: "${ .a }"}, b: {from: .data.b, expect: "${ .b }"}}}}}
)").error);
  world.send(event("1", "t", R"("subject":"x","data":{"b":1})"));
  world.send(event("2", "t", R"("subject":"x","data":{"b":2})"));
  const Address second = start("shop/two", R"({"a":"x","b":2})");
  EXPECT_EQ(output(second), R"([{"b":2}])");
  EXPECT_EQ(output(start("shop/two", R"({"a":"x","b":1})")), R"([{"b":1}])");
  expect_same_after_loss();
}

TEST_F(ListenTest, KeysWithoutExpectationAreBoundByTheFirstEvent) {
  EXPECT_FALSE(world.apply(R"(
document: {dsl: 1.0.3, namespace: home, name: room, version: 1.0.0}
do:
  - both:
      listen:
        to:
          all:
            - {with: {type: temperature}, correlate: {room: {from: .roomid}}}
            - {with: {type: humidity}, correlate: {room: {from: .roomid}}}
)").error);
  const Address id = start("home/room", "{}");
  world.send(event("1", "temperature", R"("roomid":"r1","data":20)"));
  EXPECT_EQ(status(id), "waiting");
  expect_same_after_loss();
  world.send(event("2", "humidity", R"("roomid":"r2","data":50)"));
  EXPECT_EQ(status(id), "waiting") << "another room";
  world.send(event("3", "humidity", R"("roomid":"r1","data":60)"));
  EXPECT_EQ(output(id), "[20,60]");
}

/// The document under a name of its own, so that its filters stand in partitions of their own.
std::string named(std::string text, const std::string& name) {
  for (size_t at = 0; (at = text.find("NAME", at)) != std::string::npos;) text.replace(at, 4, name);
  return text;
}

TEST_F(ListenTest, AnEventThatBindsAKeyCountsForTheOtherFiltersItMeets) {
  for (const std::string name : {"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"}) {
    EXPECT_FALSE(world.apply(named(R"(
document: {dsl: 1.0.3, namespace: s, name: NAME, version: 1.0.0}
do:
  - both:
      listen:
        to:
          all:
            - {with: {type: a.NAME}, correlate: {k: {from: .data.k}}}
            - {with: {subject: sNAME}, correlate: {k: {from: .data.k}}}
)", name)).error);
    const Address id = start("s/" + name, "{}");
    world.send(event("b-" + name, "a." + name, "\"subject\":\"s" + name + R"(","data":{"k":1})"));
    settle();
    EXPECT_EQ(output(id), R"([{"k":1},{"k":1}])") << name;
  }
  expect_same_after_loss();
}

TEST_F(ListenTest, TheEventThatBindsAKeyMayAlsoEndTheListening) {
  for (const std::string name : {"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"}) {
    EXPECT_FALSE(world.apply(named(R"(
document: {dsl: 1.0.3, namespace: s, name: NAME, version: 1.0.0}
do:
  - hear:
      listen:
        to:
          any: [{with: {type: reading.NAME}, correlate: {d: {from: .data.device}}}]
          until: {one: {with: {type: reading.NAME, data: {final: true}}, correlate: {d: {from: .data.device}}}}
)", name)).error);
    const Address id = start("s/" + name, "{}");
    world.send(event("f-" + name, "reading." + name, R"("data":{"device":1,"final":true})"));
    settle();
    EXPECT_EQ(status(id), "completed") << name;
  }
  expect_same_after_loss();
}

TEST_F(ListenTest, OneEventWakesThousandsInTurnsAndTheNextFollowsItInOrder) {
  EXPECT_FALSE(world.apply(R"(
document: {dsl: 1.0.3, namespace: s, name: crowd, version: 1.0.0}
do:
  - go: {listen: {to: {any: [{with: {type: go}}], until: "length == 2"}}}
)").error);
  std::vector<Address> ids;
  for (int i = 0; i < 4'500; ++i) ids.push_back(start("s/crowd", "{}"));
  world.send(event("1", "go", R"("data":1)"));
  EXPECT_FALSE(world.engine().continuing().empty()) << "the rest follows";
  world.send(event("2", "go", R"("data":2)"));
  const Address late = start("s/crowd", "{}");
  settle();
  world.query([&](Query& query) {
    size_t right = 0;
    for (const Address& id : ids) right += (*query.instance("default", id))->find("output")->to_text() == "[1,2]";
    EXPECT_EQ(right, ids.size());
    return json::Value();
  });
  EXPECT_EQ(status(late), "waiting") << "it began to listen after both";
}

TEST_F(ListenTest, AWaitEndsWithItsInstance) {
  EXPECT_FALSE(world.apply(kOrder).error);
  const Address id = start("shop/order", R"({"order":"a"})");
  Command command;
  command.ticket = 1;
  command.body = CancelInstance{id};
  EXPECT_FALSE(world.run(std::move(command)).replies.at(0).error);
  const Address after = world.send(event("e1", "order.paid", R"("data":{"order":"a"})")).address;
  EXPECT_THAT(world.explain(after)->to_text(), HasSubstr("kept until")) << "nobody waits any more";
}

TEST_F(ListenTest, InstancesOfAnOldRevisionStillHear) {
  EXPECT_FALSE(world.apply(kOrder).error);
  const Address id = start("shop/order", R"({"order":"a"})");
  std::string changed(kOrder);
  changed.replace(changed.find("order.paid"), 10, "order.done");
  EXPECT_FALSE(world.apply(changed).error);
  world.lose_state();
  world.send(event("e1", "order.paid", R"("data":{"order":"a"})"));
  EXPECT_EQ(status(id), "completed");
}

TEST_F(ListenTest, EventsThatInstancesSendEachOtherEndAtTheDepthLimit) {
  EXPECT_FALSE(world.apply(R"(
document: {dsl: 1.0.3, namespace: s, name: ping, version: 1.0.0}
do:
  - hear:
      listen: {to: {any: [{with: {type: ping}}], until: "${ false }"}}
      foreach: {do: [{answer: {emit: {event: {with: {type: ping}}}}}]}
)").error);
  const Address id = start("s/ping", "{}");
  world.send(event("1", "ping", R"("data":1)"));
  settle();
  EXPECT_EQ(status(id), "waiting");
}

TEST_F(ListenTest, TheTraceShowsWhatATaskHeardAndForWhatItWaits) {
  EXPECT_FALSE(world.apply(kOrder).error);
  const Address id = start("shop/order", R"({"order":"a"})");
  const auto trace = [&] { return world.query([&](Query& q) { return q.trace("default", id); })->to_text(); };
  EXPECT_THAT(trace(), HasSubstr(R"("waits":"event order.paid, order = \"a\"")"));
  const Address heard = world.send(event("e1", "order.paid", R"("data":{"order":"a"})")).address;
  EXPECT_THAT(trace(), HasSubstr("\"events\":[\"" + heard.to_string() + "\"]"));
  EXPECT_THAT(world.instances_of(heard)->to_text(), HasSubstr(id.to_string()));
}

}  // namespace
}  // namespace hence::engine
