// SPDX-License-Identifier: Apache-2.0
#include "engine/test_world.h"

namespace hence::engine {
namespace {

constexpr std::string_view kDeployed = R"({"specversion":"1.0","id":"e1","source":"/deploy","type":"com.acme.deployment.succeeded",
  "subject":"svc-1","data":{"service":"svc-1","risk":4}})";

std::string event(std::string_view id, std::string_view type, std::string_view extra = "") {
  return "{\"specversion\":\"1.0\",\"id\":\"" + std::string(id) + "\",\"source\":\"/t\",\"type\":\"" + std::string(type) +
         "\",\"data\":{\"n\":1}" + std::string(extra) + "}";
}

constexpr std::string_view kEmitRule = R"(
apiVersion: hence/v1
kind: Rule
metadata: {name: scan}
spec:
  on: {type: com.acme.deployment.*, when: ".data.risk >= 3"}
  do:
    - emit: {type: com.acme.scan.requested, subject: "${ .subject }", data: "${ {service: .data.service} }"}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: never}
spec:
  on: {type: com.acme.other}
  do:
    - emit: {type: x.y}
)";

constexpr std::string_view kDeliverRule = R"(
apiVersion: hence/v1
kind: Sink
metadata: {name: shop}
spec: {http: {url: "http://127.0.0.1:9/"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: tell}
spec:
  on: {type: order.created}
  do: [{deliver: {sink: shop}}]
  delivery: {retry: {delay: PT1S, limit: {attempt: {count: 2}}, backoff: {exponential: {}}}, ordering: key}
)";

constexpr std::string_view kWorkflow = R"(
document: {dsl: 1.0.3, namespace: shop, name: greet, version: 1.0.0}
do:
  - hello: {set: {text: "${ \"hello \" + .name }"}}
  - pause: {wait: PT30S}
  - bye: {set: {text: "${ .text + \", bye\" }"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: start-greet}
spec:
  on: {type: person.came}
  do: [{start: {workflow: shop/greet, input: "${ .data }"}}]
)";

Outcome retryable(int status) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::retryable;
  outcome.status = status;
  outcome.error = "answered " + std::to_string(status);
  return outcome;
}

TEST(Engine, AcceptsAnEventOnceAndAnswersItsFirstPositionAgain) {
  TestWorld world;
  const Reply first = world.send(kDeployed);
  EXPECT_FALSE(first.duplicate);
  const Reply second = world.send(kDeployed);
  EXPECT_TRUE(second.duplicate);
  EXPECT_EQ(second.address, first.address);
  const json::Value explained = world.explain(first.address);
  EXPECT_EQ(explained->find_path({"duplicates", "count"})->as_int64(), 1) << explained->to_text();
  world.reopen();
  EXPECT_TRUE(world.send(kDeployed).duplicate);
  world.lose_state();
  EXPECT_TRUE(world.send(kDeployed).duplicate);
}

TEST(ReadyEffects, ThoseOfSinksNotWantedArePassedOver) {
  TestWorld world;
  world.apply(R"(
apiVersion: hence/v1
kind: Sink
metadata: {name: a}
spec: {http: {url: "http://127.0.0.1:9/"}}
---
apiVersion: hence/v1
kind: Sink
metadata: {name: b}
spec: {http: {url: "http://127.0.0.1:9/"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: both}
spec: {on: {type: t}, do: [{deliver: {sink: a}}, {deliver: {sink: b}}]}
)");
  for (const char* id : {"1", "2", "3"}) {
    world.send(R"({"specversion":"1.0","source":"/s","type":"t","id":")" + std::string(id) + "\"}");
  }
  const auto only_b = [](std::string_view name_space, std::string_view sink) { return name_space == "default" && sink == "b"; };
  const auto snapshot = world.store().snapshot();
  const auto all = ready_effects(*snapshot, 64, std::nullopt, 100);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->effects.size(), 6u);
  std::optional<EffectId> after;
  size_t found = 0;
  for (bool at_end = false; !at_end;) {
    const auto page = ready_effects(*snapshot, 64, after, 2, only_b);
    ASSERT_TRUE(page.ok());
    for (const Effect& effect : page->effects) EXPECT_EQ(effect.sink, "b");
    found += page->effects.size();
    after = page->looked_to;
    at_end = page->at_end;
  }
  EXPECT_EQ(found, 3u);
}

