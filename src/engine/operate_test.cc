// SPDX-License-Identifier: Apache-2.0
// Acts of operators on instances: on record with who and why, folded again by recovery, refused where
// they come too late.

#include <gmock/gmock.h>

#include "engine/test_world.h"

namespace hence::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Act = ActOnInstance::Act;

constexpr std::string_view kAsk = R"(
document: {dsl: 1.0.3, namespace: shop, name: ask, version: 1.0.0}
do:
  - ask: {call: http, with: {method: get, endpoint: "http://127.0.0.1:9/"}}
  - paid: {listen: {to: {one: {with: {type: paid}, correlate: {order: {from: .data.order, expect: "${ $context.order }"}}}}}}
)";

constexpr std::string_view kUndone = R"(
document: {dsl: 1.0.3, namespace: shop, name: undone, version: 1.0.0}
do:
  - did: {set: {x: 1}, metadata: {compensate: [{back: {wait: PT1H}}]}}
  - stop: {raise: {error: {type: "https://x", status: 500}}}
)";

class OperateTest : public ::testing::Test {
 protected:
  Address start(const std::string& workflow = "shop/ask") {
    EXPECT_FALSE(world.apply(kAsk).error);
    Command command;
    command.ticket = 1;
    command.body = StartInstance{workflow, *json::parse("{}"), {}, {}, StartInstance::OnConflict::existing};
    return world.run(std::move(command)).replies.at(0).address;
  }
  Reply act(ActOnInstance body, const std::string& key = "") {
    Command command;
    command.ticket = 1;
    command.actor = {"ann", "by hand", {}};
    command.idempotency_key = key;
    command.body = std::move(body);
    return world.run(std::move(command)).replies.at(0);
  }
  Reply cancel(Address id) {
    Command command;
    command.ticket = 1;
    command.actor = {"ann", "by hand", {}};
    command.body = CancelInstance{id};
    return world.run(std::move(command)).replies.at(0);
  }
  void answer(int status, const std::string& body) {
    Outcome outcome;
    outcome.answer = workflow::HttpOutcome{status, {{"content-type", "application/json"}}, body};
    world.end_attempt(world.effects.back(), std::move(outcome));
  }
  std::string status(Address id) {
    return std::string(world.query([&](Query& q) { return q.instance("default", id); })->string_or("status", ""));
  }
  json::Value trace(Address id) {
    return world.query([&](Query& q) { return q.trace("default", id); });
  }
  void expect_same_after_loss() {
    const Hash128 before = *world.engine().state_digest();
    world.lose_state();
    EXPECT_EQ(before, *world.engine().state_digest());
  }
  static event::Event event(const std::string& data) {
    return *event::parse_structured(R"({"specversion":"1.0","id":"o1","source":"/ops","type":"paid","data":)" + data + "}");
  }
  TestWorld world;
};

TEST_F(OperateTest, SuspendAndResumeAreOnRecordWithWhoAndWhy) {
  const Address id = start();
  ActOnInstance context{Act::set_context, id};
  context.value = *json::parse(R"({"order":7})");
  EXPECT_FALSE(act(context).error);
  EXPECT_FALSE(act({Act::suspend, id}).error);
  EXPECT_EQ(status(id), "suspended");
  answer(200, "1");
  expect_same_after_loss();
  EXPECT_EQ(status(id), "suspended");
  EXPECT_FALSE(act({Act::resume, id}).error);
  EXPECT_EQ(status(id), "waiting");
  const json::Value story = trace(id);
  const json::View acts = *story->find("operations");
  ASSERT_EQ(acts.size(), 3u);
  EXPECT_EQ(acts.at(1).string_or("what", ""), "suspended");
  EXPECT_EQ(acts.at(1).string_or("by", ""), "ann");
  EXPECT_EQ(acts.at(2).string_or("reason", ""), "by hand");
  expect_same_after_loss();
}

