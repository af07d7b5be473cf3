// SPDX-License-Identifier: Apache-2.0
// Bounds of an instance: half of one is said once, beyond it the task fails with an error that names it.

#include "workflow/workflow_test_world.h"

namespace hence::workflow {
namespace {

using testing::with_head;
using testing::World;

struct Case {
  Limit limit;
  uint64_t max;
  std::string half;  ///< a `do` that uses more than half
  std::string over;
};

std::string branches(int count) {
  std::string text = "do:\n  - both:\n      fork:\n        branches:\n";
  for (int i = 0; i < count; ++i) text += "          - b" + std::to_string(i) + ": {set: {n: " + std::to_string(i) + "}}\n";
  return text;
}

std::string children(int count) {
  std::string text = "do:\n  - all:\n      fork:\n        branches:\n";
  for (int i = 0; i < count; ++i) {
    text += "          - b" + std::to_string(i) + ": {run: {workflow: {namespace: t, name: child, version: '1.0.0', input: {}}}}\n";
  }
  return text;
}

std::string loop(int count) {
  return "do:\n  - each:\n      for: {in: '${ [range(" + std::to_string(count) +
         ")] }'}\n      do: [{a: {set: {n: '${ $index }'}, metadata: {compensate: [{b: {set: {x: 1}}}]}}}]\n";
}

std::string context(int bytes) {
  return "do:\n  - a: {set: {a: 1}, export: {as: '${ {text: (\"x\" * " + std::to_string(bytes) + ")} }'}}\n";
}

std::string call(int bytes) {
  return "do:\n  - a: {call: http, with: {method: post, endpoint: 'https://a.example/', body: '${ \"x\" * " +
         std::to_string(bytes) + " }'}}\n";
}

const Case kCases[] = {
    {Limit::steps, 20, loop(7), loop(11)},
    {Limit::branches, 10, branches(7), branches(12)},
    {Limit::context_bytes, 1000, context(600), context(1200)},
    {Limit::call_bytes, 1000, call(700), call(1200)},
    {Limit::compensations, 10, loop(7), loop(11)},
    {Limit::children, 10, children(7), children(12)},
};

void set_limit(Limits& limits, Limit limit, uint64_t max) {
  switch (limit) {
    case Limit::steps: limits.steps = max; break;
    case Limit::branches: limits.frames = max; break;
    case Limit::context_bytes: limits.context_bytes = max; break;
    case Limit::call_bytes: limits.call_bytes = max; break;
    case Limit::listen_bytes: limits.listen_bytes = max; break;
    case Limit::compensations: limits.compensations = max; break;
    case Limit::children: limits.children = max; break;
  }
}

TEST(Limits, HalfOfOneIsSaidOnceAndBeyondItTheTaskFails) {
  for (const Case& one : kCases) {
    const std::string name(limit_name(one.limit));
    for (const bool over : {false, true}) {
      World world(with_head(over ? one.over : one.half));
      set_limit(world.limits, one.limit, one.max);
      world.answer = [](const json::Value& request) -> CallOutcome {
        if (!request->find("workflow")) return testing::json_answer(200, "{}");
        ChildOutcome end;
        end.output = json::Value();
        return end;
      };
      world.start_and_run("{}");
      const auto near = world.all<LimitNear>();
      ASSERT_EQ(near.size(), 1u) << name;
      EXPECT_EQ(near[0].limit, one.limit);
      EXPECT_EQ(near[0].max, one.max);
      EXPECT_GT(near[0].used, one.max / 2) << name;
      EXPECT_EQ(world.phase(), over ? "faulted" : "completed") << name << world.error()->to_text();
      if (!over) continue;
      EXPECT_EQ(world.error()->string_or("limit", ""), name);
      EXPECT_TRUE(world.error()->string_or("type", "").ends_with("/runtime"));
      EXPECT_NE(world.error()->string_or("detail", "").find("(" + name + ": " + std::to_string(one.max) + ")"),
                std::string::npos);
    }
  }
}

TEST(Limits, LessThanHalfIsNotSaid) {
  World world(with_head(branches(4)));
  world.limits.frames = 10;
  world.start_and_run("{}");
  EXPECT_TRUE(world.all<LimitNear>().empty());
}

TEST(Limits, NoCatchTakesAnErrorWhenTheStepsAreSpent) {
  const std::string handlers[] = {"{retry: {}}", "{do: [{b: {set: {y: 1}}}]}", "{retry: {}, do: [{b: {set: {y: 1}}}]}",
                                  "{then: t}"};
  for (const std::string& handler : handlers) {
    World world(with_head("do: [{t: {try: [{a: {set: {x: 1}, then: a}}], catch: " + handler + "}}]"));
    world.limits.steps = 20;
    world.start_and_run("{}");
    EXPECT_EQ(world.phase(), "faulted") << handler;
    EXPECT_EQ(world.error()->string_or("limit", ""), "limits.workflowSteps") << handler;
    EXPECT_EQ(world.error()->string_or("instance", ""), "/do/0/t/try/0/a") << handler;
    EXPECT_TRUE(world.all<ErrorCaught>().empty()) << handler;
  }
}

TEST(Limits, NoAttemptFollowsOneThatTookTooLongWhenTheStepsAreSpent) {
  World world(with_head("do: [{t: {try: [{w: {wait: PT1H}}], catch: {retry: {limit: {attempt: {duration: PT10S}}}}}}]"));
  world.limits.steps = 3;  // `t`, its list and `w`
  world.start_and_run("{}");
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_TRUE(world.error()->string_or("type", "").ends_with("/timeout"));
  EXPECT_TRUE(world.all<RetryScheduled>().empty());
}

/// The machine alone, without the world's checks of every fact.
Instance run_alone(const std::string& yaml) {
  const auto definition = testing::compile_good(yaml);
  Instance instance;
  std::vector<Fact> facts;
  StepContext context;
  context.now = UtcTime{1};
  context.instance = Address{1, 1};
  Machine machine(*definition, instance, context, facts);
  const json::Value input = testing::value_of("{}");
  Advance advance = machine.start(input);
  while (advance.more) {
    facts.clear();
    advance = machine.go_on();
  }
  return instance;
}

TEST(Limits, AMillionIterationsAreWithinThem) {
  const Instance instance = run_alone(with_head(R"(
do:
  - thousand:
      for: {each: a, in: '${ [range(1000)] }'}
      do:
        - times:
            for: {each: b, in: '${ [range(1000)] }'}
            do: [{add: {set: {sum: '${ (.sum // 0) + $a * 1000 + $b }'}}}]
)"));
  ASSERT_EQ(instance.phase, Phase::completed) << instance.error.value_or(json::Value())->to_text();
  EXPECT_EQ((*instance.output)->to_text(), R"({"sum":499999500000})");
}

TEST(Limits, TwoThousandBranchesAreWithinThem) {
  const Instance instance = run_alone(with_head(branches(2'000)));
  EXPECT_EQ(instance.phase, Phase::completed);
  EXPECT_EQ((*instance.output)->size(), 2'000u);
  EXPECT_EQ(instance.limits_near, 0u);
}

}  // namespace
}  // namespace hence::workflow