TEST(Engine, EmitsWhatARuleSaysAndExplainsBothRules) {
  TestWorld world;
  world.apply(kEmitRule);
  const Reply reply = world.send(kDeployed);
  const json::Value explained = world.explain(reply.address);
  const json::View rules = *explained->find("rules");
  ASSERT_EQ(rules.size(), 2u) << explained->to_text();
  EXPECT_EQ(rules.at(0).string_or("rule", ""), "scan");
  EXPECT_EQ(rules.at(0).string_or("verdict", ""), "matched");
  const json::View action = rules.at(0).find("actions")->at(0);
  EXPECT_EQ(action.string_or("target", ""), "com.acme.scan.requested");
  const auto emitted = Address::parse(action.string_or("event", ""));
  ASSERT_TRUE(emitted.has_value()) << explained->to_text();
  EXPECT_EQ(rules.at(1).string_or("verdict", ""), "not matched");
  const json::Value event = world.query([&](Query& q) { return q.event("default", *emitted); });
  EXPECT_EQ(event->find_path({"event", "data", "service"})->as_string(), "svc-1");
  EXPECT_EQ(event->find_path({"event", "causationid"})->as_string(), "e1");
}

TEST(Engine, StopsEventsThatAnswerEachOtherInACircle) {
  TestWorld world;
  world.apply(R"(
apiVersion: hence/v1
kind: Rule
metadata: {name: echo}
spec: {on: {type: loop}, do: [{emit: {type: loop, data: "${ .data }"}}]}
)");
  world.send(event("l1", "loop"));
  const json::Value events = world.query([](Query& q) { return q.events("default", {}); });
  EXPECT_EQ(events->find("items")->size(), 18u);  // depths 0 to 17; the last met no rules
}

TEST(Engine, RetriesParksAndRedrivesADelivery) {
  TestWorld world;
  world.apply(kDeliverRule);
  world.send(event("o1", "order.created"));
  ASSERT_EQ(world.effects.size(), 1u);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_EQ(world.effects.size(), static_cast<size_t>(attempt));
    EXPECT_EQ(world.effects.back().attempt, static_cast<uint32_t>(attempt));
    world.end_attempt(world.effects.back(), retryable(503));
    world.advance(Duration::seconds(60));
  }
  EXPECT_EQ(world.effects.size(), 3u);
  const json::Value list = world.query([](Query& q) { return q.deliveries("default", {}); });
  EXPECT_EQ(list->find("items")->at(0).string_or("status", ""), "parked");
  Command redrive;
  redrive.ticket = 1;
  redrive.body = RedriveDelivery{world.effects[0].id};
  EXPECT_FALSE(world.run(redrive).replies.at(0).error.has_value());
  ASSERT_EQ(world.effects.size(), 4u);
  world.end_attempt(world.effects.back(), {});
  const json::Value after = world.query([](Query& q) { return q.deliveries("default", {}); });
  EXPECT_EQ(after->find("items")->at(0).string_or("status", ""), "done");
}

TEST(Engine, ARetryWithoutJitterComesAfterExactlyItsPause) {
  TestWorld world;
  std::string rule(kDeliverRule);
  rule.replace(rule.find("delay: PT1S"), 11, "delay: PT10S, jitter: {from: PT0S, to: PT0S}");
  EXPECT_FALSE(world.apply(rule).error);
  world.send(event("o1", "order.created"));
  for (const int64_t seconds : {10, 20}) {
    world.end_attempt(world.effects.back(), retryable(503));
    ASSERT_TRUE(world.engine().next_timer().has_value());
    EXPECT_EQ(world.engine().next_timer()->micros, (world.now + Duration::seconds(seconds)).micros);
    world.advance(Duration::seconds(seconds));
  }
  EXPECT_EQ(world.effects.size(), 3u);
}

