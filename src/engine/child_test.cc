// SPDX-License-Identifier: Apache-2.0
// Subflows: started once, reported once, given up with their parent's task.

#include <gmock/gmock.h>

#include "engine/test_world.h"

namespace hence::engine {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kFamily = R"(
document: {dsl: 1.0.3, namespace: t, name: parent, version: 1.0.0}
do:
  - ask: {run: {workflow: {namespace: t, name: child, input: {n: "${ .n }"}}}}
  - tell: {set: {got: "${ .n }"}}
---
document: {dsl: 1.0.3, namespace: t, name: child, version: 1.0.0}
do: [{add: {set: {n: "${ .n + 1 }"}}}]
---
document: {dsl: 1.0.3, namespace: t, name: slow-parent, version: 1.0.0}
do:
  - ask:
      timeout: {after: PT10S}
      run: {workflow: {namespace: t, name: slow, input: {for: "${ .for }"}}}
---
document: {dsl: 1.0.3, namespace: t, name: slow, version: 1.0.0}
do:
  - pause: {wait: "${ .for }"}
  - fail:
      if: .fail
      raise: {error: {type: https://t/bad, status: 409, title: Bad, detail: very}}
---
document: {dsl: 1.0.3, namespace: t, name: leaves, version: 1.0.0}
do: [{ask: {run: {workflow: {namespace: t, name: slow, input: {for: PT5S}}, await: false}}}]
---
document: {dsl: 1.0.3, namespace: t, name: lost, version: 1.0.0}
do: [{ask: {run: {workflow: {namespace: t, name: nobody}}}}]
---
document: {dsl: 1.0.3, namespace: t, name: circle, version: 1.0.0}
do: [{ask: {if: "true", run: {workflow: {namespace: t, name: circle}}}}]
---
document: {dsl: 1.0.3, namespace: t, name: many, version: 1.0.0}
do:
  - all:
      for: {each: i, in: "${ [range(.n)] }"}
      do: [{ask: {run: {workflow: {namespace: t, name: child, input: {n: "${ (.n // 0) }"}}}}}]
---
document: {dsl: 1.0.3, namespace: t, name: spread, version: 1.0.0}
do:
  - all:
      for: {each: i, in: "${ [range(.n)] }"}
      do: [{leave: {run: {workflow: {namespace: t, name: child, input: {n: 1}}, await: false}}}]
---
document: {dsl: 1.0.3, namespace: t, name: race, version: 1.0.0}
do:
  - first:
      fork:
        compete: true
        branches:
          - quick: {run: {workflow: {namespace: t, name: hears, input: {k: a}}}}
          - other: {run: {workflow: {namespace: t, name: hears, input: {k: b}}}}
---
document: {dsl: 1.0.3, namespace: t, name: outer, version: 1.0.0}
do: [{ask: {run: {workflow: {namespace: t, name: slow-parent, input: {for: "${ .for }"}}}}}]
---
document: {dsl: 1.0.3, namespace: t, name: stays, version: 1.0.0}
do:
  - leave: {run: {workflow: {namespace: t, name: slow, input: {for: PT5S}}, await: false}}
  - stay: {wait: PT1H}
---
document: {dsl: 1.0.3, namespace: t, name: repents-below, version: 1.0.0}
do: [{ask: {run: {workflow: {namespace: t, name: repents}}}}]
---
document: {dsl: 1.0.3, namespace: t, name: repents, version: 1.0.0}
do:
  - book: {set: {n: 1}, metadata: {compensate: [{undo: {wait: PT5S}}]}}
  - fail: {raise: {error: {type: https://t/bad, status: 409}}}
---
document: {dsl: 1.0.3, namespace: t, name: hears, version: 1.0.0}
do: [{one: {listen: {to: {one: {with: {type: go}}}}}}]
)";

class ChildTest : public ::testing::Test {
 protected:
  Address start(const std::string& workflow, const std::string& input = "null") {
    Command command;
    command.ticket = 1;
    command.body = StartInstance{workflow, *json::parse(input), {}, {}, StartInstance::OnConflict::existing};
    const Reply reply = world.run(std::move(command)).replies.at(0);
    EXPECT_FALSE(reply.error);
    return reply.address;
  }
  void cancel(Address id, const std::string& reason) {
    Command command;
    command.ticket = 1;
    command.actor.reason = reason;
    command.body = CancelInstance{id};
    world.run(std::move(command));
  }
  void act(ActOnInstance::Act act, Address id) {
    Command command;
    command.ticket = 1;
    command.actor = {"ann", "the stock is counted", {}};
    command.body = ActOnInstance{act, id};
    const Reply reply = world.run(std::move(command)).replies.at(0);
    EXPECT_FALSE(reply.error) << reply.error->message();
  }
  void settle() {
    for (int i = 0; i < 10'000 && !world.engine().continuing().empty(); ++i, ++continuations) {
      Command command;
      command.body = ContinueInstance{*world.engine().continuing().begin()};
      world.run(std::move(command));
    }
    EXPECT_TRUE(world.engine().continuing().empty());
  }
  json::Value trace(Address id) {
    return world.query([&](Query& q) { return q.trace("default", id); });
  }
  std::string status(Address id) { return std::string(trace(id)->string_or("status", "")); }
  std::string text(Address id, const char* member) {
    const json::Value shown = trace(id);
    const auto found = shown->find(member);
    return found ? found->to_text() : "none";
  }
  /// The only subflow of an instance.
  Address child_of(Address id) {
    const json::Value shown = trace(id);
    const auto list = shown->find("subflows");
    EXPECT_TRUE(list && list->size() == 1);
    if (!list || list->size() == 0) return {};
    return Address::parse((*list->elements().begin()).string_or("id", "")).value_or(Address{});
  }
  void expect_same_after_loss() {
    const Hash128 before = *world.engine().state_digest();
    world.lose_state();
    EXPECT_EQ(before, *world.engine().state_digest());
  }
  void SetUp() override { EXPECT_FALSE(world.apply(kFamily).error); }

  TestWorld world;
  int continuations = 0;
};

TEST_F(ChildTest, ItsOutputIsTheTasksAndBothNameEachOther) {
  const Address parent = start("t/parent", R"({"n":1})");
  EXPECT_EQ(text(parent, "output"), R"({"got":2})");
  const Address child = child_of(parent);
  EXPECT_EQ(trace(child)->string_or("parent", ""), parent.to_string());
  EXPECT_EQ(trace(child)->string_or("workflow", ""), "t/child");
  const json::Value listed = world.query([&](Query& q) {
    ListOptions options;
    options.parent = parent.to_string();
    return q.instances("default", options);
  });
  EXPECT_EQ(listed->find("items")->size(), 1u);
  EXPECT_EQ(world.count_rows('j'), 0u);
  expect_same_after_loss();
}

TEST_F(ChildTest, LatestIsFoundWhenItStarts) {
  EXPECT_FALSE(world.apply("document: {dsl: 1.0.3, namespace: t, name: child, version: 1.10.0}\n"
                           "do: [{add: {set: {n: 100}}}]\n").error);
  const Address parent = start("t/parent", R"({"n":1})");
  EXPECT_EQ(text(parent, "output"), R"({"got":100})");
  EXPECT_EQ(trace(child_of(parent))->string_or("version", ""), "1.10.0");
}

TEST_F(ChildTest, OutlivesTheLossOfTheState) {
  const Address parent = start("t/slow-parent", R"({"for":"PT5S"})");
  EXPECT_EQ(world.count_rows('j'), 1u);
  expect_same_after_loss();
  EXPECT_EQ(status(parent), "waiting");
  world.advance(Duration::seconds(5));
  EXPECT_EQ(status(parent), "completed");
  expect_same_after_loss();
}

TEST_F(ChildTest, EndsWithItsParent) {
  const Address parent = start("t/slow-parent", R"({"for":"PT1H"})");
  const Address child = child_of(parent);
  cancel(parent, "not wanted");
  EXPECT_EQ(status(child), "cancelled");
  EXPECT_EQ(world.count_rows('j'), 0u);
  EXPECT_EQ(text(parent, "ignored"), "none") << "a child that its parent gave up reports nothing";
  expect_same_after_loss();
}

TEST_F(ChildTest, EndsWithTheTimeoutOfItsParentsTask) {
  const Address parent = start("t/slow-parent", R"({"for":"PT1H"})");
  const Address child = child_of(parent);
  world.advance(Duration::seconds(10));
  EXPECT_EQ(status(parent), "faulted");
  EXPECT_THAT(text(parent, "error"), HasSubstr("408"));
  EXPECT_EQ(status(child), "cancelled");
}

TEST_F(ChildTest, ItsCancelByAPersonIsTheTasksError) {
  const Address parent = start("t/slow-parent", R"({"for":"PT1H"})");
  cancel(child_of(parent), "enough");
  EXPECT_EQ(status(parent), "faulted");
  EXPECT_THAT(text(parent, "error"), HasSubstr("was cancelled: enough"));
}

using Act = ActOnInstance::Act;

TEST_F(ChildTest, IsSuspendedWithItsParentAndGoesOnWithIt) {
  const Address parent = start("t/slow-parent", R"({"for":"PT5S"})");
  const Address child = child_of(parent);
  act(Act::suspend, parent);
  EXPECT_EQ(status(child), "suspended");
  const json::Value why = world.query([&](Query& q) { return q.why("default", child, world.now); });
  EXPECT_EQ(why->find("suspended")->string_or("by", ""), "ann");
  EXPECT_EQ(why->find("suspended")->string_or("reason", ""),
            "with its parent " + parent.to_string() + " (t/slow-parent): the stock is counted");
  expect_same_after_loss();
  world.advance(Duration::seconds(6));
  EXPECT_EQ(status(child), "suspended") << "its timer came, and waits for its turn";
  act(Act::resume, parent);
  EXPECT_EQ(status(child), "completed");
  EXPECT_EQ(status(parent), "completed") << "the end is reported though the parent let it go on";
  const json::Value story = trace(child);
  EXPECT_EQ(story->find("operations")->at(0).string_or("what", ""), "suspended with its parent");
  EXPECT_EQ(story->find("operations")->at(1).string_or("what", ""), "resumed with its parent");
  expect_same_after_loss();
}

TEST_F(ChildTest, ItsSubflowsAreSuspendedWithItToo) {
  const Address outer = start("t/outer", R"({"for":"PT1H"})");
  const Address inner = child_of(child_of(outer));
  act(Act::suspend, outer);
  EXPECT_EQ(status(inner), "suspended");
  act(Act::resume, outer);
  EXPECT_EQ(status(inner), "waiting");
}

TEST_F(ChildTest, StaysSuspendedWhereAPersonDidThat) {
  const Address parent = start("t/slow-parent", R"({"for":"PT1H"})");
  const Address child = child_of(parent);
  act(Act::suspend, child);
  EXPECT_EQ(status(parent), "waiting") << "a parent waits for it as before";
  act(Act::suspend, parent);
  act(Act::resume, parent);
  EXPECT_EQ(status(child), "suspended");
  act(Act::resume, child);
  EXPECT_EQ(status(child), "waiting");
}

TEST_F(ChildTest, StaysSuspendedWhereAPersonDoesThatAfterItsParent) {
  const Address outer = start("t/outer", R"({"for":"PT1H"})");
  const Address child = child_of(outer), inner = child_of(child);
  act(Act::suspend, outer);
  act(Act::suspend, child);
  expect_same_after_loss();
  act(Act::resume, outer);
  EXPECT_EQ(status(outer), "waiting");
  EXPECT_EQ(status(child), "suspended");
  EXPECT_EQ(status(inner), "suspended") << "it goes on with its own parent";
  const json::Value story = trace(child);
  ASSERT_EQ(story->find("operations")->size(), 2u);
  EXPECT_EQ(story->find("operations")->at(0).string_or("what", ""), "suspended with its parent");
  EXPECT_EQ(story->find("operations")->at(1).string_or("what", ""), "suspended");
  act(Act::resume, child);
  EXPECT_EQ(status(child), "waiting");
  EXPECT_EQ(status(inner), "waiting");
  expect_same_after_loss();
}

TEST_F(ChildTest, APersonMayLetItGoOnBeforeItsParent) {
  const Address parent = start("t/slow-parent", R"({"for":"PT5S"})");
  const Address child = child_of(parent);
  act(Act::suspend, parent);
  act(Act::resume, child);
  world.advance(Duration::seconds(5));
  EXPECT_EQ(status(child), "completed");
  EXPECT_EQ(status(parent), "suspended");
  act(Act::resume, parent);
  EXPECT_EQ(status(parent), "completed");
}

TEST_F(ChildTest, UndoesOnWhereItsParentIsSuspendedAndThenEnds) {
  const Address parent = start("t/repents-below");
  const Address child = child_of(parent);
  EXPECT_EQ(status(child), "compensating");
  act(Act::suspend, parent);
  EXPECT_EQ(status(child), "suspended");
  cancel(parent, "not wanted");
  EXPECT_EQ(status(child), "compensating");
  expect_same_after_loss();
  world.advance(Duration::seconds(5));
  EXPECT_EQ(status(child), "faulted");
  EXPECT_EQ(text(child, "compensated"), "true");
}

TEST_F(ChildTest, IsNotSuspendedWhereNobodyAwaitsIt) {
  const Address parent = start("t/stays");
  act(Act::suspend, parent);
  EXPECT_EQ(status(child_of(parent)), "waiting");
}

TEST_F(ChildTest, LivesOnWhereNobodyAwaitsIt) {
  const Address parent = start("t/leaves");
  EXPECT_EQ(status(parent), "completed");
  const Address child = child_of(parent);
  EXPECT_EQ(status(child), "waiting");
  EXPECT_EQ(world.count_rows('j'), 0u);
  world.advance(Duration::seconds(5));
  EXPECT_EQ(status(child), "completed");
  EXPECT_EQ(text(parent, "ignored"), "none");
}

TEST_F(ChildTest, AnUnknownWorkflowIsAConfigurationError) {
  const std::string error = text(start("t/lost"), "error");
  EXPECT_THAT(error, HasSubstr("errors/configuration"));
  EXPECT_THAT(error, HasSubstr("there is no workflow t/nobody"));
  EXPECT_THAT(error, HasSubstr("/do/0/ask"));
}

TEST_F(ChildTest, ACircleEndsAtTheLimitOfDepth) {
  const std::string error = text(start("t/circle"), "error");
  EXPECT_THAT(error, HasSubstr("errors/runtime"));
  EXPECT_THAT(error, HasSubstr("over the limit of 16"));
  const json::Value all = world.query([](Query& q) { return q.instances("default", {}); });
  EXPECT_EQ(all->find("items")->size(), 17u);
}

TEST_F(ChildTest, ALongLoopOfThemDoesNotStopTheOthers) {
  const Address parent = start("t/many", R"({"n":500})");
  EXPECT_EQ(status(parent), "waiting") << "the rest is left for continuations";
  settle();
  EXPECT_GE(continuations, 5);
  EXPECT_EQ(status(parent), "completed");
  EXPECT_EQ(text(parent, "output"), R"({"n":1000})");
  expect_same_after_loss();
}

TEST_F(ChildTest, GoesOnInItsOwnNamespace) {
  EXPECT_FALSE(world.apply(kFamily, "team").error);
  Command command;
  command.ticket = 1;
  command.name_space = "team";
  command.body = StartInstance{"t/many", *json::parse(R"({"n":300})"), {}, {}, StartInstance::OnConflict::existing};
  const Address parent = world.run(std::move(command)).replies.at(0).address;
  settle();
  EXPECT_GE(continuations, 2);
  const json::Value ended = world.query([&](Query& q) { return q.instance("team", parent); });
  EXPECT_EQ(ended->string_or("status", ""), "completed") << ended->to_text();
}

TEST(Child, ManyThatNobodyAwaitsAreStartedInSeveralCommands) {
  EngineOptions options;
  options.step_budget = 1'000'000;
  TestWorld world(options);
  EXPECT_FALSE(world.apply(kFamily).error);
  Command command;
  command.ticket = 1;
  command.body = StartInstance{"t/spread", *json::parse(R"({"n":2500})"), {}, {}, StartInstance::OnConflict::existing};
  world.run(std::move(command));
  EXPECT_LE(world.count_rows('i'), kMessagesWaitingMax + 10) << "the parent stops where so many wait";
  while (!world.engine().continuing().empty()) {
    Command next;
    next.body = ContinueInstance{*world.engine().continuing().begin()};
    world.run(std::move(next));
  }
  EXPECT_EQ(world.count_rows('i'), 2'501u);
}

TEST_F(ChildTest, TheLoserOfARaceEndsWithTheRace) {
  const Address parent = start("t/race");
  world.send(R"({"specversion":"1.0","id":"e1","source":"/t","type":"go"})");
  EXPECT_EQ(status(parent), "completed");
  const json::Value shown = trace(parent);
  for (const json::View child : shown->find("subflows")->elements()) EXPECT_NE(child.string_or("status", ""), "waiting");
  EXPECT_EQ(world.count_rows('j'), 0u);
  expect_same_after_loss();
}

}  // namespace
}  // namespace hence::engine
