// SPDX-License-Identifier: Apache-2.0
#include "filter/rule_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "filter/filter_test_data.h"

namespace hence::filter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

bool pattern_matches(const std::string& pattern, std::string_view event) {
  return matches("{\"pattern\":" + pattern + "}", event);
}

TEST(Patterns, NumbersAreEqualByExactValue) {
  EXPECT_TRUE(pattern_matches(R"({"a": [300]})", R"({"a": 3.0e2})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [0]})", R"({"a": -0.0})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [9007199254740993]})", R"({"a": 9007199254740993.0})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [9007199254740993]})", R"({"a": 9007199254740992})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [1e400]})", R"({"a": 10e399})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [1e400]})", R"({"a": 1e401})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [300]})", R"({"a": "300"})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [{"anything-but": 300}]})", R"({"a": 3e2})"));
}

TEST(Patterns, RangesCompareExactly) {
  const std::string pattern = R"({"a": [{"numeric": [">", 9007199254740992, "<=", 9007199254740994]}]})";
  EXPECT_FALSE(pattern_matches(pattern, R"({"a": 9007199254740992})"));
  EXPECT_TRUE(pattern_matches(pattern, R"({"a": 9007199254740993})"));
  EXPECT_TRUE(pattern_matches(pattern, R"({"a": 9007199254740994})"));
  EXPECT_FALSE(pattern_matches(pattern, R"({"a": 9007199254740995})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [{"numeric": [">", 1e308]}]})", R"({"a": 1e309})"));
}

TEST(Patterns, AKeyWithADotIsOneKey) {
  EXPECT_TRUE(pattern_matches(R"({"a.b": [1]})", R"({"a.b": 1})"));
  EXPECT_FALSE(pattern_matches(R"({"a.b": [1]})", R"({"a": {"b": 1}})"));
  EXPECT_FALSE(pattern_matches(R"({"a": {"b": [1]}})", R"({"a.b": 1})"));
}

TEST(Patterns, CidrKnowsBothFamilies) {
  EXPECT_TRUE(pattern_matches(R"({"a": [{"cidr": "10.0.0.0/24"}]})", R"({"a": "10.0.0.255"})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [{"cidr": "10.0.0.0/24"}]})", R"({"a": "10.0.1.0"})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [{"cidr": "10.0.0.7/24"}]})", R"({"a": "10.0.0.1"})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [{"cidr": "10.0.0.7/32"}]})", R"({"a": "10.0.0.7"})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [{"cidr": "0.0.0.0/0"}]})", R"({"a": "200.1.2.3"})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [{"cidr": "0.0.0.0/0"}]})", R"({"a": "::1"})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [{"cidr": "2001:db8::/33"}]})", R"({"a": "2001:DB8:0:1::"})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [{"cidr": "2001:db8::/33"}]})", R"({"a": "2001:db8:8000::"})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [{"cidr": "10.0.0.0/8"}]})", R"({"a": "10.0.0.host"})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [{"cidr": "10.0.0.0/8"}]})", R"({"a": 10})"));
}

TEST(Patterns, CaseIsFoldedBeyondAscii) {
  EXPECT_TRUE(pattern_matches(R"({"a": [{"equals-ignore-case": "STRASSE ÄÖÜ"}]})", R"({"a": "strasse äöü"})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [{"prefix": {"equals-ignore-case": "ΑΘ"}}]})", R"({"a": "αθήνα"})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [{"suffix": {"equals-ignore-case": "вА"}}]})", R"({"a": "МОСКВА"})"));
}

TEST(Patterns, WildcardsTakeEscapes) {
  EXPECT_TRUE(pattern_matches(R"({"a": [{"wildcard": "a\\*b*c"}]})", R"({"a": "a*bxxc"})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [{"wildcard": "a\\*b*c"}]})", R"({"a": "axbxxc"})"));
  EXPECT_TRUE(pattern_matches(R"({"a": [{"wildcard": "*x*y*"}]})", R"({"a": "1x2y3"})"));
  EXPECT_FALSE(pattern_matches(R"({"a": [{"wildcard": "ab*ba"}]})", R"({"a": "aba"})"));
}