TEST(Engine, WithinNoTimeThereIsNoRetry) {
  TestWorld world;
  std::string rule(kDeliverRule);
  rule.replace(rule.find("{attempt: {count: 2}}"), 21, "{attempt: {count: 2}, duration: PT0S}");
  EXPECT_FALSE(world.apply(rule).error);
  world.send(event("o1", "order.created"));
  ASSERT_EQ(world.effects.size(), 1u);
  world.end_attempt(world.effects[0], retryable(503));
  EXPECT_FALSE(world.engine().next_timer().has_value());
  const json::Value list = world.query([](Query& q) { return q.deliveries("default", {}); });
  EXPECT_EQ(list->find("items")->at(0).string_or("status", ""), "parked");
}

TEST(Engine, KeepsTheOrderOfAKeyAndAParkedDeliveryNoLongerBlocksIt) {
  TestWorld world;
  world.apply(kDeliverRule);
  world.send(event("o1", "order.created", R"(,"subject":"k")"));
  world.send(event("o2", "order.created", R"(,"subject":"k")"));
  ASSERT_EQ(world.effects.size(), 1u);
  Outcome refused = retryable(400);
  refused.kind = Outcome::Kind::permanent;
  world.end_attempt(world.effects[0], refused);
  ASSERT_EQ(world.effects.size(), 2u);
  EXPECT_EQ(world.effects[1].event_json->string_or("id", ""), "o2");
}

TEST(Engine, RunsAWorkflowAcrossATimerAndACrash) {
  TestWorld world;
  world.apply(kWorkflow);
  const Reply reply = world.send(R"({"specversion":"1.0","id":"p1","source":"/t","type":"person.came","data":{"name":"Ada"}})");
  json::Value list = world.instances_of(reply.address);
  ASSERT_EQ(list->find("items")->size(), 1u);
  EXPECT_EQ(list->find("items")->at(0).string_or("status", ""), "waiting");
  world.lose_state();
  world.advance(Duration::seconds(31));
  list = world.instances_of(reply.address);
  EXPECT_EQ(list->find("items")->at(0).string_or("status", ""), "completed");
  const auto id = Address::parse(list->find("items")->at(0).string_or("id", ""));
  const json::Value trace = world.query([&](Query& q) { return q.trace("default", *id); });
  EXPECT_EQ(trace->find_path({"output", "text"})->as_string(), "hello Ada, bye");
  EXPECT_EQ(trace->find("tasks")->size(), 3u);
}

TEST(Engine, OldInstancesStayOnTheirVersionAndOldEventsAreExplainedByOldRules) {
  TestWorld world;
  world.apply(kWorkflow);
  const Reply old = world.send(R"({"specversion":"1.0","id":"p1","source":"/t","type":"person.came","data":{"name":"Ada"}})");
  std::string changed(kWorkflow);
  changed.replace(changed.find(", bye"), 5, ", ciao");
  changed.replace(changed.find("person.came"), 11, "person.left");
  world.apply(changed);
  world.reopen();
  world.advance(Duration::seconds(31));
  const json::Value list = world.instances_of(old.address);
  const auto id = Address::parse(list->find("items")->at(0).string_or("id", ""));
  const json::Value trace = world.query([&](Query& q) { return q.trace("default", *id); });
  EXPECT_EQ(trace->find_path({"output", "text"})->as_string(), "hello Ada, bye");
  const json::Value explained = world.explain(old.address);
  EXPECT_EQ(explained->find("rules")->at(0).string_or("verdict", ""), "matched") << explained->to_text();
}

TEST(Engine, TheStateAfterRecoveryIsTheStateBefore) {
  TestWorld world;
  world.apply(kWorkflow);
  world.apply(kDeliverRule);
  for (int i = 0; i < 20; ++i) {
    world.send(event("o" + std::to_string(i), "order.created"));
    world.send(event("p" + std::to_string(i), "person.came"));
  }
  world.end_attempt(world.effects[0], retryable(503));
  world.advance(Duration::seconds(10));
  const auto before = world.engine().state_digest();
  world.lose_state();
  const auto after = world.engine().state_digest();
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_EQ(*before, *after);
}