TEST_F(OperateTest, ARetryBringsAFaultedInstanceBack) {
  const Address id = start();
  answer(500, "{}");
  EXPECT_EQ(status(id), "faulted");
  EXPECT_EQ(world.count_rows('o'), 1u);
  ActOnInstance again{Act::retry, id};
  again.value = *json::parse(R"({"order":7})");
  EXPECT_FALSE(act(again).error);
  EXPECT_EQ(world.count_rows('o'), 0u) << "it is not forgotten as one that is over";
  expect_same_after_loss();
  answer(200, "{}");
  EXPECT_EQ(status(id), "faulted") << "the context has no order";
  ActOnInstance context{Act::set_context, id};
  context.value = *json::parse(R"({"order":7})");
  EXPECT_FALSE(act(context).error);
  EXPECT_FALSE(act({Act::retry, id}).error);
  EXPECT_EQ(status(id), "waiting");
  world.send(R"({"specversion":"1.0","id":"e1","source":"/t","type":"paid","data":{"order":7}})");
  EXPECT_EQ(status(id), "completed");
  expect_same_after_loss();
}

TEST_F(OperateTest, ASkippedTaskShowsWhoSkippedIt) {
  const Address id = start();
  ActOnInstance skip{Act::skip, id, "ask"};
  skip.value = *json::parse("{}");
  EXPECT_FALSE(act(skip).error);
  const json::Value story = trace(id);
  EXPECT_EQ(story->find("tasks")->at(0).string_or("status", ""), "skipped");
  EXPECT_EQ(story->find("operations")->at(0).string_or("what", ""), "task ask skipped");
  EXPECT_THAT(act({Act::skip, id, "ask"}).error->message(), HasSubstr("no task ask"));
  EXPECT_EQ(trace(id)->find("ignored")->size(), 1u);
  expect_same_after_loss();
}

TEST_F(OperateTest, AnEventGoesToOneInstanceAlone) {
  const Address first = start(), second = start();
  for (const Address id : {first, second}) {
    ActOnInstance context{Act::set_context, id};
    context.value = *json::parse(R"({"order":7})");
    EXPECT_FALSE(act(context).error);
    EXPECT_FALSE(act({Act::skip, id, "ask"}).error);
  }
  ActOnInstance send{Act::send_event, second};
  send.event = event(R"({"order":8})");
  EXPECT_THAT(act(send).error->message(), HasSubstr("waits for no such event but for: event for 7"));
  send.event = event(R"({"order":7})");
  const Reply reply = act(send);
  EXPECT_FALSE(reply.error);
  EXPECT_EQ(status(first), "waiting");
  EXPECT_EQ(status(second), "completed");
  const json::Value story = trace(second);
  EXPECT_EQ(story->find("operations")->at(2).string_or("what", "").substr(0, 10), "event sent");
  EXPECT_THAT(act(send).error->message(), HasSubstr("has ended already"));
  expect_same_after_loss();
  world.send(R"({"specversion":"1.0","id":"e1","source":"/t","type":"paid","data":{"order":7}})");
  EXPECT_EQ(status(first), "completed");
}

