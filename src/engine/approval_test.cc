// SPDX-License-Identifier: Apache-2.0
// Decisions of approvals: the first counts, and what came too late is on record.

#include <gmock/gmock.h>

#include "engine/test_world.h"

namespace hence::engine {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kAsks = R"(
document: {dsl: 1.0.3, namespace: t, name: asks, version: 1.0.0}
do: [{ask: {call: approval:1.0.0@default, with: {title: May it, deadline: PT1H}}}]
)";

class ApprovalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    EXPECT_FALSE(world.apply(kAsks).error);
    Command command;
    command.ticket = 1;
    command.body = StartInstance{"t/asks", json::Value(), {}, {}, StartInstance::OnConflict::existing};
    instance = world.run(std::move(command)).replies.at(0).address;
    const json::Value why = world.query([&](Query& q) { return q.why("default", instance, world.now); });
    approval = EffectId::parse(why->find("waits")->at(0).string_or("approval", "")).value_or(EffectId{});
  }
  Batch decide(bool grant) {
    Command command;
    command.ticket = 1;
    command.actor = {std::string(kAnonymous), "so it is", {}};
    DecideApproval body;
    body.approval = approval;
    body.grant = grant;
    body.by = "ann";
    command.body = body;
    return world.run(std::move(command));
  }
  /// Why what the batch holds was ignored; empty if nothing was.
  static std::string ignored(const Batch& batch) {
    for (const OwnedRecord& record : batch.records) {
      const auto facts = parse_facts(record.payload);
      EXPECT_TRUE(facts.ok());
      for (const Fact& fact : *facts) {
        if (const auto* what = std::get_if<Ignored>(&fact)) return what->what;
      }
    }
    return {};
  }

  TestWorld world;
  Address instance;
  EffectId approval;
};

TEST_F(ApprovalTest, TheSecondDecisionIsRefusedAndOnRecord) {
  const Batch first = decide(true);
  EXPECT_FALSE(first.replies.at(0).error);
  EXPECT_EQ(ignored(first), "");
  const Batch second = decide(false);
  ASSERT_TRUE(second.replies.at(0).error);
  EXPECT_EQ(second.replies.at(0).error->code(), ErrorCode::Conflict);
  EXPECT_THAT(ignored(second), HasSubstr("decided already: granted by ann"));
}

TEST_F(ApprovalTest, ADecisionAfterTheDeadlineIsRefusedAndOnRecord) {
  world.advance(Duration::hours(2));
  const Batch late = decide(true);
  ASSERT_TRUE(late.replies.at(0).error);
  EXPECT_THAT(ignored(late), HasSubstr("decided already: expired"));
}

}  // namespace
}  // namespace hence::engine