TEST(Engine, ARowThatWasOnlyLookedAtStaysAsItIs) {
  TestWorld world;
  world.apply(kWorkflow);
  Command command;
  command.ticket = 1;
  command.body = StartInstance{"shop/greet", {}, {}, "caller-1", StartInstance::OnConflict::existing};
  const Address instance = world.run(command).replies.at(0).address;
  world.advance(Duration::minutes(1));
  // The cancel comes too late, and so does the one that a replacement begins with.
  command.body = CancelInstance{instance};
  EXPECT_EQ(world.run(command).replies.at(0).error->code(), ErrorCode::Conflict);
  command.body = StartInstance{"shop/greet", {}, {}, "caller-1", StartInstance::OnConflict::replace};
  world.run(command);
  world.send(event("o1", "order.created"));
  const auto before = world.engine().state_digest();
  world.lose_state();
  const auto after = world.engine().state_digest();
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_EQ(*before, *after);
}

TEST(Engine, TheSameCallerIdStartsOneInstance) {
  TestWorld world;
  world.apply(kWorkflow);
  StartInstance start{"shop/greet", {}, {}, "caller-1", StartInstance::OnConflict::existing};
  Command command;
  command.ticket = 1;
  command.body = start;
  const Reply first = world.run(command).replies.at(0);
  const Reply again = world.run(command).replies.at(0);
  EXPECT_EQ(again.address, first.address);
  start.on_conflict = StartInstance::OnConflict::reject;
  command.body = start;
  EXPECT_EQ(world.run(command).replies.at(0).error->code(), ErrorCode::Conflict);
}

TEST(Engine, AnIdempotencyKeyRepeatsTheFirstAnswer) {
  TestWorld world;
  world.apply(kWorkflow);
  Command command;
  command.ticket = 1;
  command.idempotency_key = "k1";
  command.body = StartInstance{"shop/greet", {}, {}, {}, StartInstance::OnConflict::existing};
  const Reply first = world.run(command).replies.at(0);
  EXPECT_EQ(world.run(command).replies.at(0).address, first.address);
  world.advance(Duration::hours(25));
  EXPECT_NE(world.run(command).replies.at(0).address, first.address);
}

TEST(Engine, ALargeEventThatManyRulesDeliverFitsOneRecord) {
  TestWorld world;
  std::string rules = "apiVersion: hence/v1\nkind: Sink\nmetadata: {name: s}\nspec: {http: {url: \"http://127.0.0.1:9/\"}}\n";
  for (int i = 0; i < 40; ++i) {
    rules += "---\napiVersion: hence/v1\nkind: Rule\nmetadata: {name: r" + std::to_string(i) +
             "}\nspec: {on: {type: big}, do: [{deliver: {sink: s}}, {deliver: {sink: s, body: \"${ .data }\"}}, {emit: {type: out, data: \"${ .data }\"}}]}\n";
  }
  world.apply(rules);
  const std::string data(1'000'000, 'x');
  const Reply reply = world.send(R"({"specversion":"1.0","id":"b","source":"/t","type":"big","data":")" + data + "\"}");
  const json::Value explained = world.explain(reply.address);
  size_t refused = 0, taken = 0;
  for (const json::View rule : explained->find("rules")->elements()) {
    for (const json::View action : rule.find("actions")->elements()) {
      const std::string_view error = action.string_or("error", "");
      if (error.empty()) ++taken;
      else if (error.find("48 MiB") != std::string_view::npos) ++refused;
    }
  }
  EXPECT_GE(taken, 80u);    // every event delivered as it is, and what has room beside
  EXPECT_GT(refused, 0u);   // the rest says why not
  EXPECT_EQ(taken + refused, 120u);
  EXPECT_EQ(world.effects[0].event_json->find("data")->as_string(), data);
}

