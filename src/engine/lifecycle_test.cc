// SPDX-License-Identifier: Apache-2.0
// Lifecycle events: made where a filter names them, once, and nothing where none does.

#include "engine/lifecycle.h"

#include <gmock/gmock.h>

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
  EXPECT_THAT(events(), ElementsAre("workflow.started.v1", "task.created.v1", "task.started.v1", "task.status-changed.v1",
                                    "task.completed.v1", "task.status-changed.v1", "task.created.v1", "task.started.v1",
                                    "task.status-changed.v1", "workflow.status-changed.v1", "task.completed.v1",
                                    "task.status-changed.v1", "workflow.completed.v1", "workflow.status-changed.v1"));
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
