// SPDX-License-Identifier: Apache-2.0
// Data flow, directives, loops, branches, timers: what a workflow does in virtual time.

#include "workflow/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string run_output(const std::string& rest, const std::string& input = "") {
  World world(with_head(rest));
  world.start_and_run(input);
  return world.phase() + " " + (world.instance.error ? world.error()->to_text() : world.output());
}

TEST(Machine, RunsThreeTasksInOneCommand) {
  World world(with_head("do:\n- a: {set: {n: 1}}\n- b: {set: {n: '${ .n + 1 }'}}\n- c: {set: {n: "
                        "'${ .n * 10 }'}}"));
  const size_t before = world.facts.size();
  world.start();
  EXPECT_EQ(world.phase(), "completed");
  EXPECT_EQ(world.output(), R"({"n":20})");
  EXPECT_EQ(world.facts.size() - before, 8u);  // started, 3 × (started, ended), ended
}

TEST(Machine, FollowsTheOrderOfDataFlow) {
  World world(with_head(R"(
input: {from: .outer}
do:
- a:
    if: .x == 1
    input: {from: '{y: .x}'}
    set: {z: '${ .y + $input.y }'}
    output: {as: '{out: .z, in: $input.y}'}
    export: {as: '$context + {seen: $output.out, raw: .out}'}
- b: {set: {all: '${ {ctx: $context, now: .} }'}}
output: {as: '{result: .all, ctx: $context}'}
)"));
  world.start_and_run("outer: {x: 1}");
  EXPECT_EQ(world.output(),
            R"({"result":{"ctx":{"seen":2,"raw":2},"now":{"out":2,"in":1}},"ctx":{"seen":2,"raw":2}})");
}

TEST(Machine, SkipsWithoutThenOrExport) {
  World world(with_head(R"(
do:
- a: {if: 'false', set: {x: 1}, then: end, export: {as: '{never: true}'}}
- b: {set: {ctx: '${ $context }', got: '${ . }'}}
)"));
  world.start_and_run("k: v");
  EXPECT_EQ(world.output(), R"({"ctx":{},"got":{"k":"v"}})");
  EXPECT_THAT(world.begun(), ElementsAre("b"));
}

TEST(Machine, DoesNotEvaluateWhatStandsInData) {
  EXPECT_EQ(run_output("do:\n- a: {set: '${ . }'}", "a: '${ $workflow }'"),
            R"(completed {"a":"${ $workflow }"})");
}

TEST(Machine, DescribesTaskWorkflowAndRuntime) {
  World world(with_head(R"(
do:
- a:
    input: {from: .n}
    set:
      task: ${ [$task.name, $task.reference, $task.input, $task.definition.input.from, $task.input.n] }
      workflow: ${ [$workflow.id, $workflow.definition.document.name, $workflow.input.n, $workflow.startedAt.epoch.seconds] }
      runtime: ${ $runtime.name }
    output: {as: '. + {raw: $task.output.runtime}'}
)"));
  world.start_and_run("n: 5");
  EXPECT_EQ(world.output(),
            R"({"task":["a","/do/0/a",{"n":5},".n",5],"workflow":["07-42","sample",5,1000000000],)"
            R"("runtime":"hence","raw":"hence"})");
}

TEST(Machine, FollowsDirectives) {
  EXPECT_EQ(run_output(R"(
do:
- outer:
    do:
    - a: {set: {n: 1}, then: exit}
    - b: {set: {n: 2}}
- c: {set: {n: '${ .n + 100 }'}, then: e}
- d: {set: {n: 4}}
- e: {do: [{f: {set: {n: '${ .n + 1000 }'}, then: end}}]}
- g: {set: {n: 0}}
)"),
            R"(completed {"n":1101})");
}

TEST(Machine, SwitchTakesTheFirstCaseThatHolds) {
  const std::string yaml = R"(
do:
- s:
    switch:
    - other: {then: d}
    - big: {when: .n > 10, then: b}
    - positive: {when: .n > 0, then: c}
- b: {set: {was: big}, then: end}
- c: {set: {was: positive}, then: end}
- d: {set: {was: other}, then: end}
)";
  EXPECT_EQ(run_output(yaml, "n: 11"), R"(completed {"was":"big"})");
  EXPECT_EQ(run_output(yaml, "n: 1"), R"(completed {"was":"positive"})");
  EXPECT_EQ(run_output(yaml, "n: 0"), R"(completed {"was":"other"})");
}

TEST(Machine, ConditionsNeedExactlyOneResult) {
  EXPECT_THAT(run_output("do:\n- a: {if: '.[]', set: {x: 1}}", "[true, true]"),
              ::testing::AllOf(HasSubstr("faulted"), HasSubstr("errors/expression"),
                               HasSubstr("/do/0/a")));
}

TEST(Machine, LoopsCarryOutputsAndRestoreVariables) {
  EXPECT_EQ(run_output(R"(
do:
- l:
    for: {each: x, in: .xs, at: i}
    do:
    - inner:
        for: {each: x, in: '[$x, $x]'}
        do: [{add: {set: {sum: '${ (.sum // 0) + $x }'}}}]
    - then: {set: {sum: '${ .sum + $x * 1000 }', last: '${ $i }'}}
)",
                       "xs: [1, 2, 3]"),
            R"(completed {"sum":6012,"last":2})");
}

TEST(Machine, LoopsOverNothingGiveTheirInput) {
  EXPECT_EQ(run_output("do:\n- l: {for: {in: .none}, do: [{a: {set: {x: 1}}}]}", "k: 1"), R"(completed {"k":1})");
  EXPECT_EQ(run_output("do:\n- l: {for: {in: '[]'}, do: [{a: {set: {x: 1}}}]}", "k: 1"), R"(completed {"k":1})");
  EXPECT_THAT(run_output("do:\n- l: {for: {in: .k}, do: []}", "k: 1"),
              HasSubstr("expected an array, got number"));
  EXPECT_EQ(run_output("do:\n- l: {for: {in: '[1,2]'}, do: []}", "k: 1"), R"(completed {"k":1})");
}

TEST(Machine, WhileIsAskedBeforeEachIteration) {
  EXPECT_EQ(run_output(R"(
do:
- l:
    for: {in: '[1, 2, 3, 4]'}
    while: $item < 3
    do: [{a: {set: {n: '${ .n + 1 }'}}}]
)",
                       "n: 0"),
            R"(completed {"n":2})");
}