TEST(Engine, OneEventCannotLeadToMoreThanTheCascadeLimit) {
  EngineOptions options;
  options.cascade_max = 100;
  TestWorld world(options);
  world.apply(R"(
apiVersion: hence/v1
kind: Rule
metadata: {name: bomb}
spec: {on: {type: b.b}, do: [{emit: {type: b.b}}, {emit: {type: b.b}}, {emit: {type: b.b}}]}
)");
  world.send(event("bomb", "b.b"));
  ListOptions all;
  all.limit = 1'000;
  const json::Value events = world.query([&](Query& q) { return q.events("default", all); });
  const uint32_t count = events->find("items")->size();
  EXPECT_GT(count, 100u);
  EXPECT_LT(count, 500u);
  const auto last = Address::parse(events->find("items")->at(count - 1).string_or("position", ""));
  EXPECT_NE(world.explain(*last)->string_or("stopped", "").find("over 100"), std::string_view::npos);
}

TEST(Engine, LargeEventsThatLeadToOthersEndAtTheBytesOfOneCommand) {
  EngineOptions options;
  options.command_bytes_max = 4 << 20;
  TestWorld world(options);
  world.apply(R"(
apiVersion: hence/v1
kind: Rule
metadata: {name: bomb}
spec: {on: {type: b.b}, do: [{emit: {type: b.b, data: "${ .data }"}}, {emit: {type: b.b, data: "${ .data }"}}, {emit: {type: b.b, data: "${ .data }"}}]}
)");
  Command command;
  command.ticket = 1;
  command.body = IngestEvent{*event::parse_structured(R"({"specversion":"1.0","id":"b","source":"/t","type":"b.b","data":")" +
                                                      std::string(500'000, 'x') + "\"}"), {}, {}};
  const Batch batch = world.run(std::move(command));
  EXPECT_GT(batch.bytes, options.command_bytes_max);
  EXPECT_LT(batch.bytes, 4 * options.command_bytes_max);
  EXPECT_NE(world.explain(batch.records.back().address)->string_or("stopped", "").find("over 4 MiB"), std::string_view::npos);
}

TEST(Engine, ABatchEndsWhereItsRecordsAreEnough) {
  EngineOptions options;
  options.batch_bytes_max = 3'000;
  TestWorld world(options);
  std::vector<Command> commands(10);
  for (size_t i = 0; i < commands.size(); ++i) {
    commands[i].ticket = i + 1;
    commands[i].now = world.now;
    commands[i].body = IngestEvent{*event::parse_structured(event("e" + std::to_string(i), "t", R"(,"padding":")" + std::string(1'000, 'x') + "\"")), {}, {}};
  }
  const Result<Batch> batch = world.engine().decide(commands);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->decided, 3u);
  EXPECT_EQ(batch->replies.size(), 3u);
}

TEST(Engine, AnIdempotencyKeyWithAnotherRequestIsRefused) {
  TestWorld world;
  world.apply(kWorkflow);
  Command command;
  command.ticket = 1;
  command.idempotency_key = "k1";
  command.body = StartInstance{"shop/greet", {}, {}, {}, StartInstance::OnConflict::existing};
  EXPECT_FALSE(world.run(command).replies.at(0).error);
  command.body = StartInstance{"shop/greet", json::Value::string("other"), {}, {}, StartInstance::OnConflict::existing};
  EXPECT_EQ(world.run(command).replies.at(0).error->code(), ErrorCode::Conflict);
}

