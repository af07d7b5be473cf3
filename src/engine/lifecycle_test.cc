// SPDX-License-Identifier: Apache-2.0
// Lifecycle events: made where a filter names them, once, and nothing where none does.

#include "engine/lifecycle.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "engine/test_world.h"

namespace hence::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kWork = R"(
---
document: {dsl: 1.0.3, namespace: t, name: work, version: 1.0.0}
do: [{one: {set: {n: 1}}}, {two: {wait: PT1S}}]
)";

std::string rule(const std::string& on) {
  return "apiVersion: hence/v1\nkind: Rule\nmetadata: {name: watch}\nspec:\n  on: " + on + "\n  do: [{emit: {type: seen}}]\n";
}

std::vector<std::string> named(const std::string& filter) {
  std::vector<std::string> types;
  const LifecycleSet set = lifecycle_named_in(json::parse(filter).value());
  for (size_t i = 0; i < kLifecycleCount; ++i) {
    if (set.has(static_cast<Lifecycle>(i))) types.emplace_back(lifecycle_type(static_cast<Lifecycle>(i)).substr(kLifecyclePrefix.size()));
  }
  return types;
}

TEST(Lifecycle, AFilterNamesTypesByTheirTextOrItsBeginning) {
  EXPECT_THAT(named(R"({"type":"io.serverlessworkflow.workflow.completed.v1"})"), ElementsAre("workflow.completed.v1"));
  EXPECT_THAT(named(R"({"type":["a","io.serverlessworkflow.task.faulted.v1"]})"), ElementsAre("task.faulted.v1"));
  EXPECT_EQ(named(R"({"type":"io.serverlessworkflow.task.*"})").size(), 9u);
  EXPECT_EQ(named(R"({"pattern":{"type":[{"prefix":"io.serverlessworkflow."}]}})").size(), 18u);
  EXPECT_THAT(named(R"({"type":"io[.]serverlessworkflow[.]workflow[.]c.*"})"),
              ElementsAre("workflow.correlation-started.v1", "workflow.correlation-completed.v1", "workflow.cancelled.v1",
                          "workflow.completed.v1"));
  EXPECT_THAT(named(R"({"filters":[{"cesql":"type = 'io.serverlessworkflow.workflow.started.v1'"}]})"), ElementsAre("workflow.started.v1"));
  EXPECT_THAT(named(R"({"type":"*","source":"/x"})"), IsEmpty());
}

class LifecycleTest : public ::testing::Test {
 protected:
  Address start(const std::string& workflow) {
    Command command;
    command.ticket = 1;
    command.body = StartInstance{workflow, {}, {}, {}, StartInstance::OnConflict::existing};
    return world.run(std::move(command)).replies.at(0).address;
  }
  /// Types of all events, without the prefix.
  std::vector<std::string> events() {
    ListOptions all;
    all.limit = 1'000;
    const json::Value list = world.query([&](Query& q) { return q.events("default", all); });
    std::vector<std::string> types;
    for (const json::View item : list->find("items")->elements()) {
      std::string type(item.find("event")->string_or("type", ""));
      if (type.starts_with(kLifecyclePrefix)) types.push_back(type.substr(kLifecyclePrefix.size()));
    }
    return types;
  }
  /// "workflow running", "/do/1/two waiting": what the events of a changed status tell, in their order.
  std::vector<std::string> statuses(const std::string& of = "") {
    ListOptions all;
    all.limit = 1'000;
    const json::Value list = world.query([&](Query& q) { return q.events("default", all); });
    std::vector<std::string> told;
    for (const json::View item : list->find("items")->elements()) {
      const json::View event = *item.find("event");
      if (!std::string(event.string_or("type", "")).ends_with("status-changed.v1")) continue;
      const std::string whose(event.find("data")->string_or("task", "workflow"));
      if (of.empty() || whose == of) told.push_back(whose + " " + std::string(event.find("data")->string_or("status", "")));
    }
    return told;
  }
  /// Applies what tells of every status, and starts the workflow.
  Address start_told(const std::string& tasks) {
    EXPECT_FALSE(world.apply(rule("{pattern: {type: [{prefix: io.serverlessworkflow.workflow.status}, "
                                  "{prefix: io.serverlessworkflow.task.status}]}}") +
                             "---\ndocument: {dsl: 1.0.3, namespace: t, name: told, version: 1.0.0}\ndo:\n" + tasks).error);
    return start("t/told");
  }
  void send(const std::string& type, const std::string& id) {
    world.send(R"({"specversion":"1.0","id":")" + id + R"(","source":"/s","type":")" + type + R"("})");
  }
  void act(ActOnInstance::Act act, Address instance) {
    Command command;
    command.ticket = 1;
    command.body = ActOnInstance{act, instance};
    EXPECT_FALSE(world.run(std::move(command)).replies.at(0).error);
  }
  void answer(int status) {
    Outcome outcome;
    outcome.answer = workflow::HttpOutcome{status, {}, "{}"};
    world.end_attempt(world.effects.back(), std::move(outcome));
  }
  TestWorld world;
};

