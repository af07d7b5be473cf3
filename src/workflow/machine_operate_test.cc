// SPDX-License-Identifier: Apache-2.0
// What operators do: suspend and resume, retry after a fault, skip a task, set the context.

#include <gmock/gmock.h>

#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kTwoCalls = R"(
do:
  - first: {call: http, with: {method: get, endpoint: http://a.example/1}}
  - second: {set: {got: "${ . }"}}
)";

Advance suspend(World& world) {
  return world.command([](Machine& machine) { return machine.suspend("ann", "a look first"); });
}
Advance resume(World& world) {
  return world.command([](Machine& machine) { return machine.resume(); });
}
Advance retry(World& world, const std::string& input = "") {
  std::optional<json::Value> value;
  if (!input.empty()) value = value_of(input);
  return world.command([&](Machine& machine) { return machine.retry(value); });
}
Advance skip(World& world, const std::string& task, const std::string& output = "") {
  std::optional<json::Value> value;
  if (!output.empty()) value = value_of(output);
  return world.command([&](Machine& machine) { return machine.skip(task, value); });
}
Advance send(World& world, const std::string& event, Sequence at = 1) {
  const json::Value value = value_of(event);
  Advance last{false, true};
  for (const Wait& wait : std::vector<Wait>(world.instance.waits)) {
    const Advance one = world.command([&](Machine& machine) { return machine.on_event(wait.id, value, {0, at}); });
    if (!one.ignored) last = one;
  }
  return last;
}

TEST(Suspend, NoTaskBeginsAndWhatComesTakesEffectAtResume) {
  World world(with_head(std::string(kTwoCalls)));
  world.start();
  EXPECT_FALSE(suspend(world).ignored);
  EXPECT_EQ(world.phase(), "suspended");
  EXPECT_EQ(world.instance.suspension->by, "ann");
  world.answer_call(world.instance.calls.front().id, json_answer(200, "7"));
  EXPECT_EQ(world.phase(), "suspended");
  EXPECT_THAT(world.begun(), ElementsAre("first"));
  EXPECT_FALSE(resume(world).ignored);
  EXPECT_EQ(world.output(), R"({"got":7})");
  EXPECT_FALSE(world.instance.suspension);
}

TEST(Suspend, WhatCameFirstWinsInACompetition) {
  for (const bool reversed : {false, true}) {
    World world(with_head(R"(
do:
  - race:
      fork:
        compete: true
        branches:
          - a: {call: http, with: {method: get, endpoint: http://a.example/1}}
          - b: {call: http, with: {method: get, endpoint: http://b.example/1}}
)"));
    world.start();
    const CallId a = world.instance.calls[0].id, b = world.instance.calls[1].id;
    suspend(world);
    world.answer_call(reversed ? b : a, json_answer(200, reversed ? "2" : "1"));
    world.answer_call(reversed ? a : b, json_answer(200, reversed ? "1" : "2"));
    world.step_budget = 1;  // the turn is kept over continuations
    resume(world);
    EXPECT_EQ(world.output(), reversed ? "2" : "1");
    const auto arrivals = world.all<ArrivalTaken>();
    ASSERT_EQ(arrivals.size(), 2u);
    EXPECT_FALSE(arrivals[0].late);
    EXPECT_TRUE(arrivals[1].late) << "the loser is told so";
  }
}

constexpr std::string_view kTimed = R"(
do:
  - slow:
      timeout: {after: PT10S}
      do:
        - ask: {call: http, with: {method: get, endpoint: http://a.example/1}}
        - then: {set: {done: true}}
)";

TEST(Suspend, ATimeoutThatCameAfterTheAnswerIsTooLate) {
  World world(with_head(std::string(kTimed)));
  world.start();
  suspend(world);
  world.answer_call(world.instance.calls.front().id, json_answer(200, "1"));
  world.fire(Timer(*world.instance.next_timer()));
  EXPECT_TRUE(world.instance.timers.empty()) << "it is not due again and again";
  resume(world);
  EXPECT_EQ(world.output(), R"({"done":true})");
}

TEST(Suspend, AnAnswerThatCameAfterTheTimeoutIsTooLate) {
  World world(with_head(std::string(kTimed)));
  world.start();
  suspend(world);
  world.fire(Timer(*world.instance.next_timer()));
  EXPECT_EQ(world.phase(), "suspended");
  const CallId call = world.instance.calls.front().id;
  const Advance late = world.command([&](Machine& machine) { return machine.on_call_result(call, json_answer(200, "1")); });
  EXPECT_TRUE(late.ignored);
  EXPECT_THAT(late.why, HasSubstr("time of its task was over"));
  resume(world);
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_THAT(world.error()->to_text(), HasSubstr("timeout"));
}

constexpr std::string_view kAttempts = R"(
use: {extensions: [{x: {extend: try, before: [{first: {set: {a: 1}}}], after: [{told: {wait: PT1M}}]}}]}
do:
  - t:
      try: [{pay: {call: http, with: {method: post, endpoint: http://a.example/1}}}]
      catch: {errors: {with: {status: 408}}, retry: {delay: PT1S, limit: {attempt: {count: 2, duration: PT10S}}}}
)";

TEST(Suspend, AnAttemptLimitThatCameAfterTheAnswerIsTooLate) {
  World world(with_head(std::string(kAttempts)));
  world.answer = [](const json::Value&) { return json_answer(200, "7"); };
  world.start();
  suspend(world);
  world.answer_next();
  world.fire(Timer(*world.instance.next_timer()));
  resume(world);
  const auto arrivals = world.all<ArrivalTaken>();
  ASSERT_EQ(arrivals.size(), 2u);
  EXPECT_TRUE(arrivals[1].late);
  world.run();
  EXPECT_EQ(world.output(), "7");
  EXPECT_EQ(world.calls.size(), 1u) << "what was paid is not paid again";
}

TEST(AttemptLimit, LeftBehindByAFormerVersionDoesNothing) {
  World world(with_head(std::string(kAttempts)));
  world.start();
  world.answer_call(world.instance.calls.front().id, json_answer(200, "7"));
  EXPECT_THAT(world.begun(), ElementsAre("t", "first", "pay", "told"));
  Instance instance = world.instance;
  const TimerId left = instance.last_id + 1;
  workflow::apply(instance, TimerSet{left, instance.frames.front().id, TimerPurpose::attempt_timeout, world.now});
  std::vector<Fact> facts;
  StepContext context;
  context.now = world.now;
  EXPECT_TRUE(Machine(world.definition(), instance, context, facts).on_timer(left).ignored);
  EXPECT_EQ(instance.timers.size(), 1u) << "that of `told`";
}

TEST(Suspend, AWorkflowTimeoutWaitsForTheResumeToo) {
  World world(with_head("timeout: {after: PT5S}\ndo: [w: {wait: PT1M}]"));
  world.start();
  suspend(world);
  world.fire(Timer(*world.instance.next_timer()));
  EXPECT_EQ(world.phase(), "suspended");
  resume(world);
  EXPECT_EQ(world.phase(), "faulted");
}

TEST(Suspend, AWaitThatIsOverGoesOnAtResume) {
  World world(with_head("do: [w: {wait: PT1M}, s: {set: {a: 1}}]"));
  world.start();
  suspend(world);
  world.fire(Timer(*world.instance.next_timer()));
  EXPECT_THAT(world.begun(), ElementsAre("w"));
  resume(world);
  EXPECT_EQ(world.output(), R"({"a":1})");
}

TEST(Suspend, AnEventIsTakenAndWorkedOnAtResume) {
  World world(with_head(R"(
do:
  - paid: {listen: {to: {one: {with: {type: paid}}}}}
  - pack: {set: "${ .[0] }"}
)"));
  world.start();
  suspend(world);
  EXPECT_FALSE(send(world, "{type: paid, data: 3}").ignored);
  EXPECT_TRUE(world.instance.waits.empty());
  EXPECT_THAT(world.begun(), ElementsAre("paid"));
  resume(world);
  EXPECT_EQ(world.output(), "3");
}

TEST(Suspend, AnErrorOfAnEventGoesUpAtResume) {
  World world(with_head(R"(
do:
  - safe:
      try:
        - some: {listen: {to: {any: [{with: {type: n}}], until: "${ error(\"bad\") }"}}}
      catch: {do: [after: {set: {caught: true}}]}
)"));
  world.start();
  suspend(world);
  send(world, "{type: n, data: 1}");
  EXPECT_EQ(world.phase(), "suspended");
  EXPECT_THAT(world.begun(), ElementsAre("safe", "some"));
  resume(world);
  EXPECT_EQ(world.output(), R"({"caught":true})");
}

TEST(Suspend, TwiceIsOnceAndResumeNeedsOne) {
  World world(with_head(std::string(kTwoCalls)));
  world.start();
  EXPECT_TRUE(resume(world).ignored);
  suspend(world);
  EXPECT_TRUE(suspend(world).ignored);
}

TEST(Suspend, APersonTakesOverFromTheParent) {
  World world(with_head(std::string(kTwoCalls)));
  world.start();
  const auto by_parent = [](Machine& machine) { return machine.suspend("bob", "with its parent", Asker::parent); };
  EXPECT_FALSE(world.command(by_parent).ignored);
  EXPECT_TRUE(world.command(by_parent).ignored);
  EXPECT_FALSE(suspend(world).ignored);
  EXPECT_EQ(world.instance.suspension->by, "ann");
  EXPECT_TRUE(suspend(world).ignored);
  EXPECT_TRUE(world.command(by_parent).ignored);
  EXPECT_TRUE(world.command([](Machine& machine) { return machine.resume(Asker::parent); }).ignored);
  EXPECT_EQ(world.phase(), "suspended");
  EXPECT_FALSE(resume(world).ignored);
  EXPECT_FALSE(world.instance.suspension);
}

TEST(Retry, GoesOnFromTheTaskThatFailed) {
  World world(with_head(R"(
do:
  - before: {set: {n: 1}}
  - inner:
      do:
        - ask: {call: http, with: {method: post, endpoint: http://a.example/1, body: "${ . }"}}
        - after: {set: {answer: "${ . }"}}
)"));
  world.start_and_run();
  EXPECT_EQ(world.phase(), "faulted");
  world.answer = [](const json::Value&) { return json_answer(200, "5"); };
  EXPECT_FALSE(retry(world).ignored);
  EXPECT_EQ(world.phase(), "waiting");
  world.run();
  EXPECT_EQ(world.output(), R"({"answer":5})");
  EXPECT_THAT(world.begun(), ElementsAre("before", "inner", "ask", "ask", "after"));
  EXPECT_TRUE(retry(world).ignored) << "it has completed";
}

TEST(Retry, TakesAnotherInput) {
  World world(with_head(R"(
do:
  - ask: {call: http, with: {method: post, endpoint: http://a.example/1, body: "${ . }"}}
)"));
  world.start_and_run("{a: 1}");
  world.answer = [](const json::Value&) { return json_answer(200, "5"); };
  retry(world, "{b: 2}");
  EXPECT_EQ(world.calls.back()->string_or("body", ""), R"({"b":2})");
}

TEST(Retry, BringsBackTheBranchesBeside) {
  World world(with_head(R"(
do:
  - both:
      fork:
        branches:
          - done: {set: {a: 1}}
          - call: {call: http, with: {method: get, endpoint: http://a.example/1}}
          - event: {listen: {to: {all: [{with: {type: x}}, {with: {type: y}}]}}}
          - sleep: {wait: PT1M}
)"));
  world.start("{}");
  const json::Value x = value_of("{type: x, data: 1}");
  const WaitId first = world.instance.waits.front().id;
  world.command([&](Machine& machine) { return machine.on_event(first, x, {0, 1}); });
  world.answer_next();
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_TRUE(world.instance.waits.empty());
  world.answer = [](const json::Value&) { return json_answer(200, "5"); };
  retry(world);
  EXPECT_EQ(world.instance.waits.size(), 1u) << "the event it has had is not waited for again";
  send(world, "{type: y, data: 2}", 2);
  world.run();
  EXPECT_EQ(world.output(), R"([{"a":1},5,[1,2],{}])");
}

TEST(Retry, TimeoutsCountAnew) {
  World world(with_head(std::string(kTimed) + "timeout: {after: PT1H}\n"));
  world.start();
  world.fire(Timer(*world.instance.next_timer()));
  EXPECT_EQ(world.phase(), "faulted");
  retry(world);
  EXPECT_EQ(world.instance.timers.size(), 2u);
  EXPECT_EQ(world.instance.next_timer()->due, world.now + Duration::seconds(10));
}

TEST(Retry, ATryBehindAListBeforeItKeepsItsAttemptLimit) {
  World world(with_head(std::string(kAttempts)));
  world.answer = [](const json::Value&) { return json_answer(500, "{}"); };
  world.start_and_run();
  EXPECT_EQ(world.phase(), "faulted");
  retry(world);
  ASSERT_EQ(world.instance.timers.size(), 1u);
  EXPECT_EQ(world.instance.timers.front().purpose, TimerPurpose::attempt_timeout);
  EXPECT_EQ(world.instance.timers.front().due, world.now + Duration::seconds(10));
}

TEST(Retry, NoAttemptLimitBeginsInAListBesideTheBody) {
  World world(with_head(R"(
use: {extensions: [{x: {extend: try, after: [{ask: {call: http, with: {method: get, endpoint: http://a.example/1}}}]}}]}
do:
  - t: {try: [{s: {set: {a: 1}}}], catch: {retry: {limit: {attempt: {count: 2, duration: PT10S}}}}}
)"));
  world.start_and_run();
  EXPECT_EQ(world.phase(), "faulted");
  retry(world);
  EXPECT_EQ(world.phase(), "waiting");
  EXPECT_TRUE(world.instance.timers.empty());
}

TEST(Retry, AfterRetriesOfTryAreUsedUpTheBodyRunsOnceMore) {
  World world(with_head(R"(
do:
  - safe:
      try: [ask: {call: http, with: {method: get, endpoint: http://a.example/1}}]
      catch: {retry: {delay: PT1S, limit: {attempt: {count: 1}}}}
)"));
  world.start_and_run();
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_EQ(world.calls.size(), 2u);
  world.answer = [](const json::Value&) { return json_answer(200, "5"); };
  retry(world);
  world.run();
  EXPECT_EQ(world.output(), "5");
}

TEST(Retry, AnErrorThatWasCaughtLeavesNothingBehind) {
  World world(with_head(R"(
do:
  - safe: {try: [bad: {raise: {error: {type: x, status: 400}}}], catch: {}}
  - ask: {call: http, with: {method: get, endpoint: http://a.example/1}}
)"));
  world.start();
  EXPECT_FALSE(world.instance.fallen);
  world.run();
  EXPECT_EQ(world.phase(), "faulted");
  retry(world);
  EXPECT_THAT(world.begun(), ElementsAre("safe", "bad", "ask", "ask"));
}

TEST(Retry, IsRefusedWhereItCannotHelp) {
  World timed(with_head("timeout: {after: PT5S}\ndo: [w: {wait: PT1M}]"));
  timed.start();
  timed.fire(Timer(*timed.instance.next_timer()));
  EXPECT_THAT(retry(timed, "{a: 1}").why, HasSubstr("no task of it failed"));
  EXPECT_FALSE(retry(timed).ignored);
  EXPECT_EQ(timed.phase(), "waiting");
  World output(with_head("do: [s: {set: {a: 1}}]\noutput: {as: '${ error(\"no\") }'}"));
  output.start();
  EXPECT_THAT(retry(output).why, HasSubstr("own output"));
  World input(with_head("input: {schema: {document: {type: string}}}\ndo: [s: {set: {a: 1}}]"));
  input.start("{}");
  EXPECT_THAT(retry(input).why, HasSubstr("before its first task"));
}

TEST(Skip, EndsAWaitingTaskWithItsInput) {
  World world(with_head("do: [s: {set: {a: 1}}, w: {wait: P30D}, t: {set: {b: '${ .a }'}}]"));
  world.start();
  EXPECT_FALSE(skip(world, "w").ignored);
  EXPECT_EQ(world.output(), R"({"b":1})");
}

TEST(Skip, OrWithTheOutputGiven) {
  World world(with_head(std::string(kTwoCalls)));
  world.start();
  EXPECT_FALSE(skip(world, "/do/0/first", "9").ignored);
  EXPECT_EQ(world.output(), R"({"got":9})");
  EXPECT_EQ(world.all<CallCancelled>().size(), 1u);
}

TEST(Skip, TheFailedTask) {
  World world(with_head(std::string(kTwoCalls)));
  world.start_and_run();
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_FALSE(skip(world, "first", "{x: 1}").ignored);
  EXPECT_EQ(world.output(), R"({"got":{"x":1}})");
}

TEST(Skip, AWholeListWithWhatRunsInIt) {
  World world(with_head(std::string(kTimed)));
  world.start("{a: 1}");
  EXPECT_FALSE(skip(world, "slow").ignored);
  EXPECT_EQ(world.output(), R"({"a":1})");
}

TEST(Skip, NothingBeginsWhileSuspended) {
  World world(with_head(std::string(kTwoCalls)));
  world.start();
  suspend(world);
  skip(world, "first", "9");
  EXPECT_THAT(world.begun(), ElementsAre("first"));
  resume(world);
  EXPECT_EQ(world.output(), R"({"got":9})");
}

TEST(Skip, NamesWhatCouldBeSkipped) {
  World world(with_head(std::string(kTwoCalls)));
  world.start();
  const Advance refused = skip(world, "second");
  EXPECT_TRUE(refused.ignored);
  EXPECT_THAT(refused.why, HasSubstr("first (/do/0/first)"));
}

TEST(SetContext, IsSeenByTheNextTask) {
  World world(with_head("do: [w: {wait: PT1M}, s: {set: '${ $context }'}]"));
  world.start();
  const json::Value context = value_of("{k: 1}");
  EXPECT_FALSE(world.command([&](Machine& machine) { return machine.set_context(context); }).ignored);
  world.run();
  EXPECT_EQ(world.output(), R"({"k":1})");
  EXPECT_TRUE(world.command([&](Machine& machine) { return machine.set_context(context); }).ignored);
}

TEST(SetContext, OverItsLimitIsRefusedByTheSettingsName) {
  World world(with_head("do: [w: {wait: PT1M}]"));
  world.limits.context_bytes = 8;
  world.start();
  const json::Value context = value_of("{k: 'longer than that'}");
  const Advance refused = world.command([&](Machine& machine) { return machine.set_context(context); });
  EXPECT_TRUE(refused.ignored);
  EXPECT_THAT(refused.why, HasSubstr("larger than 8 bytes (limits.workflowContextBytes)"));
}

}  // namespace
}  // namespace hence::workflow::testing