TEST(Patterns, AnOrWithoutTwoObjectsIsAFieldOfThatName) {
  EXPECT_TRUE(pattern_matches(R"({"$or": ["x", "y"]})", R"({"$or": "y"})"));
  EXPECT_TRUE(pattern_matches(R"({"$or": [{"prefix": "x"}, {"suffix": "y"}]})", R"({"$or": "xa"})"));
}

TEST(Patterns, AFieldNamedAgainReplacesTheOneBefore) {
  const std::string pattern = R"({"a": [1], "$or": [{"a": [2]}, {"b": [3]}]})";
  EXPECT_TRUE(pattern_matches(pattern, R"({"a": 2})"));
  EXPECT_TRUE(pattern_matches(pattern, R"({"a": 1, "b": 3})"));
  EXPECT_FALSE(pattern_matches(pattern, R"({"a": 1})"));
}

TEST(Patterns, AbsenceIsJudgedInTheElementsTheOthersChoose) {
  const std::string pattern = R"({"l": {"a": [1], "b": [{"exists": false}]}})";
  EXPECT_TRUE(pattern_matches(pattern, R"({"l": [{"a": 1}, {"a": 2, "b": 3}]})"));
  EXPECT_FALSE(pattern_matches(pattern, R"({"l": [{"a": 1, "b": 3}, {"a": 2}]})"));
  const std::string reversed = R"({"l": {"b": [{"exists": false}], "c": [1]}})";
  EXPECT_TRUE(pattern_matches(reversed, R"({"l": [{"c": 1}, {"c": 2, "b": 3}]})"));
}

TEST(RuleSet, AnEmptySetMatchesNothing) {
  const auto rules = RuleSet::build({});
  ASSERT_TRUE(rules.ok());
  EXPECT_THAT(matching(*rules, parse_json(R"({"a": 1})")), IsEmpty());
}

TEST(RuleSet, IdsComeAscendingAndOnce) {
  const RuleSet rules = build_rules({
      R"({"pattern": {"a": [1, 2], "$or": [{"b": [1]}, {"c": [1]}]}})",
      R"({"pattern": {"a": [{"anything-but": 5}]}})",
      R"({"pattern": {"zz": [{"exists": false}]}})",
      R"({"pattern": {"a": [3]}})",
  });
  const auto event = parse_json(R"({"a": [2, 1], "b": 1, "c": 1})");
  EXPECT_THAT(matching(rules, event), ElementsAre(0, 1, 2));
}

TEST(RuleSet, TheSameIdTwiceIsRefused) {
  auto conditions = parse_conditions(parse_json(R"({"type": "a"})"));
  const auto rules = RuleSet::build({{1, *conditions}, {1, *conditions}});
  EXPECT_FALSE(rules.ok());
}

TEST(RuleSet, AnEventThatIsNoObjectMeetsOnlyAbsence) {
  const RuleSet rules = build_rules({R"({"pattern": {"a": [1]}})", R"({"pattern": {"a": [{"exists": false}]}})"});
  EXPECT_THAT(matching(rules, parse_json("[1]")), ElementsAre(1));
}

TEST(RuleSet, ChangesAddReplaceAndRemove) {
  const RuleSet before = build_rules({R"({"type": "a"})", R"({"type": "b"})", R"({"type": "a"})"});
  const auto a = parse_json(R"({"type": "a"})");
  const auto b = parse_json(R"({"type": "b"})");
  auto conditions = [](const char* on) { return std::move(parse_conditions(parse_json(on))).value(); };
  auto after = before.with_changes({{1, conditions(R"({"type": "a"})")}, {9, conditions(R"({"type": "b"})")}}, {0});
  ASSERT_TRUE(after.ok());
  EXPECT_THAT(matching(*after, a), ElementsAre(1, 2));
  EXPECT_THAT(matching(*after, b), ElementsAre(9));
  EXPECT_EQ(after->size(), 3u);
  EXPECT_FALSE(after->contains(0));
  EXPECT_TRUE(after->contains(9));
  auto again = after->with_changes({{0, conditions(R"({"type": "b"})")}}, {9, 2});
  ASSERT_TRUE(again.ok());
  EXPECT_THAT(matching(*again, a), ElementsAre(1));
  EXPECT_THAT(matching(*again, b), ElementsAre(0));
  EXPECT_EQ(again->size(), 2u);
  EXPECT_THAT(matching(before, a), ElementsAre(0, 2));
}

