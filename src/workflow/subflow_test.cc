// SPDX-License-Identifier: Apache-2.0
// Subflows: what a task asks for and makes of the end, and what is wrong with sets of workflows.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/subflows.h"
#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string runs(const std::string& name, const std::string& rest) {
  return "document: {dsl: '1.0.3', namespace: t, name: " + name + ", version: '1.0.0'}\ndo:\n" + rest;
}

std::string task(const std::string& what, const std::string& options = "") {
  return "- s:\n    run: {workflow: {namespace: t, name: child" + what + "}" + options + "}\n";
}

TEST(Subflow, AsksForTheWorkflowWithItsInput) {
  World world(with_head("do:\n" + task(", version: 1.2.0, input: {n: '${ .n + 1 }', text: .n}")));
  world.start("n: 4");
  ASSERT_EQ(world.calls.size(), 1u);
  EXPECT_EQ(world.calls[0]->to_text(), R"({"workflow":"t/child:1.2.0","input":{"n":5,"text":".n"}})");
  EXPECT_EQ(world.phase(), "waiting");
  world.answer_call(world.instance.calls[0].id, ChildOutcome{{1, 2}, value_of("{a: 1}"), std::nullopt, ""});
  EXPECT_EQ(world.output(), R"({"a":1})");
}

TEST(Subflow, TakesAWholeExpressionAndNullWithoutInput) {
  World whole(with_head("do:\n" + task(", input: '${ .x }'")));
  whole.start("x: [1]");
  EXPECT_EQ(whole.calls[0]->to_text(), R"({"workflow":"t/child","input":[1]})");
  World none(with_head("do:\n" + task(", version: latest")));
  none.start("x: 1");
  EXPECT_EQ(none.calls[0]->to_text(), R"({"workflow":"t/child","input":null})");
}