TEST_F(OperateTest, AnEventForOneInstanceCountsForEachFilterItMeets) {
  EXPECT_FALSE(world.apply(R"(
document: {dsl: 1.0.3, namespace: shop, name: both, version: 1.0.0}
do:
  - both:
      listen:
        to:
          all:
            - {with: {type: paid}, correlate: {k: {from: .data.k}}}
            - {with: {source: /ops}, correlate: {k: {from: .data.k}}}
)").error);
  const Address id = start("shop/both");
  ActOnInstance send{Act::send_event, id};
  send.event = event(R"({"k":1})");
  EXPECT_FALSE(act(send).error);
  EXPECT_EQ(status(id), "completed");
  expect_same_after_loss();
}

TEST_F(OperateTest, WhatComesTooLateIsRefusedAndOnRecord) {
  const Address id = start();
  EXPECT_THAT(act({Act::resume, id}).error->message(), HasSubstr("is waiting; resume changes nothing"));
  EXPECT_THAT(act({Act::retry, id}).error->message(), HasSubstr("is waiting"));
  EXPECT_FALSE(cancel(id).error);
  EXPECT_THAT(cancel(id).error->message(), HasSubstr("has ended already (cancelled)"));
  for (const Act late : {Act::suspend, Act::resume, Act::retry, Act::skip}) {
    EXPECT_THAT(act({late, id}).error->message(), HasSubstr("has ended already (cancelled)"));
  }
  const json::Value story = trace(id);
  EXPECT_EQ(story->find("ignored")->size(), 7u);
  EXPECT_EQ(act({Act::suspend, {3, 99}}).error->code(), ErrorCode::NotFound);
  EXPECT_EQ(act({Act::suspend, {999, 99}}).error->code(), ErrorCode::NotFound);
  expect_same_after_loss();
}

TEST_F(OperateTest, WhatFindsNothingToActOnIsOnRecordToo) {
  EXPECT_FALSE(world.apply(kUndone).error);
  const Address asks = start(), undoes = start("shop/undone");
  EXPECT_EQ(status(undoes), "compensating");
  const auto ignored = [&](Address id) {
    std::vector<std::string> found;
    const json::Value story = trace(id);
    const auto list = story->find("ignored");
    for (size_t i = 0; list && i < list->size(); ++i) found.emplace_back(list->at(i).string_or("what", list->at(i).to_text()));
    return found;
  };
  EXPECT_THAT(act({Act::skip, asks, "paid"}).error->message(), HasSubstr("; these are: ask (/do/0/ask)"));
  EXPECT_THAT(ignored(asks), ElementsAre(HasSubstr("a skip: no task paid is under way or has failed")));

  Command command;
  command.ticket = 1;
  command.body = CancelInstance{undoes, workflow::Undo::yes};
  EXPECT_THAT(world.run(command).replies.at(0).error->message(), HasSubstr("undoes what it did already"));
  command.body = DecideParked{undoes, workflow::Parked::skip};
  EXPECT_THAT(world.run(command).replies.at(0).error->message(), HasSubstr("no compensation"));
  world.advance(Duration::hours(1));
  EXPECT_EQ(status(undoes), "faulted");
  EXPECT_THAT(act({Act::retry, undoes}).error->message(), HasSubstr("was undone"));
  EXPECT_THAT(ignored(undoes), ElementsAre(HasSubstr("a cancel with `compensate`: the instance undoes what it did already"),
                                           HasSubstr("a skip: no compensation is parked"),
                                           HasSubstr("a retry: what its tasks did was undone")));
  expect_same_after_loss();
}

TEST_F(OperateTest, ARepeatedRequestUnderItsKeyChangesNothing) {
  const Address id = start();
  EXPECT_FALSE(act({Act::suspend, id}, "k1").error);
  EXPECT_FALSE(act({Act::resume, id}, "k2").error);
  EXPECT_FALSE(act({Act::suspend, id}, "k1").error);
  EXPECT_EQ(status(id), "waiting");
  EXPECT_EQ(act({Act::resume, id}, "k1").error->code(), ErrorCode::Conflict);
}

TEST_F(OperateTest, OneWhoseIdAnotherTookIsNotRetried) {
  EXPECT_FALSE(world.apply("document: {dsl: 1.0.3, namespace: shop, name: fails, version: 1.0.0}\n"
                           "do: [{stop: {raise: {error: {type: 'https://x', status: 500}}}}]").error);
  Command command;
  command.ticket = 1;
  command.body = StartInstance{"shop/fails", *json::parse("{}"), {}, "o-9", StartInstance::OnConflict::replace};
  const Address first = world.run(command).replies.at(0).address;
  const Address second = world.run(command).replies.at(0).address;
  ASSERT_NE(first, second);
  for (const Act late : {Act::retry, Act::skip}) {
    const Reply reply = act({late, first, "stop"});
    ASSERT_TRUE(reply.error);
    EXPECT_EQ(reply.error->code(), ErrorCode::Conflict);
    EXPECT_THAT(reply.error->message(), HasSubstr("instance " + second.to_string() + " took its id"));
  }
  EXPECT_EQ(status(first), "faulted");
  EXPECT_FALSE(act({Act::retry, second}).error);
  expect_same_after_loss();
}

TEST_F(OperateTest, AForgottenInstanceIsNotThereToRetry) {
  const Address id = start();
  answer(500, "{}");
  world.advance(Duration::days(8));
  Command forget;
  forget.body = ForgetEnded{id.partition, world.now, 10};
  world.run(std::move(forget));
  EXPECT_EQ(act({Act::retry, id}).error->code(), ErrorCode::NotFound);
}

TEST_F(OperateTest, InstancesAreCountedByTheVersionTheyRunOn) {
  const auto running = [&] {
    const auto counts = world.query([&](Query& q) -> Result<json::Value> {
      HENCE_TRY(const auto found, q.running("default"));
      std::string text;
      for (const auto& [name, count] : found) text += name + "=" + std::to_string(count) + " ";
      return json::Value::string(text);
    });
    return std::string(counts->as_string());
  };
  const Address first = start(), second = start();
  EXPECT_EQ(running(), "shop/ask:1.0.0=2 ");
  std::string newer(kAsk);
  newer.replace(newer.find("1.0.0"), 5, "1.1.0");
  EXPECT_FALSE(world.apply(newer).error);
  Command command;
  command.ticket = 1;
  command.body = StartInstance{"shop/ask", *json::parse("{}"), {}, {}, StartInstance::OnConflict::existing};
  const Address third = world.run(std::move(command)).replies.at(0).address;
  EXPECT_EQ(running(), "shop/ask:1.0.0=2 shop/ask:1.1.0=1 ") << "new ones begin with the latest";
  answer(500, "{}");
  EXPECT_EQ(running(), "shop/ask:1.0.0=2 ");
  EXPECT_FALSE(act({Act::retry, third}).error);
  EXPECT_FALSE(cancel(first).error);
  EXPECT_FALSE(act({Act::suspend, second}).error);
  EXPECT_EQ(running(), "shop/ask:1.0.0=1 shop/ask:1.1.0=1 ");
  expect_same_after_loss();
  EXPECT_EQ(running(), "shop/ask:1.0.0=1 shop/ask:1.1.0=1 ");
  for (const Address id : {second, third}) EXPECT_FALSE(cancel(id).error);
  EXPECT_EQ(running(), "");
  EXPECT_EQ(world.count_rows('l'), 0u);
}

TEST(Counting, BeginsWithWhatRunsWhereAFolderIsRaised) {
  EngineOptions options;
  options.first_feature_level = kLevelForgetting;
  TestWorld world(options);
  EXPECT_FALSE(world.apply(kAsk).error);
  Command command;
  command.ticket = 1;
  command.body = StartInstance{"shop/ask", *json::parse("{}"), {}, {}, StartInstance::OnConflict::existing};
  const Address first = world.run(command).replies.at(0).address;
  world.run(command);
  Command raise;
  raise.body = RaiseFeatureLevel{kFeatureLevel};
  world.run(std::move(raise));
  command.body = CancelInstance{first};
  EXPECT_FALSE(world.run(command).replies.at(0).error);
  const auto count = [&] {
    return world.query([](Query& q) -> Result<json::Value> {
      HENCE_TRY(const auto found, q.running("default"));
      return json::Value::number(static_cast<int64_t>(found.at("shop/ask:1.0.0")));
    })->to_text();
  };
  EXPECT_EQ(count(), "1");
  const Hash128 before = *world.engine().state_digest();
  world.lose_state();
  EXPECT_EQ(before, *world.engine().state_digest());
  EXPECT_EQ(count(), "1");
}

}  // namespace
}  // namespace hence::engine