TEST(Engine, ALongLineBehindOneKeyCostsEachDeliveryTheSame) {
  TestWorld world;
  world.apply(kDeliverRule);
  for (int i = 0; i < 3'000; ++i) world.send(event("o" + std::to_string(i), "order.created", R"(,"subject":"k")"));
  ASSERT_EQ(world.effects.size(), 1u);
  for (size_t i = 0; i < 3'000; ++i) {
    ASSERT_EQ(world.effects.size(), i + 1);
    ASSERT_EQ(world.effects[i].event_json->string_or("id", ""), "o" + std::to_string(i));
    world.end_attempt(world.effects[i], {});
  }
}

TEST(Engine, AnInstanceWithLargeStepsGoesOnInContinuations) {
  TestWorld world;
  world.apply(R"(
document: {dsl: 1.0.3, namespace: t, name: grow, version: 1.0.0}
do:
  - begin: {set: {n: 0, pad: "${ \"x\" * 1000000 }"}}
  - more: {set: {n: "${ .n + 1 }", pad: "${ .pad }"}}
  - again: {switch: [{on: {when: "${ .n < 60 }", then: more}}]}
  - done: {set: {n: "${ .n }"}}
)");
  Command start;
  start.ticket = 1;
  start.body = StartInstance{"t/grow", {}, {}, {}, StartInstance::OnConflict::existing};
  Batch batch = world.run(start);
  const Address id = batch.replies.at(0).address;
  int continuations = 0;
  while (!world.engine().continuing().empty()) {
    for (const OwnedRecord& record : batch.records) EXPECT_LT(record.payload.size(), 16u << 20);
    Command more;
    more.body = ContinueInstance{*world.engine().continuing().begin()};
    batch = world.run(more);
    ASSERT_LT(++continuations, 1'000);
  }
  EXPECT_GT(continuations, 5);
  const json::Value trace = world.query([&](Query& q) { return q.trace("default", id); });
  EXPECT_EQ(trace->find_path({"output", "n"})->as_int64(), 60) << trace->string_or("status", "");
}

TEST(FeatureLevel, AFolderOfAnOlderLevelChangesItsWaysFromTheRecordThatRaisesIt) {
  EngineOptions options;
  options.first_feature_level = 0;
  TestWorld world(options);
  world.apply(kDeliverRule);
  const auto large = [](const char* id) {
    return R"({"specversion":"1.0","type":"order.created","source":"/t","id":")" + std::string(id) + R"(","data":")" +
           std::string(100'000, 'x') + "\"}";
  };
  world.send(large("e1"));
  EXPECT_EQ(world.count_rows('v'), 0u);
  Command raise;
  raise.body = RaiseFeatureLevel{kFeatureLevel};
  EXPECT_EQ(world.run(raise).records.size(), 1u);
  EXPECT_TRUE(world.run(raise).records.empty());  // it is already
  EXPECT_EQ(world.engine().feature_level(), kFeatureLevel);
  world.send(large("e2"));
  EXPECT_EQ(world.count_rows('v'), 1u);
  EXPECT_NE(world.apply(kEmitRule).version, 0u);
  const auto before = world.engine().state_digest();
  world.lose_state();
  EXPECT_EQ(world.engine().feature_level(), kFeatureLevel);
  EXPECT_EQ(world.count_rows('v'), 1u);
  EXPECT_TRUE(*before == *world.engine().state_digest());
}

TEST(FeatureLevel, AFolderOfANewerLevelIsRefused) {
  TestWorld world;
  world.append_fact_to_control(FeatureLevelRaised{kFeatureLevel + 1});
  const Status opened = world.try_open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::LogVersionNewer);
  EXPECT_NE(opened.error().message().find("feature level " + std::to_string(kFeatureLevel + 1)), std::string::npos) << opened.error().message();
}

/// Fills files of the log and drops them.
void lose_beginning(TestWorld& world) {
  for (int i = 0; i < 6; ++i) {
    world.send(R"({"specversion":"1.0","type":"filling","source":"/f","id":")" + std::to_string(i) + R"(","data":")" +
               std::string(300'000, 'x') + "\"}");
  }
  world.drop_log();
}

TEST(Recovery, AStateThatTheRestOfTheLogDoesNotFollowIsRefused) {
  TestWorld world;
  lose_beginning(world);
  const Status with_state = world.try_open();
  EXPECT_TRUE(with_state.ok()) << with_state.error().message();
  world.store().crash();
  const Status opened = world.try_open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::StoreFailed) << opened.error().message();
  for (const char* part : {"the log is kept only from position ", "there is no state", "restore a checkpoint"}) {
    EXPECT_NE(opened.error().message().find(part), std::string::npos) << opened.error().message();
  }
}

TEST(Recovery, TheStateIsToBeMovedAwayOnlyWhereTheLogIsWhole) {
  TestWorld world;
  const auto open_ahead = [&] {
    std::string position;
    Encoder(position).fixed(uint64_t{1} << 40);
    store::WriteBatch ahead;
    ahead.put(store::Family::state, std::string("\0\0", 2), position);
    EXPECT_TRUE(world.store().apply(ahead).ok());
    const Status opened = world.try_open();
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? std::string() : opened.error().message();
  };
  EXPECT_NE(open_ahead().find("move the state folder away"), std::string::npos);
  world.store().crash();
  world.reopen();
  lose_beginning(world);
  const std::string advice = open_ahead();
  EXPECT_EQ(advice.find("move the state folder away"), std::string::npos) << advice;
  EXPECT_NE(advice.find("restore a checkpoint"), std::string::npos) << advice;
}

TEST(Engine, AnAnswerThatComesTooLateIsOnRecord) {
  TestWorld world;
  world.apply(R"(
document: {dsl: 1.0.3, namespace: shop, name: ask, version: 1.0.0}
do: [{ask: {call: http, with: {method: get, endpoint: "http://127.0.0.1:9/"}}}]
)");
  StartInstance start;
  start.workflow = "shop/ask";
  start.input = json::parse("{}").value();
  Command command;
  command.ticket = 1;
  command.body = start;
  const Address id = world.run(std::move(command)).replies.at(0).address;
  Command cancel;
  cancel.ticket = 2;
  cancel.body = CancelInstance{id};
  world.run(std::move(cancel));
  const Effect& call = world.effects.at(0);
  Command late;
  late.body = AttemptEnded{call.id, call.attempt, {Outcome::Kind::done, 200, {}, {}, {}}, call.instance};
  EXPECT_EQ(world.run(std::move(late)).records.size(), 1u);
  const json::Value trace = world.query([&](Query& q) { return q.trace("default", id); });
  ASSERT_TRUE(trace->find("ignored").has_value());
  EXPECT_EQ(trace->find("ignored")->at(0).string_or("what", ""),
            "the answer to call " + call.id.to_string() + " (status 200) came when nobody waited for it any more");
}

TEST(Engine, AnOutcomeOfADeliveryThatIsOverIsInItsHistory) {
  TestWorld world;
  world.apply(kDeliverRule);
  world.send(event("e1", "order.created"));
  const Effect effect = world.effects.at(0);
  world.end_attempt(effect, {});
  world.end_attempt(effect, {Outcome::Kind::retryable, 503, {}, "busy", {}});
  const json::Value shown = world.query([&](Query& q) { return q.delivery("default", effect.id); });
  EXPECT_EQ(shown->string_or("status", ""), "done");
  const json::View history = *shown->find("history");
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history.at(1).string_or("ended", ""), "ignored");
}

