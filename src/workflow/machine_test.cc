// SPDX-License-Identifier: Apache-2.0
// Data flow, directives, loops, branches, timers: what a workflow does in virtual time.

#include "workflow/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/builder.h"
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

TEST(Machine, GivesMembersOfArgumentsAndTheWholeOfThem) {
  World world(with_head(R"(
do:
- a:
    input:
      from: >-
        {id: $workflow.id, name: $task.name, n: $workflow.input.n, of: $workflow.definition.document.name,
         was: $task.input.n, set: $task.set.x, began: $workflow.startedAt.epoch.seconds}
    set: {x: '${ . }'}
    output: {as: '[.x, $task.output.x.id, ($task | keys_unsorted), ($workflow | keys_unsorted)]'}
)"));
  world.start_and_run("n: 5");
  EXPECT_EQ(world.output(),
            R"([{"id":"07-42","name":"a","n":5,"of":"sample","was":5,"set":"${ . }","began":1000000000},"07-42",)"
            R"(["name","reference","definition","input","output","startedAt","set"],)"
            R"(["id","definition","input","startedAt"]])");
}

TEST(Machine, ALaterExpressionOfATaskReadsMoreOfAnArgument) {
  World world(with_head(R"(
do:
- a:
    if: $task.name == "a" and $workflow.id == "07-42"
    input: {from: '[$task.input, $workflow.input, $workflow.definition.document.name]'}
    set: '${ . }'
)"));
  world.start_and_run("n: 5");
  EXPECT_EQ(world.output(), R"([{"n":5},{"n":5},"sample"])");
}

TEST(Machine, MessagesShowArgumentsAlikeHoweverMuchIsRead) {
  const auto message = [](const std::string& rest) {
    return run_output("do:\n- a: {set: {x: 1}, output: {as: '[(try ($workflow.id |= 1) catch .), (try ($task.name |= 1) "
                      "catch .)" + rest + "]'}}");
  };
  EXPECT_EQ(message(""), message(", ($workflow, $task | empty)"));
}

/// The letters of the parts that a program reads: d, i, o, k of $task, D, I of $workflow.
std::string parts_of(std::string_view source) {
  expr::CompileOptions options;
  options.variables.assign(kArgumentNames.begin(), kArgumentNames.end());
  auto program = expr::Program::compile(source, options);
  if (!program.ok()) return program.error().message();
  const ArgumentSet read = Formula(std::move(*program)).arguments();
  std::string letters = read.has(Argument::task) ? "task " : "";
  if (read.has(Argument::workflow)) letters += "workflow ";
  for (size_t i = 0; i < 6; ++i) {
    if (read.has(static_cast<Part>(i))) letters += "diokDI"[i];
  }
  return letters;
}

TEST(Machine, KnowsWhichPartsOfAnArgumentAreRead) {
  EXPECT_EQ(parts_of("$workflow.id"), "workflow ");
  EXPECT_EQ(parts_of("[$workflow.id, $workflow.startedAt.iso8601]"), "workflow ");
  EXPECT_EQ(parts_of("$workflow.input.n"), "workflow I");
  EXPECT_EQ(parts_of(R"q("\($workflow.definition.document.name) \($task.name?)")q"), "task workflow D");
  EXPECT_EQ(parts_of("$workflow.inputs"), "workflow ");
  EXPECT_EQ(parts_of("$task.with.a + $task.reference"), "task k");
  EXPECT_EQ(parts_of("$task.input, $task.output, $task.definition"), "task dio");
  EXPECT_EQ(parts_of(". as $workflows | $workflows"), "");
  EXPECT_EQ(parts_of("$context.a"), "");
  for (const char* whole : {"$workflow", "$workflow | .id", "$workflow.id, $workflow", "$workflow[\"id\"]",
                            "$workflow.\"id\"", "$workflow .id", "{$workflow}", "$workflow as {$id} | $id",
                            "$workflow as $w | $w.id", "def f: $workflow; f.id", "$workflow[]", "[$workflow]",
                            "$workflow.id # of $workflow"}) {
    EXPECT_EQ(parts_of(whole), "workflow DI") << whole;
  }
}

TEST(Machine, KeepsTheWorkflowArgumentOfTheInstanceThatAskedLast) {
  const auto definition = compile_good(with_head(
      "do:\n- l: {for: {in: '[1, 2]'}, do: [{a: {set: {n: '${ $workflow.input.n }', id: '${ $workflow.id }'}}}]}"));
  LoopCursors loops;
  const auto output = [&](Sequence sequence, const std::string& input) {
    Instance instance;
    std::vector<Fact> facts;
    StepContext context;
    context.now = UtcTime{1'000'000'000'000'000};
    context.instance = Address{7, sequence};
    context.loops = &loops;
    Machine(*definition, instance, context, facts).start(value_of(input));
    return instance.output ? (*instance.output)->to_text() : "none";
  };
  EXPECT_EQ(output(1, "n: 10"), R"({"n":10,"id":"07-1"})");
  ASSERT_TRUE(loops.workflow);
  EXPECT_EQ(loops.workflow->instance, (Address{7, 1}));
  EXPECT_EQ(loops.workflow->descriptor->string_or("id", ""), "07-1");
  EXPECT_EQ(output(2, "n: 20"), R"({"n":20,"id":"07-2"})");
  EXPECT_EQ(output(2, "n: 30"), R"({"n":30,"id":"07-2"})");
}

/// [{"n":0},{"n":1},…], and a text of so many bytes at the end.
json::Value numbered(int64_t count, size_t text_bytes = 0) {
  json::Builder b;
  b.begin_array();
  for (int64_t i = 0; i < count; ++i) b.begin_object().key("n").number(i).end_object();
  if (text_bytes > 0) b.string(std::string(text_bytes, 'x'));
  b.end_array();
  return std::move(b).finish();
}

TEST(LoopCursors, KeepThePlaceOfEachOfManyLoopsUntilItsEnd) {
  const json::Value items = numbered(100);
  LoopCursors loops;
  for (int64_t i = 0; i < 100; ++i) {
    for (Sequence loop = 1; loop <= 50; ++loop) {
      const json::View item = loops.at({1, loop}, 1, items, static_cast<uint64_t>(i));
      ASSERT_EQ(item.find("n")->as_int64(), i);
    }
    EXPECT_EQ(loops.kept(), i < 99 ? 50u : 0u);
  }
  EXPECT_EQ(loops.kept_bytes(), 0u);
}

TEST(LoopCursors, BeginAnewInAnotherArrayAndWhereTheyAreSentBack) {
  const json::Value items = numbered(100), others = numbered(200);
  LoopCursors loops;
  EXPECT_EQ(loops.at({1, 1}, 1, items, 50).find("n")->as_int64(), 50);
  EXPECT_EQ(loops.at({1, 1}, 1, items, 10).find("n")->as_int64(), 10);
  EXPECT_EQ(loops.at({1, 1}, 1, others, 150).find("n")->as_int64(), 150);
  EXPECT_EQ(loops.at({1, 1}, 2, items, 20).find("n")->as_int64(), 20);
  EXPECT_EQ(loops.at({1, 1}, 1, others, 151).find("n")->as_int64(), 151);
  EXPECT_EQ(loops.kept(), 2u);
}

TEST(LoopCursors, KeepSoManyAndSoManyBytes) {
  const json::Value items = numbered(100), large = numbered(100, 30 << 20);
  LoopCursors many;
  for (Sequence loop = 1; loop <= 5'000; ++loop) many.at({1, loop}, 1, items, 1);
  EXPECT_EQ(many.kept(), 4'096u);
  LoopCursors heavy;
  for (Sequence loop = 1; loop <= 10; ++loop) heavy.at({1, loop}, 1, large, 1);
  EXPECT_EQ(heavy.kept(), 8u);
  EXPECT_LE(heavy.kept_bytes(), size_t{256} << 20);
  EXPECT_EQ(heavy.at({1, 1}, 1, large, 60).find("n")->as_int64(), 60);
}

TEST(LoopCursors, KeepNothingOfWhatIsNoWalk) {
  LoopCursors loops;
  EXPECT_EQ(loops.at({1, 1}, 1, numbered(3), 2).find("n")->as_int64(), 2);
  json::Builder b;
  b.begin_array();
  for (int64_t i = 0; i < 1'000; ++i) b.number(i);
  const json::Value flat = std::move(b.end_array()).finish();
  EXPECT_EQ(loops.at({1, 1}, 1, flat, 700).as_int64(), 700);
  EXPECT_EQ(loops.kept(), 0u);
}

TEST(Machine, AnAnswerHasEachHeaderOnceWhereItFirstStands) {
  World world(with_head("do:\n- c: {call: http, with: {method: get, endpoint: 'http://a/', output: response}}"));
  world.answer = [](const json::Value&) {
    return CallOutcome(HttpOutcome{200, {{"b", "1"}, {"a", ""}, {"b", "2"}, {"a", "3"}, {"c", "\xFF"}}, ""});
  };
  world.start_and_run();
  ASSERT_EQ(world.phase(), "completed");
  EXPECT_EQ((*world.instance.output)->find("headers")->to_text(), R"({"b":"1, 2","a":"3"})");
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
