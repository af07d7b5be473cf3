// SPDX-License-Identifier: Apache-2.0
// `call: approval:1.0.0@default`: what is asked, and what a decision, a deadline or nothing does.

#include "workflow/workflow_test_world.h"

namespace hence::workflow {
namespace {

using testing::faults_of;
using testing::with_head;
using testing::World;

std::string asks(const std::string& with) {
  return with_head("do:\n  - ask: {call: 'approval:1.0.0@default', with: {" + with + "}}\n");
}

Advance decide(World& world, Verdict verdict, const std::string& reason = "") {
  if (world.instance.approvals.empty()) return {false, true};
  const ApprovalId id = world.instance.approvals.front().id;
  return world.command([&](Machine& m) { return m.decide_approval(id, {verdict, "ann", reason, false}); });
}

TEST(Approval, AsksWithWhatIsEvaluated) {
  World world(asks("title: '${ \"for \" + .who }', details: {all: '${ . }'}, approvers: ['${ .who }', bob], deadline: PT1H"));
  world.start("{who: ann}");
  const auto asked = world.all<ApprovalRequested>();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].title, "for ann");
  EXPECT_EQ(asked[0].details->to_text(), R"({"all":{"who":"ann"}})");
  EXPECT_EQ(asked[0].approvers, (std::vector<std::string>{"ann", "bob"}));
  EXPECT_EQ(asked[0].due.micros, (world.now + Duration::hours(1)).micros);
  EXPECT_EQ(world.phase(), "waiting");
  decide(world, Verdict::granted, "fine");
  EXPECT_EQ(world.phase(), "completed");
  EXPECT_EQ((*world.instance.output)->string_or("decision", ""), "granted");
  EXPECT_EQ((*world.instance.output)->string_or("reason", ""), "fine");
  EXPECT_TRUE(world.instance.timers.empty());
}

TEST(Approval, TheFirstOfDecisionAndDeadlineCounts) {
  World late(asks("title: x, deadline: PT1H"));
  late.start();
  late.fire(*late.instance.next_timer());
  EXPECT_EQ(late.error()->string_or("type", ""), "https://hence.io/errors/approval-expired");
  EXPECT_TRUE(decide(late, Verdict::granted).ignored);
  World denied(asks("title: x, deadline: PT1H"));
  denied.start();
  decide(denied, Verdict::denied, "no");
  EXPECT_EQ(denied.error()->string_or("type", ""), "https://hence.io/errors/approval-denied");
  EXPECT_EQ(denied.error()->string_or("detail", ""), "denied by ann: no");
}

TEST(Approval, WhileSuspendedWhatCameFirstCounts) {
  World world(asks("title: x, deadline: PT1H, otherwise: output"));
  world.start();
  world.command([](Machine& m) { return m.suspend("ann", ""); });
  decide(world, Verdict::granted);
  EXPECT_EQ(world.phase(), "suspended");
  world.command([](Machine& m) { return m.resume(); });
  EXPECT_EQ((*world.instance.output)->string_or("decision", ""), "granted");
  World late(asks("title: x, deadline: PT1H, otherwise: output"));
  late.start();
  late.command([](Machine& m) { return m.suspend("ann", ""); });
  late.fire(*late.instance.next_timer());
  EXPECT_TRUE(decide(late, Verdict::granted).ignored) << "the deadline was first";
  late.command([](Machine& m) { return m.resume(); });
  EXPECT_EQ((*late.instance.output)->string_or("decision", ""), "expired");
}

TEST(Approval, IsAskedAgainWhenItsInstanceIsRetried) {
  World world(with_head(R"(
do:
  - both:
      fork:
        branches:
          - ask: {call: 'approval:1.0.0@default', with: {title: x}}
          - fails: {call: http, with: {method: get, endpoint: 'https://a.example/'}}
)"));
  world.start();
  world.answer_call(world.instance.calls.front().id, testing::json_answer(500, "{}"));
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_EQ(world.all<ApprovalWithdrawn>().size(), 1u);
  world.command([](Machine& m) { return m.retry(std::nullopt); });
  EXPECT_EQ(world.all<ApprovalRequested>().size(), 2u);
  world.answer_call(world.instance.calls.front().id, testing::json_answer(200, "1"));
  decide(world, Verdict::granted);
  EXPECT_EQ(world.phase(), "completed");
}

TEST(Approval, WhatIsWrongWithItIsSaid) {
  EXPECT_EQ(faults_of(asks("details: 1")).size(), 1u);
  EXPECT_EQ(faults_of(asks("title: x, otherwise: nothing")).size(), 1u);
  EXPECT_EQ(faults_of(asks("title: x, approver: [ann]")).size(), 1u);
  for (const std::string with : {"title: '${ 1 }'", "title: x, approvers: '${ [] }'", "title: x, approvers: '${ [1] }'"}) {
    World world(asks(with));
    world.start();
    EXPECT_EQ(world.phase(), "faulted") << with;
    EXPECT_NE(world.error()->string_or("detail", "").find("expected"), std::string::npos) << with;
  }
}

}  // namespace
}  // namespace hence::workflow