TEST(Machine, ForkJoinsInTheOrderOfItsBranches) {
  World world(with_head(R"(
do:
- f:
    fork:
      branches:
      - slow: {do: [{w: {wait: PT2S}}, {s: {set: {v: slow}}}]}
      - quick: {set: {v: quick}}
      - middle: {do: [{w: {wait: PT1S}}, {s: {set: {v: middle}}}]}
)"));
  world.start();
  EXPECT_EQ(world.phase(), "waiting");
  world.run();
  EXPECT_EQ(world.output(), R"([{"v":"slow"},{"v":"quick"},{"v":"middle"}])");
  EXPECT_EQ(world.now.micros, 1'000'000'002'000'000);
}

TEST(Machine, CompetingBranchesEndWithTheFirst) {
  World world(with_head(R"(
do:
- f:
    fork:
      compete: true
      branches:
      - slow: {wait: PT2S}
      - quick: {do: [{w: {wait: PT1S}}, {s: {set: {v: quick}}}]}
)"));
  world.start_and_run();
  EXPECT_EQ(world.output(), R"({"v":"quick"})");
  EXPECT_EQ(world.all<TimerCancelled>().size(), 1u);
  EXPECT_TRUE(world.instance.timers.empty());
}

TEST(Machine, AFaultedBranchTakesTheOthersWithIt) {
  World world(with_head(R"(
do:
- f: {fork: {branches: [{slow: {wait: PT2S}}, {bad: {raise: {error: {type: 'https://a/b', status: 418}}}}]}}
)"));
  world.start();
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_EQ(world.error()->to_text(), R"({"type":"https://a/b","status":418,"instance":"/do/0/f/fork/branches/1/bad"})");
  EXPECT_EQ(world.all<TimerCancelled>().size(), 1u);
}

TEST(Machine, WaitsInVirtualTime) {
  World world(with_head("do:\n- w: {wait: {days: 30, milliseconds: 5}}\n- e: {wait: '${ .pause "
                        "}'}\n- s: {set: {done: true}}"));
  world.start("pause: PT1H");
  EXPECT_EQ(world.phase(), "waiting");
  ASSERT_TRUE(world.instance.next_timer());
  EXPECT_EQ(world.instance.next_timer()->due, world.now + Duration::days(30) +
            Duration::milliseconds(5));
  world.run();
  EXPECT_EQ(world.output(), R"({"done":true})");
}

TEST(Machine, TakesDurationsThatExpressionsGive) {
  World world(with_head("do:\n- a: {wait: '${ .text }'}\n- b: {wait: '${ .object }'}"));
  world.start_and_run("{text: PT1M, object: {hours: 1, milliseconds: 5}}");
  EXPECT_EQ(world.now.micros, 1'000'003'660'005'000);
  EXPECT_THAT(run_output("do:\n- a: {wait: '${ .d }'}", "d: soon"), HasSubstr("expected an ISO 8601"));
  EXPECT_THAT(run_output("do:\n- a: {wait: '${ .d }'}", "d: {week: 1}"), HasSubstr("unknown key"));
}

TEST(Machine, IgnoresTimersAndResultsNobodyWaitsFor) {
  World world(with_head("do:\n- w: {wait: PT1S}"));
  world.start();
  EXPECT_TRUE(world.command([](Machine& m) { return m.on_timer(99); }).ignored);
  EXPECT_TRUE(world.command([](Machine& m) { return m.on_call_result(99,
                                                                     CallFailure{}); }).ignored);
  world.run();
  const size_t facts = world.facts.size();
  EXPECT_TRUE(world.command([](Machine& m) { return m.on_timer(2); }).ignored);
  EXPECT_TRUE(world.command([](Machine& m) { return m.cancel("late"); }).ignored);
  EXPECT_EQ(world.facts.size(), facts);
}

TEST(Machine, CancelTakesBackWhatIsOpen) {
  World world(with_head("do:\n- f: {fork: {branches: [{w: {wait: PT1S}}, {c: {call: http, with: "
                        "{method: get, endpoint: 'http://a/'}}}]}}"));
  world.start();
  world.command([](Machine& m) { return m.cancel("by hand"); });
  EXPECT_EQ(world.phase(), "cancelled");
  EXPECT_EQ(world.all<TimerCancelled>().size(), 1u);
  EXPECT_EQ(world.all<CallCancelled>().size(), 1u);
  EXPECT_EQ(world.all<InstanceEnded>().at(0).reason, "by hand");
}

TEST(Machine, TaskTimeoutsFaultAndCanBeCaught) {
  World world(with_head(R"(
do:
- t:
    try: [{w: {wait: PT10S, timeout: {after: PT1S}}}]
    catch:
      errors: {with: {status: 408}}
      do: [{s: {set: {e: '${ $error }'}}}]
)"));
  world.start_and_run();
  EXPECT_EQ(world.phase(), "completed");
  EXPECT_THAT(world.output(), ::testing::AllOf(HasSubstr("errors/timeout"),
                                               HasSubstr("/do/0/t/try/0/w")));
  EXPECT_EQ(world.now.micros, 1'000'000'001'000'000);
  EXPECT_TRUE(world.instance.timers.empty());
}

TEST(Machine, WorkflowTimeoutFaultsTheInstance) {
  World world(with_head("use: {timeouts: {short: {after: {seconds: 2}}}}\ntimeout: short\ndo:\n- "
                        "w: {wait: PT10S}"));
  world.start_and_run();
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_EQ(world.error()->string_or("instance", ""), "/");
  EXPECT_EQ(world.error()->find("status")->as_int64(), 408);
}

TEST(Machine, SyncTasksNeedNoTimeoutTimer) {
  World world(with_head("do:\n- a: {set: {x: 1}, timeout: {after: PT1S}}"));
  world.start();
  EXPECT_TRUE(world.all<TimerSet>().empty());
}

TEST(Machine, ABudgetSplitsTheWorkNotTheResult) {
  const std::string yaml = with_head(
      "do:\n- l: {for: {in: '[range(500)]'}, do: [{a: {set: {n: '${ (.n // 0) + $item }'}}}]}");
  World world(yaml);
  world.step_budget = 7;
  world.start_and_run();
  EXPECT_GT(world.continuations, 100);
  EXPECT_EQ(world.output(), R"({"n":124750})");
}

TEST(Machine, EndlessLoopsMeetTheLimitOfSteps) {
  World world(with_head("do:\n- a: {set: {x: 1}, then: a}"));
  world.limits.steps = 1'000;
  world.start();
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_THAT(world.error()->to_text(), HasSubstr("(limits.workflowSteps: 1000)"));
}

TEST(Machine, EmitMakesAWholeEvent) {
  World world(with_head(R"(
do:
- e: {emit: {event: {with: {type: com.acme.done, subject: '${ .who }', level: 3, data: {n: '${ .n }'}}}}}
)"));
  world.start_and_run("{who: me, n: 4}");
  const auto events = world.all<EventEmitted>();
  ASSERT_EQ(events.size(), 1u);
  const json::View event = events[0].event;
  EXPECT_EQ(world.output(), event.to_text());
  EXPECT_EQ(event.string_or("source", ""), "/test/sample/0.1.0");
  EXPECT_EQ(event.string_or("time", ""), "2001-09-09T01:46:40Z");
  EXPECT_EQ(event.string_or("specversion", ""), "1.0");
  EXPECT_EQ(event.string_or("subject", ""), "me");
  EXPECT_EQ(event.string_or("id", "").size(), 36u);
  EXPECT_EQ(event.find_path({"data", "n"})->to_text(), "4");
}

TEST(Machine, EmitRefusesWhatIsNoEvent) {
  EXPECT_THAT(run_output("do:\n- e: {emit: {event: {with: {type: '${ .none }'}}}}"),
              HasSubstr("type: expected a text"));
  EXPECT_THAT(run_output("do:\n- e: {emit: {event: {with: {type: a, badName: x}}}}"),
              HasSubstr("is no attribute name"));
}

TEST(Machine, EmptyWorkflowsCompleteWithTheirInput) {
  EXPECT_EQ(run_output("do: []", "k: 1"), R"(completed {"k":1})");
  EXPECT_EQ(run_output("do:\n- a: {do: []}\n- b: {fork: {branches: []}}", "k: 1"), "completed []");
}

TEST(Machine, FaultsOfTheWorkflowsOwnExpressionsEndTheInstance) {
  EXPECT_THAT(run_output("input: {from: .a.b}\ndo: []", "a: 1"), HasSubstr("input.from: "));
  EXPECT_THAT(run_output("output: {as: .a.b}\ndo: []", "a: 1"), HasSubstr("output.as: "));
}

}  // namespace
}  // namespace hence::workflow::testing