Conditions conditions_of(const std::string& on) { return std::move(parse_conditions(parse_json(on))).value(); }

TEST(RuleSet, ChangesMadeWhileTheIndexIsBuiltAnewAreCarriedOver) {
  const auto a = parse_json(R"({"type": "a"})");
  const RuleSet first = build_rules({R"({"type": "a"})", R"({"type": "a"})", R"({"type": "a"})", R"({"type": "a"})"});
  const RuleSet from = *first.with_changes({{1, conditions_of(R"({"type": "b"})")}, {4, conditions_of(R"({"type": "a"})")}, {5, conditions_of(R"({"type": "a"})")}}, {0});
  const RuleSet merged = *RuleSet::build({{1, conditions_of(R"({"type": "b"})")}, {2, conditions_of(R"({"type": "a"})")}, {3, conditions_of(R"({"type": "a"})")},
                                          {4, conditions_of(R"({"type": "a"})")}, {5, conditions_of(R"({"type": "a"})")}});
  // Meanwhile: 1 comes back, 2 and 5 go, 3 changes, 0 is there again, 6 is new.
  const RuleSet now = *from.with_changes({{0, conditions_of(R"({"type": "a"})")}, {1, conditions_of(R"({"type": "a"})")}, {3, conditions_of(R"({"type": "b"})")}, {6, conditions_of(R"({"type": "a"})")}}, {2, 5});
  const auto rebased = now.rebased(from, merged);
  ASSERT_TRUE(rebased.has_value());
  EXPECT_THAT(matching(now, a), ElementsAre(0, 1, 4, 6));
  EXPECT_THAT(matching(*rebased, a), ElementsAre(0, 1, 4, 6));
  EXPECT_THAT(matching(*rebased, parse_json(R"({"type": "b"})")), ElementsAre(3));
  EXPECT_EQ(rebased->size(), now.size());
  EXPECT_FALSE(rebased->contains(2));
  EXPECT_FALSE(rebased->contains(5));
  const auto unchanged = from.rebased(from, merged);
  ASSERT_TRUE(unchanged.has_value());
  EXPECT_EQ(unchanged->changes(), 0u);
  EXPECT_FALSE(first.rebased(merged, from).has_value());
  EXPECT_FALSE(merged.rebased(from, merged).has_value());
}

RuleInput rule_of_type(uint32_t id, const std::string& type) { return {id, conditions_of(R"({"type": ")" + type + R"("})")}; }