TEST(Subflow, ItsFaultIsTheTasksAtTheTasksPlace) {
  World world(with_head("do:\n" + task("")));
  world.start();
  const json::Value error = value_of("{type: 'https://x/stock', status: 409, instance: /do/7/deep, title: No, detail: none left}");
  world.answer_call(world.instance.calls[0].id, ChildOutcome{{1, 2}, std::nullopt, error, ""});
  EXPECT_EQ(world.error()->to_text(),
            R"({"type":"https://x/stock","status":409,"instance":"/do/0/s","title":"No","detail":"none left"})");
}

TEST(Subflow, ItsCancelIsARuntimeErrorThatCanBeCaught) {
  World world(with_head("do:\n- g:\n    try:\n    - s: {run: {workflow: {namespace: t, name: child}}}\n"
                        "    catch: {errors: {with: {type: https://open-workflow-specification.org/spec/1.0.0/errors/runtime}},"
                        " do: [{r: {set: {why: '${ $error.detail }'}}}]}\n"));
  world.start();
  world.answer_call(world.instance.calls[0].id, ChildOutcome{{1, 2}, std::nullopt, std::nullopt, "enough"});
  EXPECT_THAT(world.output(), HasSubstr("was cancelled: enough"));
}

TEST(Subflow, WithoutAwaitGivesItsInputAndWithNoneNull) {
  World detached(with_head("do:\n" + task("", ", await: false")));
  detached.start("x: 1");
  EXPECT_EQ(detached.output(), R"({"x":1})");
  EXPECT_TRUE(detached.all<CallRequested>().at(0).detached);
  World none(with_head("do:\n" + task("", ", return: none")));
  none.start("x: 1");
  none.answer_call(none.instance.calls[0].id, ChildOutcome{{1, 2}, value_of("{a: 1}"), std::nullopt, ""});
  EXPECT_EQ(none.output(), "null");
}

TEST(Subflow, IsGivenUpWithItsTask) {
  World world(with_head("do:\n- s:\n    run: {workflow: {namespace: t, name: child}}\n    timeout: {after: PT5S}\n"));
  world.start();
  world.fire(*world.instance.next_timer());
  EXPECT_EQ(world.error()->find("status")->to_text(), "408");
  EXPECT_EQ(world.all<CallCancelled>().size(), 1u);
}

TEST(Subflow, OnlySoManyAreAwaitedAtOnce) {
  World world(with_head("do:\n- f:\n    fork:\n      branches:\n"
                        "      - a: {run: {workflow: {namespace: t, name: child}}}\n"
                        "      - b: {run: {workflow: {namespace: t, name: child}}}\n"
                        "      - c: {run: {workflow: {namespace: t, name: child}}}\n"));
  world.limits.children = 2;
  world.start();
  EXPECT_THAT(std::string(world.error()->string_or("detail", "")), HasSubstr("(limits.workflowChildren: 2)"));
}

TEST(Subflow, NamesWhatIsWrongInTheDocument) {
  EXPECT_THAT(faults_of(with_head("do:\n" + task(", version: newest"))).at(0), HasSubstr("semantic version such as 1.0.0, or latest"));
  EXPECT_THAT(faults_of(with_head("do:\n- s: {run: {workflow: {namespace: a b, name: c}}}\n")).at(0), HasSubstr("letters, digits and dashes"));
  EXPECT_THAT(faults_of(with_head("do:\n" + task(", input: .x"))).at(0), HasSubstr("an expression"));
}

std::vector<std::string> findings(const std::vector<std::string>& documents) {
  WorkflowSet set;
  std::vector<std::shared_ptr<const Definition>> all;
  for (const std::string& document : documents) set.add(all.emplace_back(compile_good(document)));
  std::vector<std::string> texts;
  for (const auto& one : all) {
    for (const SubflowFinding& found : check_subflows(set, *one)) {
      texts.push_back((found.kind == SubflowFinding::Kind::circle ? "circle " : "unknown ") + found.pointer + ": " + found.message);
    }
  }
  return texts;
}

TEST(SubflowSet, FindsCirclesWithTheirPath) {
  const auto found = findings({runs("a", "- x: {set: {n: 1}}\n- s: {run: {workflow: {namespace: t, name: b}}}\n"),
                               runs("b", "- d: {do: [{s: {run: {workflow: {namespace: t, name: child, version: 1.0.0}}}}]}\n"),
                               runs("child", "- t: {try: [{s: {run: {workflow: {namespace: t, name: a}}}}], catch: {}}\n")});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_THAT(found[0], HasSubstr("circle /do/1/s/run/workflow"));
  EXPECT_THAT(found[0], HasSubstr("t/a:1.0.0 → t/b:1.0.0 → t/child:1.0.0 → t/a:1.0.0"));
  EXPECT_EQ(findings({runs("child", task(""))}).size(), 1u) << "the workflow itself";
  EXPECT_EQ(findings({runs("child", "- f: {fork: {branches: [{s: {run: {workflow: {namespace: t, name: child}}}}]}}\n")}).size(), 1u);
}

TEST(SubflowSet, LeavesCirclesThatMayEnd) {
  const std::string self = "run: {workflow: {namespace: t, name: child}}";
  for (const std::string& body : {
           "- s: {if: .n > 0, " + self + "}\n",
           "- w: {switch: [{a: {when: .n, then: s}}, {b: {then: end}}]}\n- s: {" + self + "}\n",
           "- l: {for: {in: .list}, do: [{s: {" + self + "}}]}\n",
           "- t: {try: [{x: {set: {a: 1}}}], catch: {do: [{s: {" + self + "}}]}}\n",
           "- e: {set: {a: 1}, then: end}\n- s: {" + self + "}\n",
           "- f: {fork: {compete: true, branches: [{s: {" + self + "}}]}}\n",
           std::string("- s: {run: {workflow: {namespace: t, name: child}, await: false}}\n")}) {
    EXPECT_THAT(findings({runs("child", body)}), IsEmpty()) << body;
  }
}

TEST(SubflowSet, NamesWhatIsNotThere) {
  EXPECT_THAT(findings({runs("a", task(""))}).at(0), HasSubstr("unknown /do/0/s/run/workflow: there is no workflow t/child yet"));
  EXPECT_THAT(findings({runs("a", task(", version: 2.0.0")), runs("child", "- x: {set: {n: 1}}\n")}).at(0), HasSubstr("t/child:2.0.0"));
}

}  // namespace
}  // namespace hence::workflow::testing