TEST(Query, ListsDecisionsByRuleAndByWhetherAnythingMatched) {
  TestWorld world;
  world.apply(kEmitRule);
  world.send(kDeployed);
  world.send(event("e2", "com.acme.nothing"));
  world.send(event("e3", "com.acme.deployment.failed"));  // `when` fails on it or does not hold
  const auto ids = [&](ListOptions options) {
    std::string text;
    const json::Value list = world.query([&](Query& q) { return q.decisions("default", options); });
    for (const json::View item : list->find("items")->elements()) {
      text += std::string(item.find("event")->string_or("id", "")).substr(0, 2) + " ";
    }
    return text;
  };
  ListOptions matched, unmatched, by_rule;
  matched.matched = true;
  unmatched.matched = false;
  by_rule.rule = "scan";
  EXPECT_EQ(ids(matched), "e1 ");
  EXPECT_EQ(ids(by_rule).substr(0, 3), "e1 ");
  EXPECT_EQ(ids(unmatched).find("e1"), std::string::npos);
  EXPECT_NE(ids(unmatched).find("e2"), std::string::npos);
  EXPECT_NE(ids(unmatched).find("e3"), std::string::npos);
  ListOptions first;
  first.limit = 1;
  first.since = UtcTime{0};
  EXPECT_EQ(ids(first), "e1 ");
  const json::Value page = world.query([&](Query& q) { return q.decisions("default", first); });
  first.cursor = std::string(page->string_or("next", ""));
  EXPECT_NE(ids(first), "e1 ");
}

}  // namespace
}  // namespace hence::engine
