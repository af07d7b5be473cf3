// SPDX-License-Identifier: Apache-2.0
#include "filter/why.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/filter_test_data.h"

namespace hence::filter {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Why why_of(const std::string& on, std::string_view event) {
  const RuleSet rules = build_rules({on});
  const json::Value value = parse_json(event);
  auto why = rules.why(0, value, {});
  EXPECT_TRUE(why.ok());
  return std::move(why).value();
}

std::string text_of(const std::string& pattern, std::string_view event) {
  return to_text(why_of("{\"pattern\":" + pattern + "}", event));
}

TEST(Why, ShowsEachConditionAndTheFirstThatFails) {
  const Why why = why_of(
      R"({"type": "com.acme.*", "pattern": {"data": {"risk": [{"numeric": [">=", 3]}], "env": ["production"]}}})",
      R"({"type": "com.acme.x", "data": {"risk": 2, "env": "test"}})");
  EXPECT_EQ(why.verdict, Verdict::fails);
  EXPECT_EQ(to_text(why),
            "✗ rule 0 does not match\n"
            "  ✓ type is like \"com.acme.*\"\n"
            "  ✗ data.risk is a number >= 3   <- decides\n"
            "      found:  2\n"
            "  ✗ data.env is \"production\"\n"
            "      found:  \"test\"\n");
}

TEST(Why, SaysMatchesFirst) {
  EXPECT_THAT(text_of(R"({"a": [1]})", R"({"a": 1})"), HasSubstr("✓ rule 0 matches\n"));
  EXPECT_THAT(to_text(why_of(R"({"type": "a"})", R"({"type": "a"})"), "scan"), HasSubstr("✓ rule scan matches\n"));
}

TEST(Why, HintsAtASimilarName) {
  EXPECT_THAT(text_of(R"({"data": {"service": [1]}})", R"({"data": {"servcie": 1}})"),
              HasSubstr("there is \"data.servcie\""));
  EXPECT_THAT(text_of(R"({"data": {"service": [1]}})", R"({"data": {"Service": 1}})"),
              HasSubstr("compared with their case"));
  EXPECT_THAT(text_of(R"({"service": ["a"]})", R"({"data": {"service": "a"}})"),
              HasSubstr("there is \"data.service\""));
}

TEST(Why, HintsAtOtherCaseAndOtherTypes) {
  EXPECT_THAT(text_of(R"({"a": ["Prod"]})", R"({"a": "prod"})"), HasSubstr("other case"));
  EXPECT_THAT(text_of(R"({"a": [5]})", R"({"a": "5"})"), HasSubstr("number written as a string"));
  EXPECT_THAT(text_of(R"({"a": [{"numeric": [">", 1]}]})", R"({"a": "5"})"),
              HasSubstr("number written as a string"));
  EXPECT_THAT(text_of(R"({"a": ["5"]})", R"({"a": 5})"), HasSubstr("write 5 without quotes"));
  EXPECT_THAT(text_of(R"({"a": ["x*"]})", R"({"a": "xy"})"), HasSubstr("wildcard"));
  EXPECT_THAT(text_of(R"({"a": ["x"]})", R"({"a": {"b": "x"}})"), HasSubstr("found:  an object"));
}

TEST(Why, HintsAtBooleansWrittenAsStringsAndAtDottedKeys) {
  EXPECT_THAT(text_of(R"({"a": [true]})", R"({"a": "true"})"), HasSubstr("boolean written as a string"));
  EXPECT_THAT(text_of(R"({"a": [true]})", R"({"a": "false"})"), Not(HasSubstr("hint")));
  EXPECT_EQ(why_of(R"({"pattern": {"a.b": [1]}})", R"({"a": {"b": 1}})").root.parts.front().hint,
            R"(a key with a dot is one key; a field inside another is written {"a": {"b": …}})");
  EXPECT_THAT(text_of(R"({"a.b": [1]})", R"({"a": {"c": 1}})"), Not(HasSubstr("one key")));
}

TEST(Why, OffersNoOperatorOfPatternsToFilters) {
  const WhyNode node = why_of(R"({"filters": [{"exact": {"subject": "Prod"}}]})", R"({"subject": "prod"})").root.parts.front();
  EXPECT_EQ(node.hint, "the same text in other case; filters compare attributes with their case");
}

TEST(Why, SaysThatElementsDiffer) {
  const std::string text = text_of(R"({"l": {"a": [1], "b": [2]}})", R"({"l": [{"a": 1}, {"b": 2}]})");
  EXPECT_THAT(text, HasSubstr("but for different elements"));
  EXPECT_THAT(text, HasSubstr("l.a in element [0]; l.b in element [1]"));
}

TEST(Why, SaysWhichElementComesClosest) {
  const std::string text = text_of(R"({"l": {"a": [1], "b": [2], "c": [3]}})",
                                   R"({"l": [{"a": 1}, {"b": 2, "c": 3, "a": 7}, {"a": 1, "c": 3}, {"a": 1, "c": 3}]})");
  EXPECT_THAT(text, HasSubstr("element [1] comes closest: it misses l.a"));
  EXPECT_THAT(text_of(R"({"o": {"x": [1], "i": {"a": [1], "b": [2]}}})",
                      R"({"o": [{"x": 1, "i": [{"a": 1}, {"b": 2}]}, {"x": 2, "i": [{"a": 1, "b": 2}]}]})"),
              HasSubstr("element [1] comes closest: it misses o.x"));
}

TEST(Why, NamesTheClosestElementWhereOneConditionHoldsNowhere) {
  const std::string pattern = R"({"l": {"x": [5], "y": [3]}})";
  const std::string text = text_of(pattern, R"({"l": [{"x": 1, "y": 4}, {"x": 2, "y": 3}]})");
  EXPECT_THAT(text, HasSubstr("found:  1, 2\n"));
  EXPECT_THAT(text, HasSubstr("element [1] comes closest: it misses l.x\n"));
  EXPECT_THAT(text_of(pattern, R"({"l": [{"x": 1, "y": 4}, {"x": 2, "y": 5}]})"), Not(HasSubstr("closest")));
  EXPECT_THAT(text_of(R"({"l": {"x": [5]}})", R"({"l": [{"x": 1}, {"x": 2}]})"), Not(HasSubstr("closest")));
}

TEST(Why, AbsenceFailsWhereNoElementLacksTheField) {
  EXPECT_EQ(text_of(R"({"l": {"b": [{"exists": false}]}})", R"({"l": [{"a": "x", "b": 2}]})"),
            "✗ rule 0 does not match\n"
            "  ✗ l.b is absent   <- decides\n"
            "      found:  2\n");
  const std::string both = R"({"l": {"a": ["x"], "b": [{"exists": false}]}})";
  EXPECT_THAT(text_of(both, R"({"l": [{"a": "x", "b": 2}]})"), HasSubstr("✗ l.b is absent   <- decides\n"));
  EXPECT_THAT(text_of(both, R"({"l": [{"a": "x", "b": 2}, {"a": "x"}]})"), HasSubstr("  ✓ l.b is absent\n"));
}

TEST(Why, SaysWhichElementsLackAField) {
  const Why why = why_of(R"({"pattern": {"l": {"a": ["x"], "c": [1], "b": [{"exists": false}]}}})",
                         R"({"l": [{"a": "x", "c": 1, "b": 2}, {"a": "x", "c": 2}, {"a": "y", "c": 1}]})");
  ASSERT_EQ(why.root.parts.size(), 4u);
  const WhyNode& agreement = why.root.parts.back();
  EXPECT_THAT(agreement.actual, HasSubstr("l.b absent from element [1], element [2]"));
  EXPECT_THAT(agreement.hint, HasSubstr("for different elements of the same"));
}

TEST(Why, AbsenceBesideAlternativesHoldsWhereOneOfThemChoosesTheElement) {
  const std::string pattern = R"({"l": {"b": [{"exists": false}], "$or": [{"a": ["x"]}, {"c": ["y"]}]}})";
  EXPECT_EQ(why_of("{\"pattern\":" + pattern + "}", R"({"l": [{"a": "x"}, {"b": 1, "c": "y"}]})").verdict, Verdict::holds);
  EXPECT_EQ(why_of("{\"pattern\":" + pattern + "}", R"({"l": [{"a": "x", "b": 1}]})").verdict, Verdict::fails);
}

TEST(Why, ShowsWhatAWhenLookedAt) {
  EXPECT_THAT(to_text(why_of(R"({"when": ".data.risk >= 3 and .data.env != \"test\""})", R"({"data": {"risk": 2}})")),
              HasSubstr("found:  false or null; data.risk = 2\n"));
  EXPECT_THAT(to_text(why_of(R"({"when": ".data.risk >= 3 and .data.env != \"test\""})", R"({"data": {"risk": 5, "env": "test"}})")),
              HasSubstr("found:  false or null; data.env = \"test\"\n"));
  EXPECT_THAT(to_text(why_of(R"({"when": ".data.items[1].sku == \"b\""})", R"({"data": {"items": [{}, {"sku": "b"}]}})")),
              HasSubstr("found:  true; data.items = [{},{\"sku\":\"b\"}]"));
  EXPECT_THAT(to_text(why_of(R"({"when": ".data.n + {} == 1"})", R"({"data": {"n": 1}})")), HasSubstr("; data.n = 1"));
}

TEST(Why, ShowsAlternativesAndTheClosest) {
  const Why why = why_of(R"({"pattern": {"t": ["x"], "$or": [{"a": [1], "b": [1]}, {"c": [1]}]}})",
                         R"({"t": "x", "a": 2, "b": 2, "c": 3})");
  ASSERT_EQ(why.root.parts.size(), 2u);
  const WhyNode& any = why.root.parts[1];
  EXPECT_EQ(any.kind, WhyNode::Kind::any);
  EXPECT_TRUE(any.decides);
  EXPECT_FALSE(any.parts[0].decides);
  EXPECT_TRUE(any.parts[1].decides);
  EXPECT_TRUE(any.parts[1].parts[0].decides);
}

TEST(Why, WhenIsReachedOnlyAfterThePattern) {
  EXPECT_EQ(why_of(R"({"type": "a", "when": ".x > 1"})", R"({"type": "b", "x": 2})").root.parts[1].verdict,
            Verdict::not_reached);
  EXPECT_EQ(why_of(R"({"type": "a", "when": ".x > 1"})", R"({"type": "a", "x": 2})").verdict,
            Verdict::holds);
  const Why failed = why_of(R"j({"type": "a", "when": "error(\"boom\")"})j", R"({"type": "a"})");
  EXPECT_EQ(failed.verdict, Verdict::error);
  EXPECT_THAT(to_text(failed), HasSubstr("boom"));
}

TEST(Why, TextKeepsToEightyColumns) {
  std::string values;
  for (int i = 0; i < 40; ++i) values += (i == 0 ? "\"" : ",\"") + std::string(30, 'v') + std::to_string(i) + "\"";
  const std::string text = text_of(R"({"data": {"a": [)" + values + "]}}",
                                   R"({"data": {"a": ")" + std::string(300, 'z') + "\"}}");
  size_t columns = 0;
  for (const char c : text) {
    if (c == '\n') {
      EXPECT_LE(columns, 80u) << text;
      columns = 0;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++columns;
    }
  }
  EXPECT_THAT(text, HasSubstr("34 more"));
}