TEST_F(LifecycleTest, WithoutAFilterThatNamesThemThereAreNone) {
  EXPECT_FALSE(world.apply(rule("{pattern: {source: [{prefix: /}]}}") + std::string(kWork)).error);
  EXPECT_TRUE(world.engine().definitions()->lifecycle("default").empty());
  start("t/work");
  world.advance(Duration::seconds(1));
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(LifecycleTest, TheyComeInOrderAndOnceAcrossTheLossOfTheState) {
  EXPECT_FALSE(world.apply(rule("{type: \"io.serverlessworkflow.*\"}") + std::string(kWork)).error);
  start("t/work");
  world.lose_state();
  world.advance(Duration::seconds(1));
  const Hash128 before = *world.engine().state_digest();
  world.lose_state();
  EXPECT_EQ(before, *world.engine().state_digest());
  EXPECT_THAT(events(), ElementsAre("workflow.started.v1", "workflow.status-changed.v1", "task.created.v1", "task.started.v1",
                                    "task.status-changed.v1", "task.completed.v1", "task.status-changed.v1",
                                    "task.created.v1", "task.started.v1", "task.status-changed.v1",
                                    "task.status-changed.v1", "workflow.status-changed.v1", "workflow.status-changed.v1",
                                    "task.completed.v1", "task.status-changed.v1", "workflow.completed.v1",
                                    "workflow.status-changed.v1"));
  EXPECT_THAT(statuses(), ElementsAre("workflow running", "/do/0/one running", "/do/0/one completed", "/do/1/two running",
                                      "/do/1/two waiting", "workflow waiting", "workflow running", "/do/1/two completed",
                                      "workflow completed"));
}

TEST_F(LifecycleTest, AnInstanceWhoseCallIsOutIsInProgress) {
  start_told("- ask: {call: http, with: {method: get, endpoint: 'http://a/'}}\n- stay: {wait: PT1S}\n");
  EXPECT_THAT(statuses(), ElementsAre("workflow running", "/do/0/ask running"));
  answer(200);
  EXPECT_THAT(statuses("workflow"), ElementsAre("workflow running", "workflow waiting"));
}

TEST_F(LifecycleTest, WhatListensWaitsUntilAnItemBeginsAndAgainAfterIt) {
  start_told("- hear:\n    listen: {to: {any: [{with: {type: go}}], until: '(. | length) >= 2'}}\n"
             "    foreach: {do: [{pause: {wait: PT1S}}]}\n");
  send("go", "1");
  EXPECT_THAT(statuses("/do/0/hear"), ElementsAre("/do/0/hear running", "/do/0/hear waiting", "/do/0/hear running"));
  world.advance(Duration::seconds(1));
  EXPECT_THAT(statuses("/do/0/hear").back(), "/do/0/hear waiting");
  EXPECT_THAT(statuses("workflow"), ElementsAre("workflow running", "workflow waiting", "workflow running", "workflow waiting",
                                                "workflow running", "workflow waiting"));
  send("go", "2");
  world.advance(Duration::seconds(1));
  EXPECT_THAT(statuses("/do/0/hear").back(), "/do/0/hear completed");
  EXPECT_THAT(statuses("workflow").back(), "workflow completed");
}

TEST_F(LifecycleTest, AnEventThatEndsNoTaskChangesNoStatus) {
  start_told("- hear: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}}\n");
  const size_t before = statuses().size();
  send("a", "1");
  EXPECT_EQ(statuses().size(), before);
  send("b", "2");
  EXPECT_THAT(statuses("workflow"), ElementsAre("workflow running", "workflow waiting", "workflow running", "workflow completed"));
}

TEST_F(LifecycleTest, ATryThatBacksOffWaitsForItsRetry) {
  start_told("- guarded:\n    try: [{ask: {call: http, with: {method: get, endpoint: 'http://a/'}}}]\n"
             "    catch: {retry: {delay: PT1S, limit: {attempt: {count: 1}}}}\n");
  answer(503);
  EXPECT_THAT(statuses("/do/0/guarded"), ElementsAre("/do/0/guarded running", "/do/0/guarded waiting"));
  world.advance(Duration::seconds(1));
  answer(200);
  EXPECT_THAT(statuses("/do/0/guarded"), ElementsAre("/do/0/guarded running", "/do/0/guarded waiting",
                                                     "/do/0/guarded running", "/do/0/guarded completed"));
  EXPECT_THAT(statuses("workflow"), ElementsAre("workflow running", "workflow waiting", "workflow running", "workflow completed"));
}

TEST_F(LifecycleTest, AnApprovalWaitsForAPersonBesideABranchThatRuns) {
  const Address id = start_told("- both:\n    fork:\n      branches:\n"
                                "      - ask: {call: 'approval:1.0.0@default', with: {title: May it}}\n"
                                "      - work: {call: http, with: {method: get, endpoint: 'http://a/'}}\n");
  EXPECT_THAT(statuses("workflow"), ElementsAre("workflow running"));
  answer(200);
  EXPECT_THAT(statuses("workflow"), ElementsAre("workflow running", "workflow waiting"));
  act(ActOnInstance::Act::suspend, id);
  act(ActOnInstance::Act::resume, id);
  EXPECT_THAT(statuses("workflow"), ElementsAre("workflow running", "workflow waiting", "workflow suspended",
                                                "workflow running", "workflow waiting"));
  EXPECT_THAT(statuses("/do/0/both/fork/branches/0/ask"),
              ElementsAre("/do/0/both/fork/branches/0/ask running", "/do/0/both/fork/branches/0/ask waiting",
                          "/do/0/both/fork/branches/0/ask suspended", "/do/0/both/fork/branches/0/ask running",
                          "/do/0/both/fork/branches/0/ask waiting"));
}

TEST_F(LifecycleTest, ASuspensionThatAPersonTakesOverIsToldOnce) {
  EXPECT_FALSE(world.apply(rule("{type: \"io.serverlessworkflow.*\"}") +
                           "---\ndocument: {dsl: 1.0.3, namespace: t, name: above, version: 1.0.0}\n"
                           "do: [{ask: {run: {workflow: {namespace: t, name: below}}}}]\n"
                           "---\ndocument: {dsl: 1.0.3, namespace: t, name: below, version: 1.0.0}\n"
                           "do: [{pause: {wait: PT1H}}]\n").error);
  const Address parent = start("t/above");
  const json::Value shown = world.query([&](Query& q) { return q.trace("default", parent); });
  const Address child = Address::parse(shown->find("subflows")->at(0).string_or("id", "")).value();
  act(ActOnInstance::Act::suspend, parent);
  const std::vector<std::string> before = events();
  EXPECT_EQ(std::count(before.begin(), before.end(), "workflow.suspended.v1"), 2) << "the parent's and the subflow's";
  act(ActOnInstance::Act::suspend, child);
  EXPECT_EQ(events(), before);
}

TEST_F(LifecycleTest, TheyStopWithTheLastFilterThatNamesThem) {
  EXPECT_FALSE(world.apply(rule("{type: io.serverlessworkflow.workflow.started.v1}") + std::string(kWork)).error);
  start("t/work");
  EXPECT_THAT(events(), ElementsAre("workflow.started.v1"));
  EXPECT_FALSE(world.apply(rule("{type: other}")).error);
  start("t/work");
  EXPECT_THAT(events(), ElementsAre("workflow.started.v1"));
}

TEST_F(LifecycleTest, AListenNamesThemToo) {
  EXPECT_FALSE(world.apply("document: {dsl: 1.0.3, namespace: t, name: hears, version: 1.0.0}\n"
                           "do: [{end: {listen: {to: {one: {with: {type: io.serverlessworkflow.workflow.completed.v1}}}}}}]\n" +
                           std::string(kWork)).error);
  const Address hears = start("t/hears");
  start("t/work");
  world.advance(Duration::seconds(1));
  EXPECT_EQ(world.query([&](Query& q) { return q.instance("default", hears); })->string_or("status", ""), "completed");
  world.lose_state();
  EXPECT_FALSE(world.engine().definitions()->lifecycle("default").empty()) << "found again at a restart";
}

TEST_F(LifecycleTest, ACircleEndsAtTheLimitOfDepth) {
  EXPECT_FALSE(world.apply("apiVersion: hence/v1\nkind: Rule\nmetadata: {name: again}\nspec:\n"
                           "  on: {type: io.serverlessworkflow.workflow.started.v1}\n  do: [{start: {workflow: t/work}}]\n" +
                           std::string(kWork)).error);
  start("t/work");
  EXPECT_EQ(events().size(), 17u) << "16 that meet the rule, and one that is stopped";
  const json::Value decisions = world.query([&](Query& query) { return query.decisions("default", {}); });
  EXPECT_THAT(decisions->to_text(), testing::HasSubstr("over the limit of 16 (limits.eventDepth)"));
}

}  // namespace
}  // namespace hence::engine
