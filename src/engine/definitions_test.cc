// SPDX-License-Identifier: Apache-2.0
#include "engine/definitions.h"

#include <gtest/gtest.h>

#include "engine/test_world.h"
#include "json/parse.h"

namespace hence::engine {
namespace {

ResourceChange rule_change(const std::string& name, const std::string& on, const std::string& mode = "active") {
  const std::string text = R"({"apiVersion":"hence/v1","kind":"Rule","metadata":{"name":")" + name + R"("},"spec":{"mode":")" + mode +
                           R"(","on":)" + on + R"(,"do":[{"emit":{"type":"x.y"}}]}})";
  return {"default", "Rule", name, std::move(json::parse(text)).value(), "d"};
}

/// Definitions that change one version after the other.
class DefinitionsTest : public ::testing::Test {
 protected:
  void apply(const std::vector<ResourceChange>& changes) {
    auto built = Definitions::build(*now_, now_->version() + 1, changes, {});
    ASSERT_TRUE(built.ok()) << built.error().message();
    now_ = *built;
  }
  void apply_many(uint32_t from, uint32_t to) {
    std::vector<ResourceChange> changes;
    for (uint32_t i = from; i < to; ++i) changes.push_back(rule_change("r" + std::to_string(i), R"({"type":"t)" + std::to_string(i) + R"("})"));
    apply(changes);
  }
  /// Names of the rules that an event of a type meets.
  std::vector<std::string> met(const Definitions& definitions, const std::string& type) {
    const json::Value event = std::move(json::parse(R"({"type":")" + type + R"("})")).value();
    filter::MatchScratch scratch;
    const Matched matched = definitions.match("default", event, {}, scratch);
    std::vector<std::string> names;
    if (matched.rules.empty()) return names;
    for (const Definitions::RuleEntry* rule : definitions.space("default")->rules_by_name(matched.rules)) names.push_back(rule->name);
    return names;
  }
  std::vector<std::string> met(const std::string& type) { return met(*now_, type); }
  using Names = std::vector<std::string>;

  std::shared_ptr<const Definitions> now_ = Definitions::empty();
};

TEST_F(DefinitionsTest, RulesComeChangeAndGoAndOldVersionsStayAsTheyWere) {
  apply({rule_change("b", R"({"type":"t"})"), rule_change("c", R"({"type":"t"})")});
  const auto first = now_;
  apply({rule_change("a", R"({"type":"t"})")});
  EXPECT_EQ(met("t"), (Names{"a", "b", "c"}));
  apply({rule_change("b", R"({"type":"u"})"), {"default", "Rule", "c", json::Value(), {}}});
  EXPECT_EQ(met("t"), (Names{"a"}));
  EXPECT_EQ(met("u"), (Names{"b"}));
  apply({rule_change("b", R"({"type":"u"})", "disabled")});
  EXPECT_EQ(met("u"), (Names{}));
  apply({rule_change("b", R"({"type":"u"})")});
  EXPECT_EQ(met("u"), (Names{"b"}));
  EXPECT_EQ(met(*first, "t"), (Names{"b", "c"}));
  EXPECT_EQ(now_->space("default")->rules.size(), 2u);
}

TEST_F(DefinitionsTest, OneRuleMoreCostsNoNewIndexUntilManyHaveCome) {
  apply_many(0, 500);
  EXPECT_EQ(now_->space("default")->rule_set->changes(), 0u);
  apply_many(500, 501);
  EXPECT_EQ(now_->space("default")->rule_set->changes(), 1u);
  EXPECT_EQ(now_->needs_merge(), "");
  apply_many(501, 700);
  EXPECT_EQ(now_->needs_merge(), "default");
  apply_many(1'000, 3'000);
  EXPECT_EQ(now_->space("default")->rule_set->changes(), 0u) << "too many to lie beside the index";
  EXPECT_EQ(met("t2999"), (Names{"r2999"}));
}

TEST_F(DefinitionsTest, AMergedIndexTakesOnWhatChangedMeanwhile) {
  apply_many(0, 300);
  apply_many(300, 500);
  const auto from = now_;
  const auto merged = from->merged("default");
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ((*merged)->version(), from->version());
  apply({rule_change("r7", R"({"type":"t8"})"), {"default", "Rule", "r400", json::Value(), {}}});
  const auto adopted = Definitions::adopt(*now_, *from, **merged, "default");
  ASSERT_NE(adopted, nullptr);
  EXPECT_EQ(adopted->version(), now_->version());
  EXPECT_EQ(adopted->space("default")->rule_set->changes(), 3u);
  for (const char* type : {"t7", "t8", "t400", "t401"}) EXPECT_EQ(met(*adopted, type), met(type)) << type;
  EXPECT_EQ(met(*adopted, "t8"), (Names{"r7", "r8"}));
  apply_many(1'000, 3'000);
  EXPECT_EQ(Definitions::adopt(*now_, *from, **merged, "default"), nullptr) << "another large index came meanwhile";
}

TEST_F(DefinitionsTest, TheHighestVersionOfAWorkflowIsTheOneWithoutAName) {
  const auto workflow = [](const std::string& version) {
    const std::string text = R"({"document":{"dsl":"1.0.3","namespace":"shop","name":"greet","version":")" + version +
                             R"("},"do":[{"hello":{"set":{"a":1}}}]})";
    return ResourceChange{"default", "Workflow", "shop/greet:" + version, std::move(json::parse(text)).value(), "d"};
  };
  apply({workflow("1.9.0"), workflow("1.10.0")});
  apply({workflow("1.2.0")});
  const auto latest = [&] { return now_->find_workflow("default", "shop/greet")->resource->name; };
  EXPECT_EQ(latest(), "shop/greet:1.10.0");
  apply({{"default", "Workflow", "shop/greet:1.10.0", json::Value(), {}}});
  EXPECT_EQ(latest(), "shop/greet:1.9.0");
  apply({{"default", "Workflow", "shop/greet:1.9.0", json::Value(), {}}, {"default", "Workflow", "shop/greet:1.2.0", json::Value(), {}}});
  EXPECT_EQ(now_->find_workflow("default", "shop/greet"), nullptr);
}

TEST(AdoptIndex, ChangesNothingThatAnyoneSees) {
  TestWorld world;
  std::string yaml;
  for (int i = 0; i < 150; ++i) {
    const std::string n = std::to_string(i);
    if (i == 1) world.apply(std::exchange(yaml, ""));
    yaml += "---\napiVersion: hence/v1\nkind: Rule\nmetadata: {name: r" + n + "}\nspec: {on: {type: t" + n + "}, do: [{emit: {type: x.y}}]}\n";
  }
  world.apply(yaml);
  const auto from = world.engine().definitions();
  ASSERT_EQ(from->needs_merge(), "default");
  Command command;
  command.body = AdoptIndex{from, *from->merged("default")};
  const Batch batch = world.run(std::move(command));
  EXPECT_TRUE(batch.records.empty());
  ASSERT_NE(batch.definitions, nullptr);
  EXPECT_EQ(batch.definitions->needs_merge(), "");
  EXPECT_EQ(batch.definitions->version(), from->version());
  const Reply reply = world.send(R"({"specversion":"1.0","id":"1","source":"/t","type":"t149"})");
  EXPECT_EQ(world.explain(reply.address)->find("rules")->at(0).string_or("rule", ""), "r149");
}

}  // namespace
}  // namespace hence::engine