TEST(Why, JsonHoldsTheSameTree) {
  const Why why = why_of(R"({"pattern": {"a": [1]}})", R"({"a": 2})");
  EXPECT_EQ(to_json(why)->to_text(),
            R"({"rule":0,"matches":false,"verdict":"fails","conditions":[{"kind":"condition",)"
            R"("verdict":"fails","decides":true,"path":"a","operator":"exact","expected":"is 1","actual":"2"}]})");
}

TEST(Why, NamesTheOperatorsOfACondition) {
  const auto operators = [](const std::string& alternatives) {
    return why_of(R"({"pattern": {"a": [)" + alternatives + "]}}", R"({"a": 2})").root.parts.front().operators;
  };
  EXPECT_EQ(operators(R"({"prefix": "x"})"), "prefix");
  EXPECT_EQ(operators(R"({"anything-but": ["x"]})"), "anything-but");
  EXPECT_EQ(operators(R"({"numeric": [">", 1]})"), "numeric");
  EXPECT_EQ(operators(R"({"cidr": "10.0.0.0/8"})"), "cidr");
  EXPECT_EQ(operators(R"({"exists": false})"), "exists");
  EXPECT_EQ(operators(R"({"regexp": "a+"})"), "regexp");
  EXPECT_EQ(operators(R"({"equals-ignore-case": "X"}, {"wildcard": "a*"}, "b", null, {"exists": false})"),
            "equals-ignore-case, wildcard, exact, exists");
}

TEST(Why, AnUnknownRuleIsNotFound) {
  const RuleSet rules = build_rules({R"({"type": "a"})"});
  EXPECT_EQ(rules.why(5, parse_json("{}"), {}).error().code(), ErrorCode::NotFound);
}

}  // namespace
}  // namespace hence::filter
