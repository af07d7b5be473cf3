// SPDX-License-Identifier: Apache-2.0

// The public cases of event patterns: single ones with expected verdicts, and random pairs with the
// verdicts of event-ruler. All agree; key names with dots, where the two differ, are not among them.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "filter/naive_test_matcher.h"
#include "filter/filter_test_data.h"

namespace hence::filter {
namespace {

struct Pair {
  json::Value pattern;
  json::Value event;
  bool expected = false;
};

std::vector<Pair> load_pairs(const std::string& text) {
  std::vector<Pair> out;
  std::string_view rest = text;
  while (true) {
    auto next = json::parse_next(rest);
    EXPECT_TRUE(next.ok());
    if (!next.ok() || !next->has_value()) return out;
    const json::Value line = std::move(**next);
    out.push_back({json::Value(*line->find("pattern")), json::Value(*line->find("event")),
                   line->find("match")->as_bool()});
  }
}

TEST(EventPatternConformance, CasesHaveTheirExpectedVerdict) {
  const auto text = read_shared("conformance/event-patterns/cases.json");
  if (!text) GTEST_SKIP() << "no shared data; the cases come from aws/event-ruler";
  const json::Value cases = parse_json(*text);
  for (const json::View item : cases->elements()) {
    auto conditions = conditions_of_pattern(*item.find("rule"));
    ASSERT_TRUE(conditions.ok()) << item.string_or("name", "");
    auto rules = RuleSet::build({{1, std::move(conditions).value()}});
    EXPECT_EQ(!matching(*rules, *item.find("event")).empty(), item.find("expected")->as_bool())
        << item.string_or("name", "");
  }
  EXPECT_EQ(cases->size(), 27u);
}

class GeneratedPairs : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto text = read_shared("conformance/event-patterns/generated.jsonl");
    if (!text) GTEST_SKIP() << "no shared data; the pairs are made with event-ruler 2.1.0";
    pairs_ = load_pairs(*text);
    ASSERT_EQ(pairs_.size(), 8000u);
  }
  std::vector<Pair> pairs_;
};

TEST_F(GeneratedPairs, OneRuleAloneAgreesWithEventRuler) {
  for (const Pair& pair : pairs_) {
    auto conditions = conditions_of_pattern(pair.pattern);
    ASSERT_TRUE(conditions.ok()) << pair.pattern->to_text() << conditions.error().message();
    auto rules = RuleSet::build({{1, std::move(conditions).value()}});
    EXPECT_EQ(!matching(*rules, pair.event).empty(), pair.expected)
        << pair.pattern->to_text() << "\n" << pair.event->to_text();
  }
}

TEST_F(GeneratedPairs, TheOracleAgreesWithEventRuler) {
  for (const Pair& pair : pairs_) {
    EXPECT_EQ(NaiveMatcher::matches(pair.pattern, pair.event), pair.expected)
        << pair.pattern->to_text() << "\n" << pair.event->to_text();
  }
}

TEST_F(GeneratedPairs, AllRulesTogetherAgreeWithEventRulerAndTheOracle) {
  std::vector<RuleInput> inputs;
  for (const Pair& pair : pairs_) {
    inputs.push_back({static_cast<uint32_t>(inputs.size()),
                      std::move(conditions_of_pattern(pair.pattern)).value()});
  }
  const auto rules = RuleSet::build(std::move(inputs));
  ASSERT_TRUE(rules.ok());
  for (uint32_t i = 0; i < pairs_.size(); ++i) {
    const auto ids = matching(*rules, pairs_[i].event);
    EXPECT_EQ(std::binary_search(ids.begin(), ids.end(), i), pairs_[i].expected) << i;
    if (i % 50 != 0) continue;
    for (uint32_t j = 0; j < pairs_.size(); ++j) {
      ASSERT_EQ(std::binary_search(ids.begin(), ids.end(), j),
                NaiveMatcher::matches(pairs_[j].pattern, pairs_[i].event))
          << pairs_[j].pattern->to_text() << "\n" << pairs_[i].event->to_text();
    }
  }
}

}  // namespace
}  // namespace hence::filter