TEST(RuleSet, ChangesBesideALargeLayerAreCarriedOver) {
  std::vector<RuleInput> base, bulk, all;
  for (uint32_t id = 0; id < 1'500; ++id) {
    const std::string type = (id < 1'000 ? "base" : "bulk") + std::to_string(id);
    if (id < 1'000) base.push_back(rule_of_type(id, type));
    else bulk.push_back(rule_of_type(id, type));
    all.push_back(rule_of_type(id, type));
  }
  const RuleSet from = *RuleSet::build(base)->with_changes(bulk, {});
  const RuleSet merged = *RuleSet::build(all);
  // The large layer stays while others come on top of it: of each, one goes, one changes, one goes and comes back.
  const RuleSet gone = *from.with_changes({rule_of_type(2, "new"), rule_of_type(1'002, "new"), rule_of_type(1'500, "new")}, {1, 3, 1'001, 1'003});
  const RuleSet now = *gone.with_changes({rule_of_type(3, "base3"), rule_of_type(1'003, "bulk1003")}, {});
  const auto rebased = now.rebased(from, merged);
  ASSERT_TRUE(rebased.has_value());
  EXPECT_EQ(rebased->size(), now.size());
  EXPECT_EQ(rebased->layers(), 1u);
  EXPECT_THAT(matching(*rebased, parse_json(R"({"type": "new"})")), ElementsAre(2, 1'002, 1'500));
  for (uint32_t id = 0; id < 1'510; ++id) {
    EXPECT_EQ(rebased->contains(id), now.contains(id)) << id;
    const auto event = parse_json(R"({"type": ")" + std::string(id < 1'000 ? "base" : "bulk") + std::to_string(id) + R"("})");
    EXPECT_EQ(matching(*rebased, event), matching(now, event)) << id;
  }
}

TEST(RuleSet, OneChangeIsCompiledApartFromManyBefore) {
  const auto rule = [](uint32_t id) { return RuleInput{id, conditions_of(R"({"type": "t)" + std::to_string(id) + R"("})")}; };
  std::vector<RuleInput> base;
  for (uint32_t id = 0; id < 2'000; ++id) base.push_back(rule(id));
  RuleSet rules = *RuleSet::build(std::move(base));
  std::vector<RuleInput> many;
  for (uint32_t id = 1'000; id < 3'000; ++id) many.push_back(rule(id));
  rules = *rules.with_changes(std::move(many), {});
  EXPECT_EQ(rules.layers(), 1u);
  size_t most = 0;
  for (uint32_t id = 0; id < 400; ++id) {
    rules = *rules.with_changes({rule(3'000 + id)}, {});
    EXPECT_GE(rules.layers(), 2u) << "after " << id << " changes the many were compiled again";
    most = std::max(most, rules.layers());
  }
  EXPECT_LE(most, 4u) << "every event asks every layer";
  EXPECT_EQ(rules.size(), 3'400u);
  for (const char* type : {"t7", "t1500", "t2999", "t3000", "t3399"}) {
    EXPECT_THAT(matching(rules, parse_json(R"({"type": ")" + std::string(type) + R"("})")), ElementsAre(std::stoul(type + 1)));
  }
}

/// Rules come, change and go, few and many at a time; a set built of them from nothing is the oracle.
TEST(RuleSet, LayersShowWhatABuildShows) {
  uint64_t state = 7;
  const auto random = [&state](uint32_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33) % below;
  };
  std::map<uint32_t, std::string> present;
  RuleSet rules = *RuleSet::build({});
  std::optional<RuleSet> from;
  std::map<uint32_t, std::string> then;
  const auto built = [](const std::map<uint32_t, std::string>& of) {
    std::vector<RuleInput> inputs;
    for (const auto& [id, on] : of) inputs.push_back({id, conditions_of(on)});
    return *RuleSet::build(std::move(inputs));
  };
  for (int step = 0; step < 600; ++step) {
    std::map<uint32_t, std::string> added;
    std::vector<uint32_t> removed;
    const uint32_t count = random(20) == 0 ? 400 : random(3) + 1;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t id = random(900);
      if (random(3) == 0) removed.push_back(id);
      else added[id] = R"({"pattern": {"k": [)" + std::to_string(random(5)) + "]}}";
    }
    std::erase_if(removed, [&](uint32_t id) { return added.count(id) > 0; });
    std::vector<RuleInput> inputs;
    for (const auto& [id, on] : added) inputs.push_back({id, conditions_of(on)});
    rules = *rules.with_changes(std::move(inputs), removed);
    for (const uint32_t id : removed) present.erase(id);
    for (const auto& [id, on] : added) present[id] = on;
    if (step % 40 == 0) {
      from = rules;
      then = present;
    } else if (step % 40 == 25) {
      auto rebased = rules.rebased(*from, built(then));
      ASSERT_TRUE(rebased.has_value());
      rules = *rebased;
    }
    ASSERT_LE(rules.layers(), 5u);
    ASSERT_EQ(rules.size(), present.size()) << step;
    if (step % 10 != 0) continue;
    const RuleSet oracle = built(present);
    for (int k = 0; k < 5; ++k) {
      const auto event = parse_json("{\"k\": " + std::to_string(k) + "}");
      ASSERT_EQ(matching(rules, event), matching(oracle, event)) << step;
    }
  }
}

class Whens : public ::testing::Test {
 protected:
  void meet(const RuleSet& rules, std::string_view event) {
    event_ = parse_json(event);
    rules.match(event_, {}, scratch_, ids_, errors_);
  }
  json::Value event_;
  MatchScratch scratch_;
  std::vector<uint32_t> ids_;
  std::vector<MatchError> errors_;
};

TEST_F(Whens, AreAskedLast) {
  const RuleSet rules = build_rules({
      R"({"type": "a", "when": "${ .data.risk >= 3 }"})",
      R"({"type": "a", "when": "${ .data.risk < 3 }"})",
      R"j({"type": "b", "when": "${ error(\"never asked\") }"})j",
      R"({"when": ".data.risk == 5"})",
  });
  meet(rules, R"({"type": "a", "data": {"risk": 5}})");
  EXPECT_THAT(ids_, ElementsAre(0, 3));
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(Whens, ThatFailAreToldAndDoNotMatch) {
  const RuleSet rules = build_rules({R"({"type": "a", "when": "${ .data.risk + {} }"})", R"({"type": "a"})"});
  meet(rules, R"({"type": "a", "data": {"risk": 5}})");
  EXPECT_THAT(ids_, ElementsAre(1));
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_EQ(errors_[0].rule, 0u);
  EXPECT_FALSE(errors_[0].deferred);
  EXPECT_EQ(errors_[0].error.code(), ErrorCode::ExpressionFailed);
}

TEST_F(Whens, ShareOneBudgetAndTheRestIsDeferred) {
  const RuleSet rules = build_rules({
      R"({"type": "a", "when": "${ [range(1000000000)] | length > 0 }"})",
      R"({"type": "a", "when": "${ true }"})",
  });
  meet(rules, R"({"type": "a"})");
  EXPECT_THAT(ids_, IsEmpty());
  ASSERT_EQ(errors_.size(), 2u);
  EXPECT_EQ(errors_[0].error.code(), ErrorCode::BudgetExceeded);
  EXPECT_FALSE(errors_[0].deferred);
  EXPECT_TRUE(errors_[1].deferred);
  const auto verdict = rules.match_when(1, event_, {});
  ASSERT_TRUE(verdict.ok());
  EXPECT_TRUE(*verdict);
  EXPECT_FALSE(rules.match_when(0, event_, {}).ok());
}

/// The steps that one match takes.
uint64_t work_of(const RuleSet& rules, const json::Value& event, bool expected) {
  MatchScratch scratch;
  std::vector<uint32_t> ids;
  std::vector<MatchError> errors;
  rules.match(event, {}, scratch, ids, errors);
  EXPECT_EQ(!ids.empty(), expected);
  return scratch.work();
}

std::string repeat(int count, const std::string& element, const std::string& last) {
  std::string out = "[";
  for (int i = 0; i + 1 < count; ++i) out += element + ",";
  return out + last + "]";
}

/// An event twice as large takes at most twice the steps. Counted, so that no neighbour on the machine counts.
void expect_linear(const std::string& pattern, bool expected, std::string (*make_event)(int)) {
  const RuleSet rules = build_rules({"{\"pattern\":" + pattern + "}"});
  const uint64_t small = work_of(rules, parse_json(make_event(4000)), expected);
  const uint64_t large = work_of(rules, parse_json(make_event(8000)), expected);
  EXPECT_GT(small, 4000u) << pattern;
  EXPECT_LE(large, 2 * small + small / 50) << pattern;  // the last, other element weighs less
}

/// Would take minutes where a piece is sought at each place anew.
TEST(Wildcards, OnLongTextsThatNearlyMatchCostLinearTime) {
  const std::string piece = std::string(150'000, 'a') + "b";
  const std::string text = R"({"t": ")" + std::string(900'000, 'a') + R"("})";
  const std::string many = std::string(800, 'a');
  std::string stars = "*";
  for (const char c : many) stars += std::string(1, c) + "*";
  for (const std::string& wildcard : {"*" + piece + "*", "*" + piece + "*c", stars + "b*", stars + "b"}) {
    EXPECT_FALSE(pattern_matches(R"({"t": [{"wildcard": ")" + wildcard + R"("}]})", text)) << wildcard.size();
  }
  EXPECT_TRUE(pattern_matches(R"({"t": [{"wildcard": ")" + stars + R"("}]})", text));
}

TEST(WideEvents, CostLinearTime) {
  expect_linear(R"({"t": ["z"]})", true,
                [](int n) { return "{\"t\":" + repeat(n, "\"y\"", "\"z\"") + "}"; });
  expect_linear(R"({"l": {"a": [1], "b": [2]}})", true, [](int n) {
    return "{\"l\":" + repeat(n, R"({"a":1,"b":1})", R"({"a":1,"b":2})") + "}";
  });
  expect_linear(R"({"l": {"a": [1], "b": [2]}})", false, [](int n) {
    return "{\"l\":" + repeat(n, R"({"a":1,"b":1},{"b":2})", R"({"a":2})") + "}";
  });
  expect_linear(R"({"l": {"a": [1], "b": [2], "c": [3]}})", false, [](int n) {
    return "{\"l\":" + repeat(n, R"({"a":1,"b":2},{"b":2,"c":3},{"a":1,"c":3})", "{}") + "}";
  });
  expect_linear(R"({"o": {"x": [1], "i": {"a": [1], "b": [2]}}})", false, [](int n) {
    const std::string inner = repeat(40, R"({"a":1},{"b":2})", "{}");
    return "{\"o\":" + repeat(n / 40, "{\"x\":1,\"i\":" + inner + "}", "{}") + "}";
  });
  expect_linear(R"({"o": {"x": [1], "i": {"a": [1], "b": [2]}}})", false, [](int n) {
    const std::string inner = repeat(n / 40, R"({"a":1},{"b":2})", "{}");
    return "{\"o\":" + repeat(40, "{\"x\":1,\"i\":" + inner + "}", "{}") + "}";
  });
  expect_linear(R"({"l": {"a": [1], "b": [{"exists": false}]}})", false, [](int n) {
    return "{\"l\":" + repeat(n, R"({"a":1,"b":1})", R"({"a":2})") + "}";
  });
  // Three wide fields, and two arrays of plain values.
  expect_linear(R"({"x": ["z"], "y": ["z"], "w": ["z"]})", false, [](int n) {
    return "{\"x\":" + repeat(n, "\"z\"", "\"z\"") + ",\"y\":" + repeat(n, "\"z\"", "\"z\"") + ",\"w\":" + repeat(n, "\"a\"", "\"b\"") + "}";
  });
  expect_linear(R"({"x": [{"prefix": "z"}], "y": [{"anything-but": "z"}]})", true, [](int n) {
    return "{\"x\":" + repeat(n, "\"zz\"", "\"a\"") + ",\"y\":" + repeat(n, "\"z\"", "\"b\"") + "}";
  });
}

TEST(WideEvents, ManyRulesOnWideArraysCostLinearTime) {
  std::vector<std::string> ons;
  for (int i = 0; i < 400; ++i) {
    const std::string n = std::to_string(i % 40);
    ons.push_back(R"({"pattern": {"l": {"a": ["k)" + n + R"("], "b": ["v)" + std::to_string(i) + R"("], "c": [{"prefix": "p"}]}}})");
  }
  const RuleSet rules = build_rules(ons);
  const auto event = [](int count) {
    std::string out = "{\"l\":[{}";
    for (int i = 0; i < count; ++i) {
      out += R"(,{"a":"k)" + std::to_string(i % 50) + R"(","b":"v)" + std::to_string((i + 1) % 400) + R"(","c":"p"})";
    }
    return parse_json(out + "]}");
  };
  const uint64_t small = work_of(rules, event(4'000), false);
  const uint64_t large = work_of(rules, event(8'000), false);
  EXPECT_LE(large, 2 * small + small / 50);
}

TEST(WideEvents, ManyRulesOnOneArrayStayApart) {
  std::vector<std::string> ons;
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    ons.push_back(R"({"pattern": {"l": {"a": ["k)" + n + R"("], "b": ["v)" + n + R"("]}}})");
  }
  const RuleSet rules = build_rules(ons);
  const auto event = parse_json(R"({"l": [{"a": "k1", "b": "v2"}, {"a": "k2", "b": "v1"}, {"a": "k3", "b": "v3"}]})");
  EXPECT_THAT(matching(rules, event), ElementsAre(3));
}

}  // namespace
}  // namespace hence::filter
